"""An event on a new item costs the reading of one history, and leads to where reading everything again would."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from pipeline import histories
from pipeline.recommender import Recommender
from serving.service import Service
from store.records import Event, EventKind, Item
from tests.conftest import service_settings

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def service(trained_home: Path, tmp_path: Path):
    shutil.copytree(trained_home, tmp_path / "home")
    with Service.open(service_settings(tmp_path / "home")) as opened:
        yield opened


@pytest.fixture
def read(service: Service, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whose histories were read from the store so far."""
    asked: list[str] = []
    from_store = service.store.histories

    def noted(user_ids: Collection[str]):
        asked.extend(sorted(user_ids))
        return from_store(user_ids)

    monkeypatch.setattr(service.store, "histories", noted)
    return asked


def met(service: Service, user: str, *items: str, minutes: int = 0, kind: EventKind = EventKind.LIKE) -> None:
    service.store.add_events(Event(user, item, kind, NOW + timedelta(minutes=minutes)) for item in items)


def as_from_scratch(service: Service) -> None:
    """The state that events led to is that of a service that starts now."""
    recommender = service.recommender
    assert isinstance(recommender, Recommender)
    state = recommender.state
    fresh = Recommender.open(service.store, service.snapshots, service.encoder).state
    np.testing.assert_array_equal(state.stand_ins.numbers, fresh.stand_ins.numbers)
    np.testing.assert_allclose(state.stand_ins.by_reader, fresh.stand_ins.by_reader, atol=1e-6)
    np.testing.assert_allclose(state.stand_ins.level, fresh.stand_ins.level, rtol=1e-6)
    np.testing.assert_allclose(state.lightgcn.item_final, fresh.lightgcn.item_final, atol=1e-5)
    np.testing.assert_allclose(state.lightgcn.item_neighbours, fresh.lightgcn.item_neighbours, atol=1e-5)
    np.testing.assert_allclose(state.sasrec.item_rows, fresh.sasrec.item_rows, atol=1e-5)


def test_every_history_is_read_once(service: Service, read: list[str]) -> None:
    first, second = (item.item_id for item in service.store.items(active=True)[:2])
    service.recommender.publish_all([Item("fresh", "Fresh"), Item("other", "Other")])
    known = service.store.users(limit=1)[0].user_id
    for number, user in enumerate(("s1", "s2", known)):
        met(service, user, first, "fresh", minutes=number)
        assert service.recommender.state.stand_ins.readers_of(
            service.recommender.state.catalogue.ids.index("fresh")
        ) == (number + 1)
    met(service, "s1", "other")
    as_from_scratch(service)
    assert read[:3] == ["s1", "s2", "s1"], "again after s1 did something, and nobody whom training knows"

    before = len(read)
    met(service, "s2", second, minutes=9)
    met(service, "s3", first, "fresh", minutes=10)
    as_from_scratch(service)
    assert read[before : before + 2] == ["s2", "s3"]


def test_a_changed_mind_and_changed_content_are_followed(service: Service) -> None:
    first, second = service.store.items(active=True)[:2]
    service.recommender.publish(Item("fresh", "Fresh", description=first.description))
    met(service, "s1", first.item_id, "fresh")
    met(service, "s2", second.item_id, "fresh")
    assert service.recommender.state.stand_ins.numbers.max() == 2
    met(service, "s1", "fresh", minutes=1, kind=EventKind.DISLIKE)
    service.recommender.publish(Item("fresh", "Fresh", description=second.description))
    as_from_scratch(service)
    assert service.recommender.state.stand_ins.numbers.max() == 1


def test_strangers_beyond_those_that_are_kept_are_read_again(
    service: Service, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "MOST", 2)
    first = service.store.items(active=True)[0].item_id
    service.recommender.publish(Item("fresh", "Fresh"))
    for number in range(4):
        met(service, f"s{number}", first, "fresh", minutes=number)
        assert service.recommender.state.stand_ins.numbers.max() == number + 1
    as_from_scratch(service)
    assert read[:2] == ["s0", "s1"]
    assert read[2:5] == ["s0", "s1", "s2"]
