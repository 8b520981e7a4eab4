"""Who reaches what: every route of the API against nobody, another user, the user, machines and administrators."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from serving.http.access import PUBLIC, RULES
from serving.http.app import build_api
from serving.http.responses import PREFIX
from serving.identity.identity import COOKIE
from serving.identity.principal import Scope
from serving.service import Service
from tests.serving.test_http import problem

ADA, BEN = "1", "2"
"""Two users of the catalogue; the requests below name what is Ada's."""
PASSWORD = "a few plain words"
ITEM = "50"

Client = dict[str, TestClient]


@pytest.fixture(scope="module")
def clients(guarded_service: Service) -> Iterator[Client]:
    """One client for everyone who may ask, by name; "nobody" has no credentials."""
    identity = guarded_service.identity
    app = build_api(guarded_service)

    def client(**options: Any) -> TestClient:
        return TestClient(app, base_url=f"http://testserver{PREFIX}", raise_server_exceptions=False, **options)

    made = {"nobody": client()}
    for scope in Scope:
        _, token = identity.keys.create(f"{scope}-{uuid4().hex[:6]}", [scope], by="test")
        made[f"{scope} key"] = client(headers={"Authorization": f"Bearer {token}"})
    for name, user_id, is_admin in (("ada", ADA, False), ("ben", BEN, False), ("chief", None, True)):
        login = f"{name}-{uuid4().hex[:6]}"
        identity.accounts.add(login, PASSWORD, user_id=user_id, is_admin=is_admin, by="test")
        made[name] = client(cookies={COOKIE: identity.accounts.log_in(login, PASSWORD, address="test")})
    with made["nobody"]:
        yield made


@pytest.fixture(scope="module")
def adas_chat(guarded_service: Service) -> str:
    """Id of a chat of Ada."""
    return guarded_service.dialogues.open(ADA).chat_id


QUERY = {"query": {"user_id": ADA}}
EVENT = {"item_id": ITEM, "kind": "view"}
NAMED: dict[tuple[str, str], dict[str, Any]] = {
    ("GET", "/recommend"): {"params": {"user_id": ADA}},
    ("POST", "/recommend"): {"json": {"user_id": ADA}},
    ("POST", "/explain"): {"json": {"item_id": ITEM, **QUERY}},
    ("POST", "/explain/contrast"): {"json": {"item_id": ITEM, "other_id": "181", **QUERY}},
    ("POST", "/explain/removal"): {"json": {"item_id": ITEM, **QUERY}},
    ("POST", "/explain/taste"): {"json": {"user_id": ADA}},
    ("POST", "/explain/verdicts"): {"json": {"user_id": ADA, "item_id": ITEM, "agrees": True}},
    ("GET", "/explain/verdicts"): {"params": {"user_id": ADA}},
    ("POST", "/snapshots/compare"): {"json": QUERY},
    ("POST", "/users"): {"json": {"user_id": ADA}},
    ("GET", "/users/{user_id}"): {},
    ("GET", "/users/{user_id}/events"): {},
    ("GET", "/users/{user_id}/export"): {},
    ("POST", "/events"): {"json": {"user_id": ADA, **EVENT}},
    ("GET", "/chats"): {"params": {"user_id": ADA}},
    ("POST", "/chats"): {"json": {"user_id": ADA}},
    ("GET", "/chats/{chat_id}"): {},
    ("PATCH", "/chats/{chat_id}"): {"json": {"title": "x"}},
    ("DELETE", "/chats/{chat_id}"): {},
    ("POST", "/chats/{chat_id}/messages"): {"json": {"text": "comedies"}},
    ("POST", "/chats/{chat_id}/speech"): {"files": {"file": ("speech.wav", b"RIFF", "audio/wav")}},
    ("POST", "/chats/{chat_id}/feedback"): {"json": {"item_id": ITEM, "kind": "like"}},
    ("POST", "/chats/{chat_id}/retry"): {},
    ("POST", "/chats/{chat_id}/undo"): {},
    ("POST", "/chats/{chat_id}/chips"): {"json": {"text": "no horror"}},
    ("DELETE", "/chats/{chat_id}/chips/{key}"): {},
    ("POST", "/chats/{chat_id}/branch"): {"json": {"place": 0}},
    ("PUT", "/chats/{chat_id}/share"): {},
    ("DELETE", "/chats/{chat_id}/share"): {},
    ("GET", "/chats/{chat_id}/export"): {},
}
"""Requests that name what is Ada's, by method and path as the schema has them."""

