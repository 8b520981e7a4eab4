"""Chats over HTTP: turns as server-sent events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from serving.http.problems import MEDIA_TYPE
from serving.http.streams import encode
from serving.service import Service
from store.errors import StoreError


def events(response: Any) -> list[tuple[str, dict[str, Any]]]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    found = []
    for block in response.text.removesuffix("\n\n").split("\n\n"):
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def say(api: TestClient, chat: str, text: str) -> dict[str, dict[str, Any]]:
    return dict(events(api.post(f"{chat}/messages", json={"text": text})))


def shown(turn: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [card["item"] for card in turn["cards"]["cards"]]


def test_a_turn_is_chips_then_cards_then_words(api: TestClient, chat: str) -> None:
    got = events(api.post(f"{chat}/messages", json={"text": "comedies, no romance"}))
    names = [name for name, _ in got]
    assert names[:2] == ["understood", "cards"]
    assert names[-1] == "finished"
    assert set(names[2:-1]) == {"words"}
    turn = dict(got)
    assert {chip["label"] for chip in turn["understood"]["chips"]}
    assert shown(turn)
    for item in shown(turn):
        assert "Comedy" in item["categories"]
        assert "Romance" not in item["categories"]
    view = api.get(chat).json()
    assert [message["role"] for message in view["messages"]] == ["user", "assistant"]
    assert view["chips"] == turn["understood"]["chips"]
    summaries = api.get("/chats", params={"user_id": view["user_id"]}).json()
    assert [summary["chat_id"] for summary in summaries] == [view["chat_id"]]


def test_chips_can_be_added_and_removed_and_turns_undone(api: TestClient, chat: str) -> None:
    say(api, chat, "comedies")
    added = dict(events(api.post(f"{chat}/chips", json={"text": "no romance"})))
    assert all("Romance" not in item["categories"] for item in shown(added))
    assert len(added["understood"]["chips"]) == 2
    key = next(chip["key"] for chip in added["understood"]["chips"] if chip["kind"] == "out")
    removed = dict(events(api.delete(f"{chat}/chips/{key}")))
    assert [chip["kind"] for chip in removed["understood"]["chips"]] == ["in"]
    undone = events(api.post(f"{chat}/undo"))
    assert undone[-1][0] == "finished"
    assert len(api.get(chat).json()["chips"]) == 2


def test_feedback_counts_and_can_be_taken_back(api: TestClient, chat: str, trained_service: Service) -> None:
    item = shown(say(api, chat, "something with action"))[0]
    view = api.post(f"{chat}/feedback", json={"item_id": item["item_id"], "kind": "dislike"}).json()
    assert [disliked["item_id"] for disliked in view["profile"]["dislikes"]] == [item["item_id"]]
    assert [event.item_id for event in trained_service.store.history(view["user_id"])] == [item["item_id"]]
    assert item["item_id"] not in {other["item_id"] for other in shown(say(api, chat, "something with action"))}
    view = api.post(f"{chat}/feedback", json={"item_id": item["item_id"], "kind": "none"}).json()
    assert view["profile"]["dislikes"] == []


def test_a_chat_that_does_not_exist_is_a_404_and_not_a_stream(api: TestClient) -> None:
    for response in (
        api.get("/chats/nowhere"),
        api.post("/chats/nowhere/messages", json={"text": "hello"}),
        api.post("/chats/nowhere/undo"),
        api.post("/chats/nowhere/feedback", json={"item_id": "50", "kind": "like"}),
        api.delete("/chats/nowhere/chips/x"),
    ):
        assert response.status_code == 404
        assert response.headers["content-type"] == MEDIA_TYPE


def test_messages_have_a_limit(api: TestClient, chat: str) -> None:
    assert api.post(f"{chat}/messages", json={"text": ""}).status_code == 422
    assert api.post(f"{chat}/messages", json={"text": "x" * 4_001}).status_code == 422
    assert api.post(f"{chat}/messages", json={"text": "x" * 1_100_000}).status_code == 413
    assert api.post(f"{chat}/feedback", json={"item_id": "50", "kind": "adore"}).status_code == 422
    assert api.post(f"{chat}/feedback", json={"item_id": "no-such-item", "kind": "like"}).status_code == 404


def test_an_error_in_the_middle_of_a_turn_ends_the_stream_with_a_problem(
    api: TestClient, chat: str, trained_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    respond = trained_service.dialogues.respond

    def breaking(error: Exception) -> Any:
        def turn(chat_id: str, text: str, **said: Any) -> Iterator[Any]:
            yield next(iter(respond(chat_id, text, **said)))
            raise error

        return turn

    monkeypatch.setattr(trained_service.dialogues, "respond", breaking(StoreError("disk full", fix="Free some.")))
    got = events(api.post(f"{chat}/messages", json={"text": "comedies"}))
    assert [name for name, _ in got] == ["understood", "error"]
    assert (got[1][1]["detail"], got[1][1]["status"]) == ("disk full", 503)
    monkeypatch.setattr(trained_service.dialogues, "respond", breaking(RuntimeError("secret")))
    got = events(api.post(f"{chat}/messages", json={"text": "comedies"}))
    assert got[1][1]["status"] == 500
    assert "secret" not in str(got)


def test_text_cannot_break_out_of_its_event() -> None:
    assert encode("words", {"text": "a\n\nevent: cards\r\ndata: x"}).count("\n") == 3
