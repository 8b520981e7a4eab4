"""The API over a real service: answers, limits, errors."""

from __future__ import annotations

import asyncio
import io
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from serving.http.app import build_api
from serving.http.problems import MEDIA_TYPE
from serving.service import Service

USER, STAR_WARS, FARGO = "1", "50", "100"


def problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == MEDIA_TYPE
    document = response.json()
    assert document["status"] == status
    assert document["detail"]
    return document


def new_item(**changes: Any) -> dict[str, Any]:
    return {
        "item_id": f"new-{uuid4().hex[:8]}",
        "title": "The Quiet Harbour",
        "description": "A detective returns to the fishing village of her childhood.",
        "categories": ["Crime"],
        "attributes": {"year": 2026, "cast": ["A. Actor"]},
    } | changes


def png(**options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(buffer, "PNG", **options)
    return buffer.getvalue()


# Recommending


def test_recommendations_carry_scores_provenance_and_the_snapshot(api: TestClient, trained_service: Service) -> None:
    answer = api.get("/recommend", params={"user_id": USER, "k": 5}).json()
    assert answer["snapshot_id"] == trained_service.recommender.snapshot_id
    assert [item["rank"] for item in answer["items"]] == [1, 2, 3, 4, 5]
    seen = {event.item_id for event in trained_service.store.history(USER)}
    for item in answer["items"]:
        assert item["item"]["item_id"] not in seen
        assert item["channels"]
        assert item["score"] == pytest.approx(sum(c["contribution"] for c in item["channels"].values()), abs=1e-4)
    assert api.post("/recommend", json={"user_id": USER, "k": 5}).json()["items"] == answer["items"]


def test_constraints_hold(api: TestClient) -> None:
    body = {
        "user_id": USER,
        "k": 20,
        "constraints": {
            "include": [[{"attribute": "category", "value": "Comedy"}]],
            "exclude": [{"attribute": "category", "value": "Romance"}],
        },
    }
    items = api.post("/recommend", json=body).json()["items"]
    assert items
    assert all("Comedy" in one["item"]["categories"] for one in items)
    assert not any("Romance" in one["item"]["categories"] for one in items)


def test_similar_search_and_explain(api: TestClient) -> None:
    near = api.get("/similar", params={"item_id": STAR_WARS, "k": 3}).json()
    assert len(near["neighbours"]) == 3
    assert STAR_WARS not in {one["item"]["item_id"] for one in near["neighbours"]}
    assert api.post("/similar", json={"item_id": STAR_WARS, "k": 3}).json() == near
    found = api.get("/search", params={"text": "star wars"}).json()["items"]
    assert found[0]["item_id"] == STAR_WARS
    assert api.post("/search", json={"text": "star wars"}).json()["items"] == found
    first = api.get("/recommend", params={"user_id": USER, "k": 1}).json()["items"][0]
    explanation = api.post("/explain", json={"item_id": first["item"]["item_id"], "query": {"user_id": USER}}).json()
    assert explanation["score"] == pytest.approx(first["score"], abs=1e-4)
    assert explanation["contributions"]


def test_an_explanation_in_words(api: TestClient) -> None:
    first = api.get("/recommend", params={"user_id": USER, "k": 1}).json()["items"][0]["item"]
    body = {"item_id": first["item_id"], "query": {"user_id": USER}}

    def words(**parameters: str) -> Any:
        return api.post("/explain", params=parameters, json=body).json()["words"]

    assert words() is None
    paragraph = words(style="paragraph")
    assert paragraph["text"].startswith(f"{first['title']} stands at place 1 of ")
    assert [passage["heading"] for passage in paragraph["passages"]] == [""]
    assert not any(sentence["by_model"] for sentence in paragraph["passages"][0]["sentences"])
    assert len(words(style="full", language="zh")["passages"]) > 4
    reworded = words(style="paragraph", paraphrase="true")
    assert reworded["degraded"] == []
    assert all(sentence["by_model"] for sentence in reworded["passages"][0]["sentences"])


@pytest.mark.parametrize(
    ("parameters", "detail"),
    [
        ({"style": "poem"}, "style"),
        ({"style": "line", "language": "tlh"}, "language 'tlh' is none of en, zh"),
        ({"style": "full", "paraphrase": "true"}, "style 'full' is not paraphrased"),
        ({"language": "zh"}, "no style is given"),
        ({"paraphrase": "true"}, "no style is given"),
    ],
)
def test_words_that_there_are_not_are_refused(api: TestClient, parameters: dict[str, str], detail: str) -> None:
    body = {"item_id": STAR_WARS, "query": {"user_id": USER}}
    assert detail in problem(api.post("/explain", params=parameters, json=body), 422)["detail"]


@pytest.mark.parametrize("k", [10**9, 0, -1, True, "5", 1.5, None, "NaN", [1]])
def test_a_k_that_is_no_count_is_refused(api: TestClient, k: object) -> None:
    assert "k" in problem(api.post("/recommend", json={"k": k}), 422)["detail"]
    if not isinstance(k, list) and k is not None and k != "5":
        problem(api.get("/recommend", params={"k": str(k)}), 422)


def test_nan_lone_surrogates_nul_and_broken_json_are_refused(api: TestClient) -> None:
    headers = {"content-type": "application/json"}
    for body in (b'{"k": NaN}', b'{"text": "\\ud800"}', b'{"text": "a\\u0000b"}', b'{"user_id": "\\u0000"}', b"{", b""):
        problem(api.post("/recommend", content=body, headers=headers), 422)
    problem(api.post("/recommend", content=b"[" * 50_000, headers=headers), 400)
    problem(api.post("/recommend", content=b"k=1", headers={"content-type": "text/plain"}), 422)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/recommend", {"user_id": "nobody"}),
        ("/recommend", {"history": ["no-such-item"]}),
        ("/recommend", {"seeds": ["no-such-item"]}),
        ("/similar", {"item_id": "no-such-item"}),
        ("/explain", {"item_id": "no-such-item"}),
        ("/explain", {"item_id": STAR_WARS, "query": {"user_id": "nobody"}}),
    ],
)
def test_unknown_users_and_items_are_404(api: TestClient, path: str, body: dict[str, object]) -> None:
    document = problem(api.post(path, json=body), 404)
    assert document["type"] in ("urn:tastemaker:unknown-user", "urn:tastemaker:unknown-item")
    assert document["fix"]


