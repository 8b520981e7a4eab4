"""From files to the store, and again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from store.database import Store
from store.errors import InputError
from store.ingest import IngestProgress, ingest
from store.records import Item

ROOT = Path(__file__).parents[2]

ITEMS = (
    '{"item_id": "a", "title": "Alpha"}\n{"item_id": "b", "title": "Be\\u200bta"}\n{"item_id": "a", "title": "Again"}\n'
)
EVENTS = (
    "user_id,item_id,rating,timestamp\nu,a,5,1600000000\nu,b,4,1600000001\nv,a,3,1600000002\n"
    "v,nowhere,3,1600000003\nv,b,nan,1600000004\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "items.jsonl").write_text(ITEMS)
    (tmp_path / "events.csv").write_text(EVENTS)
    return tmp_path


@pytest.mark.parametrize("batch_size", [1, 2, 20_000])
def test_good_rows_are_stored_and_bad_ones_explained(any_store: Store, folder: Path, batch_size: int) -> None:
    report = ingest(any_store, folder, batch_size=batch_size)
    assert (report.items_inserted, report.events_added, report.duplicates, report.rejected) == (2, 3, 0, 3)
    assert report.reasons == {"duplicate id": 1, "unknown item": 1, "not finite": 1}
    assert report.notes == {"invisible characters removed": 1}
    assert [item.title for item in any_store.items()] == ["Alpha", "Beta"]
    assert sorted((row.source, row.line) for row in any_store.quarantined()) == [
        ("events.csv", 5), ("events.csv", 6), ("items.jsonl", 3),
    ]  # fmt: skip
    (unknown,) = [row for row in any_store.quarantined() if row.reason.startswith("unknown item")]
    assert unknown.reason == "unknown item: item 'nowhere' is not in the catalogue. Add the item, ingest again."
    assert unknown.row.startswith("v nowhere rating 2020-09-13")


def test_a_second_run_changes_nothing(any_store: Store, folder: Path) -> None:
    ingest(any_store, folder)
    before, revision = any_store.data_hash(), any_store.items_revision()
    report = ingest(any_store, folder)
    assert (report.items_inserted, report.items_updated, report.items_unchanged) == (0, 0, 2)
    assert (report.events_added, report.duplicates) == (0, 3)
    assert any_store.data_hash() == before
    assert any_store.items_revision() == revision
    assert any_store.count_quarantined() == 3


def test_a_changed_file_updates_items(any_store: Store, folder: Path) -> None:
    ingest(any_store, folder)
    (folder / "items.jsonl").write_text('{"item_id": "a", "title": "Alpha 2"}\n{"item_id": "c", "title": "Gamma"}\n')
    report = ingest(any_store, folder / "items.jsonl")
    assert (report.items_inserted, report.items_updated) == (1, 1)
    assert any_store.item("a").title == "Alpha 2"
    assert any_store.count_items() == 3


def test_without_a_file_of_items_events_make_them(any_store: Store, folder: Path) -> None:
    any_store.put_items([Item("a", "Alpha")])
    report = ingest(any_store, folder / "events.csv")
    assert (report.items_inserted, report.events_added) == (2, 4)
    assert [(item.item_id, item.title) for item in any_store.items()] == [
        ("a", "Alpha"), ("b", "b"), ("nowhere", "nowhere"),
    ]  # fmt: skip


def test_several_paths_and_their_order_does_not_matter(sqlite_store: Store, folder: Path) -> None:
    report = ingest(sqlite_store, [folder / "events.csv", str(folder / "items.jsonl")])
    assert (report.items_inserted, report.events_added) == (2, 3)


def test_progress_ends_at_all_bytes(sqlite_store: Store, folder: Path) -> None:
    seen: list[IngestProgress] = []
    ingest(sqlite_store, folder, on_progress=seen.append, batch_size=2)
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert [progress.file for progress in seen] == ["items.jsonl"] * 2 + ["events.csv"] * 3
    assert seen[-1].rows == 5


def test_an_empty_batch_is_refused(sqlite_store: Store, folder: Path) -> None:
    with pytest.raises(InputError, match="batch of 0 records"):
        ingest(sqlite_store, folder, batch_size=0)


def test_a_killed_ingest_keeps_whole_batches_and_a_second_run_completes_it(tmp_path: Path) -> None:
    events = tmp_path / "events.csv"
    total = 60_000
    with events.open("w") as file:
        file.write("user_id,item_id,timestamp\n")
        file.writelines(f"u{number % 500},i{number % 97},{1_600_000_000 + number}\n" for number in range(total))
    url = f"sqlite:///{tmp_path / 'store.db'}"
    script = (
        "import sys; from store.database import Store; from store.ingest import ingest\n"
        "ingest(Store.open(sys.argv[1]), sys.argv[2], batch_size=500, "
        "on_progress=lambda progress: print(progress.rows, flush=True))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", script, url, str(events)], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        acknowledged = 0
        while acknowledged < 3_000:
            acknowledged = int(process.stdout.readline())
        time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        acknowledged = int((process.stdout.read().split() or [acknowledged])[-1])
    with Store.open(url) as store:
        stored = len(store.interactions()[0])
        assert acknowledged <= stored < total
        assert stored % 500 == 0
        report = ingest(store, events)
        assert (report.duplicates, report.events_added) == (stored, total - stored)
        assert len(store.interactions()[0]) == total
