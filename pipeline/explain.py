"""Why an item stands where it stands: the evidence of every scorer, and what changes without a history item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from graph.paths import EvidencePaths, GraphPath, Traced
from graph.scorer import Contributions
from pipeline.attribution import NEAR, Attribution, attribution, newest, started
from pipeline.catalogue import Mask
from pipeline.counterfactual import FrozenPool, pool_rank, smallest_removal
from pipeline.evidence import Evidence, channel_scores
from pipeline.explanation import (
    Contrast,
    Contribution,
    EvidencePath,
    Explanation,
    GraphScore,
    PathStep,
    RerankEvidence,
    SequenceEvidence,
    SequenceSpan,
    SmallestRemoval,
    Standing,
)
from pipeline.exposure import Placed
from pipeline.met_both import MetBoth
from pipeline.notes import FEW_READERS, KEPT_OUT, NO_HISTORY, REJECTED, SET_ASIDE, UNMET
from pipeline.query import Neighbour, Query
from pipeline.ranking import Ranked, Ranker, Terms
from pipeline.reader import Reader
from pipeline.rerank_evidence import rerank_evidence
from pipeline.similarity import content_neighbour
from pipeline.state import ServingState
from rankers.sasrec_attribution import integrated_gradients
from store.ids import PADDING, IndexArray

LEFT_OUT = 16
"""History items without which everything is scored again: the newest, and those that are said to matter most."""

CONTENT_MATCHES = 5

SPAN, SPANS = 5, 10
"""Newest items that SASRec reads without, in stretches of so many."""

GRADIENT_STEPS = 4


@dataclass(frozen=True)
class Pool:
    """Among what an item is explained: as recommending would rank it.

    Attributes:
        allowed: bool [N+1], items that the constraints allow.
        terms: what the request adds.
        at_least: each channel recalls so many where there are so many; the list's length.
        include_seen: whether items of the history may come back.
    """

    allowed: Mask
    terms: Terms
    at_least: int = 1
    include_seen: bool = False


@dataclass(frozen=True)
class LeftOut:
    """Candidates scored again without each of some history positions, int64 [R], one row each."""

    positions: IndexArray
    scored: Ranked


class Explainer:
    """Explains items of one serving state."""

    def __init__(self, state: ServingState, ranker: Ranker) -> None:
        self._state = state
        self._ranker = ranker
        self.evidence = Evidence(state)
        self._paths = EvidencePaths(state.models.interactions, state.lightgcn)
        self._met = MetBoth(state.models.interactions)

    def explain(
        self,
        query: Query,
        reader: Reader,
        candidate: int,
        *,
        allowed: Mask,
        terms: Terms,
        full: Reader | None,
        place: Callable[[Ranked, IndexArray], Placed],
        trial_share: float,
    ) -> Explanation:
        """Everything that is known about one candidate.

        Args:
            candidate: index of the item.
            allowed: items that the constraints allow.
            full: the reader with the whole history, where the query leaves something out.
            place: puts new items into the places of a list that are kept for them, as recommending does.
            trial_share: of places that are kept for that.
        """
        pool = Pool(allowed, terms, at_least=query.k, include_seen=query.include_seen)
        barred = self._is_barred(reader, candidate, pool)
        ranked, places = self._pool(reader, [candidate], pool)
        position = int(places[0])
        baseline = None
        if full is not None:
            before, where = self._pool(full, [candidate], pool)
            rank = None if barred else self._rank_in(before, int(where[0])) + 1
            baseline = float(before.scores[0, where[0]]), rank
        split = self._state.lightgcn.split(reader.audience, np.array([candidate]))
        begun = started(self._state, ranked, reader, places)
        said, without = begun.said, None
        if len(reader.history):
            # The newest are left out for the attribution too: all at once is cheaper than twice.
            left_out = _worth_leaving_out(said)
            without = LeftOut(
                left_out, FrozenPool(self._ranker, reader, ranked, terms).scored([(row,) for row in left_out])
            )
            near = slice(-len(newest(reader.history)), None)
            said = begun.finished({name: without.scored.raw[name][near] for name in said.names})
        traced = self._paths.trace(split, reader=reader.user)
        return Explanation(
            item=self._state.catalogue.at(candidate),
            user_id=query.user_id,
            score=float(ranked.scores[0, position]),
            rank=None if barred else self._rank_in(ranked, position) + 1,
            of=self._competitors(reader, pool),
            channels=channel_scores(ranked, 0, position),
            contributions=self._contributions(reader, ranked, position, split, said, without),
            own_term=float(split.own[0]),
            paths=self._evidence_paths(traced.paths, candidate),
            content=self._content_matches(reader, candidate),
            reasons=self.evidence.reasons(query, reader, ranked, places, said=said)[0],
            snapshot_id=self._state.snapshot_id,
            is_new=bool(self._state.is_new[candidate]),
            baseline_score=None if baseline is None else baseline[0],
            baseline_rank=None if baseline is None else baseline[1],
            notes=self._notes(reader, candidate, allowed),
            sequence=self._sequence(reader, ranked, position),
            graph=_by_depth(traced),
            rerank=None if barred else self._moved(query, ranked, position, place, trial_share),
        )

    def contrast(self, reader: Reader, candidate: int, other: int, *, allowed: Mask, terms: Terms) -> Contrast:
        """Why one candidate stands before another, or behind it."""
        ranked, places = self._pool(reader, [candidate, other], Pool(allowed, terms))
        first, second = (float(ranked.scores[0, place]) for place in places)
        parts = attribution(self._state, ranked, reader, places).by_item
        lead = parts[0] - parts[1]
        catalogue = self._state.catalogue
        return Contrast(
            item=catalogue.at(candidate),
            other=catalogue.at(other),
            difference=first - second,
            channels={
                name: float(values[0, places[0]] - values[0, places[1]])
                for name, values in ranked.contributions.items()
            },
            history={
                catalogue.at(int(reader.history[row])).item_id: float(lead[row])
                for row in np.argsort(-lead, kind="stable")
            },
        )

    def standings(self, reader: Reader, candidates: list[int], *, allowed: Mask, terms: Terms) -> tuple[Standing, ...]:
        """Where some candidates stand, in their order, by one pass through the models."""
        pool = Pool(allowed, terms)
        ranked, places = self._pool(reader, candidates, pool)
        return tuple(
            Standing(
                self._state.catalogue.at(candidate),
                None if self._is_barred(reader, candidate, pool) else self._rank_in(ranked, place) + 1,
                float(ranked.scores[0, place]),
                channel_scores(ranked, 0, place),
            )
            for candidate, place in zip(candidates, places.tolist(), strict=True)
        )

    def smallest_removal(
        self, reader: Reader, candidate: int, *, k: int, allowed: Mask, terms: Terms
    ) -> SmallestRemoval:
        """The fewest history items without which a candidate is not among the k best."""
        ranked, places = self._pool(reader, [candidate], Pool(allowed, terms, at_least=k))
        position = int(places[0])
        # What helps the candidate more than it helps the first who would take its place goes first.
        rivals = np.delete(np.argsort(-ranked.scores[0], kind="stable"), self._rank_in(ranked, position))
        chosen = np.append(places, rivals[min(k, len(rivals)) - 1 : min(k, len(rivals))])
        parts = attribution(self._state, ranked, reader, chosen).by_item
        order = np.argsort(parts[-1] - parts[0], kind="stable") if len(chosen) > 1 else np.argsort(-parts[0])
        pool = FrozenPool(self._ranker, reader, ranked, terms)
        found = smallest_removal(pool.without, position, k=k, order=order)
        items = None
        if found.positions is not None:
            items = tuple(self._state.catalogue.at(int(reader.history[row])) for row in found.positions)
        return SmallestRemoval(k=k, items=items, at_least=found.at_least, is_smallest=found.is_smallest)

    def _pool(self, reader: Reader, wanted: list[int], pool: Pool) -> tuple[Ranked, IndexArray]:
        """Candidates with the wanted ones among them, and their positions.

        An item that recall did not bring is scored among those that it did bring, so that its score compares.
        """
        kept_out = reader.kept_out(pool.terms.seeds, include_seen=pool.include_seen)
        shown = pool.allowed.copy()
        shown[wanted] = True
        ranked = self._ranker.rank(
            reader.audience,
            allowed=shown,
            excluded=[np.setdiff1d(kept_out, wanted)],
            terms=pool.terms,
            at_least=pool.at_least,
        )
        missing = np.setdiff1d(wanted, ranked.candidates[0])
        if len(missing):
            candidates = np.append(ranked.candidates[0], missing)[None, :]
            ranked = self._ranker.score(reader.audience, candidates, terms=pool.terms)
        return ranked, np.array([int(np.flatnonzero(ranked.candidates[0] == item)[0]) for item in wanted])

    @staticmethod
    def _is_barred(reader: Reader, candidate: int, pool: Pool) -> bool:
        """Whether a candidate has no place: the request or the reader keep it out."""
        return not pool.allowed[candidate] or candidate in pool.terms.seeds or candidate in reader.barred

    def _rank_in(self, ranked: Ranked, position: int) -> int:
        return int(pool_rank(ranked.scores, position)[0]) - 1

    def _competitors(self, reader: Reader, pool: Pool) -> int:
        kept_out = reader.kept_out(pool.terms.seeds, include_seen=pool.include_seen)
        return int(pool.allowed.sum() - pool.allowed[kept_out].sum())

    def _moved(
        self,
        query: Query,
        ranked: Ranked,
        position: int,
        place: Callable[[Ranked, IndexArray], Placed],
        trial_share: float,
    ) -> RerankEvidence | None:
        if not ranked.recall_ranks:  # recall did not bring it, so no list has it
            return None
        chosen = self._ranker.select(ranked, k=query.k)
        return rerank_evidence(
            self._state, ranked, position, chosen=chosen[0], placed=place(ranked, chosen), trial_share=trial_share
        )

    def _contributions(
        self,
        reader: Reader,
        ranked: Ranked,
        position: int,
        split: Contributions,
        said: Attribution,
        without: LeftOut | None,
    ) -> tuple[Contribution, ...]:
        """Exact graph share and what is lost without each history item, strongest first."""
        if without is None:
            return ()
        left_out, scored = without.positions, without.scored
        lost, channels = said.by_item[0].copy(), said.parts[:, 0].copy()
        lost[left_out] = ranked.scores[0, position] - scored.scores[:, position]
        for channel, name in enumerate(said.names):
            after = scored.contributions[name][:, position]
            channels[channel, left_out] = ranked.contributions[name][0, position] - after
        ranks = dict(zip(left_out.tolist(), pool_rank(scored.scores, position).tolist(), strict=True))
        exact = dict(zip(split.history.tolist(), split.by_item[0].tolist(), strict=True))
        candidate = int(ranked.candidates[0, position])
        together = self._met.together(reader.history, candidate).tolist()
        followed = self._met.followed(reader.history, candidate).tolist()
        by_channel = channels.T.tolist()
        contributions = [
            Contribution(
                item=self._state.catalogue.at(item),
                exact=exact.get(item, 0.0),
                counterfactual=float(lost[row]),
                time=reader.times.get(item),
                channels=dict(zip(said.names, by_channel[row], strict=True)),
                estimated=row not in ranks,
                rank=ranks.get(row),
                together=together[row],
                followed=followed[row],
            )
            for row, item in enumerate(reader.history.tolist())
        ]
        return tuple(sorted(contributions, key=lambda part: -abs(part.counterfactual)))

    def _sequence(self, reader: Reader, ranked: Ranked, position: int) -> SequenceEvidence | None:
        sasrec, catalogue = self._state.sasrec, self._state.catalogue
        read = sasrec.read_positions(reader.history)[-SPAN * SPANS :]
        if not len(read):
            return None
        history, candidates = reader.history, ranked.candidates[0]
        ends = range(len(history), int(read[0]), -SPAN)
        spans = [slice(max(end - SPAN, int(read[0])), end) for end in reversed(ends)]
        before = ranked.raw[sasrec.name][:1]
        scores = sasrec.scores_without(history, candidates, spans)
        direction = sasrec.item_rows[candidates[[position]]]
        gradients = integrated_gradients(sasrec, history, direction, steps=GRADIENT_STEPS)
        return SequenceEvidence(
            rank=int(pool_rank(before, position)[0]),
            spans=tuple(
                SequenceSpan(
                    items=tuple(catalogue.at(int(item)) for item in history[span]),
                    lost=float(before[0, position] - scores[row, position]),
                    rank=int(pool_rank(scores[row : row + 1], position)[0]),
                )
                for row, span in enumerate(spans)
            ),
            gradients={
                catalogue.at(int(history[place])).item_id: float(gradients.parts[0, place])
                for place in sasrec.read_positions(history)
            },
            gap=float(gradients.gaps[0]),
        )

    def _evidence_paths(self, found: tuple[GraphPath, ...], candidate: int) -> tuple[EvidencePath, ...]:
        """Paths through other people, who appear without name or id."""
        catalogue = self._state.catalogue
        people: dict[int, str] = {}
        paths: list[EvidencePath] = []
        for path in found:
            between = catalogue.at(path.history_item)
            person = people.setdefault(path.via_user, f"Reader {len(people) + 1}")
            steps = [PathStep("user", "You"), PathStep("item", between.title, between.item_id)]
            steps.append(PathStep("user", person))
            if path.end != PADDING:
                end = catalogue.at(path.end)
                steps.append(PathStep("item", end.title, end.item_id))
            paths.append(EvidencePath(tuple(steps), path.share, path.value, met=path.end == candidate))
        return tuple(paths)

    def _content_matches(self, reader: Reader, candidate: int) -> tuple[Neighbour, ...]:
        history: IndexArray = reader.history
        if not len(history):
            return ()
        closeness = self._state.vectors[history] @ self._state.vectors[candidate]
        order = np.argsort(-closeness, kind="stable")[:CONTENT_MATCHES]
        return tuple(content_neighbour(self._state, candidate, int(history[row])) for row in order)

    def _notes(self, reader: Reader, candidate: int, allowed: Mask) -> tuple[str, ...]:
        notes: list[str] = []
        if not allowed[candidate]:
            notes.append(KEPT_OUT)
        if candidate in reader.disliked:
            notes.append(REJECTED)
        if candidate in reader.aside:
            notes.append(SET_ASIDE)
        if self._state.is_new[candidate]:
            notes.append(UNMET)
        elif self._state.is_cold[candidate]:
            notes.append(FEW_READERS)
        if not len(reader.history):
            notes.append(NO_HISTORY)
        return tuple(notes)


def _by_depth(traced: Traced) -> GraphScore:
    depths = traced.depths
    return GraphScore(
        own=depths.own,
        items=depths.items,
        people=depths.people,
        echo=depths.echo,
        new=depths.new,
        paths=traced.count,
        shown=traced.share,
        against=traced.against,
    )


def _worth_leaving_out(said: Attribution) -> IndexArray:
    """History positions, those with the largest parts and the newest: ascending, at most ``LEFT_OUT``."""
    older = max(said.parts.shape[2] - NEAR, 0)
    order = np.argsort(-np.abs(said.by_item[0, :older]), kind="stable")
    return np.concatenate((np.sort(order[: LEFT_OUT - NEAR]), np.arange(older, said.parts.shape[2])))
