"""What another process does to a home while the server is killed: a program of its own, to be killed likewise.

    python -m benchmarks.faults.acts ingest HOME FILE
    python -m benchmarks.faults.acts swap HOME
    python -m benchmarks.faults.acts train HOME
    python -m benchmarks.faults.acts migrate URL STATEMENT      kills itself before this statement, counted from 1

It prints a line once the work has begun.
"""

from __future__ import annotations

import functools
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Engine, event

from serving.settings import load_settings
from store.database import Store
from store.ingest import ingest
from store.snapshots import Snapshot, SnapshotStore

SMALL_BATCH = 50
"""Rows that an ingest commits at a time: small, so that a kill falls between and into commits."""


class Act:
    """A process that has begun its work."""

    def __init__(self, name: str, *arguments: str) -> None:
        command = [sys.executable, "-m", "benchmarks.faults.acts", name, *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        if not self.process.stdout.readline():
            sys.exit(f"{name} ended with code {self.process.wait()} before it began")

    def kill(self) -> None:
        """End it by SIGKILL. What had ended by itself is an error, unless it ended well."""
        self.process.kill()
        if self.process.wait() not in (0, -signal.SIGKILL):
            sys.exit(f"{self.process.args} ended by itself with code {self.process.returncode}")
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def beside(command: Sequence[str]) -> Iterator[None]:
    """An act, by name and arguments, that runs beside the block and is killed at its end; nothing where empty."""
    if not command:
        yield
        return
    act = Act(*command)
    try:
        yield
    finally:
        act.kill()


def with_other_lists(snapshots: SnapshotStore, known: Snapshot) -> Snapshot:
    """A second snapshot, in service: the same models, but lists far more diverse."""
    parts = [name.rpartition(".") for name in known.manifest.files]
    arrays = {name: known.arrays(name) for name, _, kind in parts if kind == "safetensors"}
    return snapshots.write(
        arrays=arrays | {"rerank": {"diversity": np.array([0.9])}},
        documents={name: known.document(name) for name, _, kind in parts if kind == "json"},
        config=known.manifest.config,
        data_hash=known.manifest.data_hash,
        metrics=known.manifest.metrics,
    )


@functools.cache
def _begun() -> None:
    """Say so once; nobody reads what comes later, and a full pipe would hold up the work."""
    print("begun", flush=True)


def _ingest(home: str, file: str) -> None:
    with Store.open(load_settings(home=Path(home)).database) as store:
        ingest(store, file, batch_size=SMALL_BATCH, on_progress=lambda _: _begun())


def _swap(home: str) -> None:
    snapshots = SnapshotStore(load_settings(home=Path(home)).snapshots)
    _begun()
    for snapshot_id in itertools.cycle(snapshots.ids()):
        snapshots.promote(snapshot_id)


def _train(home: str) -> None:
    from pipeline.training_settings import TrainingSettings
    from serving.service import Service

    with Service.open(load_settings(home=Path(home))) as service:
        service.train(TrainingSettings(epochs=2), on_progress=lambda *_: _begun())


def _migrate(url: str, statement: str) -> None:
    counted = itertools.count(1)

    def die(*_: Any) -> None:
        if next(counted) == int(statement):
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", die)
    _begun()
    Store.open(url).close()


ACTS = {"ingest": _ingest, "swap": _swap, "train": _train, "migrate": _migrate}

if __name__ == "__main__":
    ACTS[sys.argv[1]](*sys.argv[2:])
