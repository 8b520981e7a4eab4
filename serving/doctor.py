"""What `tastemaker doctor` looks at: versions, machine, assets, database, snapshots, known bad combinations."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path

from serving.settings import Settings
from store.assets import AssetCache
from store.database import Store
from store.errors import TastemakerError
from store.snapshots import REBUILD, SnapshotStore

FLOORS = {
    "gradio": "6.20",
    "torch": "2.10",
    "transformers": "5.3",
    "sentence-transformers": "6.0",
    "pillow": "12.2",
}
"""Oldest versions without known holes in what this project uses of them."""

SQLITE_FIXED = (3, 51, 3)
"""Before it, two connections that checkpoint at once can damage a WAL database."""

MEMORY_NEEDED = 3.0
"""GiB that serving with the embedded chat model takes, with room to spare."""

DISK_NEEDED = 2.0
"""GiB for assets, database and snapshots of a small catalogue."""

_IMPORT_SECONDS = 120


class Level(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True)
class Check:
    """One line of the report; ``fix`` is empty where nothing is to be done."""

    name: str
    level: Level
    found: str
    fix: str = ""


def examine(settings: Settings) -> Iterator[Check]:
    """All checks, each as soon as it is known. Nothing is changed and nothing is fetched."""
    yield from machine(settings)
    yield from versions(installed())
    yield faiss_builds(installed())
    yield torchvision(installed())
    yield sqlite_library(sqlite3.sqlite_version_info, in_use=settings.database.startswith("sqlite"))
    yield unknown_variables(os.environ)
    yield from assets(AssetCache(settings.cache, offline=True))
    yield database(settings)
    yield snapshot(SnapshotStore(settings.snapshots))


def installed() -> dict[str, str]:
    """Version by normalised name of every distribution in this environment."""
    return {_normalised(found.metadata["Name"]): found.version for found in metadata.distributions()}


def machine(settings: Settings) -> Iterator[Check]:
    """Python, cores, memory, accelerator, disk."""
    yield Check("python", Level.OK, f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    yield Check("cores", Level.OK, str(cores()))
    memory = memory_gib()
    enough = memory is None or memory >= MEMORY_NEEDED
    yield Check(
        "memory",
        Level.OK if enough else Level.WARNING,
        "unknown" if memory is None else f"{memory:.1f} GiB",
        "" if enough else "Set TASTEMAKER_LLM__BACKEND=none to do without the chat model.",
    )
    import torch  # seconds; no other command needs it for this

    accelerator = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none, the CPU does the work"
    yield Check("accelerator", Level.OK, accelerator)
    yield disk(settings.home)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_gib() -> float | None:
    """Physical memory, or the limit of this container; None where the system does not say."""
    try:
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        limit = "max"
    return min(physical, int(limit) if limit.isdigit() else physical) / 2**30


def disk(home: Path) -> Check:
    """Room and the right to write where the data lies."""
    existing = next(folder for folder in (home.absolute(), *home.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(existing).free / 2**30
    found = f"{free:.1f} GiB free at {existing}"
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return Check(
            "disk", Level.FAILURE, f"{existing} cannot be written: {error.strerror}", "Set TASTEMAKER_HOME elsewhere."
        )
    if free < DISK_NEEDED:
        return Check("disk", Level.WARNING, found, f"Free some space: {DISK_NEEDED:.0f} GiB are needed.")
    return Check("disk", Level.OK, found)


def versions(packages: dict[str, str]) -> Iterator[Check]:
    """Installed versions against the security floors."""
    for name, floor in FLOORS.items():
        version = packages.get(name)
        if version is None:
            yield Check(name, Level.FAILURE, "not installed", "Run `make install`.")
        elif _numbers(version) < _numbers(floor):
            yield Check(
                name, Level.FAILURE, f"{version}, below the security floor {floor}", f"pip install '{name}>={floor}'"
            )
        else:
            yield Check(name, Level.OK, version)


def faiss_builds(packages: dict[str, str]) -> Check:
    """The CPU and the GPU build overwrite each other's files."""
    builds = [f"{name} {packages[name]}" for name in sorted(packages) if re.fullmatch(r"faiss-(cpu|gpu.*)", name)]
    if len(builds) > 1:
        return Check(
            "faiss",
            Level.FAILURE,
            f"{' and '.join(builds)} overwrite each other's files",
            "pip uninstall faiss-cpu faiss-gpu, then install one of the extras [cpu] and [gpu].",
        )
    return Check("faiss", Level.OK, builds[0] if builds else "none, search is exact (numpy)")


