"""Learned intents: what they see, how they are learned, kept and outvoted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent.english import INTENTS_FILE
from agent.english.examples import EXAMPLES
from agent.intent_features import INTENTS, surroundings, without_rules
from agent.intent_model import IntentModel, LearnedIntents, learn
from agent.reading import Context
from agent.request import Intent
from agent.tokens import read
from agent.understanding import Linked, Understander
from agent.word_roles import TokenStates, word_states
from store.errors import InputError

ENCODER = "text:planted"
WORDS = ("loved", "weather", "why")


def planted(text: str) -> tuple[list[tuple[int, int]], np.ndarray]:
    """States that know three words."""
    words = read(text).words
    states = np.array([[word.fold == known for known in WORDS] for word in words], dtype=np.float32)
    return [(word.start, word.end) for word in words], states


def around(linked: Linked) -> np.ndarray:
    utterance = linked.reading.utterance
    return surroundings(linked.reading, word_states(utterance, *planted(utterance.text)))


@pytest.fixture
def model(film_understander: Understander) -> IntentModel:
    """Learned from sentences whose words alone give the intent away."""
    said = {"loved": Intent.FEEDBACK, "weather": Intent.OUT_OF_SCOPE, "why": Intent.EXPLAIN}
    texts = [f"{word} {rest}" for word in said for rest in ("one", "two", "three", "four five")]
    linked = [film_understander.read(text) for text in texts]
    return learn(
        np.stack([one.features() for one in linked]),
        np.stack([around(one) for one in linked]),
        [said[text.split()[0]] for text in texts],
        encoder=ENCODER,
    )


def reading(understander: Understander, model: IntentModel, *, states: TokenStates = planted) -> Understander:
    learned = LearnedIntents(model, states)
    vocabulary = understander.lexicon.vocabulary
    items = understander.lexicon.items
    return Understander(lambda: vocabulary, lambda ids: [items[item_id] for item_id in ids], intents=learned)


def test_the_catalogue_s_words_are_not_seen(film_understander: Understander) -> None:
    reading = film_understander.read('Is "Braveheart" longer than a Thriller with Tom Hanks?').reading
    states = np.eye(len(reading), dtype=np.float32)
    seen = {word for word, weight in zip(reading.folds, surroundings(reading, states), strict=True) if weight}
    assert seen == {"is", "longer", "than", "a", "with"}
    named = film_understander.read("Braveheart").reading
    assert not surroundings(named, np.ones((1, 4), dtype=np.float32)).any()


def test_the_first_features_are_the_choice_of_the_rules(film_understander: Understander) -> None:
    linked = film_understander.read("why Heat?")
    rule, seen = linked.rule, linked.features()
    assert rule == Intent.EXPLAIN
    assert INTENTS[int(seen[: len(INTENTS)].argmax())] == rule
    assert not without_rules(seen)[: len(INTENTS)].any()
    np.testing.assert_array_equal(without_rules(seen)[len(INTENTS) :], seen[len(INTENTS) :])


def test_what_was_learned_says_what_the_rules_do_not_know(film_understander: Understander, model: IntentModel) -> None:
    text = "weather for the coming week in lyon"
    with_model = reading(film_understander, model)
    assert with_model.understand(text).intent == Intent.OUT_OF_SCOPE
    assert with_model.understand("a thriller").intent == film_understander.understand("a thriller").intent


def test_after_items_were_shown_the_rules_are_only_outvoted_by_what_is_sure(
    film_understander: Understander, model: IntentModel
) -> None:
    shown = Context(shown=tuple(list(film_understander.lexicon.items)[:3]))
    text = "loved why weather"
    first = film_understander.read(text)
    chance = model.likeliest(first.features(), around(first))[1]
    assert chance < 0.9
    assert reading(film_understander, model).understand(text, shown) == film_understander.understand(text, shown)


def test_small_talk_asks_for_no_more_items(film_understander: Understander) -> None:
    def chats(text: str) -> tuple[list[tuple[int, int]], np.ndarray]:
        words = read(text).words
        return [(word.start, word.end) for word in words], np.ones((len(words), 1), dtype=np.float32)

    width = len(film_understander.read("hello").features())
    weights = np.zeros((width + 1, len(INTENTS)), dtype=np.float32)
    bias = np.array([10 * (intent == Intent.SMALL_TALK) for intent in INTENTS], dtype=np.float32)
    understander = reading(film_understander, IntentModel(weights, bias, encoder=ENCODER), states=chats)
    assert understander.understand("nice to meet you").intent == Intent.SMALL_TALK
    assert understander.understand("show me others").intent == Intent.RECOMMEND


def test_an_encoder_that_fails_leaves_the_intent_to_the_rules(
    film_understander: Understander, model: IntentModel, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(text: str) -> tuple[list[tuple[int, int]], np.ndarray]:
        raise RuntimeError("out of memory")

    vocabulary, items = film_understander.lexicon.vocabulary, film_understander.lexicon.items
    learned = LearnedIntents(model, broken)
    understander = Understander(lambda: vocabulary, lambda ids: [items[i] for i in ids], intents=learned)
    assert understander.understand("why Heat?") == film_understander.understand("why Heat?")
    assert "intents are told by rules alone" in caplog.text


def test_weights_are_kept_and_belong_to_their_encoder(
    film_understander: Understander, model: IntentModel, tmp_path: Path
) -> None:
    path = tmp_path / "intents.safetensors"
    model.save(path)
    seen = np.stack([film_understander.read(text).features() for text in ("why Heat?", "thanks")])
    vectors = np.zeros((2, len(WORDS)), dtype=np.float32)
    kept = IntentModel.load(path)
    np.testing.assert_array_equal(kept.probabilities(seen, vectors), model.probabilities(seen, vectors))
    assert LearnedIntents.open(path, planted, encoder=ENCODER) is not None
    assert LearnedIntents.open(path, planted, encoder="text:another") is None
    path.write_bytes(b"no tensors")
    with pytest.raises(InputError, match="holds no learned intents"):
        IntentModel.load(path)


def test_the_weights_that_ship_know_every_intent() -> None:
    shipped = IntentModel.load(INTENTS_FILE)
    assert shipped.encoder.startswith("text:")
    assert set(EXAMPLES) == {intent.value for intent in INTENTS}
    assert all(len(patterns) > 20 for patterns in EXAMPLES.values())
