"""Questions beside the cards: when one is put, what answers mean, and that nobody has to answer."""

from __future__ import annotations

import pytest

from agent.dialogue import Dialogues
from agent.questions import QuestionSettings, answer_to, question_for
from agent.request import FacetRef, Request
from agent.saying import chat_voice
from agent.state import Asked
from agent.turns import Finished
from store.errors import InputError

PAIR = Asked(attribute="category", values=("Comedy", "Drama"))
DECADE = Asked(attribute="year", bound=1990, decade=True)


def finished(chats: Dialogues, chat_id: str, text: str) -> Finished:
    return next(event for event in chats.respond(chat_id, text) if isinstance(event, Finished))


@pytest.fixture
def chat(film_chats: Dialogues) -> str:
    return film_chats.open("ann").chat_id


def test_an_open_request_brings_a_question_with_the_cards(film_chats: Dialogues, chat: str) -> None:
    question = finished(film_chats, chat, "surprise me").question
    assert question is not None
    assert question.answers[-1] == "skip"
    view = film_chats.view(chat)
    assert view.messages[-1].cards
    assert view.question == question


def test_a_skipped_question_is_not_put_again(film_chats: Dialogues, chat: str) -> None:
    first = finished(film_chats, chat, "surprise me").question
    second = finished(film_chats, chat, "skip").question
    assert first is not None
    assert second is None or second.text != first.text
    assert film_chats.view(chat).chips == ()


def test_a_question_that_is_passed_over_is_not_followed_by_another(film_chats: Dialogues, chat: str) -> None:
    assert finished(film_chats, chat, "surprise me").question is not None
    assert finished(film_chats, chat, "show me others").question is None


def test_undo_brings_the_question_back(film_chats: Dialogues, chat: str) -> None:
    first = finished(film_chats, chat, "surprise me").question
    assert first is not None
    finished(film_chats, chat, first.answers[0])
    assert film_chats.view(chat).chips
    list(film_chats.undo(chat))
    assert film_chats.view(chat).question == first
    assert film_chats.view(chat).chips == ()


@pytest.mark.parametrize(
    "said", ["either", "Either is fine.", "skip", "I don't mind", "都可以", "跳过", "doesn't matter"]
)
def test_what_leaves_it_open_asks_for_nothing(said: str) -> None:
    assert answer_to(PAIR, said) == Request()


def test_what_answers_mean() -> None:
    comedy, drama = (FacetRef(attribute="category", value=value) for value in PAIR.values)
    assert answer_to(PAIR, "comedy") == Request(facets_in=((comedy,),))
    for said in ("no", "neither", "都不要"):
        assert answer_to(PAIR, said) == Request(facets_out=(comedy, drama))
    yes, no = answer_to(DECADE, "yes"), answer_to(DECADE, "no")
    assert yes is not None
    assert no is not None
    assert [(bounds.low, bounds.high) for bounds in (*yes.ranges, *no.ranges)] == [(1990, None), (None, 1989)]
    assert answer_to(PAIR, "something like Heat") is None


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("asked", [PAIR, DECADE, Asked(attribute="category", values=("Comedy",))])
def test_every_reply_is_understood(film_chats: Dialogues, language: str, asked: Asked) -> None:
    understander = film_chats._understander
    for reply in chat_voice(language).replies(asked):
        request = answer_to(asked, reply) or understander.understand(reply)
        asks = bool(request.facets_in or request.facets_out or request.ranges)
        assert asks == (reply not in (chat_voice(language).answers["either"], chat_voice(language).answers["skip"]))


def test_few_candidates_are_shown_and_not_asked_about(film_chats: Dialogues) -> None:
    lexicon = film_chats._understander.lexicon
    few = [(item, 0.0) for item in list(lexicon.items)[:5]]
    many = [(item, 0.0) for item in lexicon.items]
    assert question_for(few, Request(), (), lexicon) is None
    assert question_for(many, Request(), (), lexicon) is not None
    assert question_for(many, Request(), (), lexicon, QuestionSettings(enabled=False)) is None


def test_settings_are_checked() -> None:
    with pytest.raises(InputError, match=r"outside 0\.\.1"):
        QuestionSettings(least=2)
    with pytest.raises(InputError, match="below 1"):
        QuestionSettings(fewest=0)
