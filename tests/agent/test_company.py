"""Several people, the same people, and a table of two items."""

from __future__ import annotations

import pytest

from agent.company import is_others_dislike
from agent.dialogue import Dialogues
from agent.turns import Card, Cards, Words


def say(chats: Dialogues, chat_id: str, text: str) -> tuple[tuple[Card, ...], str]:
    events = list(chats.respond(chat_id, text))
    cards = tuple(card for event in events if isinstance(event, Cards) for card in event.cards)
    return cards, "".join(event.text for event in events if isinstance(event, Words))


@pytest.fixture
def chat(film_chats: Dialogues) -> str:
    return film_chats.open("ann").chat_id


def test_who_speaks_of_others() -> None:
    assert is_others_dislike("my husband hates horror, I love it")
    assert is_others_dislike("My kids don't like war films")
    assert is_others_dislike("我老公讨厌恐怖片")
    assert not is_others_dislike("I hate horror")


def test_what_one_member_does_not_want_stays_out(film_chats: Dialogues, chat: str) -> None:
    for said in ("my husband hates horror, I love it", "sci-fi", "horror please"):
        cards, words = say(film_chats, chat, said)
        assert cards
        assert all("Horror" not in card.item.categories for card in cards)
    assert "stays out" in words
    list(film_chats.remove_chip(chat, "out:category=Horror"))
    cards, _ = say(film_chats, chat, "horror instead")
    assert all("Horror" in card.item.categories for card in cards)


def test_the_same_people_are_those_of_the_item(film_chats: Dialogues, chat: str) -> None:
    say(film_chats, chat, "tell me about Jackie Brown")
    cards, words = say(film_chats, chat, "anything by the same director?")
    assert "Quentin Tarantino" in words
    assert "Pulp Fiction" in [card.item.title for card in cards]
    assert all("Quentin Tarantino" in card.item.description for card in cards)


def test_a_comparison_is_a_table(film_chats: Dialogues, chat: str) -> None:
    say(film_chats, chat, "I loved Heat")
    events = list(film_chats.respond(chat, "compare Seven and Casino"))
    table = next(event for event in events if isinstance(event, Cards)).table
    assert table[0] == ("", "Seven (a.k.a. Se7en)", "Casino")
    assert ("Category", "Mystery and Thriller", "Drama") in table
    assert table[-1] == (
        "For whom",
        "who wants Mystery or Thriller; 1 of 1 that you liked have that",
        "who wants Drama",
    )
    assert film_chats.view(chat).messages[-1].table == table


def test_two_constraints_are_named_where_one_is_not_enough(film_chats: Dialogues, chat: str) -> None:
    _, words = say(film_chats, chat, "animated westerns before 1950")
    assert "Nothing in the catalogue fits" in words
    assert "would fit" in words


def test_other_topics_are_declined_in_more_than_one_way(film_chats: Dialogues, chat: str) -> None:
    said = {say(film_chats, chat, text)[1] for text in ("what is the weather", "who won the election")}
    assert len(said) == 2
