"""Whole chats: branches, answers made again, links, and what is written out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent.dialogue import Dialogues
from agent.messages import as_markdown
from agent.turns import Message
from store.database import Store
from store.errors import InputError
from store.records import Event, EventKind, Item
from tests.agent.test_dialogue import Talk, Turned

NINETIES = "1990\u20131999"


@pytest.fixture
def talk(film_chats: Dialogues) -> Talk:
    return Talk(film_chats)


def at(chats: Dialogues, chat_id: str) -> Talk:
    """A talk in a chat that is there already."""
    talk = Talk.__new__(Talk)
    talk.chats, talk.user, talk.chat_id = chats, "ann", chat_id
    return talk


def liked(store: Store) -> list[str]:
    return [event.item_id for event in store.history("ann")]


def places(talk: Talk) -> list[int]:
    return [message.place for message in talk.chats.view(talk.chat_id).messages if message.editable]


class TestBranch:
    def test_it_begins_as_the_chat_was_before_the_message(self, talk: Talk) -> None:
        talk.say("thrillers")
        talk.say("from the 90s")
        talk.say("no horror")
        assert places(talk) == [0, 2, 4]
        branch = at(talk.chats, talk.chats.history.branch(talk.chat_id, 4))
        assert branch.chips == ["Thriller", NINETIES]
        view = talk.chats.view(branch.chat_id)
        assert [message.text for message in view.messages if message.role == "user"] == ["thrillers", "from the 90s"]
        straight = Talk(talk.chats, "bob")
        for text in ("thrillers", "from the 90s"):
            straight.say(text)
        assert branch.say("no mystery").titles == straight.say("no mystery").titles
        assert branch.chips == ["Thriller", "not: Mystery", NINETIES]
        assert talk.chips == ["Thriller", "not: Horror", NINETIES], "the chat that was left stays as it is"
        list(talk.chats.undo(branch.chat_id))
        list(talk.chats.undo(branch.chat_id))
        assert branch.chips == ["Thriller"], "undo reaches back beyond the branch"

    def test_opinions_of_later_are_taken_back_and_those_of_before_stay(self, talk: Talk, film_store: Store) -> None:
        first = talk.say("comedies").cards[0].item
        talk.chats.feedback(talk.chat_id, first.item_id, "like")
        talk.say("I loved Heat")
        heat = liked(film_store)[-1]
        assert liked(film_store) == [first.item_id, heat]
        branch = talk.chats.history.branch(talk.chat_id, 2)
        assert liked(film_store) == [first.item_id]
        view = talk.chats.view(branch)
        assert [card.feedback for card in view.messages[1].cards][:2] == ["like", None]
        assert [item.item_id for item in view.profile.likes] == [first.item_id]
        assert heat not in talk.chats._chats.load(talk.chat_id).state.memory.opinions
        talk.chats.feedback(branch, first.item_id, "dislike")
        assert [event.kind.value for event in film_store.history("ann")] == ["dislike"]

    def test_a_change_of_mind_after_the_message_is_undone(self, talk: Talk, film_store: Store) -> None:
        first = talk.say("comedies").cards[0].item
        talk.chats.feedback(talk.chat_id, first.item_id, "like")
        talk.say("no romance")
        talk.chats.feedback(talk.chat_id, first.item_id, "dislike")
        talk.chats.history.branch(talk.chat_id, 2)
        assert [event.kind.value for event in film_store.history("ann")] == ["like"]

    @pytest.mark.parametrize("place", [1, -1, 2, 99])
    def test_only_from_what_the_reader_said(self, talk: Talk, place: int) -> None:
        talk.say("comedies")
        with pytest.raises(InputError, match="cannot be said differently"):
            talk.chats.history.branch(talk.chat_id, place)

    def test_what_undo_no_longer_reaches_cannot_be_edited(self, talk: Talk) -> None:
        for year in range(1950, 1974):
            talk.say(f"movies after {year}")
        assert places(talk) == list(range(8, 48, 2))
        for _ in range(40):
            talk.say("any year")
        view = talk.chats.view(talk.chat_id)
        place = places(talk)[3]
        message = next(message for message in view.messages if message.place == place)
        branch = talk.chats.history.branch(talk.chat_id, place)
        assert talk.chats.view(branch).messages == tuple(
            Message(one.role, one.text, one.cards, one.place, one.editable and one.place < message.place)
            for one in view.messages
            if one.place < message.place
        )

    def test_a_message_that_was_an_undo_is_none(self, talk: Talk) -> None:
        talk.say("comedies")
        talk.say("no romance")
        talk.say("undo")
        assert places(talk) == [0]


class TestRetry:
    def test_the_answer_is_replaced(self, talk: Talk) -> None:
        talk.say("thrillers")
        first = talk.say("from the 90s")
        again = Turned(list(talk.chats.retry(talk.chat_id)))
        assert again.titles == first.titles
        view = talk.chats.view(talk.chat_id)
        assert [message.role for message in view.messages] == ["user", "assistant"] * 2
        assert view.can_retry
        assert talk.chips == ["Thriller", NINETIES]
        list(talk.chats.undo(talk.chat_id))
        assert talk.chips == ["Thriller"], "one undo takes the question back, however often it was answered"

    def test_opinions_clicked_since_the_answer_count(self, talk: Talk, film_store: Store) -> None:
        shown = talk.say("I loved Heat. Thrillers").cards
        heat = liked(film_store)
        out = shown[0].item.item_id
        talk.chats.feedback(talk.chat_id, out, "dislike")
        again = Turned(list(talk.chats.retry(talk.chat_id)))
        assert out not in [card.item.item_id for card in again.cards]
        assert sorted(liked(film_store)) == sorted([*heat, out])
        list(talk.chats.undo(talk.chat_id))
        assert liked(film_store) == [out], "the opinion of the message goes with it, the clicked one does not"

    def test_an_opinion_taken_back_by_a_click_stays_taken_back(self, talk: Talk, film_store: Store) -> None:
        shown = talk.say("comedies").cards[0].item.item_id
        talk.chats.feedback(talk.chat_id, shown, "like")
        talk.say("no romance")
        talk.chats.feedback(talk.chat_id, shown, "none")
        list(talk.chats.retry(talk.chat_id))
        assert liked(film_store) == []

    def test_there_must_be_a_question(self, talk: Talk) -> None:
        with pytest.raises(InputError, match="no question to answer again"):
            talk.chats.retry(talk.chat_id)
        talk.say("comedies")
        list(talk.chats.add_chip(talk.chat_id, "no romance"))
        assert not talk.chats.view(talk.chat_id).can_retry
        with pytest.raises(InputError, match="no question to answer again"):
            talk.chats.retry(talk.chat_id)


class TestLinks:
    def test_a_link_shows_what_was_said_until_then_and_nothing_of_the_reader(self, talk: Talk) -> None:
        first = talk.say("comedies").cards[0].item
        talk.chats.feedback(talk.chat_id, first.item_id, "like")
        history = talk.chats.history
        token = history.share(talk.chat_id)
        assert len(token) >= 32
        talk.say("no romance")
        shared = history.shared(token)
        assert shared is not None
        assert [message.text for message in shared.messages if message.role == "user"] == ["comedies"]
        assert {card.feedback for message in shared.messages for card in message.cards} == {None}
        assert not any(message.editable for message in shared.messages)
        assert "ann" not in repr(shared).lower()
        assert history.share(talk.chat_id) == token, "shared again, the link shows more"
        shared = history.shared(token)
        assert shared is not None
        assert len(shared.messages) == 4
        list(talk.chats.undo(talk.chat_id))
        shared = history.shared(token)
        assert shared is not None
        assert len(shared.messages) == 2, "what is taken back is gone there too"

    def test_it_ends_when_it_is_taken_back_or_the_chat_deleted(self, talk: Talk) -> None:
        talk.say("comedies")
        history = talk.chats.history
        first = history.share(talk.chat_id)
        history.unshare(talk.chat_id)
        assert history.shared(first) is None
        second = history.share(talk.chat_id)
        assert second != first
        assert history.chats("ann")[0].share == second
        history.delete(talk.chat_id)
        assert history.shared(second) is None
        assert history.chats("ann") == ()

    def test_there_must_be_something_to_share(self, talk: Talk) -> None:
        with pytest.raises(InputError, match="nothing was said"):
            talk.chats.history.share(talk.chat_id)
        with pytest.raises(InputError, match="does not exist"):
            talk.chats.history.share("nowhere")


def test_a_title_is_given_and_kept(talk: Talk) -> None:
    history = talk.chats.history
    talk.say("comedies")
    history.rename(talk.chat_id, "  Sunday \n evening ")
    talk.say("no romance")
    assert history.chats("ann")[0].title == "Sunday evening"
    with pytest.raises(InputError, match="title is empty"):
        history.rename(talk.chat_id, " \n")
    with pytest.raises(InputError, match="does not exist"):
        history.rename("nowhere", "Title")


def test_a_chat_that_is_deleted_while_it_is_answered_stays_deleted(talk: Talk) -> None:
    events = talk.chats.respond(talk.chat_id, "comedies")
    next(events)
    talk.chats.history.delete(talk.chat_id)
    list(events)
    assert talk.chats.history.chats("ann") == ()


def test_no_text_is_markup_in_what_is_written_out(talk: Talk, film_recommender: object) -> None:
    hostile = "![x](https://example.invalid/p.png) <script>"
    film_recommender.publish(Item("bad", hostile, "", ("Comedy",), {"year": 1999}))  # pyright: ignore[reportAttributeAccessIssue]
    talk.say(f"# no [heading](javascript:x)\n- {hostile}")
    talk.say("comedies from 1999")
    chat = talk.chats.history.written_out(talk.chat_id)
    text = as_markdown(chat.title, chat.messages)
    assert "comedies from 1999" in text
    for markup in ("![", "](", "<script", "\n- x", "\n# no"):
        assert markup not in text
    lines = text.splitlines()
    assert lines[0].startswith("# \\# no \\[heading\\]")
    assert sum(line.startswith("- **") for line in lines) == sum(len(message.cards) for message in chat.messages)


class TestForgetting:
    def test_what_was_liked_elsewhere_is_forgotten_and_undo_brings_it_back(self, talk: Talk, film_store: Store) -> None:
        item = talk.say("comedies").cards[0].item
        now = datetime.now(UTC)
        film_store.add_events([Event("ann", item.item_id, EventKind.LIKE, now - timedelta(days=9))])
        assert talk.chats.view(talk.chat_id).profile.likes == (item,)
        assert talk.chats.feedback(talk.chat_id, item.item_id, "none").profile.likes == (item,), "it is not this chat's"
        view = talk.chats.feedback(talk.chat_id, item.item_id, "forget")
        assert (view.profile.likes, view.profile.dislikes) == ((), ())
        assert {card.feedback for message in view.messages for card in message.cards} == {None}
        list(talk.chats.undo(talk.chat_id))
        assert talk.chats.view(talk.chat_id).profile.likes == (item,)

    def test_a_like_of_this_chat_is_forgotten_with_older_ones(self, talk: Talk, film_store: Store) -> None:
        item = talk.say("comedies").cards[0].item
        film_store.add_events([Event("ann", item.item_id, EventKind.PURCHASE, datetime(2020, 1, 1, tzinfo=UTC))])
        talk.chats.feedback(talk.chat_id, item.item_id, "like")
        assert talk.chats.feedback(talk.chat_id, item.item_id, "forget").profile.likes == ()
        view = talk.chats.feedback(talk.chat_id, item.item_id, "like")
        assert view.profile.likes == (item,), "it can be liked again"
        assert view.messages[-1].cards[0].feedback == "like"
