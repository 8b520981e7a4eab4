"""Conversations of several turns, with what must hold in the cards after each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import pytest

from agent.dialogue import Dialogues, DialogueSettings
from agent.request import Request
from agent.turns import Card, Cards, Finished, TurnEvent, Understood, Words
from pipeline.query import Query, Recommendations
from store.database import Store
from store.errors import InputError
from store.records import EventKind, Item


class Talk:
    """One chat; ``say`` gives the whole turn."""

    def __init__(self, chats: Dialogues, user: str = "ann") -> None:
        self.chats = chats
        self.user = user
        self.chat_id = chats.open(user).chat_id

    def say(self, text: str) -> Turned:
        return Turned(list(self.chats.respond(self.chat_id, text)))

    @property
    def chips(self) -> list[str]:
        return [chip.label for chip in self.chats.view(self.chat_id).chips]


class Turned:
    """The events of a turn, taken apart."""

    def __init__(self, events: list[TurnEvent]) -> None:
        self.events = events
        self.understood = next(event for event in events if isinstance(event, Understood))
        self.cards = tuple(card for event in events if isinstance(event, Cards) for card in event.cards)
        self.words = "".join(event.text for event in events if isinstance(event, Words))
        self.finished = next(event for event in events if isinstance(event, Finished))
        self.titles = [card.item.title for card in self.cards]


@pytest.fixture
def talk(film_chats: Dialogues) -> Talk:
    return Talk(film_chats)


def year_of(item: Item) -> int:
    year = item.attributes["year"]
    assert isinstance(year, int)
    return year


def every(cards: Iterable[Card], test: Callable[[Item], bool]) -> bool:
    items = [card.item for card in cards]
    return bool(items) and all(test(item) for item in items)


def test_events_come_in_order_and_words_last(talk: Talk) -> None:
    kinds = [type(event) for event in talk.say("comedies").events]
    assert kinds[:2] == [Understood, Cards]
    assert kinds[-1] is Finished
    assert set(kinds[2:-1]) == {Words}


def test_constraints_accumulate_over_a_conversation(talk: Talk) -> None:
    first = talk.say("I would like a thriller")
    assert len(first.cards) == 5
    assert every(first.cards, lambda item: "Thriller" in item.categories)

    second = talk.say("from the 90s")
    assert every(second.cards, lambda i: "Thriller" in i.categories and 1990 <= year_of(i) <= 1999)

    third = talk.say("no horror or mystery")
    assert every(third.cards, lambda i: "Thriller" in i.categories and not {"Horror", "Mystery"} & set(i.categories))

    fourth = talk.say("something like Fargo but newer")
    assert every(fourth.cards, lambda i: year_of(i) >= 1997 and "Thriller" in i.categories)
    assert "Fargo" not in fourth.titles
    assert talk.chips == ["like: Fargo", "Thriller", "not: Horror", "not: Mystery", "1997\u20131999"]

    new = [turn for turn in (first, second, third, fourth) if "seen all" not in turn.words]
    shown = [title for turn in new for title in turn.titles]
    fifth = talk.say("why the first one?")
    assert fifth.titles == fourth.titles[:1]
    assert fourth.titles[0] in fifth.words
    assert len(set(shown)) == len(shown)


def test_actually_replaces_and_also_adds(talk: Talk) -> None:
    talk.say("show me thrillers")
    talk.say("actually comedies instead")
    assert talk.chips == ["Comedy"]
    turn = talk.say("also westerns")
    assert talk.chips == ["Comedy or Western"]
    assert every(turn.cards, lambda item: bool({"Comedy", "Western"} & set(item.categories)))
    talk.say("show me a drama")
    assert talk.chips == ["Drama"]
    talk.say("no drama")
    assert talk.chips == ["not: Drama"]


def test_a_single_valued_attribute_is_replaced(hardware_chats: Dialogues) -> None:
    talk = Talk(hardware_chats)
    talk.say("drills from Bosch")
    turn = talk.say("from Makita")
    assert talk.chips == ["Drills", "Makita"]
    assert turn.titles == ["Compact Drill 12V"]
    assert turn.cards[0].subtitle == "89.90 · Makita"


def test_newer_compares_with_the_cards(talk: Talk) -> None:
    first = talk.say("dramas")
    years = sorted(year_of(card.item) for card in first.cards)
    second = talk.say("newer")
    assert every(second.cards, lambda item: year_of(item) > years[len(years) // 2])


def test_soft_wishes_steer_by_their_opposite(talk: Talk, film_recommender: object) -> None:
    talk.say("a crime movie")
    talk.say("less violent")
    query: Query = film_recommender.queries[-1]  # pyright: ignore[reportAttributeAccessIssue]
    assert "gentle" in query.text
    assert "violent" not in query.text


def test_a_like_is_an_event_and_undo_takes_it_back(talk: Talk, film_store: Store) -> None:
    turn = talk.say("I loved Heat but hated Titanic")
    history = {event.item_id: event.kind for event in film_store.history("ann")}
    assert history == {"f3": EventKind.LIKE, "f18": EventKind.DISLIKE}
    assert "Heat" in turn.words
    assert "Heat" not in turn.titles
    assert "Titanic" not in turn.titles
    profile = talk.chats.view(talk.chat_id).profile
    assert [item.title for item in profile.likes] == ["Heat"]
    assert profile.taste["Crime"] == 1.0

    talk.say("undo")
    assert film_store.history("ann") == []
    assert talk.chats.view(talk.chat_id).profile.likes == ()


def test_buttons_write_and_take_back(talk: Talk, film_store: Store) -> None:
    talk.say("comedies")
    chats, chat_id = talk.chats, talk.chat_id
    view = chats.feedback(chat_id, "f16", "like")
    assert [item.title for item in view.profile.likes] == ["Fargo"]
    chats.feedback(chat_id, "f16", "like")
    assert len(film_store.history("ann")) == 1
    view = chats.feedback(chat_id, "f16", "dislike")
    assert [item.title for item in view.profile.dislikes] == ["Fargo"]
    assert view.profile.likes == ()
    list(chats.undo(chat_id))
    assert [event.kind for event in film_store.history("ann")] == [EventKind.LIKE]
    chats.feedback(chat_id, "f16", "none")
    assert film_store.history("ann") == []


def test_undo_goes_back_turn_by_turn(talk: Talk) -> None:
    first = talk.say("comedies")
    talk.say("from the 90s")
    talk.say("no romance")
    turn = talk.say("undo")
    assert talk.chips == ["Comedy", "1990\u20131999"]
    assert "no romance" in turn.words
    turn = Turned(list(talk.chats.undo(talk.chat_id)))
    assert talk.chips == ["Comedy"]
    assert turn.titles == first.titles
    talk.say("undo")
    assert talk.chips == []
    assert not talk.chats.view(talk.chat_id).can_undo
    assert "nothing to take back" in talk.say("undo").words


def test_chips_are_the_request(talk: Talk) -> None:
    talk.say("a comedy from the 90s without romance")
    keys = {chip.label: chip.key for chip in talk.chats.view(talk.chat_id).chips}
    assert list(keys) == ["Comedy", "not: Romance", "1990\u20131999"]
    turn = Turned(list(talk.chats.remove_chip(talk.chat_id, keys["1990\u20131999"])))
    assert [chip.label for chip in turn.understood.chips] == ["Comedy", "not: Romance"]
    turn = Turned(list(talk.chats.add_chip(talk.chat_id, "before 1980")))
    assert talk.chips == ["Comedy", "not: Romance", "1979 or older"]
    with pytest.raises(InputError, match="is no chip of this request"):
        list(talk.chats.remove_chip(talk.chat_id, "in:category=Nothing"))
    with pytest.raises(InputError, match="chip is empty"):
        talk.chats.add_chip(talk.chat_id, "  ")


def test_a_request_is_refined_outside_of_any_chat(talk: Talk) -> None:
    wish = talk.chats.refined(Request(), "comedies from the 90s")
    wish = talk.chats.refined(wish, "no romance")
    assert [chip.label for chip in talk.chats.chips(wish)] == ["Comedy", "not: Romance", "1990\u20131999"]
    assert talk.chips == []
    with pytest.raises(InputError, match="says nothing about this catalogue"):
        talk.chats.refined(wish, "no romance")


def test_where_nothing_fits_it_says_what_to_give_up(talk: Talk) -> None:
    talk.say("westerns")
    turn = talk.say("from the 70s")
    assert turn.cards == ()
    assert "Nothing" in turn.words
    assert "Without “Western” four items would fit. Without “1970\u20131979” two items would fit." in turn.words
    assert turn.finished.suggestions[:2] == ("forget Western", "forget the year")
    turn = talk.say("forget the year")
    assert talk.chips == ["Western"]
    assert len(turn.cards) == 2


def test_shown_items_return_only_when_all_have_been_shown(talk: Talk) -> None:
    first = talk.say("westerns")
    assert len(first.cards) == 2
    again = talk.say("show me others")
    assert sorted(again.titles) == sorted(first.titles)
    assert "seen all" in again.words


def test_compare_details_and_talk(talk: Talk) -> None:
    talk.say("movies like Alien")
    turn = talk.say("compare Alien and Aliens")
    assert turn.titles == ["Alien", "Aliens"]
    assert "1979" in turn.words
    assert "Action" in turn.words
    turn = talk.say("tell me about Vertigo")
    assert turn.titles == ["Vertigo"]
    assert "Hitchcock" in turn.words
    assert talk.say("hello").cards == ()
    declined = talk.say("what's the weather like?")
    assert declined.cards == ()
    assert declined.words
    assert talk.say("").words
    assert talk.say("🎬🍿").words


def test_a_title_that_is_not_there_is_said(talk: Talk) -> None:
    turn = talk.say("something like Inception")
    assert "Inception" in turn.words


def test_a_huge_number_gets_a_clear_answer(talk: Talk) -> None:
    turn = talk.say("give me 1000000 movies")
    assert "at most 50" in turn.words
    assert 0 < len(turn.cards) <= 50


def test_a_message_of_a_megabyte_is_refused(talk: Talk) -> None:
    with pytest.raises(InputError, match="more than 2,000"):
        talk.chats.respond(talk.chat_id, "a" * 1_000_000)
    assert talk.chats.view(talk.chat_id).messages == ()


def test_a_new_object_over_the_same_store_goes_on(talk: Talk, film_store: Store, film_recommender: object) -> None:
    talk.say("comedies")
    before = talk.say("no romance")
    again = Dialogues(film_store, film_recommender)  # pyright: ignore[reportArgumentType]
    view = again.open("ann", chat_id=talk.chat_id)
    assert [chip.label for chip in view.chips] == ["Comedy", "not: Romance"]
    assert [message.role for message in view.messages] == ["user", "assistant"] * 2
    assert view.messages[-1].text == before.words
    assert [card.item.title for card in view.messages[-1].cards] == before.titles
    turn = Turned(list(again.respond(talk.chat_id, "more like the first one")))
    assert f"like: {before.titles[0]}" in [chip.label for chip in turn.understood.chips]


def test_users_are_apart(film_chats: Dialogues, film_store: Store) -> None:
    ann, bob = Talk(film_chats, "ann"), Talk(film_chats, "bob")
    ann.say("I loved Heat")
    bob.say("comedies")
    assert film_store.history("bob") == []
    assert ann.chips == []
    assert bob.chips == ["Comedy"]
    with pytest.raises(InputError, match="is not a chat of user"):
        film_chats.open("bob", chat_id=ann.chat_id)
    with pytest.raises(InputError, match="does not exist"):
        film_chats.view("nowhere")
    assert [(line.chat_id, line.title) for line in film_chats.history.chats("ann")] == [(ann.chat_id, "I loved Heat")]


def test_threads_on_one_chat_take_turns(talk: Talk) -> None:
    said = [f"movies after {year}" for year in range(1950, 1958)]
    threads = [threading.Thread(target=talk.say, args=(text,)) for text in said]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    view = talk.chats.view(talk.chat_id)
    users = [message.text for message in view.messages if message.role == "user"]
    assert sorted(users) == said
    assert all(message.text for message in view.messages)
    assert talk.chips == ["1958 or newer"]


def test_closing_the_iterator_keeps_what_was_shown(talk: Talk) -> None:
    events = talk.chats.respond(talk.chat_id, "comedies")
    next(events)
    cards = next(events)
    events.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert isinstance(cards, Cards)
    assert [card.item.title for card in talk.chats.view(talk.chat_id).messages[-1].cards] == [
        card.item.title for card in cards.cards
    ]
    assert talk.say("no romance").cards


def test_suggestions_are_understood(talk: Talk) -> None:
    for said in ("", "comedies", "something like Fargo", "compare Alien and Aliens", "why?", "westerns from the 70s"):
        turn = talk.say(said)
        suggestions = turn.finished.suggestions
        assert 1 <= len(suggestions) <= 4
        for suggestion in suggestions:
            request = talk.chats._understander.understand(suggestion)
            assert not request.unresolved, suggestion
            assert not request.mood, suggestion
            parts = request.model_dump(exclude_defaults=True)
            assert parts or suggestion == "surprise me", suggestion


def test_hundreds_of_turns_keep_the_state_small(talk: Talk, film_store: Store) -> None:
    sizes = []
    for turn in range(60):
        talk.say(f"movies after {1940 + turn % 50}" if turn % 2 else "any year")
        record = film_store.load_chat(talk.chat_id)
        assert record is not None
        sizes.append(len(str(record.state["undo"])))
    assert sizes[-1] < 1.5 * sizes[25]


def test_settings_are_checked() -> None:
    with pytest.raises(InputError, match=r"outside 1\.\.50"):
        DialogueSettings(cards=0)
    with pytest.raises(InputError, match="below 1"):
        DialogueSettings(history=0)


def test_an_item_published_now_is_understood_now(talk: Talk, film_recommender: object) -> None:
    item = Item("new", "Inception", "Dreams within dreams.", ("Sci-Fi",), {"year": 2010})
    film_recommender.publish(item)  # pyright: ignore[reportAttributeAccessIssue]
    assert talk.chats._understander.understand("something like Inception").items_like == ("new",)


def test_an_offline_pipeline_is_said(talk: Talk, film_recommender: object, monkeypatch: pytest.MonkeyPatch) -> None:
    whole: Callable[[Query], Recommendations] = film_recommender.recommend  # pyright: ignore[reportAttributeAccessIssue]

    def partly(query: Query) -> Recommendations:
        found = whole(query)
        return Recommendations(found.items, found.snapshot_id, ("text_encoder",), (), found.matching)

    monkeypatch.setattr(film_recommender, "recommend", partly)
    assert talk.say("something cozy").finished.degraded == ("text_encoder",)
