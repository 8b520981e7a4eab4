"""Tools check their arguments, keep a trace, and do not let a model write."""

from __future__ import annotations

import re

import pytest

from agent.tools import TOOLS, FeedbackArguments, Filter, RecommendArguments, Tools
from pipeline.api import RecommenderApi
from pipeline.query import Recommendations
from store.database import Store
from store.errors import InputError, UnknownItem
from store.records import EventKind


@pytest.fixture
def tools(film_recommender: RecommenderApi, film_store: Store) -> Tools:
    film_store.ensure_user("ann")
    return Tools(film_recommender, film_store, "ann", "chat")


def test_a_call_is_traced_with_its_time(tools: Tools) -> None:
    found = tools.recommend(RecommendArguments(text="rain", k=3, filter=Filter(exclude_items=frozenset({"f1", "f2"}))))
    assert len(found.items) == 3
    assert re.fullmatch(r'recommend\(text="rain", k=3, without 2 items\): 3 of \d+ that fit in \d+ ms', tools.trace[0])
    assert tools.milliseconds["recommend"] > 0


def test_a_model_may_read(tools: Tools) -> None:
    arguments = {"filter": {"facets_in": [[{"attribute": "category", "value": "Western"}]]}, "k": 5}
    found = tools.call("recommend", arguments)
    assert isinstance(found, Recommendations)
    assert sorted(item.item.title for item in found.items) == ["Good, the Bad and the Ugly, The", "Unforgiven"]
    assert [item.title for item in tools.call("search", {"text": "godfather"})] == [  # pyright: ignore[reportGeneralTypeIssues]
        "Godfather, The",
        "Godfather: Part II, The",
    ]


def test_a_model_may_not_write(tools: Tools, film_store: Store) -> None:
    with pytest.raises(InputError, match="'record_feedback' writes, which a model may not"):
        tools.call("record_feedback", {"item_id": "f1", "kind": "like", "key": "k"})
    assert film_store.history("ann") == []
    assert [name for name, spec in TOOLS.items() if spec.writes] == ["record_feedback"]


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("delete_everything", {}, "'delete_everything' is not a tool"),
        ("recommend", {"k": 10**9}, "argument 'k' of recommend"),
        ("recommend", {"k": -1}, "argument 'k' of recommend"),
        ("recommend", {"order": ["f1"]}, "argument 'order' of recommend"),
        ("details", {"item_ids": []}, "argument 'item_ids' of details"),
        ("similar", {"item_id": ""}, "argument 'item_id' of similar"),
    ],
)
def test_bad_calls_say_what_is_wrong(tools: Tools, name: str, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        tools.call(name, arguments)


def test_an_unknown_item_is_named(tools: Tools) -> None:
    with pytest.raises(UnknownItem, match="'nothing' is not in the catalogue"):
        tools.call("details", {"item_ids": ["nothing"]})


def test_feedback_twice_is_one_event(tools: Tools, film_store: Store) -> None:
    arguments = FeedbackArguments(item_id="f1", kind="dislike", key="chat:1")
    tools.record_feedback(arguments)
    tools.record_feedback(arguments)
    assert [event.kind for event in film_store.history("ann")] == [EventKind.DISLIKE]
