"""The audit on planted lists: every figure worked out by hand."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import numpy as np
import pytest
import scipy.sparse as sp
from pydantic_core import to_jsonable_python

from evaluation import metrics
from evaluation.audit import (
    OTHERS,
    Audit,
    AuditSettings,
    Group,
    ItemFacts,
    audit,
    popularity_deciles,
)
from evaluation.calibration import distributions, divergence, favourites
from store.errors import InputError

NOW = datetime(2024, 6, 10, tzinfo=UTC)

# Items 1..6 were met by 8, 4, 4, 2, 1 and 0 of 10 readers: 6 is new; 5 is inactive. Crime: 1, 2, 4. Drama: 2, 3.
READERS = np.array([0, 8, 4, 4, 2, 1, 0], dtype=np.float64)
ACTIVE = np.array([False, True, True, True, True, False, True])
HAS = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [1, 0], [0, 0], [0, 0]], dtype=np.float64)
FACTS = ItemFacts(READERS, 10, ACTIVE, ("Crime", "Drama"), HAS)


def found(lists: list[list[int]], histories: list[list[int]], **settings: object) -> Audit:
    return audit(
        np.array(lists, dtype=np.int64),
        [np.array(one, dtype=np.int64) for one in histories],
        FACTS,
        group="everyone",
        snapshot_id="s",
        created=NOW,
        settings=AuditSettings(**settings),  # type: ignore[arg-type]
    )


def test_shares_of_places_by_hand() -> None:
    report = found([[1, 6], [2, 1]], [[2], [3, 5, 5, 4]], k=2)
    by_decile = {share.label: share for share in report.deciles}
    # Five items are known: by ascending readers 5 | 4 | 2, 3 | 1 stand in deciles 1, 3, 5 and 9.
    assert list(by_decile) == ["1", "3", "5", "9", "new"]
    assert [share.items for share in report.deciles] == [0, 1, 2, 1, 1]
    assert (by_decile["5"].low, by_decile["5"].high) == (4, 4)
    listed = {label: share.share.listed.mean for label, share in by_decile.items()}
    assert listed == pytest.approx({"1": 0, "3": 0, "5": 1 / 4, "9": 1 / 2, "new": 1 / 4})
    second = (1 / math.log2(3)) / (1 + 1 / math.log2(3))  # weight of place 2
    weighted = {label: share.share.weighted.mean for label, share in by_decile.items()}
    assert weighted["9"] == pytest.approx(((1 - second) + second) / 2)
    assert weighted["new"] == pytest.approx(second / 2)
    assert weighted["5"] == pytest.approx((1 - second) / 2)
    history = {label: share.share.history.mean for label, share in by_decile.items()}
    assert history == pytest.approx({"1": 1 / 4, "3": 1 / 8, "5": (1 + 1 / 4) / 2, "9": 0, "new": 0})
    assert by_decile["9"].share.excess.mean == pytest.approx(1 / 2)


def test_popularity_novelty_and_new_items_by_hand() -> None:
    report = found([[1, 6], [2, 1]], [[2], [3, 4]], k=2)
    assert report.popularity.listed.mean == pytest.approx(((0.8 + 0) / 2 + (0.4 + 0.8) / 2) / 2)
    assert report.popularity.history.mean == pytest.approx((0.4 + (0.4 + 0.2) / 2) / 2)
    assert report.lift is not None
    assert report.lift.mean == pytest.approx(0.5 / 0.35)
    assert report.new.listed.mean == pytest.approx(1 / 4)
    assert report.new.history.mean == 0
    assert report.novelty.listed.mean == pytest.approx(
        metrics.novelty(np.array([[1, 6], [2, 1]]), READERS, num_users=10, k=2).mean()
    )


def test_coverage_and_concentration_count_active_items_only() -> None:
    report = found([[1, 6], [2, 1]], [[2], [3, 5]], k=2)
    assert report.items == 5
    assert report.coverage == pytest.approx(3 / 5)
    # Exposures 0, 0, 1, 1, 2 with the weights -4, -2, 0, 2, 4, over 5 items times 4 places.
    assert report.listed.gini == pytest.approx((0 * 1 + 2 * 1 + 4 * 2) / 20)
    assert report.listed.lorenz[0] == 0
    assert report.listed.lorenz[40] == 0, "two of five items get nothing"
    assert report.listed.lorenz[60] == pytest.approx(1 / 4)
    assert report.listed.lorenz[80] == pytest.approx(1 / 2)
    assert report.listed.lorenz[100] == 1
    area = np.trapezoid(report.listed.lorenz, dx=0.01)
    assert 1 - 2 * area == pytest.approx(report.listed.gini, abs=1e-3)
    # The inactive item 5 of a history takes no part: items 2 and 3 have one reader each.
    assert report.history.lorenz[60] == 0
    assert report.history.gini == pytest.approx(3 / 5)


def test_calibration_by_hand() -> None:
    report = found([[1, 6], [3, 2]], [[2], [2, 3]], k=2, alpha=0.01)
    first = 0.5 * math.log(0.5 / (0.99 * 1 + 0.01 * 0.5)) + 0.5 * math.log(0.5 / (0.01 * 0.5))
    assert report.calibration is not None
    # The second list has the items of its history: nothing is lost.
    assert report.calibration.listed.mean == pytest.approx(first / 2)
    assert report.calibration.worst == pytest.approx(math.log(100))
    assert report.calibration.readers == 2
    # p of reader 1 is (1/2, 1/2), of reader 2 (1/4, 3/4).
    crime, drama = report.categories[1], report.categories[0]
    assert (crime.label, drama.label) == ("Crime", "Drama")
    assert crime.share.history.mean == pytest.approx((1 / 2 + 1 / 4) / 2)
    assert crime.share.listed.mean == pytest.approx((1 + 1 / 4) / 2)
    assert (crime.items, drama.items) == (3, 2)


def test_calibration_has_its_yardsticks() -> None:
    report = found([[1, 4], [1, 4]], [[2], [2]], k=2)
    calibration = report.calibration
    assert calibration is not None
    assert calibration.drawn.mean == pytest.approx(0), "a history of one item, drawn, is the history"
    # Most met and unmet: items 1 and 3, of which one is Crime and one Drama.
    assert calibration.popular.mean == pytest.approx(0)
    assert calibration.listed.mean == pytest.approx(0.5 * math.log(0.5 / 0.995) + 0.5 * math.log(0.5 / 0.005))


def test_divergence_is_zero_for_equals_and_log_of_one_over_alpha_for_strangers() -> None:
    wanted = np.array([[0.25, 0.75, 0.0], [1.0, 0.0, 0.0]])
    assert divergence(wanted, wanted, alpha=0.01) == pytest.approx([0, 0])
    assert divergence(wanted, np.array([[0, 0, 1.0], [0, 1.0, 0]]), alpha=0.01) == pytest.approx([math.log(100)] * 2)


def test_distributions_split_an_item_over_its_categories() -> None:
    weights = sp.csr_matrix(np.array([[0, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1, 1]], dtype=np.float64))
    assert distributions(weights, HAS).tolist() == [[0.75, 0.25], [0.0, 0.0]]


def test_a_favourite_is_what_exceeds_the_mean_not_what_is_most_frequent() -> None:
    rows = np.zeros((4, 7))
    rows[1, [1, 4]] = 1  # all Crime
    rows[2, [1, 2, 3]] = 1  # Crime and Drama in equal parts: most Drama of all
    rows[3, 5] = 1  # nothing with a category
    assert favourites(sp.csr_matrix(rows), HAS).tolist() == [-1, 0, 1, -1]


def test_equally_popular_items_share_a_decile_and_new_ones_stand_apart() -> None:
    facts = ItemFacts(np.array([0.0, *([3.0] * 50), 0.0]), 9, np.ones(52, dtype=bool), (), np.zeros((52, 0)))
    names, parts = popularity_deciles(facts)
    assert names == ["1", "new"]
    assert parts[0] == -1
    assert set(parts[1:51]) == {0}
    assert parts[51] == 1
    spread = ItemFacts(np.arange(101.0), 100, np.ones(101, dtype=bool), (), np.zeros((101, 0)))
    names, parts = popularity_deciles(spread)
    assert names == [str(n) for n in range(1, 11)]
    assert np.bincount(parts[1:]).tolist() == [10] * 10


def test_who_has_no_history_or_no_list_is_counted_and_left_out() -> None:
    report = found([[1, 2], [0, 0], [1, 0]], [[], [3], [2]], k=2)
    assert (report.readers, report.left_out) == (1, 2)
    assert report.deciles[-2].share.listed.mean == 1.0, "a list of one place is all of that place"
    with pytest.raises(InputError, match="none of the 1 readers chosen"):
        found([[0, 0]], [[1]])
    with pytest.raises(InputError, match="2 lists came with 1 histories"):
        found([[1, 2], [1, 2]], [[1]])


def test_only_the_first_k_places_count() -> None:
    report = found([[1, 2, 3]], [[4]], k=1)
    assert report.coverage == pytest.approx(1 / 5)


def test_a_catalogue_without_categories_has_no_calibration() -> None:
    facts = ItemFacts(READERS, 10, ACTIVE, (), np.zeros((7, 0)))
    report = audit(np.array([[1, 2]]), [np.array([3])], facts, group="everyone", snapshot_id="s", created=NOW)
    assert report.categories == ()
    assert report.calibration is None


def test_small_categories_become_one_row_and_shares_still_sum_to_one() -> None:
    has = np.eye(7)[:, 1:]
    facts = ItemFacts(READERS, 10, ACTIVE, tuple("abcdef"), has)
    settings = AuditSettings(k=3, categories=2)
    report = audit(
        np.array([[1, 2, 3], [4, 6, 1]]), [np.array([2, 4]), np.array([3])], facts, group="g", snapshot_id="s",
        created=NOW, settings=settings,
    )  # fmt: skip
    assert [share.label for share in report.categories] == ["c", "b", OTHERS]
    for side in ("listed", "weighted", "history"):
        assert sum(getattr(share.share, side).mean for share in report.categories) == pytest.approx(1)
        assert sum(getattr(share.share, side).mean for share in report.deciles) == pytest.approx(1)


def test_intervals_hold_their_means_and_the_report_is_json() -> None:
    rng = np.random.default_rng(0)
    lists = [rng.permutation([1, 2, 3, 4, 6])[:2].tolist() for _ in range(40)]
    report = found(lists, [[2, 3]] * 40, k=2)
    for interval in (report.popularity.listed, report.novelty.excess, report.calibration.listed):  # type: ignore[union-attr]
        assert interval.low < interval.mean < interval.high
    assert json.loads(json.dumps(to_jsonable_python(report)))["readers"] == 40


@pytest.mark.parametrize(("settings", "message"), [({"alpha": 0.0}, "alpha is 0.0"), ({"k": 0}, "k is 0, below 1")])
def test_settings_are_checked(settings: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        AuditSettings(**settings)  # type: ignore[arg-type]


def test_inequality_of_amounts() -> None:
    assert metrics.inequality(np.array([3, 3, 3])) == 0
    assert metrics.inequality(np.array([0, 0, 0, 8])) == pytest.approx(3 / 4)
    assert metrics.inequality(np.zeros(4)) == 0


def test_a_group_in_words() -> None:
    assert Group().label == "everyone"
    assert Group(category="Crime").label == "readers who favour Crime"
    assert Group(user_ids=("1", "2"), category="Crime", sample=5).label == (
        "2 named users who favour Crime, a sample of up to 5"
    )
    with pytest.raises(InputError, match="sample is 0, below 1"):
        Group(sample=0)
