from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from evaluation.evaluate import EvaluationSettings, evaluate, rank_readers
from evaluation.intervals import BootstrapSettings, difference_interval, mean_interval
from evaluation.protocols import Split, leave_last_out
from evaluation.results import Report
from store.errors import InputError
from store.ids import IndexArray
from store.interactions import Interactions

USERS, ITEMS = 40, 30
SETTINGS = EvaluationSettings(cuts=(1, 3), cut=3, main="good", bootstrap=BootstrapSettings(resamples=200))


@pytest.fixture(scope="module")
def split() -> Split:
    generator = np.random.default_rng(0)
    rows = [(user, item) for user in range(1, USERS + 1) for item in generator.permutation(ITEMS)[: 3 + user % 9] + 1]
    users, items = np.array(rows).T
    return leave_last_out(Interactions.build(users, items, np.arange(len(rows)), num_users=USERS, num_items=ITEMS))


def good(split: Split) -> IndexArray:
    """The right item first for every second reader, nothing otherwise."""
    lists = np.zeros((len(split.readers), 3), dtype=np.int64)
    lists[::2, 0] = [items[0] for items in split.relevant[::2]]
    return lists


def late(split: Split) -> IndexArray:
    """The right item third, always."""
    lists = np.zeros((len(split.readers), 3), dtype=np.int64)
    lists[:, 2] = [items[0] for items in split.relevant]
    return lists


@pytest.fixture(scope="module")
def report(split: Split) -> Report:
    rankings = {"late": late(split), "good": good(split)}
    return evaluate(rankings, split, data_name="made up", seed=7, settings=SETTINGS, milliseconds={"good": 1.5})


def test_means_and_intervals(report: Report, split: Split) -> None:
    found, other = report.system("good").metrics, report.system("late").metrics
    assert found["recall@1"].mean == found["recall@3"].mean == 0.5
    assert (other["recall@1"].mean, other["recall@3"].mean) == (0, 1)
    assert other["ndcg@3"].mean == pytest.approx(1 / math.log2(4))
    hits = np.arange(len(split.readers)) % 2 == 0
    assert found["hit_rate@3"] == mean_interval(hits.astype(float), SETTINGS.bootstrap)
    assert report.system("good").milliseconds == 1.5
    assert report.system("late").milliseconds is None


def test_differences_are_against_the_main_system(report: Report, split: Split) -> None:
    assert {(found.main, found.other) for found in report.differences} == {("good", "late")}
    lead = next(found.interval for found in report.differences if found.metric == "recall@3")
    ours = (np.arange(len(split.readers)) % 2 == 0).astype(float)
    expected = difference_interval(ours, np.ones(len(ours)), SETTINGS.bootstrap)
    assert (lead.mean, lead.low, lead.high) == pytest.approx((expected.mean, expected.low, expected.high))
    assert lead.high < 0


def test_curves(report: Report) -> None:
    assert report.system("good").recall_curve == (0.5, 0.5, 0.5)
    assert report.system("late").recall_curve == (0, 0, 1)


def test_slices_divide_all_questions(report: Report, split: Split) -> None:
    for slices in (report.by_history, report.by_popularity):
        assert sum(part.count for part in slices) == len(split.readers)
        for system, metric in (("good", "recall@3"), ("late", "recall@3")):
            if slices is report.by_popularity:
                whole = sum(part.count * part.values[system].mean for part in slices) / len(split.readers)
                assert whole == pytest.approx(report.system(system).metrics[metric].mean)
    whole = sum(part.count * part.values["good"].mean for part in report.by_history) / len(split.readers)
    assert whole == pytest.approx(report.system("good").metrics["ndcg@3"].mean)
    edges = [tuple(map(int, part.label.split("-"))) for part in report.by_history]
    assert all(before[-1] < after[0] for before, after in pairwise(edges))


def test_popularity_slices_by_hand() -> None:
    """Items 1..10 were met by 1..10 users: each is a decile of its own, and the test asks for items 1 and 10."""
    users = np.concatenate([np.arange(1, count + 1) for count in range(1, 11)])
    items = np.repeat(np.arange(1, 11), np.arange(1, 11))
    known = Interactions.build(users, items, np.zeros(55, dtype=np.int64), num_users=12, num_items=10)
    test = tuple(np.array({11: [1, 10], 12: [10]}.get(user, []), dtype=np.int64) for user in range(13))
    split = Split("by hand", known, np.zeros(13, dtype=np.int64), known, test)
    settings = EvaluationSettings(cuts=(1,), cut=1, main="top", bootstrap=BootstrapSettings(resamples=10))
    found = evaluate({"top": np.array([[10], [10]])}, split, data_name="", settings=settings).by_popularity
    assert [(part.label, part.count, part.values["top"].mean) for part in found] == [("1", 1, 0), ("10", 2, 1)]


def test_facts(report: Report, split: Split) -> None:
    assert report.data.protocol == "leave-last-out"
    assert (report.data.users, report.data.items, report.data.readers) == (USERS, ITEMS, len(split.readers))
    assert report.data.known == len(split.known)
    assert report.environment.seed == 7
    assert {"python", "torch", "numpy"} <= set(report.environment.versions)


def test_diversity_only_with_vectors(report: Report, split: Split) -> None:
    assert "diversity@3" not in report.system("good").metrics
    vectors = np.random.default_rng(0).normal(size=(ITEMS + 1, 4))
    again = evaluate({"good": good(split)}, split, data_name="", settings=SETTINGS, item_vectors=vectors)
    assert again.system("good").metrics["diversity@3"].mean == 0  # lists of one
    assert again.differences == ()


def test_ranking_in_batches_is_ranking_at_once() -> None:
    asked: list[int] = []

    def ranker(users: IndexArray) -> IndexArray:
        asked.append(len(users))
        return users[:, None] * np.array([10, 100])

    rankings, milliseconds = rank_readers({"a": ranker}, np.arange(1, 8), batch_size=3)
    assert asked == [3, 3, 1]
    assert rankings["a"].tolist() == [[10 * user, 100 * user] for user in range(1, 8)]
    assert milliseconds["a"] >= 0


def test_bad_input(split: Split) -> None:
    with pytest.raises(InputError, match=r"main system 'good' is not among \['late'\]"):
        evaluate({"late": late(split)}, split, data_name="", settings=SETTINGS)
    with pytest.raises(InputError, match="K >= 3"):
        evaluate({"good": good(split)[:, :2]}, split, data_name="", settings=SETTINGS)
    with pytest.raises(InputError, match="not one shape"):
        evaluate({"good": good(split), "late": late(split)[:-1]}, split, data_name="", settings=SETTINGS)
    with pytest.raises(InputError, match="cut 10 is not among"):
        EvaluationSettings(cuts=(1, 5))
    with pytest.raises(InputError, match="not ascending"):
        EvaluationSettings(cuts=(10, 5))