def test_empty_and_very_long_histories_get_an_answer(api: TestClient, trained_service: Service) -> None:
    everything = [item.item_id for item in trained_service.store.items(active=True)]
    for history in ([], [STAR_WARS], everything[:250] * 20):
        answer = api.post("/recommend", json={"history": history, "k": 5})
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["items"]) == 5
    problem(api.post("/recommend", json={"history": [STAR_WARS] * 10_001}), 422)


def test_unknown_fields_are_refused(api: TestClient) -> None:
    document = problem(api.post("/recommend", json={"usr_id": USER}), 422)
    assert document["errors"] == [{"where": "body.usr_id", "rule": "Extra inputs are not permitted"}]


# Items


def test_an_item_lives_from_its_first_day_until_it_is_deactivated(api: TestClient) -> None:
    draft = new_item(title="Zanzibar Lighthouse Keepers")
    preview = api.post("/items/preview", json=draft).json()
    assert preview["neighbours"]
    problem(api.get(f"/items/{draft['item_id']}"), 404)

    assert api.post("/items", json=draft).status_code == 201
    problem(api.post("/items", json=draft), 409)
    found = api.get("/search", params={"text": draft["title"]}).json()["items"]
    assert found[0]["item_id"] == draft["item_id"]
    assert found[0]["attributes"] == draft["attributes"]
    seeded = api.post("/recommend", json={"seeds": [FARGO], "k": 1000}).json()["items"]
    assert draft["item_id"] in {one["item"]["item_id"] for one in seeded if one["is_new"]}

    changed = api.patch(f"/items/{draft['item_id']}", json={"title": "Zanzibar Revisited"}).json()
    assert (changed["title"], changed["description"]) == ("Zanzibar Revisited", draft["description"])

    assert api.delete(f"/items/{draft['item_id']}").status_code == 204
    assert draft["item_id"] not in {item["item_id"] for item in api.get("/search?text=zanzibar").json()["items"]}
    assert api.get(f"/items/{draft['item_id']}").json()["active"] is False
    api.patch(f"/items/{draft['item_id']}", json={"active": True})
    assert api.get("/search?text=zanzibar").json()["items"][0]["item_id"] == draft["item_id"]
    api.delete(f"/items/{draft['item_id']}")


