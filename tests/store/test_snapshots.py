from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import signal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import store.snapshots as snapshots
from store.errors import BusyError, CorruptSnapshot, InputError, NoSnapshot, SnapshotError, SnapshotSchema
from store.locks import FileLock
from store.snapshots import Snapshot, SnapshotStore


def write(store: SnapshotStore, value: float = 1.0, **changes: object) -> Snapshot:
    parts: dict[str, object] = {
        "arrays": {"model": {"weight": np.full((3, 4), value, dtype=np.float32)}},
        "documents": {"items": ["a", "b"]},
        "config": {"dimension": 4, "layers": (1, 2)},
        "data_hash": "d" * 8,
        "metrics": {"ndcg@10": 0.25},
    }
    return store.write(**(parts | changes))  # type: ignore[arg-type]


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path / "snapshots")
    assert store.current() is None
    written = write(store)
    read = store.current()
    assert read is not None
    assert read.id == written.id == store.current_id()
    assert read.manifest == written.manifest
    assert read.manifest.config == {"dimension": 4, "layers": [1, 2]}
    assert read.manifest.metrics == {"ndcg@10": 0.25}
    assert read.warnings == ()
    np.testing.assert_array_equal(read.arrays("model")["weight"], np.full((3, 4), 1.0, dtype=np.float32))
    assert read.document("items") == ["a", "b"]
    assert read.has("model")
    assert not read.has("other")


@settings(max_examples=40, deadline=None)
@given(
    array=hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.int64, np.int32, np.uint8, np.bool_]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    )
)
def test_arrays_survive_in_any_shape_type_and_layout(
    tmp_path_factory: pytest.TempPathFactory, array: np.ndarray
) -> None:
    store = SnapshotStore(tmp_path_factory.mktemp("snapshots"))
    write(store, arrays={"model": {"plain": array, "transposed": array.T}})
    read = store.current()
    assert read is not None
    back = read.arrays("model")
    assert back["plain"].dtype == array.dtype
    np.testing.assert_array_equal(back["plain"], array)
    np.testing.assert_array_equal(back["transposed"], array.T)


@pytest.mark.parametrize("name", ["model.safetensors", "items.json", "manifest.json"])
def test_a_flipped_bit_or_truncation_serves_the_previous_snapshot(tmp_path: Path, name: str) -> None:
    store = SnapshotStore(tmp_path)
    old, new = write(store, 1.0), write(store, 2.0)
    path = new.path / name
    whole = path.read_bytes()
    middle = len(whole) // 2
    for damaged in (whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :], whole[:-1], b""):
        path.write_bytes(damaged)
        served = store.current()
        assert served is not None
        assert served.id == old.id
        assert new.id in served.warnings[0]
        with pytest.raises(CorruptSnapshot, match="tastemaker train"):
            store.get(new.id)
    path.unlink()
    assert store.current().id == old.id  # type: ignore[union-attr]
    path.write_bytes(whole)
    assert store.current().id == new.id  # type: ignore[union-attr]


def test_damage_after_loading_is_noticed_by_the_next_read(tmp_path: Path) -> None:
    snapshot = write(SnapshotStore(tmp_path))
    (snapshot.path / "model.safetensors").write_bytes(b"\0" * snapshot.manifest.files["model.safetensors"].size)
    with pytest.raises(CorruptSnapshot, match="do not match the hash"):
        snapshot.arrays("model")


