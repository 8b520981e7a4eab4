"""What others read of a chat names nothing that only the profile of whoever shared it holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agent.dialogue import Dialogues
from agent.shared_view import for_others
from agent.state import ChatState
from agent.turns import Card, Message
from pipeline.query import Query, Reason, Recommendations
from store.database import Store
from store.records import Event, EventKind, Item
from tests.agent.conftest import MemoryRecommender
from tests.agent.test_dialogue import Talk

HEAT, MR, BIG = Item("h", "Heat"), Item("m", "Mr. Holland's Opus"), Item("b", "Big Lebowski, The")
MET = {item.item_id: item.title for item in (HEAT, MR)}


def answer(text: str, *cards: Card) -> Message:
    return Message("assistant", text, cards)


def read(*messages: Message, met: dict[str, str] | None = None) -> tuple[Message, ...]:
    return for_others(messages, ChatState(), MET if met is None else met)


def test_a_reason_that_names_the_profile_says_that_it_is_taste() -> None:
    card = Card(BIG, "because you liked Heat and Mr. Holland's Opus", "1998")
    (message,) = read(answer("Here is one for you.", card))
    assert message.cards[0].reason == "goes with the taste of whoever asked"
    assert message.text == "Here is one for you."
    (message,) = read(answer("", replace(card, reason="因为你喜欢过Heat")))
    assert message.cards[0].reason == "符合提问者的口味"
    (message,) = read(answer("", replace(card, reason="popular with other people here")))
    assert message.cards[0].reason == "popular with other people here"


def test_sentences_that_name_the_profile_are_left_out() -> None:
    told = "Here is one. Big Lebowski, The comes first because you liked Mr. Holland's Opus. It is popular."
    (message,) = read(answer(told, Card(BIG, "", "")))
    assert message.text == "Here is one. It is popular."
    (message,) = read(answer("找到1个。《Big Lebowski, The》排第一：因为你喜欢过Heat。仅此而已。"))
    assert message.text == "找到1个。仅此而已。"


def test_what_the_chat_itself_shows_or_asks_for_stays() -> None:
    card = Card(BIG, "because you liked Heat", "")
    asked = Message("user", "I loved heat, what else?")
    assert read(asked, answer("", card))[1].cards[0].reason == "because you liked Heat"
    shown = answer("Heat: 1995.", Card(HEAT, "", ""))
    assert read(shown, answer("", card))[1].cards[0].reason == "because you liked Heat"
    assert read(shown)[0].text == "Heat: 1995."
    longer = {"h": "Heat", "hd": "Heat and Dust"}
    (message,) = read(answer("Heat and Dust is near.", Card(Item("hd", "Heat and Dust"), "", "")), met=longer)
    assert message.text == "Heat and Dust is near."


def test_a_shared_chat_names_nothing_from_outside_of_it(
    film_chats: Dialogues, film_store: Store, film_recommender: MemoryRecommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    film_store.ensure_user("ann")
    film_store.add_events([Event("ann", "f3", EventKind.LIKE, datetime.now(UTC), key="elsewhere")])
    recommend = film_recommender.recommend
    heat = film_recommender.item("f3")

    def by_history(query: Query) -> Recommendations:
        found = recommend(query)
        return replace(found, items=tuple(replace(one, reasons=(Reason("history", (heat,)),)) for one in found.items))

    monkeypatch.setattr(film_recommender, "recommend", by_history)
    talk = Talk(film_chats)
    assert "because you liked Heat" in {card.reason for card in talk.say("comedies").cards}
    token = film_chats.history.share(talk.chat_id)
    shared = film_chats.history.shared(token)
    assert shared is not None
    assert "Heat" not in repr(shared.messages)
    assert {card.reason for card in shared.messages[1].cards} == {"goes with the taste of whoever asked"}
    assert "Heat" in repr(film_chats.history.written_out(talk.chat_id).messages), "the owner keeps their own"
    film_store.retract(["elsewhere"])
    shared = film_chats.history.shared(token)
    assert shared is not None
    assert "Heat" not in repr(shared.messages), "what was taken back is no less private"
