"""The one path from a person to recommendations, over a snapshot and the catalogue of this moment."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from time import perf_counter

import numpy as np
import structlog

from pipeline.answers import NOBODY, Answers
from pipeline.assembling import NOTHING, assembled, check_k, contenders, left, notes
from pipeline.catalogue import Mask
from pipeline.catalogue_map import CatalogueMap, Mapper
from pipeline.content_match import ContentMatcher
from pipeline.contracts import ItemEncoder
from pipeline.evidence import Evidence
from pipeline.explain import Explainer
from pipeline.explanation import ContentMatch, Contrast, Explanation, SmallestRemoval, Standing
from pipeline.exposure import Exposure, ExposureSettings, Placed
from pipeline.histories import Histories
from pipeline.item_profile import ItemProfile, ItemProfiler
from pipeline.lists import ReaderLists, ranked_together, reader_lists
from pipeline.notes import HAD, ON_TRIAL
from pipeline.preview import Previewer
from pipeline.query import (
    Constraints,
    Neighbour,
    Preview,
    Query,
    Recommendation,
    Recommendations,
    Vocabulary,
)
from pipeline.ranking import Ranked, Ranker, RankingSettings, Terms
from pipeline.reader import Reader, having, leaning_of, read_query
from pipeline.search import Search
from pipeline.sent_picture import SentPicture, looked_at
from pipeline.similarity import content_neighbour
from pipeline.state import ServingState, load_state
from pipeline.taste import Taste, taste
from pipeline.topk import best
from store.database import Store
from store.errors import NoSnapshot, TastemakerError
from store.ids import PADDING, IndexArray
from store.records import Item
from store.snapshots import Snapshot, SnapshotStore
from store.visible import INVISIBLE_NOTE, visible_item

_log = structlog.get_logger(__name__)


class _Serving:
    """A state with what is built from it when it is first needed.

    Args:
        event: the newest that is taken into account; later ones on known items move it on.
    """

    def __init__(self, state: ServingState, encoder: ItemEncoder, settings: RankingSettings, *, event: int) -> None:
        self.state = state
        self.event = event
        self.ranker = Ranker(state, settings)
        self.evidence = Evidence(state)
        self._encoder = encoder
        self._settings = settings

    @cached_property
    def explainer(self) -> Explainer:
        return Explainer(self.state, self.ranker)

    @cached_property
    def profiler(self) -> ItemProfiler:
        return ItemProfiler(self.state, self.ranker)

    @cached_property
    def search(self) -> Search:
        return Search(self.state, self._encoder)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The catalogue's, with how many readers met each item: namesakes are told apart by it."""
        counts = self.state.models.interactions.item_counts
        ids = self.state.models.items.external
        popularity = {item_id: int(count) for item_id, count in zip(ids, counts[1:], strict=True) if count}
        return replace(self.state.catalogue.vocabulary, popularity=popularity)

    @cached_property
    def previewer(self) -> Previewer:
        return Previewer(self.state, self._encoder, self._settings)


@dataclass(frozen=True)
class _Asked:
    """A question about items for one reader, by one state; ``allowed`` is bool [N+1]."""

    serving: _Serving
    items: list[int]
    reader: Reader
    terms: Terms
    allowed: Mask


