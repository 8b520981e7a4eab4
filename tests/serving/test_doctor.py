from __future__ import annotations

import sys
from pathlib import Path

import pytest

from serving import doctor
from serving.doctor import Level
from serving.settings import Settings
from store.assets import Asset, AssetCache
from store.downloads import AssetFile, Url
from store.snapshots import SnapshotStore


def test_both_faiss_builds_are_a_known_bad_combination() -> None:
    both = doctor.faiss_builds({"faiss-cpu": "1.15.1", "faiss-gpu": "1.15.1", "numpy": "2.4"})
    assert both.level is Level.FAILURE
    assert both.found == "faiss-cpu 1.15.1 and faiss-gpu 1.15.1 overwrite each other's files"
    assert "pip uninstall faiss-cpu faiss-gpu" in both.fix
    assert doctor.faiss_builds({"faiss-cpu": "1.15.1"}).level is Level.OK
    assert "exact" in doctor.faiss_builds({}).found


def test_a_torchvision_that_does_not_import_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.torchvision({}).level is Level.OK
    (tmp_path / "torchvision.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    broken = doctor.torchvision({"torchvision": "0.24", "torch": "2.13.0"})
    assert broken.level is Level.FAILURE
    assert "0.24 does not import beside torch 2.13.0" in broken.found
    assert "operator torchvision::nms does not exist" in broken.found
    (tmp_path / "torchvision.py").write_text("")
    assert doctor.torchvision({"torchvision": "0.28", "torch": "2.13.0"}).level is Level.OK


@pytest.mark.parametrize(
    ("version", "in_use", "level"),
    [((3, 40, 1), True, Level.WARNING), ((3, 51, 3), True, Level.OK), ((3, 40, 1), False, Level.OK)],
)
def test_the_wal_reset_bug_is_named(version: tuple[int, int, int], in_use: bool, level: Level) -> None:
    check = doctor.sqlite_library(version, in_use=in_use)
    assert check.level is level
    assert ("WAL-reset bug (fixed in 3.51.3)" in check.found) == (level is Level.WARNING)


def test_versions_below_their_floor_fail() -> None:
    packages = dict.fromkeys(doctor.FLOORS, "99.0") | {"gradio": "6.19.2", "torch": "2.10.0+cpu"}
    del packages["pillow"]
    checks = {check.name: check for check in doctor.versions(packages)}
    assert checks["gradio"].level is Level.FAILURE
    assert "6.19.2, below the security floor 6.20" in checks["gradio"].found
    assert checks["torch"].level is Level.OK
    assert checks["pillow"].found == "not installed"


def test_a_misspelt_variable_is_named() -> None:
    check = doctor.unknown_variables(["TASTEMAKER_PROT", "TASTEMAKER_PORT", "TASTEMAKER_LLM__MODEL", "PATH"])
    assert check.level is Level.WARNING
    assert check.found == "unknown: TASTEMAKER_PROT"


def test_assets_that_are_missing_or_damaged_come_with_the_command_that_fetches_them(tmp_path: Path) -> None:
    files = (AssetFile("a.bin", "0" * 64, 3),)
    cache = AssetCache(tmp_path, assets={"a": Asset("a", "A", "MIT", files, (Url("http://localhost/"),))}, offline=True)
    (missing,) = doctor.assets(cache)
    assert (missing.level, missing.fix) == (Level.WARNING, "tastemaker assets fetch a")
    local = AssetCache(tmp_path, local={"a": tmp_path / "here"}, assets=cache.assets, offline=True)
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "a.bin").write_bytes(b"xyz")
    (damaged,) = doctor.assets(local)
    assert damaged.level is Level.FAILURE


def test_snapshots_are_verified(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    assert doctor.snapshot(store).fix == "tastemaker train"
    written = store.write(arrays={}, documents={"a": 1}, config={}, data_hash="", metrics={})
    assert doctor.snapshot(store).level is Level.OK
    (written.path / "a.json").write_text("2")
    assert doctor.snapshot(store).level is Level.FAILURE


def test_a_home_that_cannot_be_written_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    assert doctor.disk(tmp_path / "not" / "yet").level in (Level.OK, Level.WARNING)
    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    assert doctor.disk(tmp_path).level is Level.FAILURE


def test_a_database_that_cannot_be_opened_is_found(tmp_path: Path) -> None:
    assert doctor.database(Settings(home=tmp_path)).found == "not yet made"
    (tmp_path / "tastemaker.db").write_bytes(b"this is not a database" * 100)
    check = doctor.database(Settings(home=tmp_path))
    assert check.level is Level.FAILURE
    assert check.fix


def test_this_machine_can_be_examined(tmp_path: Path) -> None:
    found = {check.name: check for check in doctor.machine(Settings(home=tmp_path))}
    assert found["python"].found.startswith(".".join(map(str, sys.version_info[:3])))
    assert int(found["cores"].found) >= 1
    assert set(found) == {"python", "cores", "memory", "accelerator", "disk"}
