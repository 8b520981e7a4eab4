"""A user is erased and exported: in the store, in the snapshots, in the running service, over HTTP and by command."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pipeline.models import Models
from serving.http.app import build_api
from serving.service import Service
from serving.settings import IdentitySection
from store.database import Store
from store.errors import UnknownUser
from store.locks import FileLock
from store.people import Erased
from store.records import Event, EventKind, Impression, Item, Verdict
from tests.conftest import service_settings
from tests.serving.conftest import PREFIX
from tests.serving.test_http import problem

USER, OTHER, ITEM = "1", "2", "50"
MARK = "quokka lagoon"
"""Words that stand nowhere but in the user's own things."""
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def service(trained_home: Path, tmp_path: Path) -> Iterator[Service]:
    """A service of its own, with identity on."""
    home = Path(shutil.copytree(trained_home, tmp_path / "home"))
    settings = service_settings(home).model_copy(update={"identity": IdentitySection(enabled=True)})
    with Service.open(settings) as opened:
        yield opened


@pytest.fixture
def admin(service: Service) -> TestClient:
    _, token = service.identity.keys.create("office", ["admin"], by="test")
    headers = {"Authorization": f"Bearer {token}"}
    return TestClient(build_api(service), base_url=PREFIX, headers=headers, raise_server_exceptions=False)


def test_nothing_of_an_erased_user_is_left(admin: TestClient, service: Service) -> None:
    accounts = service.identity.accounts
    accounts.add("ada", MARK, user_id=USER, by="test")
    session = accounts.log_in("ada", MARK, address="test")
    chat_id = admin.post("/chats", json={"user_id": USER}).json()["chat_id"]
    admin.post(f"/chats/{chat_id}/messages", json={"text": f"comedies, {MARK}"})
    token = admin.put(f"/chats/{chat_id}/share").json()["token"]
    admin.post("/explain/verdicts", json={"user_id": USER, "item_id": ITEM, "agrees": True})
    met = len(service.store.history(USER))
    before = service.recommender.snapshot_id
    others = admin.get("/recommend", params={"user_id": OTHER}).json()["items"]
    old = service.snapshots.get(before)
    was = Models.from_snapshot(old)
    index = was.users.index(USER)
    unseen = old.arrays("lightgcn")["user_base"][index]
    assert unseen.any()

    erased = admin.delete(f"/users/{USER}").json()
    assert (erased["events"], erased["chats"], erased["verdicts"], erased["accounts"]) == (met, 1, 1, 1)
    assert erased["impressions"] > 0
    assert erased["snapshots"] == 1

    for path in (f"/users/{USER}", f"/users/{USER}/events", f"/recommend?user_id={USER}", f"/chats/{chat_id}"):
        problem(admin.get(path), 404)
    problem(admin.get(f"/shared/{token}"), 404)
    problem(admin.delete(f"/users/{USER}"), 404)
    assert accounts.principal(session) is None
    assert accounts.list() == []
    _, users, _ = service.store.interactions()  # what the next training reads
    assert USER not in users

    (kept,) = service.snapshots.list()
    assert kept.id == service.recommender.snapshot_id == service.snapshots.current_id() != before
    assert kept.manifest.created == old.manifest.created
    models = Models.from_snapshot(kept)
    assert USER not in models.users
    assert len(models.interactions.history(index)) == 0
    rows = kept.arrays("spectral")["indptr"]
    assert rows[index] == rows[index + 1]
    assert not kept.arrays("lightgcn")["user_base"][index].any()
    of_other = models.users.index(OTHER)
    assert models.interactions.history(of_other).tolist() == was.interactions.history(was.users.index(OTHER)).tolist()
    assert (rows[of_other + 1] - rows[of_other]) == len(set(models.interactions.history(of_other).tolist()))
    for path in kept.path.iterdir():
        assert unseen.tobytes() not in path.read_bytes()

    after = admin.get("/recommend", params={"user_id": OTHER}).json()["items"]
    assert len(after) == len(others)
    body = {"item_id": after[0]["item"]["item_id"], "query": {"user_id": OTHER}}
    assert admin.post("/explain", json=body).json()["contributions"]
    preview = admin.post("/items/preview", json={"item_id": "new-1", "title": "Quiet Harbour", "categories": ["Crime"]})
    assert USER not in {reader["user_id"] for reader in preview.json()["readers"]}

    entry = admin.get("/audit-log").json()[0]
    assert (entry["act"], entry["target"]) == ("users.erase", USER)
    assert entry["actor"].startswith("key:office (")
    service.store.close()
    assert all(MARK.encode() not in file.read_bytes() for file in service.settings.home.glob("tastemaker.db*"))


