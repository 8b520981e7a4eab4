"""What publishing a draft would do: neighbours, duplicates, and the readers it would reach."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.images import load_image, perceptual_hash
from pipeline.catalogue import CATEGORY
from pipeline.contracts import ItemEncoder
from pipeline.evidence import Evidence
from pipeline.query import Preview, PreviewReader, Segment
from pipeline.ranking import Ranker, RankingSettings
from pipeline.reader import Reader
from pipeline.similarity import content_neighbour
from pipeline.state import ServingState
from store.errors import UnsafeInput
from store.ids import IndexArray
from store.interactions import Audience
from store.records import Item

NEIGHBOURS = 6
DUPLICATE_CANDIDATES = 20
SAME_TEXT = 0.97
"""Cosine from which two texts say the same."""
SAME_PICTURE = 6
"""Bits of 64 in which the perceptual hashes of one picture, resized or recompressed, differ at most."""
LIKE_PICTURE = 0.8
"""Cosine from which two pictures are worth comparing by hash."""
SAMPLE = 150
"""Users of the reach estimate, spread evenly over all."""
PROMISING = 50
"""Users with the best graph score for the draft, among whom its readers are found."""
READERS = 5
SEGMENTS = 4
SEGMENT_USERS = 5
"""Sampled users from which a taste is spoken of."""
TOP = 10
WORTH_SAYING = 0.005
"""Gain in confidence from which a picture is asked for."""
NOT_RECALLED = np.iinfo(np.int64).max
"""Rank of a draft that no recall channel brings to a reader."""


class Previewer:
    """Previews drafts against one serving state."""

    def __init__(self, state: ServingState, encoder: ItemEncoder, settings: RankingSettings) -> None:
        self._state = state
        self._encoder = encoder
        self._settings = settings

    def preview(self, draft: Item) -> Preview:
        """Neighbours, duplicates and readers of a draft, or of a known item as it would be. Stores nothing."""
        state = self._state.with_items([draft], self._encoder, revision=self._state.revision)
        candidate = state.catalogue.ids.index(draft.item_id)
        neighbours = self._nearest(state, candidate)
        users, sampled = self._asked(state, candidate)
        ranks = self._ranks(state, users, candidate)
        reached = ranks[sampled] <= TOP
        return Preview(
            neighbours=tuple(content_neighbour(state, candidate, int(item)) for item in neighbours[:NEIGHBOURS]),
            duplicates=tuple(self._duplicates(state, candidate, neighbours)),
            readers=self._readers(state, users, ranks, candidate),
            reach=float(reached.mean()) if len(reached) else 0.0,
            segments=segments(state, users[sampled], reached),
            confidence=_confidence(state, candidate),
            missing=_missing(draft, state, candidate),
            notes=self._notes(state, candidate),
        )

    def _nearest(self, state: ServingState, candidate: int) -> IndexArray:
        found, _ = state.content_index.search(
            state.vectors[[candidate]], DUPLICATE_CANDIDATES, exclude=[np.array([candidate])]
        )
        return np.array([item for item in found[0] if item and state.catalogue.active[item]], dtype=np.int64)

    def _duplicates(self, state: ServingState, candidate: int, near: IndexArray) -> list[tuple[Item, str]]:
        catalogue, content = state.catalogue, state.content
        draft = catalogue.at(candidate)
        title = draft.title.casefold().strip()
        found: dict[int, str] = {}
        for index, item in enumerate(catalogue.items, start=1):
            if index != candidate and item.active and item.title.casefold().strip() == title:
                found[index] = "same title"
        if content.has_text[candidate - 1]:
            for index in near.tolist():
                if content.has_text[index - 1]:
                    cosine = float(content.text[index - 1] @ content.text[candidate - 1])
                    if cosine >= SAME_TEXT:
                        found.setdefault(index, f"nearly the same text ({cosine:.0%} alike)")
        for index in self._same_picture(state, candidate):
            found.setdefault(index, "same picture")
        return [(catalogue.at(index), why) for index, why in found.items()]

    def _same_picture(self, state: ServingState, candidate: int) -> list[int]:
        """Items whose picture is the draft's, by perceptual hash among those that look alike to the encoder."""
        content = state.content
        if not content.has_image[candidate - 1]:
            return []
        closeness = np.where(content.has_image, content.image @ content.image[candidate - 1], -1.0)
        closeness[candidate - 1] = -1.0
        alike = np.argsort(-closeness, kind="stable")[:DUPLICATE_CANDIDATES]
        own = _hash_of(state.catalogue.at(candidate))
        same: list[int] = []
        alike = alike[(closeness[alike] >= LIKE_PICTURE) & state.catalogue.active[alike + 1]]
        for row in alike.tolist():
            other = _hash_of(state.catalogue.at(row + 1))
            if own is not None and other is not None and (own ^ other).bit_count() <= SAME_PICTURE:
                same.append(row + 1)
        return same

    def _asked(self, state: ServingState, candidate: int) -> tuple[IndexArray, NDArray[np.bool_]]:
        """Users whose lists are looked at, int64 [B]: a sample of those who have not met it, and those of them with the
        best graph score for it; and which of them are of the sample, bool [B]."""
        interactions = state.models.interactions
        met = interactions.users[interactions.items == candidate]
        everyone = np.setdiff1d(np.flatnonzero(np.diff(interactions.indptr) > 0), met)
        if not len(everyone):
            return everyone, np.zeros(0, dtype=bool)
        sample = evenly(everyone, SAMPLE)
        users = np.union1d(sample, best_fitting(state, candidate, everyone, PROMISING))
        return users, np.isin(users, sample)

    def _readers(
        self, state: ServingState, users: IndexArray, ranks: IndexArray, candidate: int
    ) -> tuple[PreviewReader, ...]:
        """The users for whom the draft stands best."""
        order = np.argsort(ranks, kind="stable")[:READERS]
        order = order[ranks[order] < NOT_RECALLED]
        evidence = Evidence(state)
        return tuple(self._reader(state, evidence, int(users[row]), int(ranks[row]), candidate) for row in order)

    def _ranks(self, state: ServingState, users: IndexArray, candidate: int) -> IndexArray:
        """Rank of the draft for each user among what they have not met: int64 [B], ``NOT_RECALLED`` where no channel
        brought it."""
        interactions = state.models.interactions
        ranker = Ranker(state, self._settings)
        ranks: list[IndexArray] = []
        for start in range(0, len(users), 64):
            audience = Audience.of_users(users[start : start + 64], interactions)
            ranked = ranker.rank(audience, allowed=state.catalogue.active, excluded=list(audience.histories))
            own = np.where(ranked.candidates == candidate, ranked.scores, -np.inf).max(axis=1, keepdims=True)
            behind = (ranked.scores > own).sum(axis=1) + 1
            ranks.append(np.where(np.isfinite(own[:, 0]), behind, NOT_RECALLED))
        return np.concatenate(ranks) if ranks else np.zeros(0, dtype=np.int64)

    def _reader(self, state: ServingState, evidence: Evidence, user: int, rank: int, candidate: int) -> PreviewReader:
        history = state.models.interactions.history(user)
        reader = Reader(user, history, np.zeros(0, dtype=np.int64), frozenset(history.tolist()), {})
        ranked = Ranker(state, self._settings).score(reader.audience, np.array([[candidate]]))
        taste = {name: np.ones(1, dtype=np.float32) for name in ranked.contributions}
        shares = evidence.history_shares(reader, np.array([candidate]), taste)[0]
        strongest = history[np.argsort(-shares, kind="stable")[:2]]
        user_id = state.models.users.external_of(user)
        return PreviewReader(user_id, rank, tuple(state.catalogue.at(int(item)) for item in strongest))

    def _notes(self, state: ServingState, candidate: int) -> tuple[str, ...]:
        notes = [state.content.notes[candidate - 1]] if state.content.notes[candidate - 1] else []
        if state.content.has_image[candidate - 1] and "image" not in state.models.modalities:
            notes.append(
                "The picture is kept and shown, but takes no part in scores: the models were trained without pictures."
            )
        return tuple(notes)


