"""Contenders that take turns, and the rows that come of it."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from benchmarks.harness import Row
from benchmarks.speed.environments import PeerEnvironment

PEERS = Path(__file__).resolve().parent.parent / "peers"
THREADS = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1))
"""Of both sides; our own libraries read the same variable."""

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
_CHECK_TOLERANCE = 1e-4


class PeerError(RuntimeError):
    """A peer's process said that it failed, or ended."""


@dataclass(frozen=True)
class Taken:
    """One run: its seconds, and figures of what it computed, where contenders must agree in them."""

    seconds: float
    check: tuple[float, ...] = ()


class Contender(Protocol):
    """Someone who does one piece of work as often as asked."""

    @property
    def name(self) -> str: ...

    @property
    def facts(self) -> Mapping[str, Any]:
        """What else its row says."""
        ...

    def run(self) -> Taken: ...


@dataclass
class Own:
    """Work of this process.

    Attributes:
        name: of the row.
        work: does it once; returns figures to be compared with the others', or None.
        facts: for the row.
    """

    name: str
    work: Callable[[], Sequence[float] | None]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def run(self) -> Taken:
        started = time.perf_counter()
        check = self.work()
        return Taken(time.perf_counter() - started, tuple(check or ()))


class Peer:
    """A script of ``benchmarks/peers`` in a process that lives until `close`.

    Args:
        name: of the row.
        command: program and script.
        settings: what the script is prepared with.
        facts: for the row; the script adds its own.

    Raises:
        PeerError: the script cannot be prepared.
    """

    def __init__(
        self, name: str, command: Sequence[str | Path], settings: Mapping[str, Any], facts: Mapping[str, Any] = {}
    ) -> None:
        self.name = name
        environment = {**os.environ, **dict.fromkeys(_THREAD_VARIABLES, str(THREADS))}
        # Its folder is the only one of ours that the peer can import from.
        environment.pop("PYTHONPATH", None)
        # Libraries leave logs where they run.
        self._folder = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [*map(str, command)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=self._folder.name,
        )
        try:
            answer = self._ask({"do": "prepare", "settings": {**settings, "threads": THREADS}})
        except PeerError:
            self.close()
            raise
        self.facts = {**facts, **answer["ready"]}

    def run(self) -> Taken:
        answer = self._ask({"do": "run"})
        return Taken(answer["seconds"], tuple(answer.get("check", ())))

    def close(self) -> None:
        """End the process: it ends by itself when its input does."""
        if self._process.stdin and self._process.stdout:
            self._process.stdin.close()
            self._process.stdout.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    def _ask(self, command: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # the empty answer says so, too
            print(json.dumps(command), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise PeerError(f"{self.name} ended without an answer to {command['do']!r}; its standard error says why.")
        answer = json.loads(line)
        if "error" in answer:
            raise PeerError(f"{self.name} failed:\n{answer['error']}")
        return answer


@dataclass(frozen=True)
class PeerPlan:
    """A peer before its process runs."""

    name: str
    environment: PeerEnvironment
    script: str
    settings: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)


def contest(
    ours: Own,
    others: Sequence[Own | PeerPlan],
    *,
    rounds: int,
    only_built: bool,
    work: Callable[[float], Mapping[str, Any]] | None = None,
) -> list[Row]:
    """Rows of all: ours first, then the others with the ratio of their median to ours.

    Args:
        ours: what is compared.
        others: with whom.
        rounds: in each, everyone runs once, in this order.
        only_built: leave out peers whose environment would have to be made.
        work: our median seconds -> what bounds it, for our row.
    """
    with ExitStack() as stack:
        contenders: list[Contender] = [ours]
        absent: list[Row] = []
        for other in others:
            if isinstance(other, Own):
                contenders.append(other)
            elif only_built and not other.environment.is_built:
                absent.append({"name": other.name, "missing": "not installed"})
            else:
                try:
                    other.environment.build()
                    command = (other.environment.python, PEERS / other.script)
                    peer = Peer(other.name, command, other.settings, other.facts)
                except (PeerError, subprocess.CalledProcessError) as error:
                    print(error, file=sys.stderr, flush=True)
                    absent.append({"name": other.name, "missing": "failed"})
                else:
                    stack.callback(peer.close)
                    contenders.append(peer)
        taken = interleaved(contenders, rounds=rounds)
    rows = [_row(contender, taken[contender.name], taken[ours.name]) for contender in contenders]
    del rows[0]["ratio"]
    if work is not None:
        rows[0].update(work(rows[0]["seconds"]))
    return [*rows, *absent]


def interleaved(contenders: Sequence[Contender], *, rounds: int) -> dict[str, list[Taken]]:
    """Everyone once in every round, so that whatever slows the machine down slows all of them down."""
    taken: dict[str, list[Taken]] = {contender.name: [] for contender in contenders}
    for contender in contenders:
        contender.run()  # the first run also pays for what is loaded late
    for number in range(rounds):
        for contender in contenders:
            taken[contender.name].append(contender.run())
        told = ", ".join(f"{name} {runs[-1].seconds:.3f} s" for name, runs in taken.items())
        print(f"round {number + 1} of {rounds}: {told}", file=sys.stderr, flush=True)
    return taken


def _row(contender: Contender, taken: Sequence[Taken], ours: Sequence[Taken]) -> Row:
    """Median and spread (slowest less fastest, by the median) of one contender."""
    seconds = [run.seconds for run in taken]
    median = statistics.median(seconds)
    row: Row = {
        "name": contender.name,
        "seconds": median,
        "spread": (max(seconds) - min(seconds)) / median,
        "ratio": median / statistics.median(run.seconds for run in ours),
        "runs": len(seconds),
        **{name: value for name, value in contender.facts.items() if name != "threads"},
    }
    if taken[0].check and ours[0].check and taken is not ours:
        row["agrees"] = bool(np.allclose(taken[0].check, ours[0].check, rtol=_CHECK_TOLERANCE))
    return row
