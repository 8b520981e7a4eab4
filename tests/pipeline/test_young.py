"""An item does not vanish at the first training after its arrival."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from pipeline.query import Query
from pipeline.training import TrainingSettings
from pipeline.young import ENOUGH, HALF, own_share, readers_of, settled_items, young_items
from rankers.blend import BlendSettings
from rankers.sasrec import SASRecSettings
from serving.service import Service
from store.interactions import Interactions
from store.records import Event, EventKind, Item
from tests.conftest import service_settings

ALIEN = "183"


def built(*rows: tuple[int, int, int], users: int = ENOUGH, items: int = 12) -> Interactions:
    """(user, item, time)."""
    table = np.array(rows, dtype=np.int64)
    return Interactions.build(table[:, 0], table[:, 1], table[:, 2], num_users=users, num_items=items)


OLD = [(user, item, 10 * user + item) for user in range(1, 91) for item in range(1, 11)]
"""Ten items that 90 users met one after the other, the last at time 910."""


def test_young_is_what_was_first_met_lately_and_by_few() -> None:
    assert young_items(built(*OLD, (1, 11, 905), (2, 11, 909))).tolist() == [11]
    assert young_items(built(*OLD, (1, 11, 5), (2, 11, 909))).tolist() == [], "there long ago: unpopular, not young"
    long_ago = [(user, item, 10 * user + item) for user in range(1, ENOUGH + 1) for item in range(1, 11)]
    crowd = [(user, 11, 20 * ENOUGH) for user in range(1, ENOUGH + 1)]
    assert young_items(built(*long_ago, *crowd)).tolist() == [], "enough readers speak for it"
    assert young_items(built(*long_ago, *crowd[:-1])).tolist() == [11]


def test_what_training_made_of_an_item_counts_the_more_the_more_readers_it_saw() -> None:
    shares = own_share(np.array([0, 3, HALF, ENOUGH], dtype=np.float32))
    assert shares[0] == 0
    assert shares[2] == 0.5
    assert (np.diff(shares) > 0).all()
    assert shares[-1] > 0.9, "at the end of youth the stand-ins have hardly a part left"


def test_nothing_is_young_where_time_says_nothing() -> None:
    assert young_items(built(*[(user, item, 7) for user, item, _ in OLD], (1, 11, 7))).tolist() == []
    assert young_items(built(*OLD).where(np.zeros(len(OLD), dtype=bool))).tolist() == []


def test_a_catalogue_that_is_young_itself_is_taken_as_it_is() -> None:
    few = [(user, item, 100 * (item > 2) + user) for user in range(1, 4) for item in range(1, 7)]
    assert young_items(built(*few)).tolist() == []


def test_the_others_are_settled_and_the_readers_are_found() -> None:
    interactions = built(*OLD, (1, 11, 905), (2, 11, 909), (2, 11, 910))
    assert settled_items(interactions).tolist() == list(range(1, 11))
    met = readers_of(np.array([11]), interactions)
    assert list(met) == [11]
    assert [history.tolist() for history in met[11]] == [
        interactions.history(1).tolist(),
        interactions.history(2).tolist(),
    ]


@pytest.fixture
def service(trained_home: Path, tmp_path: Path):
    shutil.copytree(trained_home, tmp_path / "home")
    with Service.open(service_settings(tmp_path / "home")) as opened:
        yield opened


def test_training_again_leaves_a_new_item_about_where_it_stood(service: Service) -> None:
    known = service.recommender.item(ALIEN)
    fresh = Item("fresh", "The Nostromo Signal", description=known.description, categories=known.categories)
    service.recommender.publish(fresh)
    fans = service.store.readers([ALIEN])[ALIEN]
    newest = max(service.store.history(user.user_id)[-1].time for user in service.store.users(limit=1_000))
    service.store.add_events(
        Event(fan, "fresh", EventKind.LIKE, newest + timedelta(days=1, minutes=n)) for n, fan in enumerate(fans[:3])
    )
    asking = fans[3:30]

    def places() -> np.ndarray:
        found = [service.recommender.explain(Query(user_id=user), "fresh").rank for user in asking]
        return np.array([rank if rank is not None else 10_000 for rank in found])

    before = places()
    service.train(
        TrainingSettings(
            epochs=2,
            sasrec=SASRecSettings(dim=32, blocks=1, length=50),
            blend=BlendSettings(knots=1, folds=2, cells=200_000),
        ),
        on_progress=lambda stage, share: None,
    )
    service.recommender.refresh()
    state = service.recommender.state
    index = state.catalogue.ids.index("fresh")
    assert not state.is_new[index], "training has met it"
    assert state.is_cold[index], "but it is young"
    after = places()
    assert np.median(after) <= 2 * np.median(before) + 10
    profile = service.recommender.item_profile("fresh")
    assert (profile.met, profile.is_new) == (3, False)
    note = service.recommender.explain(Query(user_id=asking[0]), "fresh").notes[0]
    assert "few readers" in note

    # Whoever meets it now counts at once, beside those that training knew.
    service.store.add_events([Event(asking[0], "fresh", EventKind.LIKE, datetime.now(UTC))])
    assert service.recommender.state.stand_ins.readers_of(index) == 4
