"""Cycles of kill, restart and count over one home."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.faults.acts import beside, with_other_lists
from benchmarks.faults.clients import Ledger, requests, sending
from benchmarks.faults.counting import disagreements, keys, stored_of
from benchmarks.faults.migration import MOST_STATEMENTS, killed_migration
from benchmarks.server import started
from serving.settings import load_settings
from store.database import Store
from store.ingest import ingest
from store.snapshots import SnapshotStore

VARIABLES: Mapping[str, str] = {"TASTEMAKER_LLM__BACKEND": "none"}
PREFIX = "fault-"
WRITERS = 20
READERS = 5
SENT_SECONDS = 300
LATEST_SECONDS = {"events": 0.05, "swap": 1.0, "ingest": 1.0, "train": 10.0}
"""Latest moment of a kill after its share of events was acknowledged, in seconds."""

Lists = dict[str, list[tuple[str, float]]]


@dataclass
class Findings:
    """What the cycles found.

    Attributes:
        cycles: by kind.
        lost: acknowledged events that are not stored.
        twice: keys that are stored more than once.
        wrong: sentences about anything else that does not agree.
        restarts: seconds from start to ready, one per restart.
        compared, differing: lists of ten that were compared with those of the same snapshot, and were others.
    """

    cycles: Counter[str] = field(default_factory=Counter[str])
    lost: int = 0
    twice: int = 0
    wrong: list[str] = field(default_factory=list[str])
    restarts: list[float] = field(default_factory=list[float])
    compared: int = 0
    differing: int = 0


class Trial:
    """A home with a server that is killed again and again.

    Args:
        home: of a trained service; it is changed.
        chance: decides the moments.
    """

    def __init__(self, home: Path, chance: random.Random) -> None:
        self.findings = Findings()
        self.ledger = Ledger()
        self._home = home
        self._chance = chance
        self._settings = load_settings(home=home)
        self._snapshots = SnapshotStore(self._settings.snapshots, keep=self._settings.keep_snapshots)
        self._lists: dict[str, Lists] = {}
        self._begun = 0
        with Store.open(self.url) as store:
            self._items = [item.item_id for item in store.items(active=True)]
            self._readers = [user.user_id for user in store.users(limit=READERS)]
        self._two_snapshots()
        self._server = started(home, VARIABLES)
        self._compare_lists()

    @property
    def url(self) -> str:
        """Of the database."""
        return self._settings.database

    def close(self) -> None:
        """End the server in an orderly way."""
        self._server.stop()

    def cycle(self, kind: str, count: int) -> None:
        """Send ``count`` events, kill server and act at a random moment, start again, compare.

        Args:
            kind: "events", "ingest", "swap", "train" or "migration"; the last takes its own events.
        """
        self.findings.cycles[kind] += 1
        if kind == "migration":
            lost, wrong = killed_migration(self._home / "migration.db", self._chance.randint(1, MOST_STATEMENTS))
            self.findings.lost += lost
            self.findings.wrong += wrong
            return
        before = len(self.ledger.acknowledged)
        self.ledger.add(requests(self._begun, count, prefix=PREFIX, items=self._items, users=WRITERS))
        self._begun += count
        with beside(self._act(kind, count)), sending(self.ledger, self._server.address):
            self._sent(before + self._chance.randint(1, count))
            time.sleep(self._chance.uniform(0.0, LATEST_SECONDS[kind]))
            self._server.kill()
        self._restart()
        self.count_events(complete=False)
        with sending(self.ledger, self._server.address):
            self._sent(self._begun)
        self.count_events(complete=True)
        if kind == "ingest":
            self._finish_ingest(count)
        if kind == "train":
            self._two_snapshots()
        self._compare_lists()

    def _sent(self, count: int) -> None:
        if not self.ledger.wait_for(count, seconds=SENT_SECONDS):
            sys.exit(f"{count} events were not acknowledged within {SENT_SECONDS} s; refused: {self.ledger.refused}")

    def _restart(self) -> None:
        self._server = started(self._home, VARIABLES)
        self.findings.restarts.append(self._server.ready_after)

    def _act(self, kind: str, count: int) -> tuple[str, ...]:
        """Command of the process beside the server, none for "events"."""
        if kind == "events":
            return ()
        if kind != "ingest":
            return (kind, str(self._home))
        rows = (f"{PREFIX}file-{n % WRITERS},{self._items[n % len(self._items)]},{n}" for n in self._file(count))
        self._path.write_text("\n".join(("user_id,item_id,timestamp", *rows)) + "\n", encoding="utf-8")
        return (kind, str(self._home), str(self._path))

    @property
    def _path(self) -> Path:
        return self._home / "events.csv"

    def _file(self, count: int) -> range:
        """Seconds of the events of this cycle's file: no two cycles have the same."""
        first = 1_600_000_000 + self._begun
        return range(first, first + count)

    def _finish_ingest(self, count: int) -> None:
        """A second ingest adds exactly what the killed one had not."""
        with Store.open(self.url) as store:
            before = stored_of(self.url, f"{PREFIX}file-")
            report = ingest(store, self._path)
        after = stored_of(self.url, f"{PREFIX}file-")
        if report.events_added + report.duplicates != count or after - before != report.events_added:
            self.findings.wrong.append(f"a file of {count} events: {before} before, {after} after, {report}")

    def _two_snapshots(self) -> None:
        """Two that are kept, so that there is something to swap."""
        current = self._snapshots.current()
        if current is not None and len(self._snapshots.ids()) < 2:
            with_other_lists(self._snapshots, current)

    def count_events(self, *, complete: bool) -> None:
        """Compare the database with what was acknowledged; ``complete`` when all that was sent is acknowledged."""
        stored = keys(self.url, PREFIX)
        self.findings.lost += len(self.ledger.acknowledged - stored.keys())
        self.findings.twice += sum(count > 1 for count in stored.values())
        if complete and len(stored) != self._begun:
            self.findings.wrong.append(f"{len(stored)} events are stored, and {self._begun} were sent")
        self.findings.wrong += disagreements(self.url)

    def _compare_lists(self) -> None:
        """Compare readers' lists with those that the same snapshot gave before; of a new one, remember them."""
        snapshot_id, lists = self._recommended()
        known = self._lists.setdefault(snapshot_id, lists)
        if known is lists:
            return
        self.findings.compared += len(lists)
        self.findings.differing += sum(known[user_id] != ten for user_id, ten in lists.items())

    def _recommended(self) -> tuple[str, Lists]:
        """The tens of readers who send nothing; where a swap comes between them, all are asked again."""
        while True:
            answers = {user_id: self._ten(user_id) for user_id in self._readers}
            snapshot_ids = {answer["snapshot_id"] for answer in answers.values()}
            if len(snapshot_ids) == 1:
                lists = {
                    user_id: [(one["item"]["item_id"], one["score"]) for one in answer["items"]]
                    for user_id, answer in answers.items()
                }
                return snapshot_ids.pop(), lists

    def _ten(self, user_id: str) -> dict[str, Any]:
        answer = httpx.get(f"{self._server.address}/api/v1/recommend", params={"user_id": user_id, "k": 10}, timeout=60)
        return answer.raise_for_status().json()
