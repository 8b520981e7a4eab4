"""Takes one user out of what was trained: their id, history and embedding in every snapshot that is kept.

What is left of them are sums over everyone (item embeddings, co-occurrences, popularity), until the next training,
which reads a store that no longer has them.
"""

from __future__ import annotations

import secrets
import shutil

import numpy as np
import structlog

from store.errors import SnapshotError
from store.locks import FileLock
from store.snapshots import Snapshot, SnapshotStore

log = structlog.get_logger(__name__)


def training_stands_still(snapshots: SnapshotStore) -> FileLock:
    """Held while someone is erased: a training that had read their events would write them into a new snapshot.

    Raises (when entered):
        BusyError: a training runs.
    """
    return FileLock(snapshots.root / "training.lock", purpose="erasing a user")


def erase_from_snapshots(snapshots: SnapshotStore, user_id: str) -> int:
    """Rewrite the snapshots that hold a user, and drop what a killed training left; how many these were.

    One that cannot be read cannot be cleaned and is removed. Only while ``training_stands_still`` is held.

    Raises:
        BusyError: another process has been writing or promoting for a minute.
    """
    shutil.rmtree(snapshots.root / "checkpoints", ignore_errors=True)
    cleaned = 0
    for id_ in snapshots.ids():
        try:
            cleaned += _erase(snapshots, snapshots.get(id_), user_id)
        except SnapshotError as error:
            log.warning("a snapshot that cannot be read was removed", snapshot_id=id_, problem=error.problem)
            snapshots.remove(id_)
            cleaned += 1
    return cleaned


def _erase(snapshots: SnapshotStore, snapshot: Snapshot, user_id: str) -> bool:
    users: list[str] = snapshot.document("users")
    if user_id not in users:
        return False
    index = users.index(user_id) + 1
    users[index - 1] = f"erased-{secrets.token_hex(16)}"  # the others keep their indices
    met, graph, spectral = (snapshot.arrays(name) for name in ("interactions", "lightgcn", "spectral"))
    others = met["users"] != index
    graph["user_base"] = graph["user_base"].copy()
    graph["user_base"][index] = 0
    rows = spectral["indptr"].copy()
    begin, end = int(rows[index]), int(rows[index + 1])
    rows[index + 1 :] -= end - begin
    arrays = {
        "interactions": {name: values[others] for name, values in met.items()},
        "lightgcn": graph,
        "spectral": spectral
        | {"indptr": rows}
        | {name: np.delete(spectral[name], np.s_[begin:end]) for name in ("data", "indices")},
    }
    snapshots.rewrite(snapshot.id, arrays=arrays, documents={"users": users})
    return True