def test_while_a_training_runs_no_one_is_erased(admin: TestClient, service: Service) -> None:
    with FileLock(service.snapshots.root / "training.lock", purpose="training"):
        answer = admin.delete(f"/users/{USER}")
    assert "training" in problem(answer, 503)["detail"]
    assert answer.headers["retry-after"]
    assert service.store.user(USER)
    assert USER in service.recommender.state.models.users


def test_a_snapshot_that_cannot_be_read_is_removed(service: Service) -> None:
    (kept,) = service.snapshots.list()
    broken = kept.path.with_name("20200101T000000000000-0123456789ab")
    shutil.copytree(kept.path, broken)
    left = service.snapshots.root / "checkpoints" / "lightgcn.safetensors"
    left.parent.mkdir()
    left.write_bytes(b"weights of a killed training")
    assert service.erase_user(USER, by="test").snapshots == 2
    assert not broken.exists()
    assert not left.exists()


def test_a_user_reads_all_that_is_stored_of_them(admin: TestClient, service: Service) -> None:
    chat_id = admin.post("/chats", json={"user_id": USER}).json()["chat_id"]
    admin.post(f"/chats/{chat_id}/messages", json={"text": MARK})
    answer = admin.get(f"/users/{USER}/export")
    assert "attachment" in answer.headers["content-disposition"]
    found = answer.json()
    assert found["user"]["user_id"] == USER
    assert len(found["events"]) == len(service.store.history(USER))
    assert found["chats"][0]["state"]["messages"][0]["text"] == MARK
    assert found["impressions"]
    assert OTHER not in {found["user"]["user_id"]}
    assert admin.get("/audit-log").json()[0]["act"] == "users.export"
    problem(admin.get("/users/nobody/export"), 404)


# The store alone, on each database


@pytest.fixture
def filled(any_store: Store) -> Store:
    """Two users with one of everything each."""
    any_store.put_items([Item("a", "Alpha"), Item("b", "Beta")])
    for user_id in ("1", "2"):
        likes = Event(user_id, "a", EventKind.LIKE, NOW, key=f"k{user_id}")
        any_store.add_events([likes, Event(user_id, "b", EventKind.VIEW, NOW, 0.5, f"v{user_id}")])
        any_store.retract([f"v{user_id}"])
        any_store.add_impressions([Impression("b", user_id, 1, NOW, "s", "api")])
        any_store.add_verdict(Verdict(user_id, "b", "a", agrees=False, time=NOW, snapshot_id="s"))
        any_store.save_chat(f"chat-{user_id}", user_id, "t", {"messages": [f"of {user_id}"]})
    return any_store


def test_an_export_has_one_of_everything(filled: Store) -> None:
    found = filled.export_user("1")
    like: dict[str, Any] = {"item_id": "a", "kind": "like", "value": None, "time": NOW, "key": "k1", "retracted": False}
    view = {"item_id": "b", "kind": "view", "value": 0.5, "time": NOW, "key": "v1", "retracted": True}
    assert list(found.events) == [like, view]
    assert list(found.impressions) == [{"item_id": "b", "rank": 1, "time": NOW, "snapshot": "s", "source": "api"}]
    said = {"item_id": "b", "because": "a", "agrees": False, "time": NOW, "snapshot": "s"}
    assert list(found.verdicts) == [said]
    assert [(chat["chat_id"], chat["state"]) for chat in found.chats] == [("chat-1", {"messages": ["of 1"]})]
    assert found.accounts == ()


def test_erasing_one_leaves_the_other(filled: Store) -> None:
    other = filled.export_user("2")
    assert filled.erase_user("1", by="test") == Erased(events=2, impressions=1, verdicts=1, chats=1, accounts=0)
    with pytest.raises(UnknownUser):
        filled.export_user("1")
    with pytest.raises(UnknownUser):
        filled.erase_user("1", by="test")
    assert filled.load_chat("chat-1") is None
    assert filled.export_user("2") == other
    assert filled.identity.audit_log()[0].target == "1"
    assert len(filled.identity.audit_log()) == 1
