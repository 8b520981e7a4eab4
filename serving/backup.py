"""A home in one file, and back: the database's rows, the snapshot in service, and the pictures.

    backup.tar
      tables/events.parquet ...               all of one moment
      snapshots/CURRENT, snapshots/<id>/...
      pictures/..., batches/...
      backup.json                             last: what each file must be, so that a file cut short is seen

The service may run while a backup is made. A restored home recommends what the old one did. The file holds all that
people did and said: only its owner may read it.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from serving.settings import Settings
from store.dump import dump, load
from store.durable import flush_folder
from store.engine import Engine
from store.errors import InputError
from store.snapshots import FileEntry, SnapshotStore

FORMAT = 1
"""Raised whenever an older program would misread a backup."""
_CONTENTS = "backup.json"
_HERE = "home:"
"""Begins the path of a picture that is part of the backup."""
_PLACES = re.compile(r"(?:tables|snapshots|pictures|batches)/[^\0\\:]+")
_BLOCK = 1 << 20
_NOT_KEPT = re.compile(r"\.part$|^\.partial-|\.lock$")
"""Files under way, and locks."""
_NEWER = "Restore it with the version of Tastemaker that made it."
_FOREIGN = "Name a file that `tastemaker backup` made."
OnFile = Callable[[str], None]


class Contents(BaseModel):
    """What a backup holds.

    Attributes:
        format: see ``FORMAT``.
        revision: of the database's schema.
        rows: of each table.
        elsewhere: items whose pictures lie outside the home; these are not part of the backup.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int
    created: datetime
    code_version: str
    revision: Annotated[str, Field(pattern="^[0-9a-zA-Z_]{1,32}$")]
    snapshot_id: str | None
    rows: dict[str, int]
    elsewhere: int
    files: dict[str, FileEntry]


def back_up(settings: Settings, target: Path, *, on_file: OnFile = lambda _: None) -> Contents:
    """Write a backup; a file of that name appears only once it is whole.

    Raises:
        InputError: there is a file of that name, or it cannot be written.
        StoreError: the database cannot be read.
        SnapshotError: the snapshot in service is damaged, and no other is left.
    """
    if target.exists():
        raise InputError(f"{target} exists already", fix="Name another file.")
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, where there is room for it; a temporary folder may lie in memory.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".partial-") as scratch:
        pending = Path(scratch) / target.name
        with os.fdopen(os.open(pending, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "w+b") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
                contents = _fill(_Writer(archive, on_file), settings, Path(scratch))
            file.flush()
            os.fsync(file.fileno())
        pending.rename(target)
        flush_folder(target.parent)
    return contents


def restore(settings: Settings, source: Path, *, on_file: OnFile = lambda _: None) -> Contents:
    """Make a home from a backup; nothing is left of it where it fails.

    Raises:
        InputError: the file is damaged or no backup, or the home or its database has something already.
        StoreError: the database cannot be written.
    """
    home = settings.home
    if home.exists() and any(home.iterdir()):
        raise InputError(f"{home} is not empty", fix="Name a new folder with --home, or move the old one away.")
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=".partial-") as scratch:
        unpacked = Path(scratch)
        contents = _unpack(source, unpacked, on_file)
        tables = unpacked / "tables"
        place = unpacked / "home"
        place.mkdir(mode=0o700)
        for name in ("snapshots", "pictures", "batches"):
            if (unpacked / name).is_dir():
                (unpacked / name).rename(place / name)
        beside = settings.model_copy(update={"home": place})
        engine = Engine(beside.database)
        try:
            load(engine, tables, contents.revision, rewrite=lambda row: _here(row, home))
        finally:
            engine.close()
        if contents.snapshot_id is not None:
            SnapshotStore(beside.snapshots).get(contents.snapshot_id)
        if home.exists():
            home.rmdir()
        place.rename(home)
        flush_folder(home.parent)
    return contents


class _Writer:
    """Adds files to an archive and notes what they are."""

    def __init__(self, archive: tarfile.TarFile, on_file: OnFile) -> None:
        self._archive = archive
        self._on_file = on_file
        self.files: dict[str, FileEntry] = {}

    def add(self, name: str, path: Path) -> None:
        self._on_file(name)
        with path.open("rb") as file:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = os.fstat(file.fileno()).st_size, 0o600
            hashed = _Hashed(file)
            self._archive.addfile(entry, hashed)
        self.files[name] = FileEntry(sha256=hashed.digest, size=entry.size)

    def add_bytes(self, name: str, content: bytes) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), 0o600
        self._archive.addfile(entry, io.BytesIO(content))
        self.files[name] = FileEntry(sha256=hashlib.sha256(content).hexdigest(), size=len(content))

    def add_folder(self, name: str, folder: Path) -> None:
        """All regular files below a folder; links are left out."""
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.is_file() and not path.is_symlink() and not _NOT_KEPT.search(path.name):
                self.add(f"{name}/{path.relative_to(folder).as_posix()}", path)


