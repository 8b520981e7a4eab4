"""Groups of a history and profiles of items: planted structure first, then the small real catalogue."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.item_profile import SAMPLE, TOP, carried
from pipeline.query import Facet, Query
from pipeline.taste import MOST, group_names, grouped, silhouette_of
from serving.service import Service
from store.errors import UnknownItem, UnknownUser
from store.interactions import Audience
from store.records import Item


def planted(count: int, *, spread: float, size: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors around as many orthogonal directions, shuffled, and their groups."""
    generator = np.random.default_rng(3)
    labels = generator.permutation(np.repeat(np.arange(count), size))
    vectors = np.eye(16)[labels] + spread * generator.standard_normal((len(labels), 16))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), labels


@pytest.mark.parametrize("count", [2, 3, 5, MOST])
def test_planted_groups_are_found(count: int) -> None:
    vectors, labels = planted(count, spread=0.1)
    found, silhouette = grouped(vectors)
    assert silhouette > 0.5
    pairs = set(zip(labels.tolist(), found.tolist(), strict=True))
    assert len(pairs) == len(set(found.tolist())) == count


def test_what_lies_anywhere_is_one_group() -> None:
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((120, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for some in (vectors, vectors[:1], vectors[:5]):
        found, silhouette = grouped(some)
        assert (set(found.tolist()), silhouette) == ({0}, 0.0)


def test_silhouette_by_hand() -> None:
    points = np.array([0.0, 1.0, 5.0])
    distances = np.abs(points[:, None] - points)
    # 0: a 1, b 5; 1: a 1, b 4; the last one is alone.
    assert silhouette_of(distances, np.array([0, 0, 1])) == pytest.approx((4 / 5 + 3 / 4 + 0) / 3)
    assert silhouette_of(distances, np.array([0, 0, 0])) == 0.0


def test_groups_are_named_by_what_sets_them_apart() -> None:
    def facets(*values: str) -> tuple[Facet, ...]:
        return tuple(Facet("category", value) for value in values)

    labels = np.array([0] * 10 + [1] * 10)
    # All have Drama; Horror is in nine of ten of the first group; Western once in the second.
    first = [facets("Drama", "Horror")] * 9 + [facets("Drama")]
    second = [facets("Drama", "War")] * 5 + [facets("Drama", "Western")] + [facets("Drama", "Horror")] * 4
    names = group_names([*first, *second], labels)
    assert names == [("Horror",), ("War",)]
    assert group_names([*first, *second], np.zeros(20, dtype=np.int64)) == [("Drama", "Horror", "War")]
    assert group_names([(), ()], np.array([0, 1])) == [(), ()]


def test_carriers_are_means_over_all_who_get_it() -> None:
    histories = [np.array([1, 2]), np.array([2, 3]), np.array([4])]
    parts = [np.array([1.0, 3.0]), np.array([2.0, -5.0]), np.array([-1.0])]
    found = carried(histories, [part.astype(np.float32) for part in parts])
    assert found == [(2, pytest.approx((0.75 + 1.0) / 3), 2), (1, pytest.approx(0.25 / 3), 1)]
    assert carried([], []) == []


def test_a_profile_counts_the_lists_of_the_sample(trained_service: Service) -> None:
    recommender = trained_service.recommender
    state, interactions = recommender.state, recommender.state.models.interactions
    popular = recommender.recommend(Query(user_id="1", k=3)).items[0].item.item_id
    profile = recommender.item_profile(popular)
    candidate = state.catalogue.ids.index(popular)
    met = set(interactions.users[interactions.items == candidate].tolist())
    assert profile.met == len(met)
    assert not profile.is_new
    # Every user of the small catalogue is in the sample.
    users = [user for user in range(1, interactions.num_users + 1) if user not in met]
    assert len(users) < SAMPLE
    assert profile.users == len(users)
    audience = Audience.of_users(np.array(users), interactions)
    lists = recommender._serving.ranker.top(
        audience, k=TOP, allowed=state.catalogue.active, excluded=list(audience.histories)
    )
    assert profile.reached == int((lists == candidate).any(axis=1).sum()) > 0
    assert all(0 < segment.reached <= segment.users for segment in profile.segments)
    assert 0 < sum(carrier.share for carrier in profile.carriers) <= 1 + 1e-6
    shares = [carrier.share for carrier in profile.carriers]
    assert shares == sorted(shares, reverse=True)
    assert all(1 <= carrier.readers <= profile.looked_at for carrier in profile.carriers)
    assert popular not in {carrier.item.item_id for carrier in profile.carriers}
    assert recommender.item_profile(popular) is profile
    with pytest.raises(UnknownItem):
        recommender.item_profile("nothing")


def test_an_item_that_hardly_anyone_gets_is_profiled_by_whom_it_fits(trained_service: Service) -> None:
    recommender = trained_service.recommender
    recommender.publish(Item("profile-new", "xqz", description="qqq"))
    profile = recommender.item_profile("profile-new")
    assert (profile.is_new, profile.by_fit, profile.met) == (True, True, 0)
    assert profile.looked_at > 0
    recommender.deactivate("profile-new")


def test_a_taste_divides_the_history_and_the_list(trained_service: Service) -> None:
    recommender = trained_service.recommender
    taste = recommender.taste(Query(user_id="1"))
    assert taste.history + taste.left_out == len({event.item_id for event in trained_service.store.history("1")})
    assert sum(group.size for group in taste.groups) == taste.history
    assert sum(group.weight for group in taste.groups) == pytest.approx(1.0)
    assert sum(group.drives for group in taste.groups) == pytest.approx(1.0)
    led = [item.item_id for group in taste.groups for item in group.leads_to]
    listed = [found.item.item_id for found in recommender.recommend(Query(user_id="1")).items]
    assert len(led) == len(set(led))
    assert set(led) <= set(listed)
    assert (taste.silhouette > 0) == (len(taste.groups) > 1)
    empty = recommender.taste(Query(history=()))
    assert (empty.groups, empty.history) == ((), 0)
    with pytest.raises(UnknownUser):
        recommender.taste(Query(user_id="nobody"))
