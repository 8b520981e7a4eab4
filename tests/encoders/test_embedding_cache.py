from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sqlite3
import time
from pathlib import Path

import numpy as np
import pytest

from encoders.cache import EmbeddingCache, content_key


def vectors(*names: str, dimension: int = 4) -> dict[bytes, np.ndarray]:
    return {content_key(name): np.full(dimension, len(name), dtype=np.float32) for name in names}


def test_round_trip_by_encoder_and_content(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path / "deep" / "embeddings.db")
    assert cache.get("a", list(vectors("x"))) == {}
    assert len(cache) == 0
    cache.put("a", vectors("x", "yy"))
    found = cache.get("a", [content_key("x"), content_key("yy"), content_key("zzz")])
    assert set(found) == {content_key("x"), content_key("yy")}
    np.testing.assert_array_equal(found[content_key("yy")], [2, 2, 2, 2])
    assert found[content_key("x")].dtype == np.float32
    assert cache.get("b", [content_key("x")]) == {}, "another encoder"
    cache.put("a", {content_key("x"): np.zeros(4, dtype=np.float32)})
    assert len(cache) == 2, "the same content is kept once"


def test_more_keys_than_one_query_takes(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path / "embeddings.db")
    many = {content_key(str(number)): np.array([number], dtype=np.float32) for number in range(1_700)}
    cache.put("a", many)
    found = cache.get("a", list(many))
    assert {key: float(vector[0]) for key, vector in found.items()} == {
        key: float(vector[0]) for key, vector in many.items()
    }


def test_the_oldest_are_dropped(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path / "embeddings.db", max_entries=3)
    for name in ("a", "b", "c", "d", "e"):
        cache.put("m", vectors(name))
    assert len(cache) == 3
    assert set(cache.get("m", list(vectors("a", "b", "c", "d", "e")))) == set(vectors("c", "d", "e"))


def test_text_and_bytes_have_one_key_and_a_lone_surrogate_has_one_too() -> None:
    assert content_key("film") == content_key(b"film")
    assert content_key("\ud800") != content_key("?")


def test_a_damaged_file_starts_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = EmbeddingCache(tmp_path / "embeddings.db")
    cache.path.write_bytes(b"this is not a database, and long enough to be read as one" * 20)
    with caplog.at_level(logging.WARNING):
        assert cache.get("a", list(vectors("x"))) == {}
    assert "is damaged and starts anew" in caplog.text
    cache.put("a", vectors("x"))
    assert set(cache.get("a", list(vectors("x")))) == set(vectors("x"))


def test_a_place_that_cannot_be_written_is_logged_and_nothing_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = EmbeddingCache(tmp_path / "file" / "embeddings.db")
    with caplog.at_level(logging.WARNING):
        cache.put("a", vectors("x"))
    assert "cannot be written" in caplog.text
    assert cache.get("a", list(vectors("x"))) == {}


def _write_for_ever(path: Path) -> None:
    cache = EmbeddingCache(path)
    number = 0
    while True:
        cache.put(str(os.getpid()), {content_key(f"{number}-{part}"): np.ones(64, np.float32) for part in range(50)})
        number += 1


def test_kill_9_among_writers_leaves_whole_batches(tmp_path: Path) -> None:
    path = tmp_path / "embeddings.db"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_for_ever, args=(path,)) for _ in range(2)]
    for writer in writers:
        writer.start()
    cache = EmbeddingCache(path)
    deadline = time.monotonic() + 60
    while _count(cache) < 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    for writer in writers:
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
    assert len(cache) >= 200
    assert len(cache) % 50 == 0
    cache.put("after", vectors("x"))
    assert set(cache.get("after", list(vectors("x")))) == set(vectors("x"))


def _count(cache: EmbeddingCache) -> int:
    try:
        return len(cache)
    except sqlite3.OperationalError:  # the table is being made
        return 0