EVERYONE = {("GET", "/health/live"), ("GET", "/health/ready"), ("GET", "/shared/{token}")}
CATALOGUE = {
    ("GET", "/similar"), ("POST", "/similar"), ("GET", "/search"), ("POST", "/search"), ("GET", "/explain/content"),
    ("GET", "/explain/item"), ("GET", "/snapshots"), ("GET", "/items/{item_id}"), ("GET", "/items/{item_id}/image"),
    ("GET", "/catalogue/map"), ("GET", "/catalogue/launches"), ("GET", "/metrics"),
}  # fmt: skip
"""What holds nothing of anybody."""


def operations(client: TestClient) -> list[tuple[str, str]]:
    """All methods and paths of the schema, without the API's prefix."""
    paths = client.get("http://testserver/openapi.json").json()["paths"]
    return [(method.upper(), path.removeprefix(PREFIX)) for path, methods in paths.items() for method in methods]


def filled(path: str, chat_id: str) -> str:
    known = {"chat_id": chat_id, "user_id": ADA, "item_id": ITEM}
    return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], "x"), path)


def test_every_route_has_a_rule_and_every_rule_a_route(clients: Client) -> None:
    routes = {(method, re.sub(r"\{(\w+)\}", r"{\1}", path)) for method, path in operations(clients["chief"])}
    ruled = {(method, path.replace(":path}", "}")) for method, path in RULES}
    assert routes == ruled
    public = {path for (_, path), rule in RULES.items() if rule.scope is None}
    assert public == {"/health/live", "/health/ready", "/shared/{token}"}
    assert all(any(f"{PREFIX}{path}".startswith(beginning) for beginning in PUBLIC) for path in public)
    assert not any(f"{PREFIX}{path}".startswith(PUBLIC) for (_, path), rule in RULES.items() if rule.scope is not None)


def test_a_route_without_a_rule_is_refused(clients: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert clients["admin key"].get("/search?text=star").status_code == 200
    monkeypatch.delitem(RULES, ("GET", "/search"))
    assert "has no rule" in problem(clients["admin key"].get("/search?text=star"), 403)["detail"]


def test_nobody_reaches_anything_but_what_is_public(clients: Client, adas_chat: str) -> None:
    for method, path in operations(clients["chief"]):
        response = clients["nobody"].request(method, filled(path, adas_chat))
        if (method, path) in EVERYONE:
            assert response.status_code in (200, 404), (method, path)
        else:
            assert problem(response, 401)["fix"], (method, path)
            assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("who", ["ben", "read key"])
def test_what_is_anothers_is_refused_everywhere(clients: Client, adas_chat: str, who: str) -> None:
    """All routes: those that name Ada by the table, the others by what they are."""
    for method, path in operations(clients["chief"]):
        if (method, path) in EVERYONE | CATALOGUE:
            continue
        options = NAMED.get((method, path), {})
        response = clients[who].request(method, filled(path, adas_chat), **options)
        document = problem(response, 403)
        assert adas_chat not in document["detail"], (method, path)
        if (method, path) in NAMED:
            assert "another user's" in document["detail"], (method, path)


def test_the_refused_requests_changed_nothing(clients: Client, guarded_service: Service, adas_chat: str) -> None:
    """The same requests are well formed: who may send them gets an answer."""
    assert guarded_service.store.load_chat(adas_chat) is not None
    for who in ("ada", "write key", "chief"):
        for (method, path), options in NAMED.items():
            if method == "DELETE" and path == "/chats/{chat_id}":
                continue
            response = clients[who].request(method, filled(path, adas_chat), **options)
            # 422: nothing to undo, nothing said to share, one snapshot only; the right to ask was there.
            assert response.status_code in (200, 201, 204, 422), (who, method, path, response.text)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"events": [{"user_id": BEN, **EVENT}, {"user_id": ADA, **EVENT}]}, "/events"),
        ({"events": [{"user_id": BEN, **EVENT}], "user_id": ADA}, "/events"),
        ({"user_id": ["1"], **EVENT}, "/events"),
        ({"user_id": 1, **EVENT}, "/events"),
        ({"user_id": BEN, "chat_id": "CHAT"}, "/chats"),
    ],
)
def test_another_users_id_among_ones_own_is_refused(
    clients: Client, adas_chat: str, body: dict[str, Any], path: str
) -> None:
    body = {name: adas_chat if value == "CHAT" else value for name, value in body.items()}
    problem(clients["ben"].post(path, json=body), 403)


