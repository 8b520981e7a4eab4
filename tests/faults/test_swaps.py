"""Snapshots that are swapped under load, and two who swap or train at once."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from pipeline.training_settings import TrainingSettings
from serving.http.app import build_api
from serving.service import Service
from store.errors import BusyError
from store.locks import FileLock
from tests.conftest import service_settings

SWAPS = 30
CLIENTS = 4
READERS = ("13", "92", "59", "94")

ROUNDING = 1e-4
"""Of scores that several readers got in one batch; those of two snapshots differ by whole items."""

Ten = tuple[tuple[str, float], ...]


@pytest.fixture(scope="module")
def service(twice_trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home = Path(shutil.copytree(twice_trained_home, tmp_path_factory.mktemp("swaps") / "home"))
    with Service.open(service_settings(home)) as opened:
        opened.warm()
        yield opened


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[TestClient]:
    app = build_api(service)
    with TestClient(app, base_url="http://testserver/api/v1", raise_server_exceptions=False) as opened:
        yield opened


def _ten(client: TestClient, user_id: str) -> tuple[str, Ten]:
    """Of which snapshot an answer is, and its items with their scores."""
    answer = client.get("/recommend", params={"user_id": user_id})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return body["snapshot_id"], tuple((one["item"]["item_id"], one["score"]) for one in body["items"])


def _same(first: Ten, second: Ten) -> bool:
    scores = [score for _, score in first]
    return [one for one, _ in first] == [one for one, _ in second] and scores == pytest.approx(
        [score for _, score in second], abs=ROUNDING
    )


def test_no_answer_fails_or_mixes_two_snapshots_while_they_are_swapped(client: TestClient, service: Service) -> None:
    ids = service.snapshots.ids()
    right: dict[tuple[str, str], Ten] = {}
    for snapshot_id in ids:
        service.promote(snapshot_id)
        for user_id in READERS:
            named, ten = _ten(client, user_id)
            assert named == snapshot_id
            right[snapshot_id, user_id] = ten
    assert not any(_same(right[ids[0], user_id], right[ids[1], user_id]) for user_id in READERS)
    done = threading.Event()

    def ask(number: int) -> list[tuple[str, str, Ten]]:
        found: list[tuple[str, str, Ten]] = []
        while not done.is_set():
            user_id = READERS[(number + len(found)) % len(READERS)]
            found.append((user_id, *_ten(client, user_id)))
        return found

    with ThreadPoolExecutor(CLIENTS) as pool:
        asked = [pool.submit(ask, number) for number in range(CLIENTS)]
        try:
            for number in range(SWAPS):
                service.promote(ids[number % len(ids)])
        finally:
            done.set()
    answers = [answer for future in asked for answer in future.result()]
    assert {snapshot_id for _, snapshot_id, _ in answers} == set(ids)
    assert [answer for answer in answers if not _same(right[answer[1], answer[0]], answer[2])] == []


def test_a_second_training_is_told_who_trains(service: Service) -> None:
    before = service.snapshots.ids()
    with (
        FileLock(service.settings.snapshots / "training.lock", purpose="training"),
        pytest.raises(BusyError, match=r"training cannot start: .* is held by process \d+ on .* \(training, since"),
    ):
        service.train(TrainingSettings(epochs=1), on_progress=lambda *_: None)
    assert service.snapshots.ids() == before


def test_two_who_promote_at_once_take_turns(service: Service) -> None:
    ids = service.snapshots.ids()
    with ThreadPoolExecutor(CLIENTS) as pool:
        promoted = list(pool.map(service.promote, [ids[number % 2] for number in range(2 * CLIENTS)]))
    assert [snapshot.id for snapshot in promoted] == [ids[number % 2] for number in range(2 * CLIENTS)]
    current = service.snapshots.current()
    assert current is not None
    assert current.id in ids
    assert current.warnings == ()
    assert service.recommender.snapshot_id == current.id