def test_ids_with_slashes_and_other_signs_work(api: TestClient) -> None:
    draft = new_item(item_id=f"a/b ?#%é{uuid4().hex[:6]}")
    api.post("/items", json=draft)
    path = f"/items/{quote(draft['item_id'], safe='')}"
    assert api.get(path).json()["item_id"] == draft["item_id"]
    picture = api.put(f"{path}/image", files={"file": ("p.png", png())}).json()["image"]
    assert api.get(picture.removeprefix("/api/v1")).headers["content-type"] == "image/jpeg"
    assert api.delete(path).status_code == 204


def test_a_picture_is_served_as_a_picture_and_its_path_is_nobodys_business(
    api: TestClient, trained_service: Service
) -> None:
    draft = new_item()
    api.post("/items", json=draft)
    path = f"/items/{draft['item_id']}"
    problem(api.get(f"{path}/image"), 404)
    shown = api.put(f"{path}/image", files={"file": ("p.png", png())})
    assert shown.status_code == 200, shown.text
    assert shown.json()["image"] == f"/api/v1/items/{draft['item_id']}/image"
    assert str(trained_service.settings.home) not in shown.text
    served = api.get(f"{path}/image")
    assert served.headers["x-content-type-options"] == "nosniff"
    with Image.open(io.BytesIO(served.content)) as picture:
        assert picture.size == (64, 64)
    api.delete(path)


@pytest.mark.parametrize("content", [b"<svg/>", png()[:500], b""], ids=["svg", "truncated", "empty"])
def test_a_bad_picture_is_refused_and_the_item_stays(api: TestClient, content: bytes) -> None:
    draft = new_item()
    before = api.post("/items", json=draft).json()
    document = problem(api.put(f"/items/{draft['item_id']}/image", files={"file": ("p.png", content)}), 422)
    assert "picture" in document["detail"]
    assert api.get(f"/items/{draft['item_id']}").json()["image"] is before["image"] is None
    api.delete(f"/items/{draft['item_id']}")


def test_no_one_can_point_an_item_at_a_file_of_this_machine(api: TestClient) -> None:
    problem(api.post("/items", json=new_item() | {"image": "/etc/passwd"}), 422)
    problem(api.patch(f"/items/{STAR_WARS}", json={"image": "/etc/passwd"}), 422)
    for path in ("/items/..%2f..%2fetc%2fpasswd/image", "/items/%2fetc%2fpasswd/image"):
        problem(api.get(path), 404)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""},
        {"item_id": ""},
        {"item_id": "x" * 513},
        {"attributes": {"a": {"b": 1}}},
        {"description": "x" * 50_001},
    ],
)
def test_items_that_break_a_rule_are_refused(api: TestClient, changes: dict[str, Any]) -> None:
    problem(api.post("/items", json=new_item(**changes)), 422)


# Users and events


def test_the_same_event_twice_is_one_row(api: TestClient) -> None:
    user = f"u-{uuid4().hex[:8]}"
    event = {"user_id": user, "item_id": FARGO, "kind": "like"}
    key = {"Idempotency-Key": uuid4().hex}
    assert api.post("/events", json=event, headers=key).json() == {"stored": 1, "duplicates": 0}
    assert api.post("/events", json=event, headers=key).json() == {"stored": 0, "duplicates": 1}
    batch = {"events": [event, event | {"item_id": STAR_WARS}]}
    other = {"Idempotency-Key": uuid4().hex}
    assert api.post("/events", json=batch, headers=other).json() == {"stored": 2, "duplicates": 0}
    assert api.post("/events", json=batch, headers=other).json() == {"stored": 0, "duplicates": 2}
    dated = event | {"time": "2026-01-02T03:04:05Z"}
    assert api.post("/events", json=dated).json()["stored"] == 1
    assert api.post("/events", json=dated).json()["duplicates"] == 1
    assert len(api.get(f"/users/{user}/events").json()) == 4