class Recommender:
    """Implements ``pipeline.api.RecommenderApi``.

    A request holds the immutable state that it began with; publishing, a change of the catalogue by another process,
    and a newer snapshot each put a new state in its place.
    """

    def __init__(
        self,
        *,
        store: Store,
        snapshots: SnapshotStore,
        encoder: ItemEncoder,
        settings: RankingSettings,
        exposure: ExposureSettings,
        state: ServingState,
    ) -> None:
        self._store = store
        self._snapshots = snapshots
        self._encoder = encoder
        self._settings = settings
        self._exposure = Exposure(exposure)
        self._mapper = Mapper()
        self._matcher = ContentMatcher(encoder)
        self._answers = Answers(self._answered)
        self._histories = Histories(store, limit=settings.history)
        self._change = threading.Lock()
        self._serving = self._met(state)
        self.learn_exposure()

    @classmethod
    def open(
        cls,
        store: Store,
        snapshots: SnapshotStore,
        encoder: ItemEncoder,
        *,
        settings: RankingSettings = RankingSettings(),
        exposure: ExposureSettings = ExposureSettings(),
        snapshot: Snapshot | None = None,
    ) -> Recommender:
        """Serve the current snapshot, or a given one.

        Raises:
            NoSnapshot: nothing has been trained yet.
        """
        snapshot = snapshot or snapshots.current()
        if snapshot is None:
            raise NoSnapshot("there is no trained snapshot", fix="Run `tastemaker train` first.")
        state = load_state(snapshot, store, encoder)
        return cls(store=store, snapshots=snapshots, encoder=encoder, settings=settings, exposure=exposure, state=state)

    @property
    def snapshot_id(self) -> str:
        return self._serving.state.snapshot_id

    @property
    def state(self) -> ServingState:
        """What the next request would see."""
        return self._current().state

    def refresh(self) -> bool:
        """Take the newest snapshot into service; whether there was a newer one."""
        with self._change:  # of two who refresh at once, the later one must not be overtaken by what the other read
            snapshot = self._snapshots.current()
            if snapshot is None or snapshot.id == self.snapshot_id:
                return False
            self._serving = self._met(load_state(snapshot, self._store, self._encoder))
        return True

    def learn_exposure(self) -> None:
        """Look up what became of the new items that were shown; nothing to do where none are tried out."""
        if self._exposure.settings.share > 0:
            self._exposure.learn(self._store.shown(self._serving.state.new_items()))

    def recommend(self, query: Query) -> Recommendations:
        # Lists that try new items out differ from day to day, and with what became of the last ones.
        if query.asks_for_best and self._exposure.settings.share == 0:
            version = NOBODY if query.user_id is None else self._store.reader_version(query.user_id)
            return self._answers.answer(query, state=self._current(), version=version)
        return self._recommend(query)

    def _recommend(self, query: Query) -> Recommendations:
        started = perf_counter()
        serving = self._current()
        state = serving.state
        reader = self._read(query, state)
        terms, sent, degraded = self._terms(query, reader, state)
        allowed = state.catalogue.allowed(query.constraints)
        excluded = reader.kept_out(terms.seeds, include_seen=query.include_seen)
        prepared = perf_counter()
        ranked = serving.ranker.rank(
            reader.audience, allowed=allowed, excluded=[excluded], terms=terms, at_least=query.k
        )
        placed = self._placed(serving, ranked, [query])
        scored = perf_counter()
        items = assembled(state, serving.evidence, query, reader, ranked, placed, row=0)
        return Recommendations(
            items=items,
            snapshot_id=state.snapshot_id,
            degraded=degraded,
            notes=(*notes(query, len(items)), *sent.notes),
            matching=left(allowed, excluded),
            contenders=contenders(state, ranked, query.contenders),
            milliseconds={
                "prepare": 1e3 * (prepared - started),
                "rank": 1e3 * (scored - prepared),
                "evidence": 1e3 * (perf_counter() - scored),
            },
        )

    def matching(self, query: Query) -> int:
        state = self._current().state
        seeds = np.array([state.catalogue.ids.index(item_id) for item_id in query.seeds], dtype=np.int64)
        excluded = self._read(query, state).kept_out(seeds, include_seen=query.include_seen)
        allowed = state.catalogue.allowed(query.constraints)
        return left(allowed, excluded)

    def recommend_all(self, *, k: int = 10, batch_size: int = 256) -> Iterator[tuple[str, tuple[Recommendation, ...]]]:
        check_k(k)
        offset = 0
        while users := self._store.users(limit=batch_size, offset=offset):
            offset += len(users)
            answers = self._answered([Query(user_id=user.user_id, k=k) for user in users])
            for user, answer in zip(users, answers, strict=True):
                if isinstance(answer, Recommendations):  # they may have been erased meanwhile
                    yield user.user_id, answer.items

    def lists(self, user_ids: Sequence[str], *, k: int = 10, batch_size: int = 256) -> Iterator[ReaderLists]:
        """What ``recommend`` would show many users, without evidence and all by one state; batches in the given order.

        Raises:
            UnknownUser: an id does not exist.
        """
        check_k(k)
        serving = self._current()
        for start in range(0, len(user_ids), batch_size):
            queries = [Query(user_id=user_id, k=k) for user_id in user_ids[start : start + batch_size]]
            readers = [self._read(query, serving.state) for query in queries]

            def placed(ranked: Ranked, rows: Sequence[int], asked: Sequence[Query] = queries) -> Placed:
                return self._placed(serving, ranked, [asked[row] for row in rows])

            yield reader_lists(serving.state, serving.ranker, readers, placed, k=k)

    def _answered(self, queries: Sequence[Query]) -> list[Recommendations | TastemakerError]:
        """Answers to queries that ask for nothing but the best, all by one state."""
        started = perf_counter()
        serving = self._current()
        answers: list[Recommendations | TastemakerError] = []
        readers: dict[int, Reader] = {}
        for place, query in enumerate(queries):
            try:
                readers[place] = self._read(query, serving.state)
                answers.append(Recommendations((), serving.state.snapshot_id))
            except TastemakerError as error:
                answers.append(error)
        for k in {queries[place].k for place in readers}:
            places = [place for place in readers if queries[place].k == k]
            together = ranked_together(serving.state, serving.ranker, [readers[place] for place in places], at_least=k)
            for rows, ranked in together:
                asked = [places[row] for row in rows]
                placed = self._placed(serving, ranked, [queries[place] for place in asked])
                for row, place in enumerate(asked):
                    query, reader = queries[place], readers[place]
                    items = assembled(serving.state, serving.evidence, query, reader, ranked, placed, row=row)
                    answers[place] = Recommendations(
                        items=items,
                        snapshot_id=serving.state.snapshot_id,
                        notes=notes(query, len(items)),
                        matching=left(serving.state.catalogue.active, reader.kept_out(NOTHING)),
                        milliseconds={"together": 1e3 * (perf_counter() - started)},
                    )
        return answers

    def _placed(self, serving: _Serving, ranked: Ranked, queries: Sequence[Query]) -> Placed:
        """The lists of readers who ask for equally many, with new items in the places that are kept for them."""
        return self._tried(serving, ranked, serving.ranker.select(ranked, k=queries[0].k), queries)

    def _tried(self, serving: _Serving, ranked: Ranked, chosen: IndexArray, queries: Sequence[Query]) -> Placed:
        readers = [query.user_id or "\0".join(query.history or ()) for query in queries]
        return self._exposure.place(
            serving.state, ranked, chosen, readers=readers, day=datetime.now(UTC).date().isoformat()
        )

    def similar(self, item_id: str, *, k: int = 10, constraints: Constraints = Constraints()) -> tuple[Neighbour, ...]:
        check_k(k)
        state = self._current().state
        index = state.catalogue.ids.index(item_id)
        scores = state.likeness(np.array([index], dtype=np.int64))
        allowed = state.catalogue.allowed(constraints)
        allowed[index] = False
        found, _ = best(np.where(allowed[None, :], scores, -np.inf).astype(np.float32), k)
        return tuple(content_neighbour(state, index, int(other)) for other in found[0] if other != PADDING)

    def search(self, text: str, *, k: int = 10, constraints: Constraints = Constraints()) -> tuple[Item, ...]:
        check_k(k)
        serving = self._current()
        catalogue = serving.state.catalogue
        found = serving.search.find(text, k=k, allowed=catalogue.allowed(constraints))
        return tuple(catalogue.at(int(index)) for index in found)

    def explain(self, query: Query, item_id: str) -> Explanation:
        serving = self._current()
        state = serving.state
        candidate = state.catalogue.ids.index(item_id)
        # An item that the reader has by now, liked on its card perhaps, is explained as it was before they had it.
        itself = np.array([candidate])
        reader = self._read(query, state)
        known = candidate in reader.history
        full = self._read(query.as_it_is, state).without(itself) if query.is_what_if else None
        terms, sent, _ = self._terms(query, reader, state)
        allowed = state.catalogue.allowed(query.constraints)
        explanation = serving.explainer.explain(
            query,
            reader.without(itself),
            candidate,
            allowed=allowed,
            terms=terms,
            full=full,
            place=lambda ranked, chosen: self._tried(serving, ranked, chosen, [query]),
            trial_share=self._exposure.settings.share,
        )
        notes = (*explanation.notes, *sent.notes)
        if explanation.is_new and self._exposure.settings.share > 0:
            notes = (ON_TRIAL.format(self._exposure.settings.share), *notes)
        return replace(explanation, notes=(HAD, *notes) if known else notes)

    def catalogue_map(self) -> CatalogueMap:
        """The catalogue in a plane; the first call on a snapshot takes seconds."""
        return self._mapper.draw(self._current().state)

    def content_match(self, item_id: str, other_id: str) -> ContentMatch:
        catalogue = (state := self._current().state).catalogue
        item, other = (catalogue.at(catalogue.ids.index(one)) for one in (item_id, other_id))
        return self._matcher.match(state, item, other)

    def item_profile(self, item_id: str) -> ItemProfile:
        serving = self._current()
        return serving.profiler.profile(serving.state.catalogue.ids.index(item_id))

    def taste(self, query: Query) -> Taste:
        asked = self._asked(query)
        return taste(asked.serving.state, asked.serving.ranker, query, asked.reader, asked.terms)

    def contrast(self, query: Query, item_id: str, other_id: str) -> Contrast:
        asked = self._asked(query, item_id, other_id)
        first, second = asked.items
        return asked.serving.explainer.contrast(asked.reader, first, second, allowed=asked.allowed, terms=asked.terms)

    def standings(self, query: Query, item_ids: Sequence[str]) -> tuple[Standing, ...]:
        asked = self._asked(query, *item_ids)
        return asked.serving.explainer.standings(asked.reader, asked.items, allowed=asked.allowed, terms=asked.terms)

    def smallest_removal(self, query: Query, item_id: str) -> SmallestRemoval:
        asked = self._asked(query, item_id)
        return asked.serving.explainer.smallest_removal(
            asked.reader, asked.items[0], k=query.k, allowed=asked.allowed, terms=asked.terms
        )

    def preview(self, draft: Item) -> Preview:
        shown = visible_item(draft)
        preview = self._current().previewer.preview(shown)
        return preview if shown == draft else replace(preview, notes=(*preview.notes, INVISIBLE_NOTE))

    def publish(self, item: Item) -> Item:
        self.publish_all([item])
        return visible_item(item)

    def publish_all(self, items: Sequence[Item]) -> None:
        items = [visible_item(item) for item in items]
        # The slow part comes first, into the encoder's cache: requests go on with the state that is there.
        self._encoder.encode(items)
        with self._change:
            self._store.put_items(items)
            self._renew()

    def deactivate(self, item_id: str) -> None:
        with self._change:
            self._store.set_active(item_id, False)
            self._renew()

    def item(self, item_id: str) -> Item:
        return self.items([item_id])[0]

    def items(self, item_ids: Sequence[str]) -> tuple[Item, ...]:
        catalogue = self._current().state.catalogue
        return tuple(catalogue.at(catalogue.ids.index(item_id)) for item_id in item_ids)

    def vocabulary(self) -> Vocabulary:
        return self._current().vocabulary

    def _read(self, query: Query, state: ServingState) -> Reader:
        return read_query(query, store=self._store, state=state, limit=self._settings.history)

    def _asked(self, query: Query, *item_ids: str) -> _Asked:
        """A question about items, which the reader may have by now: it is answered as if they had not."""
        serving = self._current()
        state = serving.state
        items = [state.catalogue.ids.index(item_id) for item_id in item_ids]
        reader = self._read(query, state).without(np.array(items, dtype=np.int64))
        terms, _, _ = self._terms(query, reader, state)
        return _Asked(serving, items, reader, terms, state.catalogue.allowed(query.constraints))

    def _terms(self, query: Query, reader: Reader, state: ServingState) -> tuple[Terms, SentPicture, tuple[str, ...]]:
        """What the request adds, what became of its picture, and what could not run."""
        seeds = np.array([state.catalogue.ids.index(item_id) for item_id in query.seeds], dtype=np.int64)
        tastes = having(query.tastes, state) if len(reader.assumed) and not len(reader.history) else None
        sent = looked_at(query.picture, state, self._encoder)
        leaning = leaning_of(query, state)
        terms = Terms(seeds, reader.disliked, tastes=tastes, picture=sent.direction, leaning=leaning)
        if not query.text.strip():
            return terms, sent, sent.degraded
        try:
            return replace(terms, text=self._encoder.encode_query(query.text)), sent, sent.degraded
        except (RuntimeError, OSError):
            # Words are one channel of several: the answer goes on without them, and says so.
            _log.exception("text_encoder_failed")
            return terms, sent, ("text_encoder", *sent.degraded)

    def _current(self) -> _Serving:
        """The serving state, brought up to date with the store's items and with who met the new ones.

        While someone else does that, which takes long where many items come at once, the state of before answers.
        """
        if not self._is_current(self._serving) and self._change.acquire(blocking=False):
            try:
                self._renew()
            finally:
                self._change.release()
        return self._serving

    def _renew(self) -> None:
        """Follow the store; whoever calls holds the lock."""
        serving = self._serving
        # The revision is read before the items: a change in between is then seen again, never missed.
        revision = self._store.items_revision()
        if revision == serving.state.revision:
            self._note_events(serving)
            return
        changed = self._store.items_changed_since(serving.state.revision)
        newest = self._store.newest_event()
        state = serving.state.with_items(changed, self._encoder, revision=revision)
        # Who met an item before it came here is found by the item, all others by what happened since.
        met = {item.item_id for item in changed} | self._store.items_met_since(serving.event)
        self._serving = self._serve(self._with_readers(state, self._cold(met, state)), newest)

    def _is_current(self, serving: _Serving) -> bool:
        return self._store.moment() == (serving.state.revision, serving.event)

    def _note_events(self, serving: _Serving) -> None:
        """Put a state in place that knows who met new items since; most events are on known ones and change nothing."""
        newest, state = self._store.newest_event(), serving.state
        if met := self._cold(self._store.items_met_since(serving.event), state):
            self._serving = self._serve(self._with_readers(state, met), newest)
        else:
            serving.event = newest

    @staticmethod
    def _cold(item_ids: Iterable[str], state: ServingState) -> list[str]:
        ids = state.catalogue.ids
        return [item_id for item_id in item_ids if state.is_cold[ids.get(item_id)]]

    def _met(self, state: ServingState) -> _Serving:
        """A state that knows of no reader yet, with those that its new items have."""
        newest = self._store.newest_event()
        return self._serve(self._with_readers(state, state.cold_items()), newest)

    def _with_readers(self, state: ServingState, item_ids: Sequence[str]) -> ServingState:
        """Someone who takes an event back is counted until the item is met again."""
        met = {item_id: who for item_id, who in self._store.readers(item_ids).items() if who} if item_ids else {}
        histories = self._histories.of({user for who in met.values() for user in who}, state)
        ids = state.catalogue.ids
        return state.with_readers({ids.index(item): [histories[user] for user in who] for item, who in met.items()})

    def _serve(self, state: ServingState, event: int) -> _Serving:
        return _Serving(state, self._encoder, self._settings, event=event)
