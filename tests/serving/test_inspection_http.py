"""Contrast, smallest removal, two snapshots and audits, over the API."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from serving.http.app import build_api
from serving.service import Service
from tests.conftest import service_settings

PREFIX = "http://testserver/api/v1"


@pytest.fixture(scope="module")
def twice(twice_trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, TestClient]]:
    """A service with two snapshots."""
    home = Path(shutil.copytree(twice_trained_home, tmp_path_factory.mktemp("service-twice") / "home"))
    with (
        Service.open(service_settings(home)) as service,
        TestClient(build_api(service), base_url=PREFIX, raise_server_exceptions=False) as client,
    ):
        yield service, client


def finished(client: TestClient, run_id: str) -> dict:
    for _ in range(600):
        run = client.get(f"/audits/{run_id}").json()
        if run["stage"] not in ("waiting", "running"):
            return run
        time.sleep(0.1)
    raise AssertionError(run)


def test_a_contrast_sums_to_the_difference_and_turns_around(api: TestClient) -> None:
    first, second = (one["item"]["item_id"] for one in api.get("/recommend?user_id=1&k=2").json()["items"])
    body = {"item_id": first, "other_id": second, "query": {"user_id": "1"}}
    found = api.post("/explain/contrast", json=body).json()
    assert found["difference"] == pytest.approx(sum(found["channels"].values()), abs=1e-4)
    back = api.post("/explain/contrast", json=body | {"item_id": second, "other_id": first}).json()
    assert back["difference"] == pytest.approx(-found["difference"], abs=1e-4)
    assert found["words"] is None
    told = api.post("/explain/contrast?language=en", json=body).json()["words"]
    assert found["item"]["title"] in told["text"]
    assert found["other"]["title"] in told["text"]
    assert api.post("/explain/contrast?language=tlh", json=body).status_code == 422
    assert api.post("/explain/contrast", json=body | {"other_id": "nope"}).status_code == 404
    assert api.post("/explain/contrast", json=body | {"k": 3}).status_code == 422


def test_what_it_takes_to_lose_an_item(api: TestClient) -> None:
    item = api.get("/recommend?user_id=1&k=1").json()["items"][0]["item"]["item_id"]
    body = {"item_id": item, "query": {"user_id": "1", "k": 10}}
    found = api.post("/explain/removal?language=zh", json=body).json()
    assert "得分最高的10个" in found["words"]["text"]
    assert found["k"] == 10
    assert found["items"] is None or found["at_least"] <= len(found["items"])
    if found["is_smallest"]:
        assert len(found["items"]) == found["at_least"]


def test_two_snapshots_for_one_reader(twice: tuple[Service, TestClient]) -> None:
    _, client = twice
    newest, oldest = client.get("/snapshots").json()
    assert (newest["in_service"], oldest["in_service"]) == (True, False)
    found = client.post("/snapshots/compare", json={"query": {"user_id": "1", "k": 10}, "item_id": "50"}).json()
    assert (found["first"], found["second"]) == (oldest["id"], newest["id"])
    before = [one["item"]["item_id"] for one in found["before"]]
    after = [one["item"]["item_id"] for one in found["after"]]
    assert after == [one["item"]["item_id"] for one in client.get("/recommend?user_id=1&k=10").json()["items"]]
    assert before != after
    moves = {move["item"]["item_id"]: move for move in found["moves"]}
    assert set(moves) == {*before, *after}
    for item_id, move in moves.items():
        assert move["before"] == (before.index(item_id) + 1 if item_id in before else None)
        assert move["after"] == (after.index(item_id) + 1 if item_id in after else None)
        # What a list does not hold has a place by score there: whoever left or entered has both.
        assert (move["score_before"] is not None) == (item_id not in before)
        assert (move["score_after"] is not None) == (item_id not in after)
    standings = found["item"]
    assert [one["item"]["item_id"] for one in standings] == ["50", "50"]
    assert standings[0]["score"] == pytest.approx(
        sum(c["contribution"] for c in standings[0]["channels"].values()), abs=1e-4
    )
    swapped = client.post(
        "/snapshots/compare", json={"query": {"user_id": "1"}, "first": newest["id"], "second": oldest["id"]}
    )
    assert [one["item"]["item_id"] for one in swapped.json()["after"]] == before


def test_one_more_snapshot_is_kept_and_no_other(twice: tuple[Service, TestClient]) -> None:
    service, client = twice
    oldest = client.get("/snapshots").json()[-1]["id"]
    shelf = service._shelf
    kept = shelf.recommender(oldest)
    assert shelf.recommender(oldest) is kept
    assert shelf.recommender(service.recommender.snapshot_id) is service.recommender
    assert shelf.recommender(oldest) is kept, "the one in service is no guest on the shelf"


def test_snapshots_that_cannot_be_compared(api: TestClient, twice: tuple[Service, TestClient]) -> None:
    alone = api.post("/snapshots/compare", json={"query": {"user_id": "1"}})
    assert alone.status_code == 422
    assert "there is only one snapshot" in alone.json()["detail"]
    assert "tastemaker train" in alone.json()["fix"]
    newest = twice[1].get("/snapshots").json()[0]["id"]
    same = twice[1].post("/snapshots/compare", json={"first": newest, "second": newest})
    assert "both snapshots are" in same.json()["detail"]
    neither = twice[1].post("/snapshots/compare", json={"first": "a", "second": "b"})
    assert "one more snapshot at a time" in neither.json()["detail"]
    unknown = twice[1].post("/snapshots/compare", json={"first": "a"})
    assert unknown.status_code == 404
    assert "snapshot 'a' is not among those that are kept" in unknown.json()["detail"]


def test_an_explanation_of_before_comes_again(twice: tuple[Service, TestClient]) -> None:
    """Another snapshot serves by now, and the reader has met more: by models and time it is the same answer."""
    service, client = twice
    newest, oldest = (one["id"] for one in client.get("/snapshots").json())
    body = {"item_id": "50", "query": {"user_id": "2"}}
    service.promote(oldest)
    before = client.post("/explain?style=full", json=body).json()
    moment = datetime.now(UTC).isoformat()
    met = {"user_id": "2", "item_id": "181", "kind": "like"}
    assert "181" not in {part["item"]["item_id"] for part in before["contributions"]}
    assert client.post("/events", json=met).status_code == 200
    service.promote(newest)
    assert client.post("/explain", json=body).json()["snapshot_id"] == newest
    by_models = body | {"snapshot_id": oldest}
    now = client.post("/explain", json=by_models).json()
    assert now["snapshot_id"] == before["snapshot_id"] == oldest
    assert now["score"] != before["score"]
    assert "181" in {part["item"]["item_id"] for part in now["contributions"]}
    by_both = by_models | {"query": {"user_id": "2", "until": moment}}
    assert client.post("/explain?style=full", json=by_both).json() == before
    assert client.post("/explain/removal", json=by_both).json()["k"] == 10


def test_a_snapshot_that_cannot_be_asked_says_so(twice: tuple[Service, TestClient]) -> None:
    service, client = twice
    oldest = client.get("/snapshots").json()[-1]["id"]
    body = {"item_id": "50", "query": {"user_id": "1"}}
    gone = client.post("/explain", json=body | {"snapshot_id": oldest[:-12] + "0" * 12})
    assert (gone.status_code, gone.json()["title"]) == (404, "Unknown snapshot")
    assert "TASTEMAKER_KEEP_SNAPSHOTS" in gone.json()["fix"]
    naive = client.post("/explain", json=body | {"query": {"user_id": "1", "until": "2026-01-01T00:00:00"}})
    assert naive.status_code == 422
    damaged = service.snapshots.root / oldest / "blend.safetensors"
    whole = damaged.read_bytes()
    try:
        damaged.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        service._shelf._kept = None
        refused = client.post("/explain", json=body | {"snapshot_id": oldest})
    finally:
        damaged.write_bytes(whole)
    assert (refused.status_code, refused.json()["title"]) == (409, "Unusable snapshot")
    assert "do not match the hash" in refused.json()["detail"]


def test_an_audit_of_everyone(api: TestClient, trained_service: Service) -> None:
    started = api.post("/audits", json={"k": 5})
    assert started.status_code == 202
    run = finished(api, started.json()["id"])
    assert run["stage"] == "done", run["problem"]
    found = run["audit"]
    assert found["snapshot_id"] == trained_service.recommender.snapshot_id
    assert found["readers"] + found["left_out"] == trained_service.store.count_users() == run["total"]
    assert sum(share["share"]["listed"]["mean"] for share in found["deciles"]) == pytest.approx(1)
    assert 0 < found["coverage"] <= 1
    assert found["calibration"]["listed"]["mean"] < found["calibration"]["worst"]
    assert api.post("/audits", json={"k": 5}).json()["audit"] == found, "made once for a snapshot and a group"


def test_an_audit_is_of_the_lists_that_are_recommended(api: TestClient) -> None:
    users = ["1", "2", "13"]
    lists = {one["item"]["item_id"] for user in users
             for one in api.get(f"/recommend?user_id={user}&k=4").json()["items"]}  # fmt: skip
    run = finished(api, api.post("/audits", json={"user_ids": users, "k": 4, "again": True}).json()["id"])
    assert run["audit"]["readers"] == 3
    assert run["audit"]["coverage"] * run["audit"]["items"] == pytest.approx(len(lists))


def test_groups_by_favourite_category(api: TestClient, trained_service: Service) -> None:
    groups = api.get("/audits/groups").json()
    assert sum(groups.values()) <= trained_service.recommender.state.models.interactions.num_users
    category, count = next(iter(groups.items()))
    run = finished(api, api.post("/audits", json={"category": category}).json()["id"])
    assert run["total"] == count
    assert run["group"] == f"readers who favour {category}"
    share = next(share for share in run["audit"]["categories"] if share["label"] == category)
    everyone = finished(api, api.post("/audits", json={}).json()["id"])
    usual = next(share for share in everyone["audit"]["categories"] if share["label"] == category)
    assert share["share"]["history"]["mean"] > usual["share"]["history"]["mean"]


def test_a_sample_is_drawn_by_its_seed(api: TestClient) -> None:
    runs = [finished(api, api.post("/audits", json={"sample": 20, "seed": seed}).json()["id"]) for seed in (0, 1)]
    assert [run["total"] for run in runs] == [20, 20]
    assert runs[0]["audit"]["popularity"] != runs[1]["audit"]["popularity"]


def test_reports_as_files(api: TestClient) -> None:
    run = finished(api, api.post("/audits", json={"sample": 20}).json()["id"])
    page = api.get(f"/audits/{run['id']}/report")
    assert page.headers["content-type"].startswith("text/html")
    assert "attachment" in page.headers["content-disposition"]
    assert '<script src="http' not in page.text
    data = api.get(f"/audits/{run['id']}/report?format=json")
    assert json.loads(data.content) == run["audit"]
    assert api.get(f"/audits/{run['id']}/report?format=pdf").status_code == 422


def test_an_audit_that_cannot_be_made_says_why(api: TestClient) -> None:
    for body, problem in (
        ({"category": "No Such Category"}, "is not in the catalogue"),
        ({"user_ids": ["nobody-at-all"]}, "is not in the store"),
    ):
        run = finished(api, api.post("/audits", json=body).json()["id"])
        assert run["stage"] == "failed"
        assert problem in run["problem"]
        assert run["fix"]
        report = api.get(f"/audits/{run['id']}/report")
        assert "is failed, not done" in report.json()["detail"]
    assert api.get("/audits/unknown").status_code == 404
    assert api.delete("/audits/unknown").status_code == 404
    assert api.post("/audits", json={"sample": 0}).status_code == 422


def test_before_training_they_say_what_to_do(untrained: TestClient) -> None:
    for path, body in (
        ("/audits", {}),
        ("/snapshots/compare", {}),
        ("/explain/contrast", {"item_id": "1", "other_id": "2"}),
    ):
        answer = untrained.post(path, json=body)
        assert answer.status_code == 503
        assert "tastemaker train" in answer.json()["fix"]
