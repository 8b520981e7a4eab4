"""What all benchmarks share: their options, one row per contender over several seeds, the JSON object, the table."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.results import this_environment

Row = dict[str, Any]
_DIGITS = 4


def options(description: str | None, *, seeds: str = "0") -> argparse.ArgumentParser:
    """The options that every benchmark understands; a benchmark adds its own."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=_numbers, default=_numbers(seeds), metavar="0,1,2")
    parser.add_argument("--only", type=_names, default=(), metavar="ROW,ROW", help="leave the other rows out")
    parser.add_argument("--quick", action="store_true", help="about a minute: checks the path, the figures mean little")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--out", type=Path, help="also write the JSON object to this file")
    return parser


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def chosen(rows: Iterable[str], only: Sequence[str]) -> tuple[str, ...]:
    """The rows asked for, in the benchmark's order; ends the program where one is not known."""
    known = tuple(rows)
    if unknown := [name for name in only if name not in known]:
        sys.exit(f"row {unknown[0]!r} is not known; the rows are {', '.join(known)}")
    return tuple(name for name in known if not only or name in only)


@dataclass
class Cost:
    """Wall seconds, seconds of processor time, which other work on the machine hardly changes, and the process's peak
    memory in MB while it ran (None where the system cannot say)."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: float | None = None


@contextmanager
def measured() -> Iterator[Cost]:
    """Fills a `Cost` when the block ends."""
    cost = Cost()
    _forget_peak()
    started, worked = time.perf_counter(), time.process_time()
    yield cost
    cost.seconds = time.perf_counter() - started
    cost.cpu_seconds = time.process_time() - worked
    cost.peak_mb = _peak_mb()


_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def _forget_peak() -> None:
    """Begin a new peak; Linux only, elsewhere the peak is not reported."""
    if _CLEAR.exists():
        _CLEAR.write_text("5")


def _peak_mb() -> float | None:
    if not _CLEAR.exists():
        return None
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return round(int(line.split()[1]) / 1024)


def over_seeds(name: str, seeds: Sequence[int], run: Callable[[int], Mapping[str, float | None]]) -> Row:
    """One row: the mean over the seeds of all that a run reports, and with several seeds their standard deviation."""
    runs = []
    for seed in seeds:
        print(f"{name}, seed {seed} ...", file=sys.stderr, flush=True)
        runs.append(run(seed))
        print(f"{name}, seed {seed}: {_sentence(runs[-1])}", file=sys.stderr, flush=True)
    row: Row = {"name": name}
    for key in runs[0]:
        values = np.array([one[key] for one in runs if one[key] is not None], dtype=np.float64)
        row[key] = round(float(values.mean()), _DIGITS) if len(values) else None
        if len(values) > 1 and "@" in key:
            row[f"{key}_sd"] = round(float(values.std(ddof=1)), _DIGITS)
    return row


def _sentence(figures: Mapping[str, float | None]) -> str:
    return ", ".join(f"{key} {value:.4g}" for key, value in figures.items() if value is not None)


@dataclass
class Report:
    """The object that a benchmark prints."""

    benchmark: str
    rows: list[Row] = field(default_factory=list)
    environment: dict[str, Any] = field(default_factory=dict)
    # Taken when the run begins: the files may be others when it ends.
    begun: dict[str, Any] = field(default_factory=lambda: this_environment(seed=0).model_dump(mode="json"))

    def finish(self, arguments: argparse.Namespace) -> None:
        """Print it as asked, and write it where asked."""
        result = {
            "benchmark": self.benchmark,
            "rows": self.rows,
            "environment": {
                **self.begun,
                "seed": arguments.seeds[0],
                "seeds": list(arguments.seeds),
                **self.environment,
            },
        }
        if arguments.out is not None:
            arguments.out.write_text(json.dumps(result, indent=2) + "\n")
        print(json.dumps(result) if arguments.json else table(self.rows))


def table(rows: Sequence[Row]) -> str:
    """Rows as text; columns in the order in which they first appear, numbers to the right."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [columns, *([_cell(row.get(column)) for column in columns] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(columns))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
