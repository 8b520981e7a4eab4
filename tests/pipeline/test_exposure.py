"""Trying new items out: the posterior against a grid, and what a list keeps whatever stands in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline.exposure import (
    MOST,
    ExposureSettings,
    Outcome,
    base_log_odds,
    posterior,
    prior_variance,
    slots,
)
from pipeline.query import Constraints, Facet, Query, Recommendations
from pipeline.recommender import ON_TRIAL, Recommender
from serving.service import Service
from store.errors import InputError
from store.records import Event, EventKind, Impression, Item, User
from tests.conftest import service_settings

READERS = ("1", "2", "5", "7", "10", "13")


def array(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


# The model


@pytest.mark.parametrize(("shown", "clicks", "variance"), [(0, 0, 0.7), (5, 1, 0.7), (400, 3, 1.5), (30, 30, 0.2)])
def test_the_posterior_is_the_laplace_approximation(shown: int, clicks: int, variance: float) -> None:
    base = -2.0
    grid = np.linspace(-10, 10, 400_001)
    log = clicks * -np.logaddexp(0, -(base + grid)) + (shown - clicks) * -np.logaddexp(0, base + grid)
    log -= grid**2 / (2 * variance)
    best = int(log.argmax())
    curvature = -(log[best + 50] - 2 * log[best] + log[best - 50]) / (50 * (grid[1] - grid[0])) ** 2
    mean, deviation = posterior(array(shown), array(clicks), variance=array(variance), base=base)
    assert mean[0] == pytest.approx(grid[best], abs=1e-4)
    assert deviation[0] == pytest.approx(curvature**-0.5, rel=1e-3)


def test_impressions_narrow_and_those_without_clicks_lower() -> None:
    shown = array(0, 10, 100, 1_000)
    mean, deviation = posterior(shown, 0 * shown, variance=np.ones(4), base=-2.0)
    assert (np.diff(mean) < 0).all()
    assert (np.diff(deviation) < 0).all()
    assert mean[0] == 0.0
    assert deviation[0] == pytest.approx(1.0)


def test_rare_clicks_do_not_throw_newton_off() -> None:
    mean, deviation = posterior(array(0, 1, 50, 1e6), array(0, 1, 50, 0), variance=np.full(4, 50.0), base=-12.0)
    assert np.isfinite(mean).all()
    assert np.isfinite(deviation).all()
    slope = array(0, 1, 50, 0) - array(0, 1, 50, 1e6) / (1 + np.exp(12.0 - mean)) - mean / 50.0
    np.testing.assert_allclose(slope, 0, atol=1e-6)


def test_content_that_explains_less_leaves_a_wider_prior() -> None:
    variance = prior_variance(array(0, 1, 2, 3), array(0.2, 0.5, 0.8, 0.0))
    np.testing.assert_allclose(variance[:3], 1.25 * array(4, 1, 0.25))
    assert np.isfinite(variance[3])


def test_the_rate_of_new_items_at_large() -> None:
    assert base_log_odds([]) == pytest.approx(np.log(1 / 19))
    assert base_log_odds([Outcome(50, 4), Outcome(30, 5)]) == pytest.approx(np.log(10 / 90))


@pytest.mark.parametrize(("k", "share"), [(1, 0.1), (2, 0.5), (5, 0.1), (10, 0.25), (20, 0.5)])
def test_slots_keep_the_share_on_average_and_the_first_place_free(k: int, share: float) -> None:
    rng = np.random.default_rng(0)
    drawn = [slots(k, share, rng) for _ in range(4_000)]
    assert np.mean([len(places) for places in drawn]) == pytest.approx(k * share, abs=0.04)
    for places in drawn:
        assert len(np.unique(places)) == len(places)
        assert k == 1 or not len(places) or places.min() >= 1
        assert not len(places) or places.max() < k


@pytest.mark.parametrize("share", [-0.01, MOST + 0.01, float("nan")])
def test_shares_out_of_range_are_refused(share: float) -> None:
    with pytest.raises(InputError, match="share of exposure"):
        ExposureSettings(share)


# In the lists


# All different in what the small model goes by: ranks of items that tie depend on rounding, and that on a batch's size.
KINDS = (
    "Action", "Adventure", "Comedy", "Crime", "Drama", "Horror",
    "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "Western",
)  # fmt: skip


@pytest.fixture(scope="module")
def service(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("exposure") / "home"
    shutil.copytree(trained_home, home)
    with Service.open(service_settings(home)) as opened:
        opened.store.put_items(
            Item(f"fresh-{n}", f"Harbour {n}", "A detective returns to a village.", (kind, KINDS[n // 2]))
            for n, kind in enumerate(KINDS)
        )
        yield opened


@pytest.fixture(scope="module")
def with_share(service: Service) -> Callable[[float], Recommender]:
    def build(share: float) -> Recommender:
        return Recommender.open(service.store, service.snapshots, service.encoder, exposure=ExposureSettings(share))

    return build


def ids(answer: Recommendations) -> list[str]:
    return [one.item.item_id for one in answer.items]


def on_trial(answer: Recommendations) -> list[str]:
    return [one.item.item_id for one in answer.items if one.reasons and one.reasons[0].kind == "trial"]


def test_without_a_share_nothing_changes(service: Service, with_share: Callable[[float], Recommender]) -> None:
    plain = Recommender.open(service.store, service.snapshots, service.encoder)
    off = with_share(0.0)
    for reader in READERS:
        query = Query(user_id=reader, k=10)
        before, after = plain.recommend(query), off.recommend(query)
        assert repr(after.items) == repr(before.items)
        assert not on_trial(after)
    assert ON_TRIAL.format(0.0) not in off.explain(Query(user_id="1"), "fresh-0").notes


def test_a_share_fills_places_with_new_items_and_keeps_the_rest_in_order(
    with_share: Callable[[float], Recommender],
) -> None:
    off, on = with_share(0.0), with_share(0.3)
    tried = 0
    for reader in READERS:
        query = Query(user_id=reader, k=10)
        plain, answer = ids(off.recommend(query)), on.recommend(query)
        trial = on_trial(answer)
        rest = [item for item in ids(answer) if item not in trial]
        assert len(answer.items) == 10
        assert len(set(ids(answer))) == 10
        assert [one.rank for one in answer.items] == list(range(1, 11))
        assert rest == plain[: len(rest)]
        assert all(one.is_new for one in answer.items if one.item.item_id in trial)
        assert not set(trial) & set(plain)
        assert ids(answer)[0] == plain[0]
        tried += len(trial)
    assert tried >= 2 * len(READERS), "three places of ten on average"


def test_it_is_the_same_all_day_for_one_reader_and_in_a_batch(with_share: Callable[[float], Recommender]) -> None:
    on = with_share(0.3)
    again = with_share(0.3)
    lists = dict(on.recommend_all(k=8, batch_size=64))
    for reader in READERS:
        single = ids(on.recommend(Query(user_id=reader, k=8)))
        assert single == ids(again.recommend(Query(user_id=reader, k=8)))
        assert single == [one.item.item_id for one in lists[reader]]
    assert len({tuple(on_trial(on.recommend(Query(user_id=reader, k=8)))) for reader in READERS}) > 1


@pytest.mark.parametrize(
    ("query", "excluded"),
    [
        (
            Query(user_id="1", k=6, constraints=Constraints(exclude_items=frozenset({"fresh-0", "fresh-1"}))),
            ("fresh-0",),
        ),
        (Query(user_id="1", k=6, disliked=("fresh-2",)), ("fresh-2",)),
        (Query(user_id="1", k=6, seeds=("fresh-3",)), ("fresh-3",)),
        (Query(history=("50", "fresh-4"), k=6), ("fresh-4",)),
    ],
)
def test_constraints_dislikes_seeds_and_history_hold(
    with_share: Callable[[float], Recommender], query: Query, excluded: tuple[str, ...]
) -> None:
    found = ids(with_share(MOST).recommend(query))
    assert len(found) == len(set(found)) == 6
    assert not set(found) & set(excluded)


def test_a_list_shorter_than_asked_or_without_new_items_stays(with_share: Callable[[float], Recommender]) -> None:
    off, on = with_share(0.0), with_share(MOST)
    only = frozenset({Facet("category", "War")})
    for query in (Query(user_id="1", k=900), Query(user_id="1", k=5, constraints=Constraints(include=(only,)))):
        plain = off.recommend(query)
        assert ids(on.recommend(query)) == ids(plain)
        assert not on_trial(on.recommend(query))


def test_an_item_that_nobody_clicks_gives_way(service: Service, with_share: Callable[[float], Recommender]) -> None:
    readers = [user.user_id for user in service.store.users(limit=200)]
    on = with_share(0.2)

    def trials(recommender: Recommender) -> dict[str, int]:
        counts = dict.fromkeys((f"fresh-{n}" for n in range(len(KINDS))), 0)
        for _, items in recommender.recommend_all(k=10):
            for one in items:
                if one.reasons and one.reasons[0].kind == "trial":
                    counts[one.item.item_id] += 1
        return counts

    before = trials(on)
    worst = max(before, key=lambda item: before[item])
    arrived = service.store.item(worst).created_at
    others = [item for item in before if item != worst]
    service.store.add_impressions([Impression(worst, who, 3, arrived, "s", "api") for who in readers])
    visitors = [f"visitor-{n}" for n in range(20)]
    service.store.put_users(User(who) for who in visitors)
    service.store.add_impressions(
        [Impression(item, who, 3, arrived, "s", "api") for item in others for who in visitors]
    )
    service.store.add_events(Event(who, item, EventKind.CLICK, arrived) for item in others for who in visitors[:4])
    on.learn_exposure()
    after = trials(on)
    assert before[worst] > 0
    assert after[worst] < before[worst] / 2


def test_the_card_and_the_explanation_say_so(service: Service, with_share: Callable[[float], Recommender]) -> None:
    on = with_share(0.3)
    explanation = on.explain(Query(user_id="1"), "fresh-1")
    assert explanation.notes[0].startswith("30% of the places are kept for trying new items out")
    old = next(one for one in on.recommend(Query(user_id="1", k=10)).items if not one.is_new)
    assert on.explain(Query(user_id="1"), old.item.item_id).notes == ()
    for one in on.recommend(Query(user_id="2", k=10)).items:
        kinds = [reason.kind for reason in one.reasons]
        assert ("trial" not in kinds) or (kinds[:2] == ["trial", "new"] and one.is_new)