def test_nothing_intact_says_so(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    (write(store).path / "items.json").write_text("[]")
    with pytest.raises(CorruptSnapshot, match=r"no snapshot in .* is intact.*tastemaker train"):
        store.current()


@pytest.mark.parametrize("text", ["", "../../etc", "20200101T000000000000-aaaaaaaaaaaa", "\xff"])
def test_a_bad_pointer_serves_the_newest_good_snapshot(tmp_path: Path, text: str) -> None:
    store = SnapshotStore(tmp_path)
    write(store, 1.0)
    new = write(store, 2.0)
    (tmp_path / "CURRENT").write_text(text, encoding="latin-1")
    served = store.current()
    assert served is not None
    assert served.id == new.id
    assert served.warnings


def test_a_pickle_in_the_folder_is_refused(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    old, new = write(store, 1.0), write(store, 2.0)
    (new.path / "model.pkl").write_bytes(pickle.dumps([1]))
    assert store.current().id == old.id  # type: ignore[union-attr]
    with pytest.raises(CorruptSnapshot, match=r"model\.pkl, which may be a pickle"):
        store.promote(new.id)


@pytest.mark.parametrize("name", ["model.pt", "model.pkl", "../model.safetensors", "/etc/passwd"])
def test_a_manifest_that_names_a_pickle_or_a_path_outside_is_refused(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forged(*args: object, **kwargs: object) -> snapshots.Manifest:
        manifest = build(*args, **kwargs)  # type: ignore[arg-type]
        return manifest.model_copy(update={"files": {name: manifest.files["items.json"]}})

    build = snapshots._manifest
    monkeypatch.setattr(snapshots, "_manifest", forged)
    store = SnapshotStore(tmp_path)
    forged_snapshot = write(store)
    with pytest.raises(CorruptSnapshot, match="manifest"):
        store.get(forged_snapshot.id)


def test_another_schema_is_refused_with_the_command_that_rebuilds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SnapshotStore(tmp_path)
    write(store)
    monkeypatch.setattr(snapshots, "SCHEMA_VERSION", 99)
    with pytest.raises(SnapshotSchema, match=r"version \d+, and this program reads version 99.*tastemaker train"):
        store.current()


def test_promote_rolls_back_and_damage_then_goes_further_back(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    first, second, third = (write(store, value) for value in (1.0, 2.0, 3.0))
    store.promote(second.id)
    assert store.current().id == second.id  # type: ignore[union-attr]
    (second.path / "items.json").write_text("[]")
    assert store.current().id == first.id  # type: ignore[union-attr]
    assert [snapshot.id for snapshot in store.list()] == [third.id, second.id, first.id]
    with pytest.raises(NoSnapshot, match="not a snapshot id"):
        store.promote("../x")
    with pytest.raises(CorruptSnapshot, match="is missing"):
        store.promote("20200101T000000000000-aaaaaaaaaaaa")


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path, keep=2)
    written = [write(store, float(value)) for value in range(4)]
    assert [snapshot.id for snapshot in store.list()] == [written[3].id, written[2].id]
    with pytest.raises(InputError, match="keep is 0"):
        SnapshotStore(tmp_path, keep=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arrays": {"../model": {}}}, "cannot name a part"),
        ({"arrays": {"model": {"ids": np.array(["a"])}}}, "dtype <U1"),
        ({"arrays": {"model": {"ids": np.array([object()])}}}, "dtype object"),
        ({"documents": {"items": {1, 2}}}, "not JSON"),
        ({"documents": {"items": float("nan")}}, "not JSON"),
        ({"documents": {"manifest": 1}}, "another name"),
        ({"metrics": {"loss": float("inf")}}, "metrics.loss"),
        ({"config": {"path": Path()}}, "'config' is not JSON"),
    ],
)
def test_what_cannot_be_stored_is_refused_before_anything_is_written(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    store = SnapshotStore(tmp_path / "snapshots")
    with pytest.raises(InputError, match=message):
        write(store, **changes)
    assert store.current() is None


def test_a_missing_part_says_which_there_are(tmp_path: Path) -> None:
    snapshot = write(SnapshotStore(tmp_path))
    with pytest.raises(
        SnapshotError, match=r"has no sasrec\.safetensors, only \['items\.json', 'model\.safetensors'\]"
    ):
        snapshot.arrays("sasrec")


def _write_and_die(root: Path, step: str) -> None:
    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    store = SnapshotStore(root)
    if step == "files":
        snapshots.flush_folder = die  # type: ignore[assignment]
    else:
        store._point_to = die  # type: ignore[method-assign]
    write(store, 9.0)


@pytest.mark.parametrize("step", ["files", "pointer"])
def test_killed_while_writing_the_old_snapshot_serves(tmp_path: Path, step: str) -> None:
    store = SnapshotStore(tmp_path)
    old = write(store)
    process = multiprocessing.get_context("spawn").Process(target=_write_and_die, args=(tmp_path, step))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    served = store.current()
    assert served is not None
    assert served.id == old.id
    assert served.warnings == ()
    assert write(store).id == store.current_id()
    assert not list(tmp_path.glob(".partial-*"))


def test_manifest_records_where_the_snapshot_comes_from(tmp_path: Path) -> None:
    snapshot = write(SnapshotStore(tmp_path))
    manifest = json.loads((snapshot.path / "manifest.json").read_text())
    assert manifest["schema_version"] == snapshots.SCHEMA_VERSION
    assert manifest["code_version"] == snapshots.code_version() != ""
    assert set(manifest["files"]) == {"model.safetensors", "items.json"}


def _hold(path: Path, held: object, release: object) -> None:
    with FileLock(path, purpose="training"):
        held.set()  # type: ignore[attr-defined]
        release.wait(60)  # type: ignore[attr-defined]


def test_a_second_process_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    lock = FileLock(tmp_path / "train.lock", purpose="training")
    holder = context.Process(target=_hold, args=(lock.path, held, release))
    holder.start()
    assert held.wait(60)
    with pytest.raises(
        BusyError, match=rf"training cannot start: .* is held by process {holder.pid} on .* \(training, since "
    ):
        lock.acquire()
    told: list[str] = []

    def let_go(owner: str) -> None:
        told.append(owner)
        release.set()

    with FileLock(lock.path, purpose="training", wait_seconds=30, on_wait=let_go):
        assert f"process {holder.pid}" in told[0]
        with pytest.raises(BusyError, match=f"process {os.getpid()}"):
            lock.acquire()
    holder.join(60)
    with lock:
        assert str(os.getpid()) in lock.owner()
    lock.release()


def test_a_killed_holder_leaves_no_lock_behind(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(tmp_path / "lock", held, release))
    holder.start()
    assert held.wait(60)
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join(60)
    with FileLock(tmp_path / "lock", purpose="training"):
        pass
