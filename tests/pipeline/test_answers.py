"""A reader's list is given again as long as it would be the same, and lists of several readers come together."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipeline.query import Query, Recommendations
from pipeline.recommender import Recommender
from serving.service import Service
from store.errors import UnknownUser
from store.records import Event, EventKind, Item

READER = "reader-of-answers"


@pytest.fixture
def recommender(trained_service: Service) -> Iterator[Recommender]:
    items = list(trained_service.recommender.vocabulary().titles)[:3]
    now = datetime.now(UTC)
    trained_service.store.add_events(
        Event(READER, item, EventKind.LIKE, now, key=f"{READER}-{place}") for place, item in enumerate(items)
    )
    yield trained_service.recommender
    trained_service.store.erase_user(READER, by="test")


def same(first: Recommendations, second: Recommendations) -> bool:
    return replace(first, milliseconds={}) == replace(second, milliseconds={})


def test_an_answer_is_kept_until_the_reader_does_something(recommender: Recommender, trained_service: Service) -> None:
    query = Query(user_id=READER, k=5)
    first = recommender.recommend(query)
    assert recommender.recommend(query).items is first.items
    assert recommender.recommend(replace(query, k=4)).items != first.items
    top = first.items[0].item.item_id
    event = Event(READER, top, EventKind.DISLIKE, datetime.now(UTC), key=f"{READER}-not-this")
    trained_service.store.add_events([event])
    after = recommender.recommend(query)
    assert top not in {one.item.item_id for one in after.items}
    trained_service.store.retract([f"{READER}-not-this"])
    assert same(recommender.recommend(query), first)


def test_a_kept_answer_goes_when_the_catalogue_changes(recommender: Recommender) -> None:
    query = Query(user_id=READER, k=5)
    top = recommender.recommend(query).items[0].item
    recommender.deactivate(top.item_id)
    try:
        assert top.item_id not in {one.item.item_id for one in recommender.recommend(query).items}
    finally:
        recommender.publish(top)
    assert recommender.recommend(query).items[0].item.item_id == top.item_id


def test_nobody_is_given_the_list_of_someone_erased(recommender: Recommender, trained_service: Service) -> None:
    query = Query(user_id=READER, k=5)
    recommender.recommend(query)
    trained_service.store.erase_user(READER, by="test")
    with pytest.raises(UnknownUser):
        recommender.recommend(query)
    trained_service.store.ensure_user(READER)


def test_lists_that_come_together_are_those_of_each_alone(recommender: Recommender, trained_service: Service) -> None:
    users = [user.user_id for user in trained_service.store.users(limit=40)]
    # Another number of contenders is another question, which is never kept and never answered together.
    alone = {user: recommender.recommend(Query(user_id=user, k=5, contenders=1)) for user in users}
    recommender.publish(Item("answers-new", "Nothing that anybody knows"))  # so that nothing kept is left
    try:
        with ThreadPoolExecutor(16) as pool:
            asking = {user: pool.submit(recommender.recommend, Query(user_id=user, k=5)) for user in users}
            lists = {user: asked.result(timeout=60) for user, asked in asking.items()}
    finally:
        recommender.deactivate("answers-new")
    for user in users:
        assert [one.item.item_id for one in lists[user].items] == [one.item.item_id for one in alone[user].items]
        assert [one.reasons for one in lists[user].items] == [one.reasons for one in alone[user].items]
        assert lists[user].matching == alone[user].matching + 1


def test_one_unknown_reader_spoils_nothing_for_others(recommender: Recommender) -> None:
    answers = recommender._answered([Query(user_id=READER), Query(user_id="nobody-of-that-name"), Query()])
    assert isinstance(answers[1], UnknownUser)
    assert isinstance(answers[0], Recommendations)
    assert isinstance(answers[2], Recommendations)
    assert len(answers[0].items) == len(answers[2].items) == 10