class _Hashed(io.RawIOBase):
    """A file that is hashed as it is read."""

    def __init__(self, file: io.BufferedIOBase | io.BufferedReader) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        block = self._file.read(size)
        self._hash.update(block)
        return block

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def _fill(writer: _Writer, settings: Settings, scratch: Path) -> Contents:
    home, elsewhere = settings.home.resolve(), 0

    def portable(row: dict[str, Any]) -> dict[str, Any]:
        nonlocal elsewhere
        if row["image"] and Path(row["image"]).is_relative_to(home):
            return {**row, "image": _HERE + Path(row["image"]).relative_to(home).as_posix()}
        elsewhere += bool(row["image"])
        return row

    # Rows first: every picture that they name is there already.
    engine = Engine(settings.database)
    try:
        engine.migrate()
        revision, rows = dump(engine, scratch, rewrite=portable)
    finally:
        engine.close()
    for table in rows:
        writer.add(f"tables/{table}.parquet", scratch / f"{table}.parquet")
    snapshot = SnapshotStore(settings.snapshots).current()
    if snapshot is not None:
        writer.add_folder(f"snapshots/{snapshot.id}", snapshot.path)
        writer.add_bytes("snapshots/CURRENT", f"{snapshot.id}\n".encode())
    writer.add_folder("pictures", settings.pictures)
    writer.add_folder("batches", settings.batches)
    contents = Contents(
        format=FORMAT,
        created=datetime.now(UTC),
        code_version=metadata.version("tastemaker"),
        revision=revision,
        snapshot_id=snapshot.id if snapshot is not None else None,
        rows=rows,
        elsewhere=elsewhere,
        files=dict(writer.files),
    )
    writer.add_bytes(_CONTENTS, contents.model_dump_json(indent=1).encode())
    return contents


def _unpack(source: Path, folder: Path, on_file: OnFile) -> Contents:
    """Unpack files of expected names, and compare all with what the backup says of them."""
    found: dict[str, FileEntry] = {}
    contents = None
    try:
        with tarfile.open(source, mode="r:") as archive:
            for entry in archive:
                if contents is not None:
                    raise InputError(f"{source} goes on after its end", fix=_FOREIGN)
                file = archive.extractfile(entry) if entry.isfile() else None
                if file is None or (entry.name != _CONTENTS and not _is_inside(entry.name)) or entry.name in found:
                    raise InputError(f"{source} holds {entry.name[:80]!r}, which no backup does", fix=_FOREIGN)
                if entry.name == _CONTENTS:
                    contents = _contents(file.read(), source)
                else:
                    on_file(entry.name)
                    found[entry.name] = _write(folder / entry.name, file)
    except (OSError, tarfile.TarError, EOFError) as error:
        raise InputError(f"{source} cannot be read as a backup: {error}", fix="Name another file.") from error
    if contents is None:
        raise InputError(f"{source} is cut short: its list of contents is missing", fix="Name another file.")
    if contents.files != found:
        names = sorted(
            name for name in contents.files.keys() | found.keys() if contents.files.get(name) != found.get(name)
        )
        raise InputError(f"{source} is damaged: {names[0]} is not what was backed up", fix="Name another file.")
    return contents


def _contents(content: bytes, source: Path) -> Contents:
    try:
        contents = Contents.model_validate_json(content)
    except ValidationError as error:
        problem = error.errors()[0]["msg"]
        raise InputError(f"{source}: its list of contents cannot be read: {problem}", fix=_NEWER) from None
    if contents.format != FORMAT:
        raise InputError(f"{source} has format {contents.format}, this program reads {FORMAT}", fix=_NEWER)
    return contents


def _is_inside(name: str) -> bool:
    return bool(_PLACES.fullmatch(name)) and ".." not in PurePosixPath(name).parts


def _write(path: Path, file: Any) -> FileEntry:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    hashed, size = hashlib.sha256(), 0
    with path.open("xb") as target:
        while block := file.read(_BLOCK):
            hashed.update(block)
            size += target.write(block)
        target.flush()
        os.fsync(target.fileno())
    return FileEntry(sha256=hashed.hexdigest(), size=size)


def _here(row: Mapping[str, Any], home: Path) -> dict[str, Any]:
    image = row["image"]
    if image and image.startswith(_HERE):
        return {**row, "image": str(home.resolve() / image.removeprefix(_HERE))}
    return dict(row)
