"""`python -m benchmarks.chats`."""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks import chats, server
from benchmarks.chats.judge import Judge
from benchmarks.chats.liar import start
from benchmarks.chats.people import World, conversation, round_of
from benchmarks.harness import Report, Row, chosen, options
from serving.settings import load_settings
from store.database import Store

BACKENDS = ("none", "fake", "adversarial", "embedded")
COUNTS = ("outside", "violations", "unsupported", "errors")
_TURNS = 8
_ROUNDS = 10
"""Of the same messages, in the long chat."""
_TURN_SECONDS = 60
_KNOWN = 300
_VALUES = 12


@dataclass
class Tally:
    """What the chats of one row came to."""

    turns: int = 0
    questions: int = 0
    wrong: Counter[str] = field(default_factory=Counter[str])
    found: list[str] = field(default_factory=list)
    cards: list[float] = field(default_factory=list)
    words: list[float] = field(default_factory=list)


def main() -> None:
    """Parse the command line, run, print."""
    parser = options(chats.__doc__)
    parser.add_argument("--home", type=Path, required=True, help="copy of a trained home")
    parser.add_argument("--chats", type=int, default=1_000, help="chats of each row, a quarter of them four at once")
    parser.add_argument("--minutes", type=float, default=15, help="longest time of a row; what it leaves out is said")
    arguments = parser.parse_args()
    report = Report("chats")
    for name in chosen(BACKENDS, arguments.only):
        report.rows.append(row(name, arguments.home, 20 if arguments.quick else arguments.chats, arguments))
        print(json.dumps(report.rows[-1]), file=sys.stderr, flush=True)
    report.finish(arguments)


def row(name: str, home: Path, count: int, arguments: Any) -> Row:
    """All chats with one backend."""
    with Store.open(load_settings(home=home).database) as store:
        items = [item for item in store.items() if item.active]
        users = [user.user_id for user in store.users(limit=500)]
    named = items[:_KNOWN]
    values = [value for value, _ in Counter(value for item in items for value in item.categories).most_common(_VALUES)]
    world = World(values, [item.title for item in named], any("year" in item.attributes for item in items))
    judge = Judge((item.item_id, item.title, item.description, item.categories, item.attributes) for item in items)
    alone, together = Tally(), Tally()
    with served(name, home, [item.title for item in named[:10]]) as address, httpx.Client(base_url=address) as client:

        def chat(number: int, tally: Tally) -> bool:
            if time.monotonic() > ends:
                return False  # stated by the number of chats of the row
            chance = random.Random(f"{arguments.seeds[0]}-{number}")
            user = chance.choice(users)
            run_chat(client, judge, conversation(world, chance, _TURNS), user, tally, f"chat {number} of {user}")
            return True

        ends = time.monotonic() + 60 * arguments.minutes
        chat(-1, Tally())  # what is loaded late is loaded now
        few = count // 4
        done = sum(chat(number, alone) for number in range(count - few))
        with ThreadPoolExecutor(4) as pool:
            done += sum(pool.map(lambda number: chat(number, together), range(count - few, count)))
        rounds = [Tally() for _ in range(_ROUNDS)]
        if time.monotonic() < ends:
            long_chat(client, judge, round_of(world), users[0], rounds)
    wrong = sum((tally.wrong for tally in rounds), alone.wrong + together.wrong)
    result: Row = {"name": name, "chats": done, "turns": alone.turns + together.turns}
    result |= {kind: wrong[kind] for kind in COUNTS}
    result |= {"questions": alone.questions + together.questions}
    result |= _times("", alone) | _times("4_", together) | _times("first_", rounds[0]) | _times("last_", rounds[-1])
    return result | {"found": [found for tally in (alone, together, *rounds) for found in tally.found][:10]}


def _times(prefix: str, tally: Tally) -> Row:
    found: Row = {}
    for name, times in (("cards", tally.cards), ("words", tally.words)):
        for share in (50, 99):
            found[f"{prefix}{name}_p{share}"] = round(float(np.percentile(times, share)), 1) if times else None
    return found


