"""Overload: what cannot be begun is refused with a time to come again, and nothing that was begun suffers."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from serving.http.admission import Admission


class Slow:
    """Answers once it is let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.begun = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.begun += 1
        if "/health/" not in scope["path"]:
            await self.go.wait()
        if scope["path"].endswith("/breaks"):
            raise RuntimeError("broken")
        await PlainTextResponse("done")(scope, receive, send)


async def begun(slow: Slow, count: int) -> None:
    while slow.begun < count:
        await asyncio.sleep(0.001)


def client(slow: Slow) -> httpx.AsyncClient:
    app = Admission(slow, requests=3, turns=4)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test/api/v1")


def test_the_next_request_is_refused_and_those_under_way_are_answered() -> None:
    async def run() -> None:
        slow = Slow()
        async with client(slow) as http, asyncio.TaskGroup() as group:
            three = [group.create_task(http.get("/recommend")) for _ in range(3)]
            await begun(slow, 3)
            refused = await http.get("/recommend")
            assert refused.status_code == 503
            assert int(refused.headers["Retry-After"]) >= 1
            assert refused.headers["Content-Type"] == "application/problem+json"
            assert "3 requests are under way" in refused.json()["detail"]
            assert (await http.get("/health/live")).status_code == 200
            turn = group.create_task(http.post("/chats/a/messages"))
            await begun(slow, 5)
            slow.go.set()
            assert [(await one).status_code for one in (*three, turn)] == [200] * 4
            assert (await http.get("/recommend")).status_code == 200

    asyncio.run(run())


def test_one_chat_cannot_take_the_turns_of_all() -> None:
    async def run() -> None:
        slow = Slow()
        async with client(slow) as http, asyncio.TaskGroup() as group:
            turns = [group.create_task(http.post("/chats/a/messages")) for _ in range(2)]
            await begun(slow, 2)
            refused = await http.post("/chats/a/retry")
            assert refused.status_code == 429
            assert "Retry-After" in refused.headers
            turns += [group.create_task(http.delete(f"/chats/{chat}/chips/x")) for chat in "bc"]
            await begun(slow, 4)
            assert (await http.post("/chats/d/messages")).status_code == 503
            slow.go.set()
            assert [(await one).status_code for one in turns] == [200] * 4
            assert (await http.post("/chats/a/undo")).status_code == 200

    asyncio.run(run())


@pytest.mark.parametrize("path", ["/breaks", "/chats/a/messages/breaks"])
def test_what_breaks_does_not_count_for_ever(path: str) -> None:
    async def run() -> None:
        slow = Slow()
        slow.go.set()
        async with client(slow) as http:
            for _ in range(10):
                with pytest.raises(RuntimeError, match="broken"):
                    await http.post(path)
            assert (await http.get("/recommend")).status_code == 200

    asyncio.run(run())


def test_a_page_and_its_files_are_no_requests_of_the_api() -> None:
    async def run() -> None:
        slow = Slow()
        slow.go.set()
        async with client(slow) as http, asyncio.TaskGroup() as group:
            pages = [group.create_task(http.get("http://test/")) for _ in range(10)]
            assert [(await one).status_code for one in pages] == [200] * 10

    asyncio.run(run())
