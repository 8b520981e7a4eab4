"""The service as a process of its own, for benchmarks that meet it over HTTP."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

START_SECONDS = 300
END_SECONDS = 30


@dataclass(frozen=True)
class Server:
    """A running service.

    Attributes:
        address: ``http://127.0.0.1:port``.
        ready_after: seconds from its start until it was ready, in steps of the half second between two questions.
    """

    address: str
    process: subprocess.Popen[bytes]
    ready_after: float

    def kill(self) -> None:
        """End it by SIGKILL, at once and with nothing put in order."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it as Ctrl-C does; by force where it takes too long."""
        self.process.terminate()
        try:
            self.process.wait(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def served(home: Path, variables: Mapping[str, str]) -> Iterator[Server]:
    """A service as ``started`` gives it; ended when the block ends."""
    server = started(home, variables)
    try:
        yield server
    finally:
        server.stop()


def started(home: Path, variables: Mapping[str, str]) -> Server:
    """A service on a free port of the loopback interface, ready; its caller ends it.

    Args:
        variables: of its environment, beside those of this process.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "serving.cli", "--home", str(home), "serve", "--port", str(port)]
    began = time.monotonic()
    process = subprocess.Popen(command, env={**os.environ, **variables}, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(process, address)
    except BaseException:
        process.kill()
        raise
    return Server(address, process, time.monotonic() - began)


def _wait(process: subprocess.Popen[bytes], address: str) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        if process.poll() is not None:
            sys.exit(f"the service ended with code {process.returncode} before it was ready")
        try:
            if httpx.get(f"{address}/api/v1/health/ready", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    sys.exit(f"the service was not ready within {START_SECONDS} s")
