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
    """

    address: str
    process: subprocess.Popen[bytes]


@contextmanager
def served(home: Path, variables: Mapping[str, str]) -> Iterator[Server]:
    """A service on a free port of the loopback interface, ready; ended when the block ends.

    Args:
        variables: of its environment, beside those of this process.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "serving.cli", "--home", str(home), "serve", "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, **variables}, stdout=subprocess.DEVNULL)
    server = Server(f"http://127.0.0.1:{port}", process)
    try:
        _wait(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait(server: Server) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        if server.process.poll() is not None:
            sys.exit(f"the service ended with code {server.process.returncode} before it was ready")
        try:
            if httpx.get(f"{server.address}/api/v1/health/ready", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    sys.exit(f"the service was not ready within {START_SECONDS} s")