def test_an_event_counts_at_once(api: TestClient) -> None:
    user = f"u-{uuid4().hex[:8]}"
    api.post("/users", json={"user_id": user, "name": "Ada"})
    assert api.get(f"/users/{user}").json()["name"] == "Ada"
    top = api.get("/recommend", params={"user_id": user, "k": 3}).json()["items"]
    liked = top[0]["item"]["item_id"]
    api.post("/events", json={"user_id": user, "item_id": liked, "kind": "like"})
    after = api.get("/recommend", params={"user_id": user, "k": 3}).json()["items"]
    assert liked not in {one["item"]["item_id"] for one in after}


def test_a_batch_with_an_unknown_item_stores_nothing(api: TestClient) -> None:
    user = f"u-{uuid4().hex[:8]}"
    events = [{"user_id": user, "item_id": item_id, "kind": "view"} for item_id in (FARGO, "no-such-item")]
    assert "no-such-item" in problem(api.post("/events", json={"events": events}), 404)["detail"]
    problem(api.get(f"/users/{user}/events"), 404)


@pytest.mark.parametrize(
    "changes", [{"kind": "loves"}, {"value": "inf"}, {"time": "yesterday"}, {"user_id": ""}, {"item_id": 50}]
)
def test_events_that_break_a_rule_are_refused(api: TestClient, changes: dict[str, Any]) -> None:
    problem(api.post("/events", json={"user_id": USER, "item_id": FARGO, "kind": "view"} | changes), 422)


def test_users_can_be_found(api: TestClient) -> None:
    assert len(api.get("/users?limit=7").json()) == 7
    problem(api.get("/users?limit=-1"), 422)
    problem(api.get("/users/nobody"), 404)


# Limits and failures


def test_large_bodies_are_refused_by_their_announced_length(api: TestClient) -> None:
    headers = {"content-type": "application/json"}
    problem(api.post("/recommend", content=b" " * 1_000_001, headers=headers), 413)

    problem(api.put(f"/items/{FARGO}/image", files={"file": b"x" * 11_000_000}), 413)


def test_a_body_without_announced_length_is_counted_while_it_comes(api: TestClient) -> None:
    """Straight through ASGI: how many pieces the application asks for is what matters."""
    asked = 0
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        assert asked < 20, "the application goes on reading"
        return {"type": "http.request", "body": b" " * 100_000, "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api/v1/recommend",
        "raw_path": b"/api/v1/recommend",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"testserver"), (b"content-type", b"application/json")],
        "client": ("testclient", 1),
        "server": ("testserver", 80),
    }
    asyncio.run(api.app(scope, receive, send))
    assert sent[0]["status"] == 413
    assert (b"content-type", MEDIA_TYPE.encode()) in sent[0]["headers"]
    assert asked == 11


def test_pages_of_other_origins_cannot_write(api: TestClient) -> None:
    body = {"user_id": USER, "item_id": FARGO, "kind": "view", "key": uuid4().hex}
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://testserver.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        problem(api.post("/events", json=body, headers=headers), 403)
        problem(api.delete(f"/items/{FARGO}", headers=headers), 403)
        assert api.get("/recommend?k=1", headers=headers).status_code == 200
    assert api.post("/events", json=body, headers={"Origin": "http://testserver"}).json()["stored"] == 1


