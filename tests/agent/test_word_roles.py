"""Learned roles of words: what they see, how they are kept, and what they overrule."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from agent.intent_features import INTENTS
from agent.intent_model import IntentModel, LearnedIntents
from agent.reading import Context, Reading
from agent.request import Intent
from agent.tokens import read
from agent.understanding import Understander
from agent.word_features import WORD_FEATURES, word_features
from agent.word_roles import ROLES, LearnedRoles, RoleNetwork, WordRoles, save, word_states
from pipeline.catalogue import Catalogue
from store.errors import InputError
from store.records import Item

CATALOGUE = Catalogue(
    [
        Item("1", "Heat", categories=("Crime",), description="Directed by Michael Mann."),
        Item("2", "Up", categories=("Comedy",), description="Directed by Pete Docter."),
        Item("3", "Fargo", categories=("Crime", "Comedy"), description="Directed by Joel Coen."),
    ]
)


@dataclass
class Told:
    """Roles as a test wants them: word -> role; every other word has none."""

    roles: dict[str, str]
    intent: Intent
    asked: list[str] = field(default_factory=list)

    def of(self, reading: Reading) -> WordRoles:
        self.asked.append(reading.utterance.text)
        chances = np.zeros((len(reading), len(ROLES)), dtype=np.float32)
        for place, word in enumerate(reading.folds):
            chances[place, ROLES.index(self.roles.get(word, "other"))] = 1
        intents = np.full(len(INTENTS), 0.01, dtype=np.float32)
        intents[INTENTS.index(self.intent)] = 0.92
        return WordRoles(chances, intents, np.zeros((len(reading), 2), dtype=np.float32))


def _understander(intent: Intent, **roles: str) -> Understander:
    told: Any = Told(roles, intent)
    features = len(Understander.over(CATALOGUE).read("hi").features())
    even = IntentModel(
        np.zeros((features + 2, len(INTENTS)), np.float32), np.zeros(len(INTENTS), np.float32), encoder="test"
    )
    return Understander.over(CATALOGUE, intents=LearnedIntents(even, _states, told))


def test_a_title_of_an_everyday_word_is_linked_where_the_sentence_speaks_of_one() -> None:
    request = _understander(Intent.FEEDBACK, up="title_in").understand("up made me cry")
    assert request.items_like == ("2",)
    assert request.intent == Intent.FEEDBACK


def test_a_title_is_not_linked_where_the_sentence_says_the_word() -> None:
    assert Understander.over(CATALOGUE).understand("I loved heat").items_like == ("1",)
    assert not _understander(Intent.RECOMMEND).understand("I loved heat").items_like


@pytest.mark.parametrize(("role", "liked"), [("title_in", True), ("title_out", False)])
def test_the_sentence_says_whether_an_item_is_wanted(role: str, liked: bool) -> None:
    request = _understander(Intent.FEEDBACK, fargo=role).understand("Fargo? yuck")
    assert (request.items_like, request.items_unlike) == ((("3",), ()) if liked else ((), ("3",)))


def test_what_is_taken_back_is_let_go() -> None:
    told = _understander(Intent.RECOMMEND, crime="withdrawn", comedy="value_in")
    facets = [facet.value for group in told.understand("a crime, nah, comedy").facets_in for facet in group]
    assert facets == ["Comedy"]


def test_a_question_about_an_item_constrains_nothing() -> None:
    request = _understander(Intent.DETAILS, fargo="title_about", comedy="value_about").understand("is Fargo a comedy")
    assert request.refers_to == ("3",)
    assert not request.facets_in


def test_states_of_a_words_tokens_are_averaged() -> None:
    states = np.array([[9], [1], [3], [5], [9]], dtype=np.float32)
    offsets = [(0, 0), (0, 2), (2, 4), (5, 7), (0, 0)]
    assert word_states(read("fargo up"), offsets, states).ravel().tolist() == [2, 5]


def test_a_feature_says_that_a_word_is_a_title_or_a_value() -> None:
    reading = Reading(read("a crime like heat"), Understander.over(CATALOGUE).lexicon, Context())
    found = word_features(reading)
    assert found.shape == (4, WORD_FEATURES)
    assert found[3, 0] == 1
    assert found[1, 0] == 0
    assert found[1, 8] == 1
    assert found[3, 8] == 0


def _states(text: str) -> tuple[Sequence[tuple[int, int]], NDArray[np.float32]]:
    words = read(text).words
    return [(word.start, word.end) for word in words], np.ones((len(words), 6), dtype=np.float32)


def test_kept_networks_say_the_same(tmp_path: Path) -> None:
    torch.manual_seed(3)
    networks = [RoleNetwork(6, 8).eval(), RoleNetwork(6, 8).eval()]
    path = tmp_path / "roles.safetensors"
    save(networks, path, encoder="test")
    restored = LearnedRoles.open(path, _states, encoder="test")
    assert restored is not None
    assert len(restored.networks) == 2
    reading = Reading(read("I loved heat"), Understander.over(CATALOGUE).lexicon, Context())
    before, after = LearnedRoles(tuple(networks), _states).of(reading), restored.of(reading)
    assert before is not None
    assert after is not None
    assert np.allclose(before.chances, after.chances, atol=2e-3)
    assert np.allclose(after.chances.sum(axis=1), 1, atol=1e-5)
    assert np.isclose(after.intents.sum(), 1, atol=1e-5)


def test_roles_of_another_encoder_are_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "roles.safetensors"
    save([RoleNetwork(6, 8)], path, encoder="test")
    with caplog.at_level(logging.WARNING):
        assert LearnedRoles.open(path, _states, encoder="another") is None
    assert "learned with test" in caplog.text


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "roles.safetensors"
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="holds no learned roles"):
        LearnedRoles.open(path, _states, encoder="test")


def test_an_encoder_that_fails_leaves_it_to_the_rules(caplog: pytest.LogCaptureFixture) -> None:
    def broken(text: str) -> tuple[Sequence[tuple[int, int]], NDArray[np.float32]]:
        raise RuntimeError("no memory")

    states: Callable[[str], tuple[Sequence[tuple[int, int]], NDArray[np.float32]]] = broken
    reading = Reading(read("I loved heat"), Understander.over(CATALOGUE).lexicon, Context())
    assert LearnedRoles((RoleNetwork(6, 8).eval(),), states).of(reading) is None
    assert "told by rules alone" in caplog.text
