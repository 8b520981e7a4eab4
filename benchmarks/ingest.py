"""Time and memory of an ingest: a generated catalogue and a million ratings as gzipped CSV.

    python -m benchmarks.ingest            a table
    python -m benchmarks.ingest --json     one JSON object
    python -m benchmarks.ingest --quick    a tenth of the events

Rows: ``ingest`` into an empty database, ``again`` the same files a second time, ``interactions`` the arrays for
training, ``history`` one user's history. PostgreSQL with ``--url postgresql://...``, an empty database.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import resource
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from store.database import Store
from store.ingest import ingest

USERS, ITEMS = 10_000, 20_000


def generate(folder: Path, *, events: int, seed: int) -> None:
    """Write items.jsonl.gz and ratings.csv.gz: popularity falls off as in real catalogues, rows are in time order."""
    rng = np.random.default_rng(seed)
    with gzip.open(folder / "items.jsonl.gz", "wt", compresslevel=1) as file:
        for number in range(ITEMS):
            item = {
                "item_id": f"i{number}",
                "title": f"Item {number}",
                "year": 1950 + number % 70,
                "genres": ["A", "B"],
            }
            file.write(json.dumps(item | {"description": "A sentence about the item. " * 10}) + "\n")
    users = rng.integers(USERS, size=events)
    items = np.minimum(rng.zipf(1.2, size=events) - 1, rng.integers(ITEMS, size=events))
    ratings = rng.integers(1, 11, size=events) / 2
    seconds = 1_500_000_000 + np.arange(events)
    with gzip.open(folder / "ratings.csv.gz", "wt", compresslevel=1) as file:
        file.write("userId,movieId,rating,timestamp\n")
        rows = zip(users.tolist(), items.tolist(), ratings.tolist(), seconds.tolist(), strict=True)
        file.writelines(f"{user},i{item},{rating},{second}\n" for user, item, rating, second in rows)


def measure(name: str, work: Callable[[], Any], *, events: int) -> dict[str, Any]:
    """Wall and processor seconds of a piece of work, and the process's peak memory after it."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    seconds = time.perf_counter() - wall
    return {
        "name": name,
        "seconds": round(seconds, 3),
        "cpu_seconds": round(time.process_time() - processor, 3),
        "rows_per_second": round(events / seconds),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def run(url: str, folder: Path, *, events: int, seed: int) -> dict[str, Any]:
    """All rows of the benchmark on one database."""
    generate(folder, events=events, seed=seed)
    with Store.open(url) as store:
        rows = [
            measure("ingest", lambda: ingest(store, folder), events=events),
            measure("again", lambda: ingest(store, folder), events=events),
            measure("interactions", store.interactions, events=events),
        ]
        busiest = store.users(limit=1)[0].user_id
        rows.append(measure("history", lambda: store.history(busiest), events=1))
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "benchmark": "ingest",
        "rows": rows,
        "environment": {
            "python": platform.python_version(),
            "sqlalchemy": version("sqlalchemy"),
            "sqlite": sqlite3.sqlite_version,
            "database": url.partition(":")[0],
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
            "commit": commit.stdout.strip(),
            "seed": seed,
            "events": events,
        },
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="database; an SQLite file that is removed afterwards by default")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path, help="also write the JSON object to this file")
    options = parser.parse_args(arguments)
    events = options.events // 10 if options.quick else options.events
    with tempfile.TemporaryDirectory() as folder:
        url = options.url or f"sqlite:///{folder}/store.db"
        result = run(url, Path(folder), events=events, seed=options.seed)
    if options.out is not None:
        options.out.write_text(json.dumps(result, indent=2) + "\n")
    if options.json:
        print(json.dumps(result))
        return
    names = list(result["rows"][0])
    for row in [dict(zip(names, names, strict=True)), *result["rows"]]:
        print("".join(f"{row[name]!s:>16}" for name in names))


if __name__ == "__main__":
    main()
