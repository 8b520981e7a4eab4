"""The explanations that words are measured on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from pipeline.api import RecommenderApi
from pipeline.explanation import Explanation
from pipeline.query import Constraints, Facet, Query
from serving.service import Service

TOP = 5
"""Best items of each user that are explained."""


@dataclass(frozen=True)
class Case:
    """One explanation, and what is known of the reader's likes."""

    explanation: Explanation
    liked: frozenset[str]


_CASES = TypeAdapter(list[Case])


def kept(service: Service, file: Path | None, *, count: int, seed: int) -> list[Case]:
    """The cases of a file, or new ones, which are then kept there."""
    if file is not None and file.exists():
        return _CASES.validate_json(file.read_bytes())[:count]
    made = list(cases(service, count=count, seed=seed))
    if file is not None:
        file.write_bytes(_CASES.dump_json(made))
    return made


def cases(service: Service, *, count: int, seed: int) -> Iterator[Case]:
    """Users drawn at random with their best items, each user asking in another way."""
    chance = random.Random(seed)
    recommender = service.recommender
    users = [user.user_id for user in service.store.users(limit=100_000)]
    for number in range(-(-count // TOP)):
        query = _query(service, recommender, chance.choice(users), number, chance)
        found = recommender.recommend(query).items[: min(TOP, count - TOP * number)]
        for one in found:
            explanation = recommender.explain(query, one.item.item_id)
            history = [part.item.item_id for part in explanation.contributions]
            # Data sets of ratings have no likes: half of the history is declared liked for every other user.
            liked = chance.sample(history, len(history) // 2) if number % 2 else []
            yield Case(explanation, frozenset(liked))


def _query(service: Service, recommender: RecommenderApi, user_id: str, number: int, chance: random.Random) -> Query:
    """A stored history as it is, with a what-if, an example, words, constraints; a stranger's short or stated taste."""
    history = [event.item_id for event in service.store.history(user_id)]
    vocabulary = recommender.vocabulary()
    titles = list(vocabulary.titles)
    category = chance.choice(list(vocabulary.facets["category"])[:8])
    forms = (
        lambda: Query(user_id=user_id, k=TOP),
        lambda: Query(user_id=user_id, k=TOP, without=frozenset(chance.sample(history, 1))),
        lambda: Query(user_id=user_id, k=TOP, seeds=(chance.choice(titles),)),
        lambda: Query(user_id=user_id, k=TOP, text=category.lower()),
        lambda: Query(
            user_id=user_id, k=TOP, constraints=Constraints(include=(frozenset({Facet("category", category)}),))
        ),
        lambda: Query(history=tuple(history[-3:]), k=TOP),
        lambda: Query(k=TOP, tastes=frozenset({Facet("category", category)})),
    )
    return forms[number % len(forms)]()