def evenly(users: IndexArray, count: int) -> IndexArray:
    """At most so many of some users, spread evenly over all; there must be one."""
    return users[np.unique(np.linspace(0, len(users) - 1, count).astype(int))]


def best_fitting(state: ServingState, candidate: int, users: IndexArray, count: int) -> IndexArray:
    """Those of some users to whom LightGCN gives an item the highest scores, best first."""
    audience = Audience.of_users(users, state.models.interactions)
    fit = state.lightgcn.reader_vectors(audience) @ state.lightgcn.item_final[candidate]
    return users[np.argsort(-fit, kind="stable")[:count]]


def segments(state: ServingState, users: IndexArray, reached: NDArray[np.bool_]) -> tuple[Segment, ...]:
    """Users by the category that their history has most in excess of what the others' have, with whom it reaches.

    Args:
        users: int64 [B].
        reached: bool [B].
    """
    values, has = state.catalogue.incidence(CATEGORY)
    if not len(users) or not values:
        return ()
    tastes = np.stack([has[state.models.interactions.history(int(user))].mean(axis=0) for user in users])
    leaning = (tastes - tastes.mean(axis=0)).argmax(axis=1)
    found = [
        Segment(values[column], int((leaning == column).sum()), int(reached[leaning == column].sum()))
        for column in np.unique(leaning).tolist()
    ]
    large = [segment for segment in found if segment.users >= SEGMENT_USERS and segment.reached]
    return tuple(sorted(large, key=lambda segment: -segment.reached / segment.users)[:SEGMENTS])


def _confidence(state: ServingState, candidate: int) -> float | None:
    if not state.is_new[candidate]:
        return None
    return state.models.projector.explained(_modalities(state, candidate))


def _modalities(state: ServingState, candidate: int) -> frozenset[str]:
    content = state.content
    present = {"text": content.has_text[candidate - 1], "image": content.has_image[candidate - 1]}
    return frozenset(name for name, has in present.items() if has)


def _missing(draft: Item, state: ServingState, candidate: int) -> tuple[str, ...]:
    """What the models could use and the draft does not say."""
    if not state.is_new[candidate]:
        return ()
    missing: list[str] = []
    if not draft.description.strip() and any(item.description for item in state.catalogue.items):
        missing.append("a description")
    if not draft.categories and state.catalogue.vocabulary.facets.get("category"):
        missing.append("categories")
    if draft.image is None and "image" in state.models.modalities:
        projector, own = state.models.projector, _modalities(state, candidate)
        now, then = projector.explained(own), projector.explained(own | {"image"})
        if then - now >= WORTH_SAYING:
            missing.append(f"a picture ({now:.0%} would become {then:.0%})")
    return tuple(missing)


def _hash_of(item: Item) -> int | None:
    if item.image is None:
        return None
    try:
        return perceptual_hash(load_image(Path(item.image)))
    except (UnsafeInput, OSError):
        return None
