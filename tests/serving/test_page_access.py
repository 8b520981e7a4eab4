"""The page behind its login: who gets in, and what the page's own routes and events give to whom."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from gradio.context import LocalContext

from pipeline.query import Query
from serving.http.app import build_app
from serving.identity.identity import COOKIE
from serving.service import Service
from serving.ui.guarded import GuardedService
from store.errors import Forbidden, TastemakerError, Unauthenticated
from tests.serving.test_access import ADA, BEN, ITEM, PASSWORD
from tests.serving.test_http import problem

BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(scope="module")
def app(guarded_service: Service) -> FastAPI:
    async def built() -> FastAPI:  # without a running loop Gradio makes some of its own and never closes them
        return build_app(guarded_service)

    return asyncio.run(built())


@pytest.fixture(scope="module")
def logins(guarded_service: Service) -> dict[str, str]:
    """Logins by who they are of."""
    made = {}
    for name, user_id, is_admin in (("ada", ADA, False), ("ben", BEN, False), ("chief", None, True)):
        made[name] = f"{name}-{uuid4().hex[:6]}"
        guarded_service.identity.accounts.add(made[name], PASSWORD, user_id=user_id, is_admin=is_admin, by="test")
    return made


@pytest.fixture(scope="module")
def nobody(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client_of(app: FastAPI, guarded_service: Service, logins: dict[str, str], nobody: TestClient) -> Any:
    """Makes a browser in which someone has logged in."""

    def make(name: str) -> TestClient:
        token = guarded_service.identity.accounts.log_in(logins[name], PASSWORD, address="test")
        return TestClient(app, follow_redirects=False, raise_server_exceptions=False, cookies={COOKIE: token})

    return make


@pytest.fixture
def adas_chat(guarded_service: Service) -> Iterator[str]:
    chat_id = guarded_service.dialogues.open(ADA).chat_id
    for _ in guarded_service.dialogues.respond(chat_id, "comedies without romance"):
        pass
    yield chat_id
    guarded_service.store.delete_chat(chat_id)


GRADIO = [
    ("GET", "/config"), ("GET", "/theme.css"), ("GET", "/gradio_api/info"), ("POST", "/gradio_api/queue/join"),
    ("GET", "/gradio_api/queue/data?session_hash=x"), ("POST", "/gradio_api/upload"), ("POST", "/gradio_api/cancel"),
    ("GET", "/gradio_api/file=/etc/passwd"), ("GET", "/gradio_api/heartbeat/x"),
    ("POST", "/gradio_api/component_server"),
    ("POST", "/gradio_api/run/predict"), ("POST", "/gradio_api/call/predict"), ("GET", "/monitoring"),
    ("GET", "/docs"), ("GET", "/openapi.json"), ("GET", "/redoc"), ("GET", "/assets/x.js"), ("GET", "/static/x"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), GRADIO)
def test_no_route_of_the_page_is_open(nobody: TestClient, method: str, path: str) -> None:
    problem(nobody.request(method, path), 401)
    problem(nobody.request(method, path, headers={"Cookie": f"{COOKIE}=x"}), 401)


def test_a_browser_is_asked_who_it_is_and_goes_on_from_there(nobody: TestClient, logins: dict[str, str]) -> None:
    asked = nobody.get("/?user=2&chat=x", headers=BROWSER)
    assert asked.status_code == 401
    assert 'name="goal" value="/?user=2&amp;chat=x"' in asked.text
    assert "default-src 'none'" in asked.headers["content-security-policy"]
    assert "form-action 'self'" in asked.headers["content-security-policy"]
    sent = {"login": logins["ada"].upper(), "password": PASSWORD, "goal": "/?user=2&chat=x"}
    answer = nobody.post("/login", data=sent, headers={"Origin": "http://testserver"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/?user=2&chat=x")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    page = nobody.get("/", headers=BROWSER)
    assert page.status_code == 200
    assert "Log out" in page.text
    assert nobody.post("/logout").headers["location"] == "/login"
    assert nobody.get("/", headers=BROWSER).status_code == 401


def test_logging_out_ends_the_session_itself(client_of: Any) -> None:
    ada = client_of("ada")
    kept = ada.cookies[COOKIE]
    assert ada.get("/config").status_code == 200
    ada.post("/logout")
    problem(ada.get("/config", headers={"Cookie": f"{COOKIE}={kept}"}), 401)


def test_the_cookie_is_secure_over_https(app: FastAPI, logins: dict[str, str], nobody: TestClient) -> None:
    client = TestClient(app, base_url="https://testserver", follow_redirects=False)
    answer = client.post("/login", data={"login": logins["ada"], "password": PASSWORD})
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    "goal", ["https://evil.example", "//evil.example", "/\\evil.example", "/\n/evil", "x", "", "/" * 3]
)
def test_a_login_leads_nowhere_else(nobody: TestClient, logins: dict[str, str], goal: str) -> None:
    sent = {"login": logins["ada"], "password": PASSWORD, "goal": goal}
    assert nobody.post("/login", data=sent).headers["location"] == "/"
    nobody.cookies.clear()


def test_pages_of_other_origins_cannot_log_in_or_out(
    nobody: TestClient, client_of: Any, logins: dict[str, str]
) -> None:
    sent = {"login": logins["ada"], "password": PASSWORD}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        problem(nobody.post("/login", data=sent, headers=headers), 403)
        ada = client_of("ada")
        problem(ada.post("/logout", headers=headers), 403)
        assert ada.get("/config").status_code == 200


def test_a_wrong_login_and_a_wrong_password_look_the_same_and_then_wait(
    app: FastAPI, guarded_service: Service, nobody: TestClient
) -> None:
    login = f"eve-{uuid4().hex[:6]}"
    guarded_service.identity.accounts.add(login, PASSWORD, user_id=ADA, by="test")
    pages, waits = [], []
    for n, name in enumerate((login, "no-such-" + login)):
        client = TestClient(app, client=(f"192.0.2.{n}", 1), raise_server_exceptions=False)
        for _ in range(5):
            failed = client.post("/login", data={"login": name, "password": "something else entirely"})
            assert failed.status_code == 401
            assert "set-cookie" not in failed.headers
        pages.append(failed.text)
        waiting = client.post("/login", data={"login": name, "password": PASSWORD})
        assert waiting.status_code == 429
        waits.append(waiting.headers["retry-after"])
        pages.append(waiting.text)
    assert 'role="alert"' in pages[0]
    assert (pages[0], pages[1]) == (pages[2], pages[3])
    assert [28 <= int(wait) <= 31 for wait in waits] == [True, True]


def test_keys_do_not_open_the_page(guarded_service: Service, nobody: TestClient) -> None:
    _, token = guarded_service.identity.keys.create("shop", ["admin"], by="test")
    headers = {"Authorization": f"Bearer {token}", **BROWSER}
    for path in ("/", "/config", "/gradio_api/info", "/login/x"):
        problem(nobody.get(path, headers=headers), 403)
    assert nobody.get("/openapi.json", headers=headers).status_code == 200


# Gradio's own routes between visitors


def test_an_upload_is_its_senders_alone(client_of: Any) -> None:
    ada, ben = client_of("ada"), client_of("ben")
    (path,) = ada.post("/gradio_api/upload", files={"files": ("mine.txt", b"what only Ada knows")}).json()
    assert ada.get(f"/gradio_api/file={path}").content == b"what only Ada knows"
    assert ada.get(f"/gradio_api/file/{path}").status_code in (200, 307)
    folder, _, name = path.rpartition("/")
    for other in (path, f"{folder}/../{folder.rpartition('/')[2]}/{name}", "/etc/passwd"):
        problem(ben.get(f"/gradio_api/file={other}"), 403)
        problem(ben.get(f"/gradio_api/file/{other}"), 403)
    problem(ben.get("/gradio_api/file=http://169.254.169.254/latest"), 403)
    event = {"data": [[{"path": path, "meta": {"_type": "gradio.FileData"}}]], "fn_index": 0, "session_hash": "ben-1"}
    problem(ben.post("/gradio_api/queue/join", json=event), 403)


def test_a_page_is_its_visitors_alone(client_of: Any) -> None:
    ada, ben = client_of("ada"), client_of("ben")
    page = uuid4().hex
    assert call(ada, page, "load", [json.dumps({"user": ADA})])
    problem(ben.get(f"/gradio_api/queue/data?session_hash={page}"), 403)
    problem(ben.get(f"/gradio_api/heartbeat/{page}"), 403)
    for path in ("queue/join", "reset", "cancel", "component_server"):
        problem(ben.post(f"/gradio_api/{path}", json={"session_hash": page, "fn_index": 0, "event_id": "x"}), 403)
    for path in ("run/x", "api/x", "call/x", "call/v2/x", "process_recording", "vibe-edit", "proxy=http://x"):
        problem(ben.post(f"/gradio_api/{path}", json={"session_hash": "own"}), 403)
    for body in (b"[" * 100_000, b"{", b"\xff"):
        problem(ben.post("/gradio_api/queue/join", content=body, headers={"content-type": "application/json"}), 422)


def call(client: TestClient, page: str, handler: str, data: list[Any], *, sent: Any = None) -> str:
    """Send one event of the page and give all that comes back, as text."""
    blocks = next(
        route.app for route in client.app.routes if hasattr(getattr(route, "app", None), "get_blocks")
    ).get_blocks()
    (index,) = [
        n for n, one in blocks.fns.items() if getattr(one.fn, "__qualname__", "").endswith(f"ChatTab.{handler}")
    ]
    event = {"data": data, "fn_index": index, "session_hash": page, "event_data": sent, "trigger_id": None}
    joined = client.post("/gradio_api/queue/join", json=event)
    assert joined.status_code == 200, joined.text
    return client.get("/gradio_api/queue/data", params={"session_hash": page}).text


def test_the_page_is_of_its_visitor_whoever_the_browser_remembers(client_of: Any, adas_chat: str) -> None:
    session = json.dumps({"user": ADA, "chat": adas_chat})
    shown = call(client_of("ada"), uuid4().hex, "load", [session])
    assert "comedies without romance" in shown
    refused = call(client_of("ben"), uuid4().hex, "load", [session])
    assert "process_completed" in refused
    assert "comedies without romance" not in refused
    assert f'"{BEN}"' in refused
    chosen = call(client_of("chief"), uuid4().hex, "load", [session])
    assert "comedies without romance" in chosen


@pytest.mark.parametrize("handler", ["reopen", "say"])
def test_an_event_that_names_another_user_is_refused(client_of: Any, adas_chat: str, handler: str) -> None:
    data, sent = ([ADA], {"key": adas_chat}) if handler == "reopen" else ([ADA, adas_chat, "and newer", ""], None)
    answer = call(client_of("ben"), uuid4().hex, handler, data, sent=sent)
    assert "This is another user" in answer
    assert "comedies without romance" not in answer


# What the page calls


@pytest.fixture
def visit(guarded_service: Service, client_of: Any) -> Iterator[Any]:
    """Answers an event of someone's browser."""

    def enter(name: str) -> GuardedService:
        LocalContext.request.set(SimpleNamespace(cookies={COOKIE: client_of(name).cookies[COOKIE]}))  # type: ignore[arg-type]
        return GuardedService(guarded_service)

    yield enter
    LocalContext.request.set(None)