def test_a_second_id_in_the_address_does_not_hide_the_first(clients: Client) -> None:
    for order in ((ADA, BEN), (BEN, ADA)):
        problem(clients["ben"].get("/recommend", params=[("user_id", one) for one in order]), 403)


def test_what_people_may_do_and_what_keeps_the_catalogue(clients: Client) -> None:
    for who in ("ada", "read key"):
        assert clients[who].get("/recommend?k=2").status_code == 200
        assert clients[who].post("/recommend", json={"history": [ITEM], "k": 2}).status_code == 200
        assert clients[who].get("/search?text=star").status_code == 200
        problem(clients[who].post("/items", json={"item_id": "n", "title": "N"}), 403)
        problem(clients[who].get("/users"), 403)
        problem(clients[who].get("/explain/verdicts"), 403)
    assert clients["write key"].get("/users?limit=3").status_code == 200
    problem(clients["write key"].get("/explain/verdicts"), 403)
    assert clients["chief"].get("/explain/verdicts").status_code == 200


def test_credentials_that_are_none_are_refused(clients: Client, guarded_service: Service) -> None:
    key, token = guarded_service.identity.keys.create("gone", ["admin"], by="test")
    sent = {"Authorization": f"Bearer {token}"}
    assert clients["nobody"].get("/users", headers=sent).status_code == 200
    guarded_service.identity.keys.revoke(token, by="test")
    assert key.prefix not in problem(clients["nobody"].get("/users", headers=sent), 401)["detail"]
    for value in ("", "Bearer", "Bearer ", "Basic YTpi", "Bearer tm_0_0", f"Bearer {token} x", token):
        problem(clients["nobody"].get("/users", headers={"Authorization": value}), 401)
    problem(clients["nobody"].get("/users", headers={"Cookie": f"{COOKIE}=x"}), 401)


def test_a_shared_chat_is_read_without_credentials(clients: Client, guarded_service: Service) -> None:
    chat_id = clients["ada"].post("/chats", json={"user_id": ADA}).json()["chat_id"]
    clients["ada"].post(f"/chats/{chat_id}/messages", json={"text": "comedies"})
    token = clients["ada"].put(f"/chats/{chat_id}/share").json()["token"]
    shared = clients["nobody"].get(f"/shared/{token}").json()
    assert shared["messages"][0]["text"] == "comedies"


def test_health_tells_strangers_no_reasons(clients: Client, guarded_service: Service) -> None:
    ready = clients["nobody"].get("/health/ready").json()
    assert (ready["ready"], ready["problems"]) == (True, [])


def test_a_session_of_another_page_cannot_be_used_from_elsewhere(clients: Client) -> None:
    problem(
        clients["ada"].post("/events", json={"user_id": ADA, **EVENT}, headers={"Origin": "https://evil.example"}), 403
    )