@contextmanager
def served(name: str, home: Path, titles: list[str]) -> Iterator[str]:
    """The service with a backend, in a process of its own."""
    variables = {"TASTEMAKER_LLM__BACKEND": name}
    liar = start(titles) if name == "adversarial" else None
    if liar is not None:
        base = f"http://127.0.0.1:{liar.server_address[1]}/v1"
        variables = {"TASTEMAKER_LLM__BACKEND": "openai", "TASTEMAKER_LLM__BASE_URL": base}
        variables |= {"TASTEMAKER_LLM__MODEL": "liar"}
    try:
        with server.served(home, variables) as serving:
            yield serving.address
    finally:
        if liar is not None:
            liar.shutdown()


def run_chat(client: httpx.Client, judge: Judge, says: Iterator[str], user_id: str, tally: Tally, name: str) -> None:
    """One chat, judged turn by turn; ``name`` says which one where something is wrong."""
    continue_chat(client, judge, _opened(client, judge, user_id), says, tally, name)


def long_chat(client: httpx.Client, judge: Judge, says: Sequence[str], user_id: str, tallies: Sequence[Tally]) -> None:
    """The same messages over and over in one chat: does the last round take what the first one took?"""
    talk = _opened(client, judge, user_id)
    for number, tally in enumerate(tallies, start=1):
        continue_chat(client, judge, talk, iter(says), tally, f"round {number} of the long chat of {user_id}")


@dataclass
class Talk:
    """An open chat, the titles that may be named in it, and what was said."""

    chat_id: str
    named: set[str]
    said: str = ""


def _opened(client: httpx.Client, judge: Judge, user_id: str) -> Talk:
    chat = client.post("/api/v1/chats", json={"user_id": user_id}, timeout=_TURN_SECONDS).json()
    history = client.get(f"/api/v1/users/{user_id}/events", params={"limit": 10_000}, timeout=_TURN_SECONDS)
    return Talk(chat["chat_id"], judge.titles(event["item_id"] for event in history.raise_for_status().json()))


def continue_chat(client: httpx.Client, judge: Judge, talk: Talk, says: Iterator[str], tally: Tally, name: str) -> None:
    """Say some more."""
    for text in says:
        tally.turns += 1
        talk.said += f"{text}\n"  # what was loved three turns ago may be named still
        try:
            turn = _turn(client, talk.chat_id, text, tally)
        except (httpx.HTTPError, KeyError, json.JSONDecodeError) as error:
            tally.wrong["errors"] += 1
            tally.found.append(f"{name}, {text!r}: {type(error).__name__} {error}"[:200])
            continue
        wrong = judge.faults(turn, talk.named, talk.said)
        tally.wrong.update(fault.kind for fault in wrong)
        tally.questions += turn["question"] is not None
        if wrong:
            what = ", ".join(f"{fault.kind} {fault.what}" for fault in wrong)
            tally.found.append(f"{name}, {text!r}: {what}: {turn['text'][:200]}")
        talk.named |= {card["item"]["title"] for card in turn["cards"]}


def _turn(client: httpx.Client, chat_id: str, text: str, tally: Tally) -> dict[str, Any]:
    turn: dict[str, Any] = {"chips": [], "cards": [], "text": "", "question": None, "recommended": False}
    started, name, ended, first = time.perf_counter(), "", False, True
    with client.stream(
        "POST", f"/api/v1/chats/{chat_id}/messages", json={"text": text}, timeout=_TURN_SECONDS
    ) as response:
        response.raise_for_status()
        for line in response.iter_lines():
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data = json.loads(line[6:])
                after = 1e3 * (time.perf_counter() - started)
                if name == "error":
                    raise httpx.HTTPError(str(data))
                if name == "understood":
                    turn["chips"] = data["chips"]
                elif name == "cards":
                    tally.cards.append(after)
                    turn["cards"] = data["cards"]
                    turn["recommended"] = all(card["recommendation"] for card in data["cards"])
                elif name == "words":
                    if first:
                        tally.words.append(after)
                    first = False
                    turn["text"] += data["text"]
                elif name == "finished":
                    ended = True
                    turn["question"] = data["question"]
    if not ended:
        raise httpx.HTTPError("the stream broke off")
    return turn


if __name__ == "__main__":
    main()
