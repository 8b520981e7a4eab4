"""The protocol of the cold-start benchmark, on a folder of a few made-up items."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.cold_start import baselines
from benchmarks.cold_start.__main__ import CURVE, ROWS
from benchmarks.cold_start.protocol import Catalogue, Split, cold_gains, judged_users, taught, warm_gain
from encoders.content import Content
from store.interactions import Audience
from store.records import Item

COLD = (3, 8, 20)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Items 1..20, users 1..30; a user of even number meets even items, and each meets 7."""
    rng = np.random.default_rng(0)
    lines = {"ml-1m-train.txt.gz": [], "ml-1m-test.txt.gz": []}
    for user in range(1, 31):
        own = np.arange(1, 21)[np.arange(1, 21) % 2 == user % 2]
        items = rng.permutation(own)[:7]
        lines["ml-1m-train.txt.gz"].append(f"{user} {' '.join(map(str, items[:5]))}")
        lines["ml-1m-test.txt.gz"].append(f"{user} {' '.join(map(str, items[5:]))}")
    for name, text in lines.items():
        with gzip.open(tmp_path / name, "wt") as file:
            file.write("\n".join(text) + "\n")
    with gzip.open(tmp_path / "items.jsonl.gz", "wt") as file:
        for item in range(1, 21):
            row = {"item_id": str(item), "title": f"Film {item}", "year": 1990, "genres": ["Drama"]}
            file.write(json.dumps(row | {"description": None, "image": None}) + "\n")
    (tmp_path / "cold.txt").write_text("\n".join(map(str, COLD)))
    return tmp_path


@pytest.fixture
def split(folder: Path) -> Split:
    return Split.read(folder, folder / "cold.txt", seed=0)


def test_cold_items_come_last_and_nobody_trains_on_them(split: Split) -> None:
    assert split.ids[split.cold - 1].tolist() == list(COLD)
    assert split.num_warm == 17
    assert split.known.items.max() <= 17
    assert len(split.known) + len(split.validation.users) + len(split.test.users) == 30 * 7
    assert abs(len(split.validation.users) - len(split.test.users)) <= 1
    for user, item in zip(split.known.users, split.known.items, strict=True):
        assert split.ids[item - 1] % 2 == user % 2, "ids of users and items are those of the files"


def test_the_halves_of_cold_interactions_do_not_depend_on_the_seed(folder: Path, split: Split) -> None:
    other = Split.read(folder, folder / "cold.txt", seed=5)
    np.testing.assert_array_equal(split.test.items, other.test.items)
    assert not np.array_equal(split.held, other.held)


def test_revealed_interactions_grow_and_never_touch_test(split: Split) -> None:
    tests = set(zip(split.test.users.tolist(), split.test.items.tolist(), strict=True))
    before: set[tuple[int, int]] = set()
    for count in (0, 1, 3, 100):
        shown = split.revealed(count)
        pairs = set(zip(shown.users.tolist(), shown.items.tolist(), strict=True))
        assert before <= pairs
        assert not pairs & tests
        assert np.bincount(shown.items, minlength=21).max(initial=0) <= max(count, 0)
        before = pairs
    assert len(before) == len(split.validation.users)


def test_one_warm_item_of_every_second_user_is_judged_and_the_others_teach(split: Split) -> None:
    judged = set(judged_users(split.held).tolist())
    teaching = set(np.flatnonzero(taught(split.held)).tolist())
    assert not judged & teaching
    assert judged | teaching == set(np.flatnonzero(split.held).tolist())


def test_a_ranking_that_knows_the_answers_gets_all(split: Split) -> None:
    wanted = split.test.by_user(split.num_users)

    def oracle(audience: Audience) -> np.ndarray:
        scores = np.zeros((len(audience), 21), dtype=np.float32)
        for row, user in enumerate(audience.users):
            scores[row, wanted[int(user)]] = 1.0
            scores[row, split.held[int(user)]] = 2.0
        return scores

    nothing_shown = split.with_revealed(split.revealed(0))
    gains = cold_gains(oracle, split, nothing_shown)
    assert gains.cold["recall"].mean() == gains.all["recall"].mean() == gains.cold["ndcg"].mean() == 1.0
    assert 0 < gains.share < 0.5
    assert warm_gain(oracle, split, with_cold=True) == warm_gain(oracle, split, with_cold=False) == 1.0


def test_a_file_that_names_no_item_is_refused(folder: Path) -> None:
    (folder / "cold.txt").write_text("999")
    with pytest.raises(SystemExit, match="names 0 of the 20 items"):
        Split.read(folder, folder / "cold.txt", seed=0)


@pytest.mark.parametrize("line", ["item_id", "3;8", "1.5", "-3", "9" * 30])
def test_a_line_that_is_no_id_is_refused_by_its_number(folder: Path, line: str) -> None:
    (folder / "cold.txt").write_text(f"3\n\n{line}\n")
    with pytest.raises(SystemExit, match=r"line 3: .* is no item id"):
        Split.read(folder, folder / "cold.txt", seed=0)


def test_ids_that_nobody_met_are_passed_over_and_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "cold.txt").write_bytes(b"\xef\xbb\xbf3\r\n 8\r\n20\r\n777\r\n778\r\n3\r\n")
    split = Split.read(folder, folder / "cold.txt", seed=0)
    assert split.ids[split.cold - 1].tolist() == list(COLD)
    assert "nobody met 2 of these ids" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="is no file"):
        Split.read(folder, folder / "nothing.txt", seed=0)


def test_items_that_people_met_must_be_described(folder: Path, split: Split) -> None:
    with gzip.open(folder / "items.jsonl.gz", "wt") as file:
        file.write(json.dumps({"item_id": "1", "title": "Film", "year": None, "genres": [], "description": None}))
    with pytest.raises(SystemExit, match="lacks 19 items that people met"):
        Catalogue.read(folder, split.ids, encoder=None)  # type: ignore[arg-type]


def test_baselines_place_cold_items_by_what_is_known_of_them(split: Split) -> None:
    """Texts that tell even from odd: every method but chance finds the users of the same kind."""
    rng = np.random.default_rng(1)
    even = (split.ids % 2 == 0)[:, None]
    text = np.where(even, [[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]]) + 0.1 * rng.standard_normal((20, 3))
    text = (text / np.linalg.norm(text, axis=1, keepdims=True)).astype(np.float32)
    has = np.ones(20, dtype=np.bool_)
    items = tuple(Item(str(item_id), "") for item_id in split.ids)
    catalogue = Catalogue(items, Content(text, text, has, has, ("",) * 20))
    audience = Audience.of_users(np.arange(1, 31), split.known)
    same = (split.ids[split.cold - 1][None, :] % 2) == (audience.users[:, None] % 2)
    for method in (baselines.text, baselines.image, baselines.ridge):
        scores = method(split.known, catalogue, seed=0)(audience)[:, split.cold]
        assert scores[same].min() > scores[~same].max(), method.__name__
    everyone = baselines.neighbour_popularity(split.known, catalogue, seed=0)(audience)
    assert (everyone == everyone[0]).all()


def test_rows_are_those_of_the_protocol() -> None:
    assert ROWS[:7] == ("random", "neighbour_popularity", "text", "image", "ridge", "dropoutnet", "clcrec")
    assert {"ours", "ours_text", "ours_image", "ours_title", "ours_title_image"} <= set(ROWS)
    assert set(CURVE) == {f"{who}_n{count}" for who in ("ours", "behaviour") for count in (1, 3, 10, 30, 100)}