def personal(service: GuardedService, chat_id: str) -> dict[str, Any]:
    """All that the page can call and that is somebody's; here Ada's."""
    query, item = Query(user_id=ADA), ITEM
    chats, whole, verdicts, models = (
        service.dialogues, service.dialogues.history, service.verdicts, service.recommender,
    )  # fmt: skip
    of_chat = {
        f"dialogues.{name}": lambda name=name, more=more: getattr(chats, name)(chat_id, *more)
        for name, more in {
            "respond": ("x",), "remove_chip": ("x",), "add_chip": ("x",), "feedback": (item, "like"), "retry": (),
            "undo": (), "view": (),
        }.items()
    }  # fmt: skip
    of_whole = {
        f"history.{name}": lambda name=name, more=more: getattr(whole, name)(chat_id, *more)
        for name, more in {
            "rename": ("x",), "delete": (), "branch": (0,), "share": (), "unshare": (), "written_out": (),
        }.items()
    }  # fmt: skip
    of_query = {
        f"recommender.{name}": lambda name=name, more=more: getattr(models, name)(query, *more)
        for name, more in {
            "recommend": (), "matching": (), "taste": (), "explain": (item,), "contrast": (item, "181"),
            "standings": ([item],), "smallest_removal": (item,),
        }.items()
    }  # fmt: skip
    said = {"item_id": item, "because": None, "agrees": True, "snapshot_id": "s"}
    return {
        **of_chat,
        **of_whole,
        **of_query,
        "store.user": lambda: service.store.user(ADA),
        "store.ensure_user": lambda: service.store.ensure_user(ADA),
        "store.history": lambda: service.store.history(ADA),
        "store.load_chat": lambda: service.store.load_chat(chat_id),
        "dialogues.open": lambda: chats.open(ADA),
        "dialogues.open chat": lambda: chats.open(BEN, chat_id=chat_id),
        "history.chats": lambda: whole.chats(ADA),
        "verdicts.note": lambda: verdicts.note(user_id=ADA, **said),
        "verdicts.set_aside": lambda: verdicts.set_aside(ADA, item),
        "verdicts.bring_back": lambda: verdicts.bring_back(ADA, item),
        "verdicts.aside": lambda: verdicts.aside(ADA),
        "note_shown": lambda: service.note_shown(ADA, (), source="page"),
        "compare_snapshots": lambda: service.compare_snapshots(query),
    }


