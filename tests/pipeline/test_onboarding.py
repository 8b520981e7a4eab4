"""Many items by file: a report on every row, good ones recommended, nothing done twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from encoders.content import Content
from pipeline.onboarding import OnboardingProgress, Outcome, RowReport, items_file, onboard
from pipeline.query import Query
from pipeline.recommender import Recommender
from serving.pictures import ItemPictures, PictureFolder
from serving.service import Service
from store.errors import InputError, UnsafeInput
from store.interactions import Audience
from store.readers.folder import open_dataset
from store.records import IMAGE_URL, Item

Run = Callable[..., list[RowReport]]


@pytest.fixture
def run(trained_service: Service, tmp_path: Path) -> Run:
    def of(
        path: Path,
        *,
        fetch: Callable[[Sequence[str]], dict[str, bytes | UnsafeInput]] | None = None,
        copied: bool = True,
        on_progress: Callable[[OnboardingProgress], None] = lambda progress: None,
        publish: Callable[[Sequence[Item]], object] | None = None,
    ) -> list[RowReport]:
        rows: list[RowReport] = []
        onboard(
            items_file(open_dataset(path)),
            store=trained_service.store,
            encoder=trained_service.encoder,
            publish=publish or trained_service.recommender.publish_all,
            pictures=ItemPictures(PictureFolder(tmp_path / "kept"), copied=copied, fetch=fetch),
            on_rows=rows.extend,
            on_progress=on_progress,
        )
        return rows

    return of


def written(path: Path, *rows: object) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), "utf-8")
    return path


def test_every_row_is_reported_and_good_ones_are_recommended(
    run: Run, trained_service: Service, tmp_path: Path
) -> None:
    """hazards.md lines 2, 10 and 14 in one file."""
    Image.new("RGB", (60, 90), "navy").save(tmp_path / "good.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "good.png").read_bytes()[:60])
    Image.new("1", (12_000, 2)).save(tmp_path / "wide.png")
    (tmp_path / "vector.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    film = {"genres": ["Action", "Sci-Fi"], "year": 1997}
    path = written(
        tmp_path / "items.jsonl",
        {"item_id": "file-1", "title": "Star Raiders", "description": "In space.", "image": "good.png", **film},
        {"item_id": "file-2", "title": "Sky\u200bline", "image": "cut.png", **film},
        {"item_id": "file-3", "title": "Too Wide", "image": "wide.png"},
        {"item_id": "file-4", "title": "Drawn", "image": "vector.svg"},
        {"item_id": "file-5", "title": "Lost", "image": "nowhere.png"},
        {"item_id": "file-6", "title": "Out", "image": "../../etc/passwd"},
        {"item_id": "file-7", "title": "Year", "year": 9999},
        '{"item_id": "file-8", "title": "Nan", "score": NaN}',
        {"item_id": "file-9", "title": "=cmd|' /C calc'!A0"},
        {"title": "No id"},
        {"item_id": "file-1", "title": "Again"},
        {"item_id": "nul\0", "title": "Nul"},
        '{"item_id": "half-\\ud800", "title": "Half"}',
        '{"item_id": ["list"], "title": "Type"}',
        "not json",
    )  # fmt: skip
    rows = run(path)
    assert [row.line for row in rows] == list(range(1, 16))
    assert [row.outcome for row in rows] == [Outcome.CREATED] * 5 + [Outcome.REJECTED] * 10
    assert [row.rule for row in rows[5:]] == [
        "image path", "year out of range", "not finite", "formula", "missing id", "duplicate id", "not text",
        "not text", "wrong type", "not JSON",
    ]  # fmt: skip
    assert all(row.reason and row.fix for row in rows[5:])
    assert rows[0].picture == ""
    assert rows[1].notes == ("invisible characters removed",)
    assert [bool(row.picture) for row in rows[1:5]] == [True] * 4
    assert "12,000 x 2 pixels" in rows[2].picture
    store, recommender = trained_service.store, trained_service.recommender
    assert store.item("file-1").image == str(next((tmp_path / "kept").iterdir()))
    assert all(store.item(f"file-{n}").image is None for n in range(2, 6))
    assert recommender.search("star raiders", k=1)[0].item_id == "file-1"
    answer = recommender.recommend(Query(history=("50", "172", "181"), k=100))
    assert {"file-1", "file-2"} <= {found.item.item_id for found in answer.items}

    again = run(path)
    assert [row.outcome for row in again[:5]] == [Outcome.UNCHANGED] * 5
    assert again[1].picture == rows[1].picture, "what is missing is said again"
    assert again[5:] == rows[5:]
    for n in range(1, 6):
        recommender.deactivate(f"file-{n}")


def test_a_batch_that_was_killed_goes_on_where_it_was(
    run: Run, trained_service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.onboarding.WINDOW", 10)
    path = written(
        tmp_path / "items.jsonl", *({"item_id": f"kill-{n}", "title": f"Kill number {n}"} for n in range(30))
    )

    class Killed(Exception):
        pass

    def kill(progress: OnboardingProgress) -> None:
        if progress.rows >= 20:
            raise Killed

    encoded: list[str] = []
    encode = type(trained_service.encoder._text).encode

    def counting(self: object, texts: Sequence[str]) -> np.ndarray:
        encoded.extend(texts)
        return encode(self, texts)  # type: ignore[arg-type]

    monkeypatch.setattr(type(trained_service.encoder._text), "encode", counting)
    monkeypatch.setattr(trained_service.encoder, "_cache", None)
    with pytest.raises(Killed):
        run(path, on_progress=kill)
    first = len([item for item in trained_service.store.items() if item.item_id.startswith("kill-")])
    assert 10 <= first < 30
    seen: list[OnboardingProgress] = []
    encoded.clear()
    rows = run(path, on_progress=seen.append)
    assert [row.outcome for row in rows] == [Outcome.UNCHANGED] * first + [Outcome.CREATED] * (30 - first)
    assert "Kill number 0" not in encoded
    assert "Kill number 29" in encoded
    assert seen[-1].published == 30
    assert seen[-1].fraction == 1.0
    assert all(now.fraction >= before.fraction for before, now in pairwise(seen))
    monkeypatch.undo()
    for n in range(30):
        trained_service.recommender.deactivate(f"kill-{n}")


def test_pictures_by_address_are_fetched_once_and_kept(run: Run, trained_service: Service, tmp_path: Path) -> None:
    good = tmp_path / "good.png"
    Image.new("RGB", (60, 90), "olive").save(good)
    asked: list[str] = []

    def fetch(urls: Sequence[str]) -> dict[str, bytes | UnsafeInput]:
        asked.extend(urls)
        refused = UnsafeInput("it leads to a private network", fix="Upload it.")
        return {url: refused if "inside" in url else good.read_bytes() if "good" in url else b"<html>" for url in urls}

    urls = {"url-1": "https://a.example/good.png", "url-2": "http://inside/x.png", "url-3": "https://a.example/page"}
    path = written(
        tmp_path / "items.jsonl",
        *({"item_id": item_id, "title": item_id, "image": url} for item_id, url in urls.items()),
    )
    assert [row.picture for row in run(path)] != [""] * 3
    assert trained_service.store.item("url-1").attributes == {IMAGE_URL: urls["url-1"]}, "off: the address is kept"
    rows = run(path, fetch=fetch)
    assert [row.outcome for row in rows] == [Outcome.UPDATED, Outcome.UNCHANGED, Outcome.UNCHANGED]
    assert [row.picture[:35] for row in rows] == [
        "",
        "it leads to a private network. Uplo",
        "the picture is not JPEG, PNG, WEBP,",
    ]
    item = trained_service.store.item("url-1")
    assert item.attributes == {}
    assert item.image is not None
    assert Path(item.image).parent == (tmp_path / "kept").resolve()
    run(path, fetch=fetch)
    assert asked.count(urls["url-1"]) == 1
    for item_id in urls:
        trained_service.recommender.deactivate(item_id)


def test_requests_are_answered_while_a_batch_is_published(
    run: Run, trained_service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the catalogue of before: nobody waits for the new one."""
    recommender = trained_service.recommender
    assert isinstance(recommender, Recommender)
    before = recommender.snapshot_id, len(recommender.state.catalogue)
    path = written(tmp_path / "items.jsonl", *({"item_id": f"busy-{n}", "title": f"Busy {n}"} for n in range(3)))
    building, go_on = threading.Event(), threading.Event()
    encode = trained_service.encoder.encode

    def slow(items: Sequence[Item], **options: object) -> Content:
        if recommender._change.locked():
            building.set()
            assert go_on.wait(30)
        return encode(items, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(trained_service.encoder, "encode", slow)
    worker = threading.Thread(target=run, args=(path,))
    worker.start()
    try:
        assert building.wait(30)
        assert len(recommender.recommend(Query(user_id="1", k=5)).items) == 5
        assert (recommender.snapshot_id, len(recommender.state.catalogue)) == before
    finally:
        go_on.set()
        worker.join(30)
    assert recommender.item("busy-2").title == "Busy 2"
    for n in range(3):
        recommender.deactivate(f"busy-{n}")


def test_items_that_come_in_parts_stand_where_they_would_stand_at_once(trained_service: Service) -> None:
    """What is projected once is not projected again, and who met an item is not forgotten."""
    state = trained_service.recommender.state
    encoder, history = trained_service.encoder, np.array([1, 2, 3])
    new = [Item(f"part-{n}", f"Part {n}", "A story in parts.", ("Drama",), {"year": 1990 + n}) for n in range(6)]
    at_once = state.with_items(new, encoder, revision=1)
    first = len(state.catalogue) + 1
    in_parts = state.with_items(new[:4], encoder, revision=1).with_readers({first: [history]})
    in_parts = in_parts.with_items([new[1], *new[4:]], encoder, revision=2)
    assert in_parts.stand_ins.readers_of(first) == 1
    at_once = at_once.with_readers({first: [history]})
    assert in_parts.catalogue.ids.external == at_once.catalogue.ids.external
    np.testing.assert_array_equal(in_parts.is_cold, at_once.is_cold)
    np.testing.assert_allclose(in_parts.vectors, at_once.vectors, atol=1e-5)
    np.testing.assert_allclose(in_parts.stand_ins.by_content, at_once.stand_ins.by_content, atol=1e-5)
    np.testing.assert_allclose(in_parts.item_vectors, at_once.item_vectors, atol=1e-4)
    audience = Audience.of_history(history)
    for name, scorer in at_once.scorers.items():
        np.testing.assert_allclose(
            in_parts.scorers[name].score(audience), scorer.score(audience), rtol=1e-3, atol=1e-4, err_msg=name
        )


def test_events_are_no_items(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("user_id,item_id\n1,2\n")
    with pytest.raises(InputError, match="0 files of items and 1 of events"):
        items_file(open_dataset(tmp_path / "events.csv"))


@pytest.fixture(autouse=True)
def _nothing_left(trained_service: Service) -> Iterator[None]:
    yield
    left = [item for item in trained_service.store.items(active=True) if item.item_id.split("-")[0] in PREFIXES]
    assert left == []


PREFIXES = ("file", "kill", "url", "busy", "part")
