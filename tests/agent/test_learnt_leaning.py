"""What was learned from dialogues, stored and laid over catalogues; and what a chat then leans to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import sleep
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import scipy.sparse as sp

from agent.leaning import LEANING_FILE, learnt
from agent.leaning.conversation import TOLD, ConversationLeaning, items_of, open_leaning
from agent.leaning.features import Dialogues
from agent.leaning.heard import Listener
from agent.leaning.learnt import Learnt, title_key
from agent.leaning.model import Lesson
from agent.state import ChatState, Memory, StoredMessage
from agent.understanding import Understander
from pipeline.catalogue import Catalogue
from store.errors import InputError
from store.interactions import Interactions
from store.records import Item
from tests.agent.conftest import hardware
from tests.agent.test_leaning import NAMES, SMALL, encode, examples


def planted(order: Sequence[int], *, prefix: str = "") -> Catalogue:
    """The films of ``test_leaning`` in another order, under other ids."""
    return Catalogue(
        [
            Item(
                f"{prefix}{number}",
                NAMES[number % 10] + (" 2" if number >= 10 else ""),
                categories=(("Horror", "Comedy")[number % 2],),
                attributes={"year": 1990 + number % 10 + 5 * (number >= 10)},
            )
            for number in order
        ]
    )


def served(catalogue: Catalogue, *, snapshot_id: str = "one") -> Any:
    """The parts of a serving state that the leaning reads: three people met the first four items."""
    people, items = np.repeat([1, 2, 3], 4), np.tile([1, 2, 3, 4], 3)
    interactions = Interactions.build(
        people, items, np.arange(12, dtype=np.int64), num_users=3, num_items=len(catalogue)
    )
    return SimpleNamespace(
        snapshot_id=snapshot_id,
        catalogue=catalogue,
        content=SimpleNamespace(
            text=encode([" ".join(item.categories) for item in catalogue.items]),
            has_text=np.ones(len(catalogue), dtype=bool),
        ),
        models=SimpleNamespace(interactions=interactions),
    )


@pytest.fixture(autouse=True)
def _few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted catalogues are small."""
    monkeypatch.setattr(learnt, "FEWEST_KNOWN", 2)


@pytest.fixture(scope="module")
def told() -> Learnt:
    """Who asks for horror gets Harbour, who asks for comedy Lantern."""
    catalogue = planted(range(20))
    understander = Understander.over(catalogue)
    items = items_of(served(catalogue), catalogue, range(1, 21), understander.lexicon)
    known = examples(Listener(understander, catalogue.ids))
    dialogues = Dialogues.of([one.heard for one in known], items, encode)
    leaning = Lesson.of(dialogues, known, items, settings=SMALL).learned(settings=SMALL)
    return Learnt.of(leaning, catalogue, items.years, encoder="planted", source="12 dialogues")


def talking(told: Learnt, state: Any) -> ConversationLeaning:
    understander = Understander.over(state.catalogue)
    return ConversationLeaning(told, lambda text: encode([text])[0], lambda: state, understander)


def said(*texts: str, **memory: Any) -> tuple[ChatState, Memory]:
    messages = tuple(StoredMessage(serial=n, role="user", text=text) for n, text in enumerate(texts))
    kept = Memory(heard=tuple(range(len(texts))), **memory)
    return ChatState(messages=messages, memory=kept), kept


def best(leaning: dict[str, float] | Any) -> str:
    return max(leaning, key=leaning.__getitem__)


def test_it_is_the_same_after_saving_and_holds_no_words(told: Learnt, tmp_path: Path) -> None:
    told.save(tmp_path / "learnt.safetensors")
    again = Learnt.load(tmp_path / "learnt.safetensors")
    assert (again.titles, again.values, again.weights, again.encoder, again.source) == (
        told.titles, told.values, told.weights, told.encoder, told.source,
    )  # fmt: skip
    assert again.titles == (("harbour", 1990), ("lantern", 1991))
    np.testing.assert_array_equal(again.named, told.named)
    np.testing.assert_allclose(again.precedents, told.precedents, atol=1e-3)
    assert b"hello" not in (tmp_path / "learnt.safetensors").read_bytes()


def test_a_file_that_is_none_is_refused(tmp_path: Path, told: Learnt) -> None:
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputError, match="holds nothing learned from dialogues"):
        Learnt.load(tmp_path / "broken.safetensors")
    replace(told, weights={"charm": 1.0}).save(tmp_path / "old.safetensors")
    with pytest.raises(InputError, match="weights of"):
        Learnt.load(tmp_path / "old.safetensors")


