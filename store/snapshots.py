"""Snapshots: trained models as folders of safetensors and JSON whose every byte is vouched for.

    root/
      CURRENT                                  id of the snapshot in service
      20261122T101502123456-9f31c2a4b0de/      an id ends in the first digits of its manifest's SHA-256
        manifest.json                          schema, config, data hash, code version, metrics, SHA-256 of each file
        lightgcn.safetensors
        items.json

A snapshot is written under a temporary name, flushed to the disk and renamed, and only then does ``CURRENT`` change,
by a rename too: whoever is killed at any moment leaves the old snapshot in service. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, JsonValue, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from store.durable import flush_folder, replace_file, write_through
from store.errors import CorruptSnapshot, InputError, NoSnapshot, SnapshotError, SnapshotSchema
from store.locks import FileLock

SCHEMA_VERSION = 2
"""Raised whenever a reader of the old files would misread the new ones, or the other way round."""

REBUILD = "Run `tastemaker train` to build a new snapshot."

_ID = re.compile(r"\d{8}T\d{12}-[0-9a-f]{12}")
_PART = re.compile(r"[a-z0-9][a-z0-9_-]*")
_PICKLES = frozenset({".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".dill", ".bin", ".npy"})
_PARTIAL = ".partial-"
_SWAP_WAIT_SECONDS = 60.0

Arrays = Mapping[str, NDArray[Any]]


class FileEntry(BaseModel):
    """One file as its manifest vouches for it; ``size`` in bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=0)]


FileName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*\.(safetensors|json)$")]


