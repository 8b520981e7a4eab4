"""Names that may mean several things: the answer comes, asks, and a reply does what was meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.dialogue import Dialogues
from agent.did_you_mean import chosen, offers
from agent.doubts import MOST, RIVAL, doubts_of, prefer_known
from agent.near_names import near_names
from agent.request import Doubt, Request
from agent.understanding import Understander
from store.database import Store
from store.errors import InputError
from store.records import EventKind, Item
from tests.agent.conftest import MemoryRecommender, films, understander_of, vocabulary_of
from tests.agent.test_dialogue import Talk

NAMESAKES = (
    Item("n1", "Insomnia", "A policeman in Norway.", ("Crime", "Thriller"), {"year": 1997}),
    Item("n2", "Insomnia", "A policeman in Alaska.", ("Crime", "Thriller"), {"year": 2002}),
    Item("d1", "Charade", "Starring Cary Grant in Paris.", ("Comedy",), {"year": 1963}),
    Item("d2", "Notorious", "Starring Cary Grant in Rio.", ("Romance",), {"year": 1946}),
    Item("d3", "Notting Hill", "Starring Hugh Grant in London.", ("Comedy",), {"year": 1999}),
    Item("d4", "About a Boy", "Starring Hugh Grant and Toni Collette.", ("Comedy",), {"year": 2002}),
    Item("m1", "Mask, The", "Starring Jim Carrey.", ("Comedy",), {"year": 1994}),
    Item("m2", "Mask", "Starring Cher.", ("Drama",), {"year": 1985}),
)
CATALOGUE = [*films(), *NAMESAKES]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'namesakes.db'}") as store:
        store.put_items(CATALOGUE)
        yield store


@pytest.fixture
def talk(store: Store) -> Talk:
    return Talk(Dialogues(store, MemoryRecommender(CATALOGUE, store)))


@pytest.fixture(scope="module")
def understander() -> Understander:
    return understander_of(CATALOGUE)


def test_namesakes_are_answered_and_asked_about(talk: Talk) -> None:
    turn = talk.say("something like Insomnia")
    assert turn.cards
    assert turn.words.endswith("I took “Insomnia” for Insomnia (2002). Did you mean Insomnia (1997)?")
    assert turn.finished.suggestions[0] == "Insomnia (1997)"
    assert turn.finished.question is None


@pytest.mark.parametrize("reply", ["Insomnia (1997)", "I meant the 1997 one", "no, the one from 1997", "1997", "yes"])
def test_a_reply_puts_the_other_one_into_the_request(talk: Talk, reply: str) -> None:
    talk.say("thrillers")
    talk.say("something like Insomnia but no horror")
    assert talk.chips == ["like: Insomnia", "Thriller", "not: Horror"]
    turn = talk.say(reply)
    assert turn.cards
    assert "Did you mean" not in turn.words
    assert "like:n1" in keys_of(talk)
    assert talk.chips == ["like: Insomnia", "Thriller", "not: Horror"]


def keys_of(talk: Talk) -> list[str]:
    return [chip.key for chip in talk.chats.view(talk.chat_id).chips]


def test_a_reply_takes_back_what_the_first_meaning_did(talk: Talk, store: Store) -> None:
    talk.say("I loved Insomnia")
    assert liked(store) == {"n2"}
    talk.say("Insomnia (1997)")
    assert liked(store) == {"n1"}
    list(talk.chats.undo(talk.chat_id))
    assert liked(store) == {"n2"}


def liked(store: Store) -> set[str]:
    return {event.item_id for event in store.history("ann") if event.kind == EventKind.LIKE}


def test_clicks_between_the_question_and_the_reply_stay(talk: Talk, store: Store) -> None:
    talk.say("something like Insomnia")
    talk.chats.feedback(talk.chat_id, "f3", "like")
    talk.say("Insomnia (1997)")
    assert "like:n1" in keys_of(talk)
    assert liked(store) == {"f3"}


def test_the_reply_can_be_answered_again(talk: Talk) -> None:
    talk.say("something like Insomnia")
    talk.say("Insomnia (1997)")
    list(talk.chats.retry(talk.chat_id))
    assert "like:n1" in keys_of(talk)


def test_an_unknown_title_brings_the_near_ones_with_their_cards(talk: Talk) -> None:
    turn = talk.say("tell me about Casabelango")
    assert turn.words == "I found nothing called “Casabelango”. Did you mean Casablanca (1942)?"
    assert turn.titles == ["Casablanca"]
    again = talk.say(turn.finished.suggestions[0])
    assert again.titles == ["Casablanca"]
    assert "Did you mean" not in again.words


def test_an_unknown_title_keeps_what_was_said_of_it(talk: Talk, store: Store) -> None:
    turn = talk.say("I hated Casabelango")
    assert turn.finished.suggestions[0] == "Casablanca (1942)"
    talk.say("Casablanca (1942)")
    assert [(event.item_id, event.kind) for event in store.history("ann")] == [("f35", EventKind.DISLIKE)]


def test_questions_in_a_row_never_come_without_items(talk: Talk) -> None:
    for said in ("tell me about Casabelango", "tell me about Grounook Deay"):
        turn = talk.say(said)
        assert "Did you mean" in turn.words
        assert turn.cards


def test_a_surname_of_two_people_is_asked_about(talk: Talk) -> None:
    turn = talk.say("films with Grant")
    assert set(turn.titles) == {"Charade", "Notorious", "Notting Hill", "About a Boy"}
    assert turn.words.endswith("Did you mean Cary Grant or Hugh Grant?")
    assert turn.finished.suggestions[:2] == ("Cary Grant", "Hugh Grant")
    assert set(talk.say("Hugh Grant").titles) <= {"Notting Hill", "About a Boy"}
    assert keys_of(talk) == ["person:Hugh Grant"]


def test_chinese_asks_in_chinese(talk: Talk) -> None:
    turn = talk.say("推荐类似《Insomnia》的电影")
    assert "你指的是《Insomnia (1997)》吗" in turn.words
    again = talk.say("Insomnia (1997)")
    assert "找到" in again.words
    assert "like:n1" in keys_of(talk)


def test_what_is_on_the_table_is_meant(talk: Talk) -> None:
    talk.say("tell me about Insomnia (1997)")
    turn = talk.say("why Insomnia?")
    assert turn.cards[0].item.item_id == "n1"
    assert "Did you mean" not in turn.words


@pytest.mark.parametrize("said", ["something like Insomnia (1997)", "like The Mask", "films with Hugh Grant"])
def test_a_name_that_is_said_whole_is_no_doubt(understander: Understander, said: str) -> None:
    assert understander.understand(said).doubts == ()


def test_nobody_asks_where_one_namesake_has_far_more_readers() -> None:
    items = {item.item_id: item for item in CATALOGUE}

    def doubts(popularity: dict[str, int]) -> tuple[Doubt, ...]:
        vocabulary = replace(vocabulary_of(CATALOGUE), popularity=popularity)
        return Understander(lambda: vocabulary, lambda ids: [items[i] for i in ids]).understand("like Insomnia").doubts

    assert doubts({"n1": 10, "n2": 12}) == (Doubt(said="Insomnia", taken="n2", items=("n1",)),)
    assert doubts({"n1": 10, "n2": RIVAL * 11}) == ()


def test_near_names_are_few_and_keep_their_numbers(understander: Understander) -> None:
    lexicon = understander.lexicon
    assert near_names(lexicon, ["usual", "suspekts", "the"], most=MOST) == (("f9",), ())
    assert near_names(lexicon, ["apolo", "14"], most=MOST) == ((), ())
    assert near_names(lexicon, ["quentyn", "tarrantino"], most=MOST) == ((), ("Quentin Tarantino",))
    assert near_names(lexicon, ["xyzzy", "plugh"], most=MOST) == ((), ())


def test_offers_have_labels_of_their_own(understander: Understander) -> None:
    twins = [Item(name, "Twins", "", (), {"year": 1988}) for name in ("t1", "t2")]
    lexicon = understander_of([*films(), *twins]).lexicon
    found = offers(Doubt(said="twins", items=("t1", "t2", "gone")), lexicon)
    assert [offer.label for offer in found] == ["Twins (1988), t1", "Twins (1988), t2"]
    doubt = Doubt(said="twins", items=("t1", "t2"))
    assert chosen(doubt, "Twins", lexicon) is None  # either of them
    assert chosen(doubt, "Twins (1988), t2", lexicon) == found[1]


def test_a_request_that_does_not_use_a_name_has_no_doubt_of_it(understander: Understander) -> None:
    linked = understander.read("something like Insomnia")
    prefer_known(linked.reading)
    assert doubts_of(linked.reading, Request()) == ()


def test_an_old_doubt_is_gone_with_the_next_message(talk: Talk) -> None:
    talk.say("something like Insomnia")
    talk.say("comedies")
    turn = talk.say("Insomnia (1997)")
    assert "Did you mean" not in turn.words
    with pytest.raises(InputError):
        talk.chats.respond(talk.chat_id, "x" * 3000)