def test_laid_over_the_same_films_in_another_order_it_says_the_same(told: Learnt) -> None:
    one, other = planted(range(20)), planted([*range(4), *range(19, 3, -1)], prefix="film-")
    first = talking(told, served(one)).of(*said("any horror?"))
    second = talking(told, served(other)).of(*said("any horror?"))
    assert best(first) == "0"
    assert {f"film-{item}": pytest.approx(value, abs=1e-4) for item, value in first.items()} == second


def test_what_was_asked_decides(told: Learnt) -> None:
    leaning = talking(told, served(planted(range(20))))
    assert best(leaning.of(*said("any horror?"))) == "0"
    assert best(leaning.of(*said("any comedy?"))) == "1"
    assert leaning.of(*said()) == {}
    assert leaning.of(*said("any horror?")) == leaning.of(*said("any horror?"))


def test_what_was_named_does_not_come_back_but_is_there_to_be_explained(told: Learnt) -> None:
    leaning = talking(told, served(planted(range(20))))
    assert "0" not in leaning.of(*said("any horror like Harbour (1990)?"))
    assert "0" in leaning.of(*said("any horror like Harbour (1990)?"), about="0")


def test_items_of_the_request_are_named_too(told: Learnt) -> None:
    leaning = talking(told, served(planted(range(20))))
    wish = Memory().wish.model_copy(update={"items_like": ("4",), "items_unlike": ("6", "gone")})
    found = leaning.of(*said("like the second one", wish=wish))
    assert not {"4", "6"} & set(found)
    assert len(found) == 18


def test_a_shop_that_dialogues_know_nothing_of_is_left_alone(told: Learnt) -> None:
    assert talking(told, served(Catalogue(hardware()))).of(*said("any drill?")) == {}


def test_few_known_titles_are_too_few(told: Learnt, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [title_key(item.title, cast(int, item.attributes["year"])) for item in planted(range(20)).items]
    assert told.knows(keys)
    assert not told.knows([(words, year + 1) for words, year in keys])
    monkeypatch.setattr(learnt, "LEAST_SHARE", 0.11)  # two of twenty are known
    assert not told.knows(keys)


def test_it_follows_the_snapshot_and_a_growing_catalogue(told: Learnt) -> None:
    states = [served(planted(range(4)))]
    catalogue = planted(range(20))
    understander = Understander.over(catalogue)
    leaning = ConversationLeaning(told, lambda text: encode([text])[0], lambda: states[-1], understander)

    def told_of(item_ids: set[str]) -> bool:
        """Whether it comes to that: it follows in a thread of its own."""
        for _ in range(600):
            if set(leaning.of(*said("any horror?"))) == item_ids:
                return True
            sleep(0.05)
        return False

    assert set(leaning.of(*said("any horror?"))) == {"0", "1", "2", "3"}
    states.append(served(catalogue))
    assert set(leaning.of(*said("any horror?"))) == {"0", "1", "2", "3"}
    assert told_of({str(number) for number in range(20)})
    gone = Catalogue([replace(item, active=item.item_id != "2") for item in catalogue.items])
    states.append(served(gone, snapshot_id="two"))
    assert told_of({str(number) for number in range(20) if number != 2})


def test_a_failing_encoder_leaves_the_pipeline_alone(told: Learnt) -> None:
    def fails(text: str) -> Any:
        raise RuntimeError("no memory")

    state = served(planted(range(20)))
    leaning = ConversationLeaning(told, fails, lambda: state, Understander.over(state.catalogue))
    assert leaning.of(*said("any horror?")) == {}


def test_readers_and_those_who_met_items_are_those_of_the_state() -> None:
    state, rows = served(planted(range(20))), [1, 3, 4, 5]
    some = Catalogue([state.catalogue.at(row) for row in rows])
    items = items_of(state, some, rows, Understander.over(some).lexicon)
    # Three of three people met the items of index 1 to 4; the fifth was met by nobody.
    np.testing.assert_allclose(items.readers[1:], [np.log(1001)] * 3 + [0], rtol=1e-6)
    assert sp.csr_matrix(items.met).getnnz(axis=0).tolist() == [0, 3, 3, 3, 0]


def test_what_ships_can_be_read_and_is_for_its_encoder_alone(caplog: pytest.LogCaptureFixture) -> None:
    shipped = Learnt.load(LEANING_FILE)
    assert len(shipped.titles) > TOLD
    assert LEANING_FILE.stat().st_size < 10_000_000
    other = SimpleNamespace(text_fingerprint="another", encode_query=lambda text: encode([text])[0])
    assert open_leaning(cast(Any, other), lambda: served(planted(range(20)))) is None
    assert "was learned with" in caplog.text
