"""A small HTTP/1.1 client over one connection: what costs little itself can ask for much."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import perf_counter
from types import TracebackType
from typing import Self

MOST_BYTES = 10_000_000
"""Of one answer; more is a bug of the service, and ends the run instead of its memory."""


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        body: all of it.
        seconds: until its last byte.
        marked: seconds until its first bytes that hold the mark that was asked for; None where none did.
    """

    status: int
    body: bytes
    seconds: float
    marked: float | None = None


class Connection:
    """One kept-alive connection."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._drop()

    async def ask(self, method: str, path: str, body: bytes = b"", *, mark: bytes = b"") -> Answer:
        """Send a request and read its whole answer.

        Args:
            body: JSON.
            mark: bytes to watch for in the body.

        Raises:
            OSError, asyncio.IncompleteReadError: the connection broke; the next request opens a new one.
        """
        started = perf_counter()
        try:
            if self._reader is None or self._writer is None:
                self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
            self._writer.write(_request(method, path, self._host, body))
            return await self._answer(self._reader, started, mark)
        except BaseException:
            self._drop()
            raise

    async def _answer(self, reader: asyncio.StreamReader, started: float, mark: bytes) -> Answer:
        head = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        status = int(head[0].split(b" ", 2)[1])
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in head[1:] if line)
        }
        marked = None
        if b"chunked" in headers.get(b"transfer-encoding", b""):
            body = b""
            while size := int(await reader.readline(), 16):
                body += await reader.readexactly(size)
                await reader.readexactly(2)
                if marked is None and mark and mark in body:
                    marked = perf_counter() - started
                if len(body) > MOST_BYTES:
                    raise OSError(f"the answer has more than {MOST_BYTES:,} bytes")
            await reader.readexactly(2)
        else:
            body = await reader.readexactly(int(headers.get(b"content-length", b"0")))
        if headers.get(b"connection", b"").lower() == b"close":
            self._drop()
        return Answer(status, body, perf_counter() - started, marked)

    def _drop(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


def _request(method: str, path: str, host: str, body: bytes) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Content-Type: application/json\r\n\r\n".encode() + body
