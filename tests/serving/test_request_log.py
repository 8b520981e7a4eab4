"""The log as JSON: a line for each request, an id that its lines share, nothing that people wrote or keep secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient

from serving import logs
from serving.http import problems
from serving.http.app import build_api
from serving.http.request_log import RequestLog
from serving.identity.principal import Scope
from serving.service import Service

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers = []  # the test runner's own would be closed
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """What was logged since it was last asked for."""
    logs.configure("json")
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def small_app() -> TestClient:
    """Two routes that write to the log, one of which fails."""
    app = FastAPI()
    problems.install(app)
    log = structlog.get_logger("small")

    @app.get("/api/v1/items/{item_id}")
    def item(item_id: str) -> None:
        log.warning("in the thread pool")

    @app.get("/api/v1/broken")
    def broken() -> None:
        raise RuntimeError("the cable is cut")

    app.add_middleware(RequestLog)
    return TestClient(app, raise_server_exceptions=False)


def test_each_request_is_a_line_with_its_route_and_not_its_path(lines: Lines) -> None:
    answer = small_app().get("/api/v1/items/secret-item?token=secret-query")
    inner, line = lines()
    assert {name: line[name] for name in ("event", "method", "route", "status", "level")} == {
        "event": "request",
        "method": "GET",
        "route": "/items/{item_id}",
        "status": 200,
        "level": "info",
    }
    assert line["milliseconds"] >= 0
    assert inner["event"] == "in the thread pool"
    assert inner["request_id"] == line["request_id"] == answer.headers["X-Request-ID"]
    assert "secret" not in json.dumps([inner, line])


@pytest.mark.parametrize("sent", ["proxy-7.a_B", "x" * 64])
def test_a_sane_id_is_kept(lines: Lines, sent: str) -> None:
    answer = small_app().get("/api/v1/items/1", headers={"X-Request-ID": sent})
    assert answer.headers["X-Request-ID"] == lines()[-1]["request_id"] == sent


@pytest.mark.parametrize("sent", ["x" * 65, "a b", '","level":"x', "a/b", ""])
def test_any_other_id_is_replaced(lines: Lines, sent: str) -> None:
    answer = small_app().get("/api/v1/items/1", headers={"X-Request-ID": sent})
    made = answer.headers["X-Request-ID"]
    assert len(made) == 32
    assert lines()[-1]["request_id"] == made


def test_an_error_that_nobody_foresaw_carries_the_id_too(lines: Lines) -> None:
    answer = small_app().get("/api/v1/broken", headers={"X-Request-ID": "abc"})
    request, error = lines()
    assert (request["status"], request["request_id"]) == (500, "abc")
    assert error["request_id"] == error["reference"] == answer.headers["X-Request-ID"] == "abc"
    assert "the cable is cut" in error["exception"]
    assert "abc" in answer.json()["detail"]


def test_lines_of_libraries_are_json_as_well(lines: Lines) -> None:
    logging.getLogger("uvicorn.error").error("it broke: %s", "here")
    (line,) = lines()
    assert (line["event"], line["level"]) == ("it broke: here", "error")


def test_requests_are_not_shown_to_people_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    small_app().get("/api/v1/unknown")
    assert capsys.readouterr().err == ""
    logs.configure(level="info")
    small_app().get("/api/v1/unknown")
    assert "route=unmatched" in capsys.readouterr().err


def test_neither_keys_nor_what_people_write_are_logged(guarded_service: Service, lines: Lines) -> None:
    _, key = guarded_service.identity.keys.create("log-reader", [Scope.WRITE], by="test")
    client = TestClient(build_api(guarded_service), base_url="http://testserver/api/v1")
    headers = {"Authorization": f"Bearer {key}", "Cookie": "tastemaker_session=my-cookie-value"}
    chat = client.post("/chats", json={"user_id": "1"}, headers=headers).json()["chat_id"]
    turn = client.post(f"/chats/{chat}/messages", json={"text": "something with zeppelins"}, headers=headers)
    found = client.get("/search", params={"text": "zeppelins"}, headers=headers)
    refused = client.get("/search", params={"text": "zeppelins"}, headers={"Authorization": "Bearer tm_wrong_secret"})
    assert [turn.status_code, found.status_code, refused.status_code] == [200, 200, 401]
    logged = lines()
    assert [line["route"] for line in logged if line["event"] == "request"] == [
        "/chats",
        "/chats/{chat_id}/messages",
        "/search",
        "unmatched",  # refused before a route was looked for
    ]
    for secret in (key, "zeppelins", "my-cookie-value", "tm_wrong_secret", chat):
        assert secret not in json.dumps(logged)