def torchvision(packages: dict[str, str]) -> Check:
    """One that does not fit the installed torch fails to import and takes transformers with it."""
    version = packages.get("torchvision")
    if version is None:
        return Check("torchvision", Level.OK, "not installed, not needed")
    tried = subprocess.run(
        [sys.executable, "-c", "import torchvision"],
        capture_output=True,
        text=True,
        timeout=_IMPORT_SECONDS,
        check=False,
    )
    if tried.returncode == 0:
        return Check("torchvision", Level.OK, f"{version}, imports")
    reason = (tried.stderr.strip().splitlines() or ["no message"])[-1]
    return Check(
        "torchvision",
        Level.FAILURE,
        f"{version} does not import beside torch {packages.get('torch')}: {reason}",
        "pip uninstall torchvision: nothing here needs it, and transformers fails to import beside a broken one.",
    )


def sqlite_library(version: tuple[int, int, int], *, in_use: bool) -> Check:
    """The WAL-reset bug."""
    name = ".".join(str(number) for number in version)
    if version >= SQLITE_FIXED or not in_use:
        return Check("sqlite", Level.OK, name)
    fixed = ".".join(str(number) for number in SQLITE_FIXED)
    return Check(
        "sqlite",
        Level.WARNING,
        f"{name} has the WAL-reset bug (fixed in {fixed}); one writer owns all checkpoints to avoid it",
        "Do not open the database with other programs while the service runs, or use PostgreSQL.",
    )


def unknown_variables(environment: Iterable[str]) -> Check:
    """A misspelt variable is silently without effect."""
    prefix = "TASTEMAKER_"
    known = {name.upper() for name in Settings.model_fields} | {"CONFIG"}
    given = (name for name in environment if name.startswith(prefix))
    unknown = sorted(name for name in given if name.removeprefix(prefix).split("__")[0] not in known)
    if unknown:
        return Check("environment", Level.WARNING, f"unknown: {', '.join(unknown)}", "docs/cli.md lists the settings.")
    return Check("environment", Level.OK, "every TASTEMAKER_ variable is known")


def assets(cache: AssetCache) -> Iterator[Check]:
    """What is in the cache, hashed."""
    for name in sorted(cache.assets):
        status = cache.status(name)
        size = f"{status.size / 1e6:.0f} MB"
        if status.verified:
            yield Check(f"asset {name}", Level.OK, f"{size}, from {status.source}")
        elif status.present:
            yield Check(f"asset {name}", Level.FAILURE, f"damaged: {status.problem}", f"tastemaker assets fetch {name}")
        else:
            yield Check(f"asset {name}", Level.WARNING, f"{size}, not fetched", f"tastemaker assets fetch {name}")


def database(settings: Settings) -> Check:
    """Whether it opens, and what is in it."""
    if settings.database_url is None and not (settings.home / "tastemaker.db").exists():
        return Check("database", Level.OK, "not yet made", "tastemaker ingest FILE...")
    try:
        with Store.open(settings.database) as store:
            counts = f"{store.count_items():,} items, {store.count_users():,} users"
            return Check("database", Level.OK, f"{store.url}: {counts}, {store.count_quarantined():,} rows set aside")
    except TastemakerError as error:
        return Check("database", Level.FAILURE, error.problem, error.fix)


def snapshot(snapshots: SnapshotStore) -> Check:
    """Whether one can serve."""
    try:
        current = snapshots.current()
    except TastemakerError as error:
        return Check("snapshot", Level.FAILURE, error.problem, error.fix)
    if current is None:
        return Check("snapshot", Level.WARNING, "nothing has been trained yet", "tastemaker train")
    if current.warnings:
        return Check("snapshot", Level.FAILURE, f"{current.id} serves because {'; '.join(current.warnings)}", REBUILD)
    return Check("snapshot", Level.OK, f"{current.id}, every file verified")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.split("+")[0])[:3])


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
