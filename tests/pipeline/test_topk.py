"""The k best, against sorting everything."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline import topk
from pipeline.topk import best, best_products


def sorted_out(scores: np.ndarray, k: int) -> tuple[list[list[int]], list[list[float]]]:
    items, values = [], []
    for row in scores:
        order = [column for column in np.argsort(-row, kind="stable").tolist() if row[column] > -np.inf][:k]
        items.append(order + [0] * (k - len(order)))
        values.append([float(row[column]) for column in order] + [-np.inf] * (k - len(order)))
    return items, values


def test_ties_go_to_the_lower_index() -> None:
    items, _ = best(np.array([[-np.inf, 1.0, 2.0, 1.0, 1.0]], dtype=np.float32), 3)
    assert items.tolist() == [[2, 1, 3]]


# The widths lie on both sides of where groups are used, and are no multiples of a group.
@pytest.mark.parametrize("k", [1, 3, 40])
@pytest.mark.parametrize("width", [1, 7, 130, 1_003])
@pytest.mark.parametrize("values", [3, 1_000_000])
def test_best_is_what_sorting_gives(width: int, k: int, values: int) -> None:
    chance = np.random.default_rng(0)
    scores = chance.integers(values, size=(20, width)).astype(np.float32)
    scores[chance.random(scores.shape) < 0.3] = -np.inf
    scores[0] = -np.inf
    scores[1, 1:] = -np.inf
    items, found = best(scores, k)
    assert (items.tolist(), found.tolist()) == sorted_out(scores, k)


@settings(deadline=None)
@given(arrays(np.float32, (2, 150), elements=st.sampled_from([-np.inf, 0.0, 1.0, 2.0, 3.0])), st.integers(1, 3))
def test_best_keeps_the_order_of_ties(scores: np.ndarray, k: int) -> None:
    assert best(scores, k)[0].tolist() == sorted_out(scores, k)[0]


def test_best_leaves_the_scores_alone_and_reads_locked_ones() -> None:
    scores = np.random.default_rng(0).normal(size=(3, 500)).astype(np.float32)
    before = scores.copy()
    scores.flags.writeable = False
    assert best(scores, 2)[0].tolist() == sorted_out(before, 2)[0]
    np.testing.assert_array_equal(scores, before)


# Of 301 items: one tile, tiles wide enough for groups, tiles that are not.
@pytest.mark.parametrize(("rows", "cells"), [(256, 1 << 24), (4, 1_000), (4, 10)])
@pytest.mark.parametrize("values", [4, 1_000])
def test_products_do_not_depend_on_the_tiles(
    monkeypatch: pytest.MonkeyPatch, rows: int, cells: int, values: int
) -> None:
    monkeypatch.setattr(topk, "_TILE_ROWS", rows)
    monkeypatch.setattr(topk, "_TILE_SCORES", cells)
    chance = np.random.default_rng(0)
    # Whole numbers: products are exact, and there are ties.
    vectors = chance.integers(-values, values, size=(301, 5)).astype(np.float32)
    queries = chance.integers(-values, values, size=(11, 5)).astype(np.float32)
    exclude = [chance.integers(1, 301, size=size) for size in range(11)]
    scores = queries @ vectors.T
    scores[:, 0] = -np.inf
    for row, left_out in enumerate(exclude):
        scores[row, left_out] = -np.inf
    found, products = best_products(queries, vectors, 6, exclude=exclude)
    assert (found.tolist(), products.tolist()) == sorted_out(scores, 6)


def test_products_of_many_queries_are_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topk, "_TILE_ROWS", 4)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    limits: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", limits.append)
    chance = np.random.default_rng(0)
    vectors = chance.integers(-9, 10, size=(301, 5)).astype(np.float32)
    queries = chance.integers(-9, 10, size=(14, 5)).astype(np.float32)
    exclude = [chance.integers(1, 301, size=size) for size in range(14)]
    scores = queries @ vectors.T
    scores[:, 0] = -np.inf
    for row, left_out in enumerate(exclude):
        scores[row, left_out] = -np.inf
    found, _ = best_products(queries, vectors, 6, exclude=exclude)
    assert found.tolist() == sorted_out(scores, 6)[0]
    assert set(limits[:-1]) == {1}
    assert limits[-1] == 3


def test_products_where_nearly_all_is_excluded() -> None:
    vectors = np.ones((4, 2), dtype=np.float32)
    items, values = best_products(vectors[:1], vectors, 3, exclude=[np.array([1, 3])])
    assert items.tolist() == [[2, 0, 0]]
    assert values.tolist() == [[2.0, -np.inf, -np.inf]]
