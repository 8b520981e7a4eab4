"""`python -m benchmarks.faults`."""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks import faults
from benchmarks.faults.trial import Findings, Trial
from benchmarks.harness import Report, Row, options

SHARES = {"events": 0.5, "swap": 0.2, "ingest": 0.15, "migration": 0.1, "train": 0.05}
"""Of the cycles, by kind."""

SLOWEST_RESTART = 10.0
"""Seconds; slower ones are counted."""


def kinds(count: int, chance: random.Random) -> list[str]:
    """Kinds of so many cycles in random order."""
    return chance.choices(list(SHARES), weights=list(SHARES.values()), k=count)


def run(home: Path, plan: Sequence[str], events: int, *, chance: random.Random, minutes: float) -> Trial:
    """Cycles of these kinds with so many events each, on a home that is changed."""
    ends = time.monotonic() + 60 * minutes
    trial = Trial(home, chance)
    try:
        for number, kind in enumerate(plan, 1):
            if time.monotonic() > ends:
                break
            print(f"cycle {number} of {len(plan)}: {kind} ...", file=sys.stderr, flush=True)
            trial.cycle(kind, events)
    finally:
        trial.close()
    return trial


def row(findings: Findings, acknowledged: int) -> Row:
    """What the report says."""
    restarts = np.array(findings.restarts or [np.nan])
    return {
        "name": "kill -9",
        "cycles": findings.cycles.total(),
        **{f"of_{kind}": count for kind, count in sorted(findings.cycles.items())},
        "acknowledged": acknowledged,
        "lost": findings.lost,
        "twice": findings.twice,
        "wrong": len(findings.wrong),
        "compared": findings.compared,
        "differing": findings.differing,
        "ready_p50_s": round(float(np.median(restarts)), 1),
        "ready_max_s": round(float(restarts.max()), 1),
        "slow_restarts": int((restarts > SLOWEST_RESTART).sum()),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, run, print; ends with code 1 where something was found."""
    parser = options(faults.__doc__)
    parser.add_argument("--home", type=Path, required=True, help="home of a trained service")
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--events", type=int, default=100_000, help="of all cycles together")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no cycle after so many")
    given = parser.parse_args(arguments)
    report = Report("faults", environment={"home": given.home.name})
    chance = random.Random(given.seeds[0])
    each = max(given.events // given.cycles, 1)
    with tempfile.TemporaryDirectory() as folder:
        home = shutil.copytree(given.home, Path(folder) / "home")
        plan = ("events", "swap", "ingest", "migration", "train") if given.quick else kinds(given.cycles, chance)
        trial = run(Path(home), plan, each, chance=chance, minutes=given.minutes)
    findings = trial.findings
    report.rows.append(row(findings, len(trial.ledger.acknowledged)))
    report.finish(given)
    for sentence in findings.wrong:
        print(sentence, file=sys.stderr)
    if findings.lost or findings.twice or findings.wrong or findings.differing:
        sys.exit(1)


if __name__ == "__main__":
    main()
