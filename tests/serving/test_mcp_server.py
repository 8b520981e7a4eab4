"""Tools for language models, through a real client of the protocol."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="the extra is not installed")

from mcp import Client, StdioServerParameters
from mcp.server import MCPServer

from pipeline.query import Query
from serving.mcp_server import MOST, TEXT, build
from serving.service import Service
from store.records import Item

READING = ["catalogue", "explain", "item", "recommend", "search", "similar"]


def called(server: MCPServer | StdioServerParameters, tool: str, **arguments: Any) -> tuple[bool, Any]:
    """Whether a call failed, and what came back: its structure, or the words of the error."""

    async def run() -> tuple[bool, Any]:
        async with Client(server) as client:
            answer = await client.call_tool(tool, arguments)
        if answer.is_error:
            return True, answer.content[0].text  # type: ignore[union-attr]
        found = answer.structured_content
        return False, found["result"] if isinstance(found, Mapping) and found.keys() == {"result"} else found

    return asyncio.run(run())


def tools(server: MCPServer) -> dict[str, bool]:
    """Names, and whether each says that it only reads."""

    async def run() -> dict[str, bool]:
        async with Client(server) as client:
            listed = await client.list_tools()
        return {tool.name: bool(tool.annotations and tool.annotations.read_only_hint) for tool in listed.tools}

    return asyncio.run(run())


@pytest.fixture
def server(trained_service: Service) -> MCPServer:
    return build(trained_service)


def test_tools_read_unless_writing_is_allowed(trained_service: Service, server: MCPServer) -> None:
    assert tools(server) == dict.fromkeys(READING, True)
    assert tools(build(trained_service, writes=True)) == dict.fromkeys(READING, True) | {
        "note_event": False,
        "publish_item": False,
    }
    failed, words = called(server, "note_event", user_id="1", item_id="1", kind="like")
    assert failed
    assert "Unknown tool" in words


def test_lists_are_those_of_the_service_with_reasons(trained_service: Service, server: MCPServer) -> None:
    _, found = called(server, "recommend", user_id="1", k=5)
    expected = trained_service.recommender.recommend(Query(user_id="1", k=5)).items
    assert [one["item_id"] for one in found] == [one.item.item_id for one in expected]
    assert all(one["reason"] for one in found)
    _, chinese = called(server, "recommend", user_id="1", k=5, language="zh")
    assert chinese[0]["reason"] != found[0]["reason"]


def test_constraints_hold(server: MCPServer) -> None:
    exclude = [{"attribute": "category", "value": "Drama"}]
    _, found = called(
        server, "recommend", user_id="1", k=20, constraints={"exclude": exclude, "ranges": {"year": {"low": 1990}}}
    )
    assert len(found) == 20
    assert not any("Drama" in one["categories"] for one in found)
    assert all(one["attributes"]["year"] >= 1990 for one in found)


def test_search_similar_item_and_catalogue(trained_service: Service, server: MCPServer) -> None:
    _, found = called(server, "search", text="star wars", k=3)
    assert found[0]["title"] == "Star Wars"
    _, near = called(server, "similar", item_id=found[0]["item_id"], k=3)
    assert [one["item_id"] for one in near] == [
        one.item.item_id for one in trained_service.recommender.similar(found[0]["item_id"], k=3)
    ]
    assert called(server, "item", item_id=found[0]["item_id"])[1]["title"] == "Star Wars"
    _, known = called(server, "catalogue")
    assert known["items"] == trained_service.store.count_items(active=True)
    assert "Drama" in known["values"]["category"]


def test_explanations_name_the_history(trained_service: Service, server: MCPServer) -> None:
    top = trained_service.recommender.recommend(Query(user_id="1", k=1)).items[0].item
    _, why = called(server, "explain", user_id="1", item_id=top.item_id)
    assert why["rank"] == 1
    assert top.title in why["words"]
    assert set(why["history"]) <= {event.item_id for event in trained_service.store.history("1")}


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("recommend", {"user_id": "nobody"}, "'nobody' is not in the store"),
        ("recommend", {"k": 10**9}, f"less than or equal to {MOST}"),
        ("recommend", {"k": 0}, "greater than or equal to 1"),
        ("item", {"item_id": "nothing"}, "'nothing' is not in the catalogue"),
        ("similar", {"item_id": "a\0b"}, "NUL"),
        ("explain", {"item_id": "1", "language": "xx"}, "'xx' is none of"),
        ("search", {"text": ""}, "at least 1 item"),
    ],
)
def test_what_is_asked_wrongly_is_said(server: MCPServer, tool: str, arguments: dict[str, Any], message: str) -> None:
    failed, words = called(server, tool, **arguments)
    assert failed
    assert message in words


def test_tools_bound_to_a_user_refuse_others(trained_service: Service) -> None:
    bound = build(trained_service, user_id="1", writes=True)
    _, own = called(bound, "recommend", k=5)
    assert [one["item_id"] for one in own] == [
        one.item.item_id for one in trained_service.recommender.recommend(Query(user_id="1", k=5)).items
    ]
    before = len(trained_service.store.history("2"))
    for tool, arguments in (
        ("recommend", {"user_id": "2"}),
        ("explain", {"user_id": "2", "item_id": "1"}),
        ("note_event", {"user_id": "2", "item_id": "1", "kind": "like"}),
    ):
        failed, words = called(bound, tool, **arguments)
        assert failed
        assert "'2' is not whom these tools serve" in words
    assert len(trained_service.store.history("2")) == before


def test_writing(trained_service: Service) -> None:
    writing = build(trained_service, writes=True)
    hidden = "Harbour\u202e\U000e0041\u200b lights " + "x" * 2 * TEXT
    _, facts = called(writing, "publish_item", new={"item_id": "mcp-1", "title": "New", "description": hidden})
    assert facts["description"].startswith("Harbour lights x")
    assert len(facts["description"]) <= TEXT
    _, noted = called(writing, "note_event", user_id="mcp-reader", item_id="mcp-1", kind="like")
    assert noted == {"added": 1}
    assert [event.item_id for event in trained_service.store.history("mcp-reader")] == ["mcp-1"]
    trained_service.recommender.deactivate("mcp-1")


def test_what_a_catalogue_says_is_cleaned(trained_service: Service, server: MCPServer) -> None:
    title = "Tag\U000e0041\u202egolf\u200b"
    trained_service.store.put_items([Item("mcp-2", title, attributes={"by": ["A\u2066b"], "year": 1999})])
    _, facts = called(server, "item", item_id="mcp-2")
    assert facts["title"] == "Taggolf"
    assert facts["attributes"] == {"by": ["Ab"], "year": 1999}
    trained_service.store.set_active("mcp-2", False)


def test_the_command_speaks_the_protocol(trained_home: Path) -> None:
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "serving.cli", "--home", str(trained_home), "mcp", "--user", "1"]
    )
    failed, found = called(command, "recommend", k=3)
    assert not failed
    assert len(found) == 3
