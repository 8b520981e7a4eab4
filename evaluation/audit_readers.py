"""Whose lists are audited, and the audit over a service's recommender and store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from evaluation.audit import Audit, AuditSettings, Group, ItemFacts, audit
from evaluation.calibration import favourites
from pipeline.catalogue import CATEGORY
from pipeline.recommender import Recommender
from pipeline.state import ServingState
from store.database import Store
from store.errors import InputError
from store.ids import PADDING, IndexArray
from store.interactions import Sparse

_PAGE = 1_000
"""Users that are read from the store at a time."""
_AT_ONCE = 128
"""Readers that are ranked together."""

OnReaders = Callable[[int, int], None]
"""Told of the readers done and of all."""


def favourite_counts(state: ServingState) -> dict[str, int]:
    """How many readers in training have each category as their favourite, most first; only those that anyone has."""
    values, has = state.catalogue.incidence(CATEGORY)
    columns, counts = np.unique(_favourites(state, has), return_counts=True)
    found = [(values[column], int(count)) for column, count in zip(columns, counts, strict=True) if column >= 0]
    return dict(sorted(found, key=lambda pair: (-pair[1], pair[0])))


def audit_group(
    recommender: Recommender,
    store: Store,
    group: Group,
    *,
    settings: AuditSettings = AuditSettings(),
    on_readers: OnReaders = lambda done, total: None,
) -> Audit:
    """Make the lists of a group as ``recommend`` would, and measure them.

    Raises:
        UnknownUser: a named user does not exist.
        InputError: nobody is in the group, or nobody of it has a history and a list.
    """
    chosen = choose(recommender.state, store, group)
    on_readers(0, len(chosen))
    lists, histories, state = [], [], recommender.state
    for batch in recommender.lists(chosen, k=settings.k, batch_size=_AT_ONCE):
        state = batch.state
        lists.append(batch.lists)
        histories.extend(batch.histories)
        on_readers(len(histories), len(chosen))
    return audit(
        np.concatenate(lists),
        histories,
        item_facts(state),
        group=group.label,
        snapshot_id=state.snapshot_id,
        created=datetime.now(UTC),
        settings=settings,
    )


def choose(state: ServingState, store: Store, group: Group) -> list[str]:
    """Ids of a group's users.

    Raises:
        UnknownUser: a named user does not exist.
        InputError: nobody is in the group.
    """
    if group.user_ids is None:
        ids = _everyone(store)
    else:
        ids = list(dict.fromkeys(group.user_ids))
        for user_id in ids:
            store.user(user_id)
    if group.category is not None:
        ids = _lovers(state, ids, group.category)
    if not ids:
        raise InputError(f"nobody is in the group ({group.label})", fix="Choose others, or audit everyone.")
    if group.sample is not None and group.sample < len(ids):
        drawn = np.random.default_rng(group.seed).choice(len(ids), size=group.sample, replace=False)
        ids = [ids[place] for place in np.sort(drawn)]
    return ids


def item_facts(state: ServingState) -> ItemFacts:
    """What an audit must know of a state's items."""
    known = state.models.interactions.item_counts
    readers = np.zeros(len(state.catalogue) + 1)
    readers[: len(known)] = known
    categories, has = state.catalogue.incidence(CATEGORY)
    return ItemFacts(readers, state.models.interactions.num_users, state.catalogue.active, categories, has)


def _everyone(store: Store) -> list[str]:
    ids: list[str] = []
    while users := store.users(limit=_PAGE, offset=len(ids)):
        ids.extend(user.user_id for user in users)
    return ids


def _lovers(state: ServingState, ids: Sequence[str], category: str) -> list[str]:
    values, has = state.catalogue.incidence(CATEGORY)
    if category not in values:
        some = ", ".join(sorted(values)[:8]) or "none"
        raise InputError(
            f"category {category[:80]!r} is not in the catalogue, which has {some}{' ...' if len(values) > 8 else ''}",
            fix="Write it as the catalogue does.",
        )
    favourite, wanted = _favourites(state, has), values.index(category)
    users = state.models.users
    return [user_id for user_id in ids if favourite[users.get(user_id, PADDING)] == wanted]


def _favourites(state: ServingState, has: NDArray[np.float32]) -> IndexArray:
    """By user of the models, int64 [U+1]; -1 at the padding."""
    matrix: Sparse = state.models.interactions.matrix
    return favourites(matrix, has[: matrix.shape[1]])
