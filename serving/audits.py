"""Audits of what is recommended: made one after the other in the background, kept by snapshot and group."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog

from evaluation.audit import Audit, AuditSettings, Group
from serving.background import UNDER_WAY, Stage, log_failure
from store.database import Store
from store.errors import BusyError, InputError, TastemakerError

if TYPE_CHECKING:
    from pipeline.recommender import Recommender

KEPT = 16
"""Audits that are remembered; the oldest that does not run goes first."""
WAITING = 4
"""Audits that may wait for the one that runs."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class AuditRun:
    """An audit and how far it is.

    Attributes:
        id: the same for the same snapshot, group and k.
        snapshot_id: the models that are asked.
        group: whose lists, in words.
        stage: "waiting", "running", "done", "stopped" or "failed".
        started: when it was asked for, UTC.
        done, total: readers.
        problem, fix: why it failed.
        audit: what was found, once it is done.
    """

    id: str
    snapshot_id: str
    group: str
    k: int
    stage: Stage
    started: datetime
    done: int = 0
    total: int = 0
    problem: str = ""
    fix: str = ""
    audit: Audit | None = None

    @property
    def fraction(self) -> float:
        return self.done / self.total if self.total else 0.0


class UnknownAudit(InputError):
    """No audit has this id, or it was so long ago that it is forgotten."""

    status = 404

    def __init__(self, audit_id: str) -> None:
        super().__init__(f"audit {audit_id[:40]!r} is not known", fix="Start it again.")


class _Stopped(Exception):
    """Someone asked an audit to end."""


class Audits:
    """All audits of one process. Safe to call from several threads.

    Args:
        store: users and their histories.
        serving: the recommender in service.
    """

    def __init__(self, store: Store, serving: Callable[[], Recommender]) -> None:
        self._store = store
        self._serving = serving
        self._lock = threading.Lock()
        self._runs: dict[str, AuditRun] = {}
        self._stopping: dict[str, threading.Event] = {}
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="audits")

    def start(self, group: Group, *, k: int = 10, again: bool = False) -> AuditRun:
        """Begin an audit of the snapshot in service, or give the one that was made of it.

        Args:
            again: make it anew, as histories and the catalogue have changed since.

        Raises:
            NoSnapshot: nothing has been trained yet.
            InputError: k is out of range.
            BusyError: too many wait.
        """
        # These imports take seconds, and most processes make no audit.
        from evaluation.audit_readers import audit_group
        from pipeline.query import Query

        settings = AuditSettings(k=Query(k=k).k)
        recommender = self._serving()
        run_id = _id_of(recommender.snapshot_id, group, k)
        with self._lock:
            known = self._runs.get(run_id)
            if known and (known.stage in UNDER_WAY or (known.stage is Stage.DONE and not again)):
                return known
            if sum(run.stage is Stage.WAITING for run in self._runs.values()) >= WAITING:
                raise BusyError(f"{WAITING} audits wait already", fix="Try again when one of them is done.")
            self._runs.pop(run_id, None)  # so that the newest stands last
            run = AuditRun(run_id, recommender.snapshot_id, group.label, k, Stage.WAITING, datetime.now(UTC))
            self._runs[run_id] = run
            self._stopping[run_id] = threading.Event()

        def work() -> Audit:
            return audit_group(
                recommender,
                self._store,
                group,
                settings=settings,
                on_readers=lambda done, total: self._progress(run_id, done, total),
            )

        self._worker.submit(self._run, run_id, work).add_done_callback(log_failure)
        self._forget_old()
        return run

    def get(self, run_id: str) -> AuditRun:
        """Raises ``UnknownAudit``."""
        with self._lock:
            if run_id not in self._runs:
                raise UnknownAudit(run_id)
            return self._runs[run_id]

    def stop(self, run_id: str) -> None:
        """End an audit that runs or waits. Raises ``UnknownAudit``."""
        with self._lock:
            if run_id not in self._runs:
                raise UnknownAudit(run_id)
            self._stopping[run_id].set()

    def close(self) -> None:
        """Stop what runs."""
        with self._lock:
            for stopping in self._stopping.values():
                stopping.set()
        self._worker.shutdown(cancel_futures=True)

    def _run(self, run_id: str, work: Callable[[], Audit]) -> None:
        ended: dict[str, Any] = {
            "stage": Stage.FAILED, "problem": "Something unexpected happened.", "fix": "The service's log says what."
        }  # fmt: skip
        try:
            self._change(run_id, stage=Stage.RUNNING)
            ended = {"audit": work(), "stage": Stage.DONE}
        except _Stopped:
            ended = {"stage": Stage.STOPPED}
        except TastemakerError as error:
            ended |= {"problem": error.problem, "fix": error.fix}
        finally:
            self._change(run_id, **ended)

    def _progress(self, run_id: str, done: int, total: int) -> None:
        self._change(run_id, done=done, total=total)
        if self._stopping[run_id].is_set():
            raise _Stopped

    def _change(self, run_id: str, **values: Any) -> None:
        with self._lock:
            self._runs[run_id] = replace(self._runs[run_id], **values)

    def _forget_old(self) -> None:
        with self._lock:
            idle = [run.id for run in self._runs.values() if run.stage not in UNDER_WAY]
            for run_id in idle[: max(len(self._runs) - KEPT, 0)]:
                del self._runs[run_id], self._stopping[run_id]


def _id_of(snapshot_id: str, group: Group, k: int) -> str:
    what = json.dumps([snapshot_id, asdict(group), k])
    return hashlib.sha256(what.encode("utf-8", "surrogatepass")).hexdigest()[:16]
