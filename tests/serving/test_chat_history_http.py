"""Whole chats over HTTP: titles, branches, links, exports."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from serving.service import Service
from tests.serving.test_chat_http import events, say, shown
from tests.serving.test_http import problem


@pytest.fixture
def asked(api: TestClient, chat: str) -> str:
    """Path of a chat of two turns."""
    say(api, chat, "comedies")
    say(api, chat, "no romance")
    return chat


def said(view: dict[str, Any]) -> list[str]:
    return [message["text"] for message in view["messages"] if message["role"] == "user"]


def test_a_chat_is_renamed_listed_and_deleted(api: TestClient, asked: str) -> None:
    user_id = api.get(asked).json()["user_id"]
    assert api.patch(asked, json={"title": " Sunday "}).status_code == 200
    (line,) = api.get("/chats", params={"user_id": user_id}).json()
    assert (asked.endswith(line["chat_id"]), line["title"], line["share"]) == (True, "Sunday", None)
    for title in ("", "  ", "a\0", 5, "x" * 1_001):
        problem(api.patch(asked, json={"title": title}), 422)
    assert api.delete(asked).status_code == 204
    problem(api.get(asked), 404)
    problem(api.delete(asked), 404)
    assert api.get("/chats", params={"user_id": user_id}).json() == []


def test_a_branch_says_something_else(api: TestClient, asked: str, trained_service: Service) -> None:
    view = api.get(asked).json()
    assert [message["place"] for message in view["messages"] if message["editable"]] == [0, 2]
    item = view["messages"][-1]["cards"][0]["item"]["item_id"]
    api.post(f"{asked}/feedback", json={"item_id": item, "kind": "like"})
    response = api.post(f"{asked}/branch", json={"place": 2})
    assert response.status_code == 201
    branch = response.json()
    assert (said(branch), branch["profile"]["likes"]) == (["comedies"], [])
    assert trained_service.store.history(view["user_id"]) == []
    turn = say(api, f"/chats/{branch['chat_id']}", "no drama")
    assert all("Comedy" in one["categories"] and "Drama" not in one["categories"] for one in shown(turn))
    assert said(api.get(asked).json()) == ["comedies", "no romance"]
    for place in (1, 4, -1, "2", True, None):
        problem(api.post(f"{asked}/branch", json={"place": place}), 422)


def test_the_last_question_is_answered_again(api: TestClient, asked: str) -> None:
    before = api.get(asked).json()
    again = dict(events(api.post(f"{asked}/retry")))
    assert [item["item_id"] for item in shown(again)] == [
        card["item"]["item_id"] for card in before["messages"][-1]["cards"]
    ]
    assert said(api.get(asked).json()) == said(before)
    new = api.post("/chats", json={"user_id": before["user_id"]}).json()["chat_id"]
    problem(api.post(f"/chats/{new}/retry"), 422)


def test_a_link_is_read_until_it_is_taken_back(api: TestClient, asked: str) -> None:
    view = api.get(asked).json()
    link = api.put(f"{asked}/share").json()
    assert link["path"] == f"/shared/{link['token']}"
    response = api.get(f"/shared/{link['token']}")
    assert response.headers["cache-control"] == "no-store"
    assert said(response.json()) == ["comedies", "no romance"]
    assert set(response.json()) == {"title", "messages", "pictures"}
    assert view["user_id"] not in response.text
    for token in (link["token"][:-1], link["token"] + "x", asked.removeprefix("/chats/"), "%00", "x" * 200):
        problem(api.get(f"/shared/{token}"), 404)
    assert api.delete(f"{asked}/share").status_code == 204
    assert api.delete(f"{asked}/share").status_code == 204
    problem(api.get(f"/shared/{link['token']}"), 404)
    token = api.put(f"{asked}/share").json()["token"]
    api.delete(asked)
    problem(api.get(f"/shared/{token}"), 404)


def test_a_chat_is_exported(api: TestClient, asked: str) -> None:
    response = api.get(f"{asked}/export")
    assert ".json" in response.headers["content-disposition"]
    assert said(response.json()) == ["comedies", "no romance"]
    response = api.get(f"{asked}/export", params={"format": "markdown"})
    assert ".md" in response.headers["content-disposition"]
    assert response.headers["content-type"] == "text/markdown; charset=utf-8"
    assert "> no romance" in response.text
    problem(api.get(f"{asked}/export", params={"format": "exe"}), 422)


@pytest.mark.parametrize("origin", ["https://example.invalid"])
def test_pages_of_other_origins_cannot_change_a_chat(api: TestClient, asked: str, origin: str) -> None:
    headers = {"Origin": origin}
    for response in (
        api.delete(asked, headers=headers),
        api.put(f"{asked}/share", headers=headers),
        api.patch(asked, json={"title": "x"}, headers=headers),
        api.post(f"{asked}/branch", json={"place": 0}, headers=headers),
    ):
        assert response.status_code == 403


def test_a_chat_that_does_not_exist_is_a_404(api: TestClient) -> None:
    for response in (
        api.patch("/chats/nowhere", json={"title": "x"}),
        api.delete("/chats/nowhere"),
        api.post("/chats/nowhere/branch", json={"place": 0}),
        api.post("/chats/nowhere/retry"),
        api.put("/chats/nowhere/share"),
        api.delete("/chats/nowhere/share"),
        api.get("/chats/nowhere/export"),
    ):
        problem(response, 404)