class Manifest(BaseModel):
    """What a snapshot is made of and where it comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: int
    created: datetime
    code_version: str
    data_hash: str
    config: dict[str, JsonValue]
    metrics: dict[str, FiniteFloat]
    files: dict[FileName, FileEntry]


@dataclass(frozen=True)
class Snapshot:
    """One verified snapshot. Every read is checked against the manifest once more.

    Attributes:
        id: sortable by time.
        warnings: why this one serves, where it is not the one that ``CURRENT`` names.
    """

    id: str
    path: Path
    manifest: Manifest
    warnings: tuple[str, ...] = ()

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """One group of arrays.

        Raises:
            SnapshotError: there is no such group.
            CorruptSnapshot: the file does not match its hash.
        """
        content = self.read(f"{name}.safetensors")
        try:
            return load_arrays(content)
        except SafetensorError as error:
            raise CorruptSnapshot(f"{name}.safetensors of snapshot {self.id}: {error}", fix=REBUILD) from None

    def document(self, name: str) -> Any:
        """One JSON document. Raises as ``arrays`` does."""
        return json.loads(self.read(f"{name}.json"))

    def has(self, name: str) -> bool:
        """Whether a group of arrays or a document has this name."""
        return f"{name}.safetensors" in self.manifest.files or f"{name}.json" in self.manifest.files

    def verify(self) -> None:
        """Check every file against its hash and refuse pickles.

        Raises:
            CorruptSnapshot: the first file that is missing, altered, or a pickle.
        """
        for name in self.manifest.files:
            self.read(name)
        for path in self.path.iterdir():
            if path.suffix.lower() in _PICKLES:
                raise CorruptSnapshot(
                    f"snapshot {self.id} holds {path.name}, which may be a pickle and would run code when loaded",
                    fix=f"Remove the file, or: {REBUILD}",
                )

    def read(self, name: str) -> bytes:
        """One file as it lies. Raises as ``arrays`` does."""
        entry = self.manifest.files.get(name)
        if entry is None:
            raise SnapshotError(f"snapshot {self.id} has no {name}, only {sorted(self.manifest.files)}", fix=REBUILD)
        try:
            content = (self.path / name).read_bytes()
        except OSError as error:
            raise CorruptSnapshot(f"{name} of snapshot {self.id} cannot be read: {error}", fix=REBUILD) from None
        if len(content) != entry.size or hashlib.sha256(content).hexdigest() != entry.sha256:
            raise CorruptSnapshot(
                f"{name} of snapshot {self.id} has {len(content)} bytes that do not match the hash in its manifest",
                fix=REBUILD,
            )
        return content


class SnapshotStore:
    """All snapshots under one folder.

    Args:
        root: created with the first snapshot.
        keep: how many of the newest stay; the one in service always stays.
    """

    def __init__(self, root: Path, *, keep: int = 3) -> None:
        if keep < 1:
            raise InputError(f"keep is {keep}, less than 1", fix="Keep at least the snapshot in service.")
        self.root = root
        self._keep = keep

    def write(
        self,
        *,
        arrays: Mapping[str, Arrays],
        documents: Mapping[str, Any],
        config: Mapping[str, Any],
        data_hash: str,
        metrics: Mapping[str, float],
    ) -> Snapshot:
        """Write a snapshot and put it in service.

        Args:
            arrays: group -> name -> array; one ``<group>.safetensors`` each.
            documents: name -> JSON; one ``<name>.json`` each.
            config: the settings it was trained with, as JSON.
            data_hash: hash of the data it was trained on.
            metrics: figures on validation data.

        Raises:
            InputError: a name, a document or an array that cannot be stored.
            BusyError: another process has been writing or promoting for a minute.
        """
        contents = {f"{_part(name)}.safetensors": _array_bytes(name, group) for name, group in arrays.items()}
        contents |= {f"{_part(name)}.json": _json_bytes(name, document) for name, document in documents.items()}
        if "manifest.json" in contents:
            raise InputError("a document is named 'manifest'", fix="Give it another name.")
        with self._swap_lock("writing a snapshot"):
            snapshot = self._store(contents, _manifest(contents, datetime.now(UTC), config, data_hash, metrics))
            self._point_to(snapshot.id)
            self._prune(current=snapshot.id)
        return snapshot

    def rewrite(self, id_: str, *, arrays: Mapping[str, Arrays], documents: Mapping[str, Any]) -> Snapshot:
        """Put a snapshot with some parts changed in the place of one, in service too; the old files go.

        Args:
            arrays: groups that change, as for ``write``; the others stay as they are.
            documents: likewise.

        Raises:
            BusyError: another process has been writing or promoting for a minute.
            CorruptSnapshot, SnapshotSchema: it cannot be read.
        """
        changed = {f"{_part(name)}.safetensors": _array_bytes(name, group) for name, group in arrays.items()}
        changed |= {f"{_part(name)}.json": _json_bytes(name, document) for name, document in documents.items()}
        with self._swap_lock("rewriting a snapshot"):
            old = self.get(id_)
            contents = {name: changed.get(name) or old.read(name) for name in old.manifest.files}
            manifest = old.manifest.model_copy(update={"files": _entries(contents)})
            snapshot = self._store(contents, manifest)
            if self.current_id() == id_:
                self._point_to(snapshot.id)
            shutil.rmtree(old.path, ignore_errors=True)
        return snapshot

    def remove(self, id_: str) -> None:
        """Delete a snapshot, whatever state it is in. Raises ``BusyError`` as ``write`` does."""
        with self._swap_lock("removing a snapshot"):
            shutil.rmtree(self.root / id_, ignore_errors=True)

    def current_id(self) -> str | None:
        """What ``CURRENT`` names, unverified: cheap enough to ask on every request."""
        try:
            text = (self.root / "CURRENT").read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            return None
        return text if _ID.fullmatch(text) else None

    def current(self) -> Snapshot | None:
        """The snapshot in service, every file verified; None where none was ever written.

        Where it is damaged, the newest good one from before it serves, and ``warnings`` says why.

        Raises:
            SnapshotSchema: it was written by another schema version.
            CorruptSnapshot: no good one is left.
        """
        ids = self.ids()
        named = self.current_id()
        if not ids and named is None:
            return None
        if named is None:
            warnings = ["CURRENT is missing or unreadable"]
            order = ids
        else:
            warnings = []
            # A snapshot newer than the one in service was rolled back for a reason: those come last.
            order = [named, *(id_ for id_ in ids if id_ < named), *(id_ for id_ in ids if id_ > named)]
        for id_ in order:
            try:
                return replace(self.get(id_), warnings=tuple(warnings))
            except CorruptSnapshot as error:
                warnings.append(error.problem)
        raise CorruptSnapshot(f"no snapshot in {self.root} is intact: {'; '.join(warnings)}", fix=REBUILD)

    def keeps(self, id_: str) -> bool:
        """Whether there is a snapshot of this id, usable or not."""
        return id_ in self.ids()

    def get(self, id_: str) -> Snapshot:
        """One snapshot by id, verified.

        Raises:
            NoSnapshot, CorruptSnapshot, SnapshotSchema
        """
        if not _ID.fullmatch(id_):
            raise NoSnapshot(f"{id_[:80]!r} is not a snapshot id", fix="`tastemaker snapshots list` shows the ids.")
        snapshot = Snapshot(id_, self.root / id_, self._read_manifest(id_))
        snapshot.verify()
        return snapshot

    def list(self) -> tuple[Snapshot, ...]:
        """All snapshots with a readable manifest, newest first; only the manifests are verified."""
        found = []
        for id_ in self.ids():
            try:
                found.append(Snapshot(id_, self.root / id_, self._read_manifest(id_)))
            except SnapshotError:  # damaged or of another schema: ``get`` says which
                continue
        return tuple(found)

    def promote(self, id_: str) -> Snapshot:
        """Put an older (or newer) snapshot in service. Raises as ``get`` does, and ``BusyError`` as ``write`` does."""
        with self._swap_lock("promoting a snapshot"):
            snapshot = self.get(id_)
            self._point_to(id_)
        return snapshot

    def _store(self, contents: Mapping[str, bytes], manifest: Manifest) -> Snapshot:
        """Write a folder whole or not at all; under the swap lock."""
        told = manifest.model_dump_json(indent=2).encode()
        id_ = f"{manifest.created:%Y%m%dT%H%M%S%f}-{hashlib.sha256(told).hexdigest()[:12]}"
        self._remove_partial()
        partial = self.root / f"{_PARTIAL}{id_}"
        partial.mkdir()
        for name, content in {**contents, "manifest.json": told}.items():
            write_through(partial / name, content)
        flush_folder(partial)
        path = partial.rename(self.root / id_)
        flush_folder(self.root)
        return Snapshot(id_, path, manifest)

    def _swap_lock(self, purpose: str) -> FileLock:
        return FileLock(self.root / "swap.lock", purpose=purpose, wait_seconds=_SWAP_WAIT_SECONDS)

    def ids(self) -> tuple[str, ...]:
        """All snapshots, usable or not, newest first."""
        if not self.root.is_dir():
            return ()
        names = (path.name for path in self.root.iterdir() if path.is_dir())
        return tuple(sorted((name for name in names if _ID.fullmatch(name)), reverse=True))

    def _read_manifest(self, id_: str) -> Manifest:
        path = self.root / id_ / "manifest.json"
        if not path.parent.is_dir():
            raise _missing(id_)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise CorruptSnapshot(f"the manifest of snapshot {id_} cannot be read: {error}", fix=REBUILD) from None
        if hashlib.sha256(content).hexdigest()[:12] != id_[-12:]:
            raise CorruptSnapshot(f"the manifest of snapshot {id_} does not match the hash in its name", fix=REBUILD)
        version = json.loads(content).get("schema_version")
        if version != SCHEMA_VERSION:
            raise SnapshotSchema(
                f"snapshot {id_} has schema version {version}, and this program reads version {SCHEMA_VERSION}",
                fix=REBUILD,
            )
        try:
            return Manifest.model_validate_json(content)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise CorruptSnapshot(f"the manifest of snapshot {id_}, {where}: {first['msg']}", fix=REBUILD) from None

    def _point_to(self, id_: str) -> None:
        replace_file(self.root / "CURRENT", f"{id_}\n".encode())

    def _prune(self, *, current: str) -> None:
        for id_ in self.ids()[self._keep :]:
            if id_ != current:
                shutil.rmtree(self.root / id_, ignore_errors=True)

    def _remove_partial(self) -> None:
        """Under the swap lock every partial folder belongs to a writer that was killed."""
        for path in self.root.glob(f"{_PARTIAL}*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _missing(id_: str) -> SnapshotError:
    # Named by CURRENT and gone is damage, so that ``current`` passes on to the next one.
    return CorruptSnapshot(f"snapshot {id_} is missing", fix="`tastemaker snapshots list` shows those that exist.")


def _part(name: str) -> str:
    if not _PART.fullmatch(name):
        raise InputError(
            f"{name!r} cannot name a part of a snapshot", fix="Use lower-case letters, digits, '_' and '-' only."
        )
    return name


def _array_bytes(name: str, group: Arrays) -> bytes:
    for key, array in group.items():
        if array.dtype.kind not in "biuf":
            raise InputError(
                f"array {name}.{key} has dtype {array.dtype}, not a boolean, integer or float type",
                fix="Keep text in a document.",
            )
    # safetensors writes the memory as it lies: a transposed view would come back scrambled.
    return save_arrays({key: array.copy(order="C") for key, array in group.items()})


def _json_bytes(name: str, document: object) -> bytes:
    try:
        return json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise InputError(f"document {name!r} is not JSON: {error}", fix="Convert it to plain values first.") from None


def _manifest(
    contents: Mapping[str, bytes],
    created: datetime,
    config: Mapping[str, Any],
    data_hash: str,
    metrics: Mapping[str, float],
) -> Manifest:
    try:
        return Manifest(
            schema_version=SCHEMA_VERSION,
            created=created,
            code_version=code_version(),
            data_hash=data_hash,
            config=json.loads(_json_bytes("config", dict(config))),
            metrics={name: float(value) for name, value in metrics.items()},
            files=_entries(contents),
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"snapshot manifest, {where}: {first['msg']}", fix="Correct this value.") from None


def _entries(contents: Mapping[str, bytes]) -> dict[str, FileEntry]:
    return {
        name: FileEntry(sha256=hashlib.sha256(content).hexdigest(), size=len(content))
        for name, content in contents.items()
    }


def code_version() -> str:
    """Git commit of this checkout ("+" where files differ from it), or the installed version where there is no git."""
    project = Path(__file__).resolve().parent.parent
    version = metadata.version("tastemaker")
    if not (project / ".git").exists():
        return version
    try:
        described = subprocess.run(
            ["git", "-C", str(project), "describe", "--always", "--dirty=+", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):  # no git here, or not this user's checkout
        return version
    return described.stdout.strip()