def test_the_page_gives_no_one_what_is_anothers(visit: Any, adas_chat: str, guarded_service: Service) -> None:
    ben = visit("ben")
    for name, called in personal(ben, adas_chat).items():
        try:
            called()
        except Forbidden:
            continue
        pytest.fail(f"{name} was not refused")
    assert guarded_service.store.load_chat(adas_chat) is not None
    assert [user.user_id for user in ben.store.users(search="", limit=50)] == [BEN]


def test_the_page_gives_everyone_what_is_theirs(visit: Any, adas_chat: str) -> None:
    for who in ("ada", "chief"):
        calls = personal(visit(who), adas_chat)
        for name in calls.keys() - {"history.delete", "dialogues.open chat"}:
            try:
                calls[name]()
            except Forbidden:
                pytest.fail(f"{name} was refused to {who}")
            except TastemakerError:
                continue  # nothing to undo, one snapshot only: the right to ask was there


def test_what_keeps_and_what_operates(visit: Any) -> None:
    def calls(service: GuardedService) -> list[Any]:
        return [
            lambda: service.batches.list(),
            lambda: service.audits.get("x"),
            lambda: service.status(),
            lambda: service.favourites(),
            lambda: service.store.verdict_counts(),
            lambda: service.recommender.deactivate("no-such-item"),
            lambda: service.pictures.keep(b""),
        ]

    for call_ in calls(visit("ada")):
        with pytest.raises(Forbidden):
            call_()
    for call_ in calls(visit("chief")):
        try:
            call_()
        except Forbidden:
            pytest.fail("refused to an administrator")
        except TastemakerError:
            continue


def test_what_stands_in_no_table_cannot_be_called(visit: Any, guarded_service: Service) -> None:
    chief = visit("chief")
    for reach in (
        lambda: chief.train,
        lambda: chief.identity,
        lambda: chief.store.add_events,
        lambda: chief.recommender.recommend_all,
        lambda: chief.dialogues.history.shared,
    ):
        with pytest.raises(AttributeError, match="has no rule"):
            reach()
    LocalContext.request.set(None)
    with pytest.raises(Unauthenticated, match="login is over"):
        GuardedService(guarded_service).store.user(ADA)
    assert GuardedService(guarded_service).recommender.item(ITEM).item_id == ITEM  # as the page is built
