"""Why an item stands where it stands: the evidence of every scorer, and what changes without a history item."""

from __future__ import annotations

import numpy as np

from graph.paths import EvidencePaths
from pipeline.catalogue import Mask
from pipeline.evidence import Evidence, channel_scores
from pipeline.query import Contribution, EvidencePath, Explanation, Neighbour, PathStep, Query
from pipeline.ranking import Ranked, Ranker, Terms
from pipeline.reader import Reader
from pipeline.similarity import content_neighbour
from pipeline.state import ServingState
from store.ids import IndexArray
from store.interactions import Audience

COUNTERFACTUALS = 50
"""History items, newest first, for which "what if it had not been there" is computed."""

CONTENT_MATCHES = 5


class Explainer:
    """Explains items of one serving state."""

    def __init__(self, state: ServingState, ranker: Ranker) -> None:
        self._state = state
        self._ranker = ranker
        self._evidence = Evidence(state)
        self._paths = EvidencePaths(state.models.interactions)

    def explain(
        self, query: Query, reader: Reader, candidate: int, *, allowed: Mask, terms: Terms, full: Reader | None
    ) -> Explanation:
        """Everything that is known about one candidate.

        Args:
            candidate: index of the item.
            allowed: items that the constraints allow.
            full: the reader with the whole history, where the query leaves something out.
        """
        ranked, position, rank = self._placed(reader, candidate, allowed, terms)
        baseline = self._placed(full, candidate, allowed, terms) if full is not None else None
        return Explanation(
            item=self._state.catalogue.at(candidate),
            user_id=query.user_id,
            score=float(ranked.scores[0, position]),
            rank=rank,
            of=self._competitors(reader, allowed),
            channels=channel_scores(ranked, 0, position),
            contributions=self._contributions(reader, ranked, position, terms),
            own_term=float(self._state.lightgcn.split(reader.audience, np.array([candidate])).own[0]),
            paths=self._evidence_paths(reader, candidate),
            content=self._content_matches(reader, candidate),
            reasons=self._evidence.reasons(query, reader, ranked, np.array([position]))[0],
            snapshot_id=self._state.snapshot_id,
            is_new=bool(self._state.is_cold[candidate]),
            baseline_score=None if baseline is None else float(baseline[0].scores[0, baseline[1]]),
            baseline_rank=None if baseline is None else baseline[2],
            notes=self._notes(reader, candidate, allowed),
        )

    def _placed(self, reader: Reader, candidate: int, allowed: Mask, terms: Terms) -> tuple[Ranked, int, int | None]:
        """Candidates with this one among them, its position, and its rank (None where it would not be shown).

        An item that recall did not bring is scored among those that it did bring, so that its score compares.
        """
        excluded = np.setdiff1d(np.union1d(reader.history, terms.seeds), [candidate])
        shown = allowed.copy()
        shown[candidate] = True
        ranked = self._ranker.rank(reader.audience, allowed=shown, excluded=[excluded], terms=terms)
        found = np.flatnonzero(ranked.candidates[0] == candidate)
        if not len(found):
            candidates = np.append(ranked.candidates[0], candidate)[None, :]
            ranked = self._ranker.score(reader.audience, candidates, terms=terms)
            found = np.array([candidates.shape[1] - 1])
        position = int(found[0])
        barred = not allowed[candidate] or candidate in terms.seeds
        rank = None if barred else int((ranked.scores[0] > ranked.scores[0, position]).sum()) + 1
        return ranked, position, rank

    def _competitors(self, reader: Reader, allowed: Mask) -> int:
        return int(allowed.sum() - allowed[reader.history].sum())

    def _contributions(self, reader: Reader, ranked: Ranked, position: int, terms: Terms) -> tuple[Contribution, ...]:
        """Exact graph share and counterfactual of every history item, strongest first."""
        if not len(reader.history):
            return ()
        candidate = ranked.candidates[:1, position]
        exact = self._evidence.graph_parts(reader, candidate)[0]
        dropped = self._dropped_scores(reader, ranked, position, terms)
        contributions = [
            Contribution(
                item=self._state.catalogue.at(int(item)),
                exact=float(exact[row]),
                counterfactual=float(dropped[row]),
                time=reader.times.get(int(item)),
            )
            for row, item in enumerate(reader.history)
        ]
        return tuple(sorted(contributions, key=lambda part: -abs(part.counterfactual)))

    def _dropped_scores(self, reader: Reader, ranked: Ranked, position: int, terms: Terms) -> np.ndarray:
        """Blended score lost without each history item, float32 [H]; all readers are scored as one batch.

        The pool stays that of the full history, so that scores are standardised over the same candidates. Items older
        than the newest ``COUNTERFACTUALS`` get 0: they are beyond what the sequence models read at all.
        """
        history = reader.history
        newest = np.arange(max(len(history) - COUNTERFACTUALS, 0), len(history))
        shortened = [np.delete(history, row) for row in newest]
        audience = Audience(np.full(len(newest), reader.user, dtype=np.int64), shortened)
        candidates = np.repeat(ranked.candidates[:1], len(newest), axis=0)
        scores = self._ranker.score(audience, candidates, terms=terms).scores[:, position]
        lost = np.zeros(len(history), dtype=np.float32)
        lost[newest] = ranked.scores[0, position] - scores
        return lost

    def _evidence_paths(self, reader: Reader, candidate: int) -> tuple[EvidencePath, ...]:
        """Paths through other people, who appear without name or id."""
        if self._state.is_cold[candidate]:
            return ()
        split = self._state.lightgcn.split(reader.audience, np.array([candidate]))
        catalogue = self._state.catalogue
        target = catalogue.at(candidate)
        people: dict[int, str] = {}
        paths: list[EvidencePath] = []
        for path in self._paths.between(split, reader=reader.user):
            between = catalogue.at(path.history_item)
            person = people.setdefault(path.via_user, f"Reader {len(people) + 1}")
            steps = (
                PathStep("user", "You"),
                PathStep("item", between.title, between.item_id),
                PathStep("user", person),
                PathStep("item", target.title, target.item_id),
            )
            paths.append(EvidencePath(steps, path.share))
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
            notes.append("The constraints of the request, or the catalogue, keep this item out.")
        if self._state.is_cold[candidate]:
            notes.append("No one had met this item when the models were trained: its place comes from its content.")
        if not len(reader.history):
            notes.append("There is no history yet: the place comes from what everyone likes and what was asked for.")
        return tuple(notes)
