"""A database that cannot be written for a while: writes are refused with 503, reads go on, nothing is half done."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from serving.http.app import build_api
from serving.http.problems import MEDIA_TYPE
from serving.service import Service
from store import engine
from tests.conftest import service_settings

BATCH = 500
WRITES: tuple[tuple[str, str, Any], ...] = (
    (
        "POST",
        "/events",
        {
            "events": [
                {"user_id": "late", "item_id": "1", "kind": "view", "key": f"{number}-{'k' * 400}"}
                for number in range(BATCH)
            ]
        },
    ),
    ("POST", "/items", {"item_id": "late-item", "title": "Late", "description": "A long story. " * 2_000}),
)
SMALL_WRITES: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/events", {"user_id": "late", "item_id": "1", "kind": "view", "key": "late"}),
    ("POST", "/users", {"user_id": "late", "name": "Late"}),
    ("POST", "/chats", {"user_id": "late"}),
)
READS = ("/recommend?user_id=13", "/search?text=comedy", "/items/1", "/users", "/users/13/events", "/health/ready")

Fault = Callable[[Service], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def service(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home = Path(shutil.copytree(trained_home, tmp_path_factory.mktemp("refused") / "home"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "BUSY_SECONDS", 0.2)
        with Service.open(service_settings(home)) as opened:
            opened.warm()
            yield opened


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    app = build_api(service)
    with TestClient(app, base_url="http://testserver/api/v1", raise_server_exceptions=False) as opened:
        yield opened


def _pragma(service: Service, pragma: str) -> int:
    """Of the connection that writes; its answer."""
    with closing(service.store._engine._writer.raw_connection()) as connection:
        row = connection.cursor().execute(f"PRAGMA {pragma}").fetchone()
    return row[0] if row else 0


@contextmanager
def full(service: Service) -> Iterator[None]:
    """SQLite may not make the file any longer: it raises what it raises where the disk has no space left."""
    _pragma(service, f"max_page_count = {_pragma(service, 'page_count')}")
    yield
    _pragma(service, "max_page_count = 1000000")


@contextmanager
def read_only(service: Service) -> Iterator[None]:
    """Nothing may be written, with the error of a disk that was mounted read-only; root could write past file modes."""
    _pragma(service, "query_only = ON")
    yield
    _pragma(service, "query_only = OFF")


@contextmanager
def locked(service: Service) -> Iterator[None]:
    """Another process is in the middle of a write."""
    path = service.settings.home / "tastemaker.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize(
    ("fault", "writes", "fix"),
    [
        pytest.param(full, WRITES, "Free some space", id="full"),
        pytest.param(read_only, WRITES + SMALL_WRITES, "writable", id="read-only"),
        pytest.param(locked, WRITES + SMALL_WRITES, "try again", id="locked"),
    ],
)
def test_writes_are_told_to_come_again_and_reads_go_on(
    client: TestClient, service: Service, fault: Fault, writes: tuple[tuple[str, str, Any], ...], fix: str
) -> None:
    before = client.get(READS[0]).json()["items"]
    with fault(service):
        for method, path, body in writes:
            answer = client.request(method, path, json=body)
            assert answer.status_code == 503, (path, answer.text)
            assert answer.headers["content-type"] == MEDIA_TYPE
            assert int(answer.headers["retry-after"]) > 0
            assert fix in answer.json()["fix"]
        for path in READS:
            assert client.get(path).status_code == 200, path
        assert client.get(READS[0]).json()["items"] == before
        assert client.get("/items/late-item").status_code == 404
        assert client.get("/users/late").status_code == 404


def test_the_same_writes_succeed_once_there_is_space_again(client: TestClient, service: Service) -> None:
    with full(service):
        assert client.request(*WRITES[0][:2], json=WRITES[0][2]).status_code == 503
    for method, path, body in WRITES:
        assert client.request(method, path, json=body).status_code in (200, 201), path
    assert client.post("/events", json=WRITES[0][2]).json() == {"stored": 0, "duplicates": BATCH}
