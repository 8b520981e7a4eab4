"""SIGKILL while events arrive, a file is ingested, snapshots are swapped, a training or a migration runs."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from benchmarks.faults.migration import FIRST_REVISION, killed_migration
from benchmarks.faults.trial import Trial
from store.engine import Engine
from store.schema import users

EVENTS = 60


@pytest.fixture(scope="module")
def trial(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    home = Path(shutil.copytree(trained_home, tmp_path_factory.mktemp("faults") / "home"))
    opened = Trial(home, random.Random(0))
    yield opened
    opened.close()


@pytest.mark.parametrize("kind", ["events", "swap", "ingest", "train"])
def test_what_was_acknowledged_survives_a_kill_and_lists_are_the_same(trial: Trial, kind: str) -> None:
    restarts, compared = len(trial.findings.restarts), trial.findings.compared
    trial.cycle(kind, EVENTS)
    found = trial.findings
    assert (found.lost, found.twice, found.wrong, found.differing) == (0, 0, [], 0)
    assert len(found.restarts) == restarts + 1
    assert kind != "events" or found.compared > compared
    assert trial.ledger.refused == []


def test_the_count_would_see_what_is_lost_or_wrong(trial: Trial) -> None:
    found = trial.findings
    trial.ledger.acknowledged.add("fault-never-stored")
    trial.count_events(complete=False)
    assert (found.lost, found.wrong) == (1, [])
    trial.ledger.acknowledged.remove("fault-never-stored")
    opened = Engine(trial.url)
    with opened.write() as connection:
        connection.execute(sa.update(users).where(users.c.user_id == "fault-user-1").values(event_count=0))
    opened.close()
    trial.count_events(complete=False)
    assert found.lost == 1
    assert found.wrong == ["the count of events of user 'fault-user-1' is not that of the rows"]


@pytest.mark.parametrize("statement", [4, 9, 19, 29])
def test_a_killed_migration_leaves_the_old_schema_and_is_finished_later(tmp_path: Path, statement: int) -> None:
    seen: list[str | None] = []
    assert killed_migration(tmp_path / "store.db", statement, on_killed=seen.append) == (0, [])
    assert seen == [FIRST_REVISION]
