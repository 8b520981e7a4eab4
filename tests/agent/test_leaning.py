"""What a dialogue leans to, on a planted catalogue: two categories, a series, and dialogues with a rule in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from agent.leaning.affinity import AffinitySettings, RivalSettings, rivals_of
from agent.leaning.features import FEATURES, LEARNED, Dialogues, features
from agent.leaning.habits import Example, Habits
from agent.leaning.heard import Heard, Listener
from agent.leaning.items import ItemArrays
from agent.leaning.model import LeaningSettings, Lesson
from agent.leaning.precedents import Precedents, centred
from agent.understanding import Understander
from pipeline.catalogue import Catalogue
from pipeline.contracts import Vectors
from store.errors import InputError
from store.records import Item

NAMES = ("Harbour", "Lantern", "Meadow", "Orchard", "Quarry", "Ribbon", "Saddle", "Tunnel", "Velvet", "Willow")
GENRES = ("Horror", "Comedy")
SMALL = LeaningSettings(
    folds=2,
    steps=20,
    rivals=RivalSettings(head=20, tail=0),
    affinity=AffinitySettings(steps=10, rivals=RivalSettings()),
)


def encode(texts: Sequence[str]) -> Vectors:
    """Two directions: whether a text says something of horror, or of comedy."""
    rows = np.array([[("horror" in text.lower()), ("comedy" in text.lower()), 0.1] for text in texts], dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """Twenty films, "Harbour" to "Willow 2": the even ones are horror, the sequels came out five years later."""
    return Catalogue(
        [
            Item(
                str(number),
                NAMES[number % 10] + (" 2" if number >= 10 else ""),
                categories=(GENRES[number % 2],),
                attributes={"year": 1990 + number % 10 + 5 * (number >= 10)},
            )
            for number in range(20)
        ]
    )


@pytest.fixture(scope="module")
def listener(catalogue: Catalogue) -> Listener:
    return Listener(Understander.over(catalogue), catalogue.ids)


@pytest.fixture(scope="module")
def items(catalogue: Catalogue) -> ItemArrays:
    met = np.zeros((4, 21), dtype=np.float32)
    met[1:, 1:5] = 1.0
    texts = encode([" ".join(item.categories) for item in catalogue.items])
    flat = np.ones(21, dtype=np.float32)
    return ItemArrays.build(
        catalogue,
        Understander.over(catalogue).lexicon,
        readers=flat,
        recent=0 * flat,
        text=texts,
        met=sp.csr_matrix(met),
    )


def examples(listener: Listener) -> list[Example]:
    """Who asks for horror gets "Lantern"'s neighbour Harbour (index 1), who asks for comedy Lantern (index 2)."""
    return [
        Example(number, listener.hear([f"hello, any {GENRES[number % 2].lower()}?"]), np.array([1 + number % 2]))
        for number in range(12)
    ]


def laid_out(heard: Sequence[Heard], items: ItemArrays) -> Dialogues:
    return Dialogues.of(heard, items, encode)


def test_a_dialogue_is_heard_in_the_catalogues_terms(listener: Listener) -> None:
    heard = listener.hear(["I loved Harbour (1990)", "No horror please, but Velvet 2 was great"])
    assert set(heard.items) == {(1, 1, False), (19, 0, False)}
    assert heard.values == (("Horror", 0, True),)
    assert heard.texts[0] == "No horror please, but Velvet 2 was great"
    assert heard.texts[-1].startswith("I loved Harbour")


def test_a_film_of_another_year_is_not_taken_for_ours(listener: Listener) -> None:
    assert listener.hear(["I saw Quarry (2017)"]).items == ()
    assert listener.hear(["I saw Quarry (1994)"]).items == ((5, 0, False),)


def test_the_newest_mention_counts(listener: Listener) -> None:
    heard = listener.hear(["Harbour (1990)", "what else?", "I said Harbour (1990)"])
    assert heard.items == ((1, 0, False),)


def test_titles_of_a_series_sound_alike_and_others_do_not(items: ItemArrays) -> None:
    assert items.alike[1, 11] == pytest.approx(1.0)
    assert items.alike[1, 2] == 0
    assert items.alike[1, 1] == 0


