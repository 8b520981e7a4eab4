"""`python -m benchmarks.load`."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

import numpy as np
import psutil

from benchmarks import load
from benchmarks.harness import Report, Row, chosen, options
from benchmarks.load.client import Answer, Connection
from benchmarks.server import Server, served
from serving.settings import load_settings
from store.database import Store

API = "/api/v1"
CLIENTS = (1, 16, 64)
OVERLOAD = 160
KINDS = ("new", "recommend", "similar", "search", "events", "batches", "chat")
BATCH = 100
"""Events of one request of ``batches``."""
SAID = (
    "a comedy please",
    "something like {title}",
    "no, darker",
    "from the nineties",
    "why the first one?",
    "surprise me",
)
_MOST_WORDS = 3
_KNOWN = 1_000

Work = AsyncIterator[Answer]


@dataclass
class World:
    """What requests are made of."""

    users: list[str]
    items: list[str]
    titles: list[str]
    run: str

    @classmethod
    def of(cls, home: Path) -> World:
        with Store.open(load_settings(home=home).database) as store:
            items = store.items(active=True)[:_KNOWN]
            users = [user.user_id for user in store.users(limit=_KNOWN)]
        return cls(users, [item.item_id for item in items], [item.title for item in items], f"{time.time_ns():x}")


@dataclass
class Tally:
    """What the clients of one row met."""

    statuses: Counter[int] = field(default_factory=Counter[int])
    broken: int = 0
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    cards: list[float] = field(default_factory=list)

    def note(self, answer: Answer) -> None:
        self.statuses[answer.status] += 1
        (self.accepted if answer.status < 400 else self.refused).append(1e3 * answer.seconds)
        if answer.marked is not None:
            self.cards.append(1e3 * answer.marked)

    def row(self, name: str, seconds: float, units: int) -> Row:
        """One line of the table."""
        total = self.statuses.total()
        result: Row = {"name": name, "requests_s": round(len(self.accepted) / seconds, 1)}
        if units > 1:
            result["events_s"] = round(units * len(self.accepted) / seconds, 1)
        result |= _percentiles("", self.accepted)
        if self.cards:
            result |= _percentiles("cards_", self.cards)
        result |= {"refused": round(1 - len(self.accepted) / total, 4) if total else None, "broken": self.broken}
        failed = sum(count for status, count in self.statuses.items() if status >= 500 and status != 503)
        return result | {"failed": failed}


def _percentiles(prefix: str, times: list[float]) -> Row:
    shares = (50, 99)
    return {f"{prefix}p{share}_ms": round(float(np.percentile(times, share)), 1) if times else None for share in shares}


def main() -> None:
    """Parse the command line, run, print."""
    parser = options(load.__doc__)
    parser.add_argument("--home", type=Path, required=True, help="a trained home; it is copied")
    parser.add_argument("--seconds", type=float, default=60, help="of each row")
    parser.add_argument("--clients", type=lambda text: tuple(map(int, text.split(","))), default=CLIENTS)
    parser.add_argument("--backend", default="embedded", help="who words the chat's answers")
    parser.add_argument("--soak", type=float, default=0, metavar="MINUTES", help="instead of the rows")
    arguments = parser.parse_args()
    seconds = 3.0 if arguments.quick else arguments.seconds
    report = Report("load")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        shutil.copytree(arguments.home, home)
        with served(home, {"TASTEMAKER_LLM__BACKEND": arguments.backend}) as server:
            contest = Contest(World.of(home), server, random.Random(arguments.seeds[0]))
            if arguments.soak:
                report.rows = list(contest.soak(60 * arguments.soak))
            else:
                for kind in (*chosen((*KINDS, "overload"), arguments.only),):
                    for clients in (OVERLOAD,) if kind == "overload" else arguments.clients:
                        report.rows.append(contest.row(kind, clients, seconds))
                        print(json.dumps(report.rows[-1]), file=sys.stderr, flush=True)
    report.environment = {"seconds": seconds, "backend": arguments.backend, "load": os.getloadavg()[0]}
    report.finish(arguments)


class Contest:
    """Clients against one server."""

    def __init__(self, world: World, server: Server, chance: random.Random) -> None:
        self._world = world
        self._chance = chance
        address = urlsplit(server.address)
        self._host, self._port = str(address.hostname), int(address.port or 0)
        self._process = psutil.Process(server.process.pid)
        self._number = 0
        self._unasked: list[str] = []

    def row(self, kind: str, clients: int, seconds: float) -> Row:
        """One kind of request by so many clients for so long."""
        work = self._works()["search" if kind == "overload" else kind]
        if kind == "new":
            asyncio.run(self._renew())
        elif kind == "recommend":
            self._unasked = list(self._world.users)
            asyncio.run(self._together([self._new] * 4, Tally(), ends=float("inf")))
        tally, used = Tally(), self._process.cpu_times()
        began = time.perf_counter()
        asyncio.run(self._together([work] * clients, tally, ends=began + seconds))
        taken = time.perf_counter() - began
        result = tally.row(f"{kind}/{clients}", taken, BATCH if kind == "batches" else 1)
        now = self._process.cpu_times()
        cpu = now.user + now.system - used.user - used.system
        return result | {"server_cores": round(cpu / taken, 2), "rss_mb": self._rss()}

    def soak(self, seconds: float) -> Iterator[Row]:
        """All kinds by 16 clients, one row a minute."""
        works = [work for kind, work in self._works().items() if kind not in ("new", "chat")]
        ends, minute = time.perf_counter() + seconds, 0
        while time.perf_counter() < ends:
            minute += 1
            tally, began = Tally(), time.perf_counter()
            crowd = [works[place % len(works)] for place in range(15)] + [self._chat]
            asyncio.run(self._together(crowd, tally, ends=min(began + 60, ends)))
            row = tally.row(f"minute {minute}", time.perf_counter() - began, 1) | {"rss_mb": self._rss()}
            print(json.dumps(row), file=sys.stderr, flush=True)
            yield row

    def _works(self) -> dict[str, Callable[[Connection], Work]]:
        return {
            "new": self._new,
            "recommend": self._recommend,
            "similar": self._similar,
            "search": self._search,
            "events": self._events,
            "batches": self._batches,
            "chat": self._chat,
        }

    def _rss(self) -> int:
        return round(self._process.memory_info().rss / 2**20)

    async def _together(self, works: list[Callable[[Connection], Work]], tally: Tally, *, ends: float) -> None:
        async def client(work: Callable[[Connection], Work]) -> None:
            while time.perf_counter() < ends:
                try:
                    async with Connection(self._host, self._port) as connection:
                        async for answer in work(connection):
                            tally.note(answer)
                            if time.perf_counter() >= ends:
                                return
                    return  # there is nothing left to ask
                except (OSError, asyncio.IncompleteReadError):
                    tally.broken += 1

        await asyncio.gather(*(client(work) for work in works))

    async def _renew(self) -> None:
        """Something happens to every user, so that no answer of before holds."""
        self._unasked = list(self._world.users)
        async with Connection(self._host, self._port) as connection:
            for user in self._world.users:
                await connection.ask("POST", f"{API}/events", json.dumps(self._event(user)).encode())

    async def _recommend(self, connection: Connection) -> Work:
        while True:
            user = quote(self._chance.choice(self._world.users), safe="")
            yield await connection.ask("GET", f"{API}/recommend?user_id={user}")

    async def _new(self, connection: Connection) -> Work:
        while self._unasked:
            user = quote(self._unasked.pop(), safe="")
            yield await connection.ask("GET", f"{API}/recommend?user_id={user}")

    async def _similar(self, connection: Connection) -> Work:
        while True:
            item = quote(self._chance.choice(self._world.items), safe="")
            yield await connection.ask("GET", f"{API}/similar?item_id={item}")

    async def _search(self, connection: Connection) -> Work:
        while True:
            words = self._chance.choice(self._world.titles).split()[:_MOST_WORDS]
            yield await connection.ask("GET", f"{API}/search?text={quote(' '.join(words))}")

    async def _events(self, connection: Connection) -> Work:
        while True:
            event = self._event(self._chance.choice(self._world.users))
            yield await connection.ask("POST", f"{API}/events", json.dumps(event).encode())

    async def _batches(self, connection: Connection) -> Work:
        while True:
            events = [self._event(self._chance.choice(self._world.users)) for _ in range(BATCH)]
            yield await connection.ask("POST", f"{API}/events", json.dumps({"events": events}).encode())

    async def _chat(self, connection: Connection) -> Work:
        while True:
            user = {"user_id": self._chance.choice(self._world.users)}
            opened = await connection.ask("POST", f"{API}/chats", json.dumps(user).encode())
            if opened.status >= 400:
                yield opened
                continue
            chat = quote(json.loads(opened.body)["chat_id"], safe="")
            for said in SAID:
                text = said.format(title=self._chance.choice(self._world.titles))
                body = json.dumps({"text": text}).encode()
                yield await connection.ask("POST", f"{API}/chats/{chat}/messages", body, mark=b"event: cards")

    def _event(self, user: str) -> dict[str, str]:
        self._number += 1
        item = self._chance.choice(self._world.items)
        return {"user_id": user, "item_id": item, "kind": "view", "key": f"load-{self._world.run}-{self._number}"}


if __name__ == "__main__":
    main()