def test_no_stack_trace_leaves_and_no_local_variable_is_logged(
    trained_service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def explode(*_: object, **__: object) -> None:
        password = "hunter" + str(2)
        raise RuntimeError("secret detail", len(password))

    with TestClient(build_api(trained_service), raise_server_exceptions=False) as client:
        monkeypatch.setattr(trained_service.recommender, "recommend", explode)
        response = client.get("/api/v1/recommend")
    document = problem(response, 500)
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    assert "the log has it as" in document["detail"]
    logged = "".join(capsys.readouterr())
    assert document["detail"].split()[-1] in logged
    assert "RuntimeError" in logged
    assert "hunter2" not in logged


def test_unknown_paths_and_methods_are_problems_too(api: TestClient) -> None:
    problem(api.get("/nothing"), 404)
    problem(api.put("/recommend"), 405)


# Operations


def test_an_untrained_service_says_what_to_do(untrained: TestClient) -> None:
    assert untrained.get("/health/live").json()["status"] == "alive"
    ready = untrained.get("/health/ready")
    assert ready.status_code == 503
    assert ready.json()["ready"] is False
    assert "tastemaker train" in ready.json()["problems"][0]
    for path in ("/recommend", "/search?text=x", "/similar?item_id=1"):
        assert problem(untrained.get(path), 503)["type"] == "urn:tastemaker:no-snapshot"


def test_a_trained_service_is_ready(api: TestClient, trained_service: Service) -> None:
    ready = api.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["snapshot_id"] == trained_service.recommender.snapshot_id


def test_metrics_count_by_route_and_not_by_id(api: TestClient) -> None:
    api.get(f"/items/{STAR_WARS}")
    text = api.get("/metrics").text
    assert 'tastemaker_requests_total{method="GET",route="/items/{item_id:path}",status="200"}' in text
    assert f"items/{STAR_WARS}" not in text
    assert "tastemaker_request_seconds_bucket" in text


def test_what_matches_in_two_contents(api: TestClient) -> None:
    answer = api.get("/explain/content", params={"item_id": "50", "other_id": "181"})
    assert answer.status_code == 200
    match = answer.json()
    assert (match["item"]["item_id"], match["other"]["item_id"], match["picture"]) == ("50", "181", None)
    for side in match["text"]["sides"]:
        assert sum(part["value"] for part in side["words"]) + side["rest"] == pytest.approx(match["text"]["cosine"])
    assert api.get("/explain/content", params={"item_id": "50", "other_id": "nothing"}).status_code == 404
    assert api.get("/explain/content", params={"item_id": "50"}).status_code == 422


def test_what_the_models_know_of_an_item_and_of_a_reader(api: TestClient) -> None:
    profile = api.get("/explain/item", params={"item_id": "50"}).json()
    assert profile["item"]["item_id"] == "50"
    assert 0 <= profile["reached"] <= profile["users"]
    taste = api.post("/explain/taste?language=en", json={"user_id": "1"}).json()
    assert f"{taste['history']} items" in taste["words"]["text"]
    assert sum(group["size"] for group in taste["groups"]) == taste["history"]
    assert api.get("/explain/item", params={"item_id": "nothing"}).status_code == 404
    assert api.post("/explain/taste", json={"user_id": "nobody"}).status_code == 404


def test_openapi_is_complete(api: TestClient) -> None:
    document = api.get("http://testserver/openapi.json").json()
    paths = document["paths"]
    assert {path.removeprefix("/api/v1").split("/")[1] for path in paths} == {
        "recommend",
        "batches",
        "similar",
        "search",
        "explain",
        "snapshots",
        "audit-log",
        "audits",
        "items",
        "catalogue",
        "shared",
        "users",
        "events",
        "chats",
        "health",
        "metrics",
    }
    for path, methods in paths.items():
        for method, operation in methods.items():
            assert operation["description"], (method, path)
            assert "422" in operation["responses"], (method, path)
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            for reference in _references(body or {}):
                schema = document["components"]["schemas"][reference]
                assert schema["additionalProperties"] is False, reference
                assert schema.get("examples") or reference == "EventIn", reference


def _references(body: dict[str, Any]) -> list[str]:
    schema = body.get("schema", {})
    return [part["$ref"].split("/")[-1] for part in (schema, *schema.get("anyOf", ())) if "$ref" in part]
