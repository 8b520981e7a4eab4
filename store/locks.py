"""A lock that processes share through a file, and that knows who holds it."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from store.errors import BusyError

_POLL_SECONDS = 0.1
_LOCKED_BYTE = 1 << 20
"""On Windows a locked byte cannot be read by others: lock one far behind the owner's lines."""


class FileLock:
    """Exclusive among processes and among the threads of one; released by the system when its process dies.

    The file stays behind after release: removing it would let two processes hold locks on two files of one name.

    Args:
        path: the lock file; its folder is created.
        purpose: what the holder does, for the message that others get: "training".
        wait_seconds: how long to wait for the present holder; 0 gives up at once.
        on_wait: told once who holds the lock, when waiting begins.
    """

    def __init__(
        self,
        path: Path,
        *,
        purpose: str,
        wait_seconds: float = 0.0,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        self.path = path
        self.purpose = purpose
        self._wait_seconds = wait_seconds
        self._on_wait = on_wait
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            BusyError: someone else still holds it after ``wait_seconds``; the message says who, since when, for what.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        deadline = time.monotonic() + self._wait_seconds
        try:
            told = False
            while not _try_lock(descriptor):
                if time.monotonic() >= deadline:
                    raise BusyError(
                        f"{self.purpose} cannot start: {self.path} is held by {self.owner()}",
                        fix="Wait until it is done, or stop that process.",
                    )
                if self._on_wait is not None and not told:
                    self._on_wait(self.owner())
                    told = True
                time.sleep(_POLL_SECONDS)
            self._write_owner(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; nothing happens where it is not held."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def owner(self) -> str:
        """Who holds the lock, as text: "process 123 on host (training, since 2026-11-22 10:31:02 UTC)"."""
        try:
            owner = json.loads(self.path.read_text(encoding="utf-8"))
            return f"process {owner['pid']} on {owner['host']} ({owner['purpose']}, since {owner['since']})"
        except (OSError, ValueError, KeyError, TypeError):  # between its locking and its writing down who it is
            return "another process"

    def _write_owner(self, descriptor: int) -> None:
        since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        owner = {"pid": os.getpid(), "host": socket.gethostname(), "purpose": self.purpose, "since": since}
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, json.dumps(owner).encode())


if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