def test_who_met_two_items_makes_them_near(items: ItemArrays) -> None:
    mentions = sp.csr_matrix(([1.0], ([0], [1])), shape=(1, 21), dtype=np.float32)
    near = items.together(mentions)[0]
    # Three people met the items 1 to 4 and nothing else: shared 3 * 1/4, norm 3 * 1/4 + .02.
    assert near[2] == pytest.approx(0.75 / 0.77, rel=1e-4)
    assert near[5] == 0


def test_what_was_counted_moves_a_rate_away_from_its_prior(listener: Listener, items: ItemArrays) -> None:
    habits = Habits.of(examples(listener), items)
    assert habits.recommended[1] > habits.recommended[3] + 1.0  # the same catalogue facts, but six counts
    assert np.isfinite(habits.spoken).all()


def test_features_have_a_column_for_each_name_and_are_the_same_alone(listener: Listener, items: ItemArrays) -> None:
    heard = [listener.hear(["any horror like Harbour (1990)?"]), listener.hear([])]
    habits, nothing = Habits.of(examples(listener), items), np.zeros((2, 21), dtype=np.float32)
    both = features(laid_out(heard, items), items, habits, dict.fromkeys(LEARNED, nothing))
    alone = features(laid_out(heard[:1], items), items, habits, dict.fromkeys(LEARNED, nothing[:1]))
    assert both.shape == (2, 21, len(FEATURES))
    np.testing.assert_allclose(both[:1], alone, rtol=1e-5)
    column = FEATURES.index("titles_alike")
    assert both[0, :, column].argmax() == 11
    assert not both[1, :, column].any()


def test_precedents_lift_what_was_recommended_where_a_dialogue_went_alike(
    listener: Listener, items: ItemArrays
) -> None:
    known = examples(listener)
    dialogues = laid_out([one.heard for one in known], items)
    contexts = centred(dialogues.contexts, dialogues.contexts.mean(axis=0))
    lift = Precedents.of(contexts, known, 21).lift(contexts[:2], np.full(21, -3.0, dtype=np.float32))
    # Half of all got either: here it is all of them, of 21 items that are equally likely elsewhere.
    assert lift[0, 1] == pytest.approx(np.log((1 + 0.02 / 21) / (1.02 / 21)), abs=1e-3)
    assert lift[1].argmax() == 2
    assert (lift[0, 2:] < 0).all()


def test_it_learns_what_follows_what(listener: Listener, items: ItemArrays) -> None:
    known = examples(listener)
    lesson = Lesson.of(laid_out([one.heard for one in known], items), known, items, settings=SMALL)
    leaning = lesson.learned(settings=SMALL)
    asked = laid_out([listener.hear(["hi, any horror?"]), listener.hear(["hi, any comedy?"])], items)
    scores = leaning.scores(asked, items)
    assert scores[:, 1:].argmax(axis=1).tolist() == [0, 1]
    few = lesson.learned(("recommended",), settings=SMALL)
    assert np.flatnonzero(few.weights).tolist() == [FEATURES.index("recommended")]


def test_a_feature_that_does_not_exist_and_too_few_dialogues_are_refused(listener: Listener, items: ItemArrays) -> None:
    known = examples(listener)
    heard = laid_out([one.heard for one in known], items)
    with pytest.raises(InputError, match="'charm' is not known"):
        Lesson.of(heard, known, items, settings=SMALL).learned(("charm",))
    with pytest.raises(InputError, match="1 dialogues cannot be split into 2 folds"):
        Lesson.of(heard.rows([0]), known[:1], items, settings=SMALL)
    with pytest.raises(InputError, match="folds is 1, below 2"):
        replace(SMALL, folds=1)


def test_a_sample_of_rivals_stands_for_all_items() -> None:
    one = Example(0, Heard((), (), (), ("",) * 3), np.array([9]))
    rates = -np.arange(21, dtype=np.float32)
    pool, stands_for = rivals_of([one], rates, RivalSettings(head=3, tail=4))
    assert {1, 2, 3, 9} <= set(pool.tolist())
    assert len(pool) == 8
    assert np.exp(stands_for).sum() == pytest.approx(20)
