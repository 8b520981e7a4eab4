"""What a chat leans to reaches the pipeline: with every list and explanation, through undo and retry, within bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from agent.dialogue import Dialogues
from agent.state import MAX_HEARD, ChatState, Memory, StoredMessage
from agent.turns import Cards
from store.database import Store
from tests.agent.conftest import MemoryRecommender, films


class Remembering:
    """Stands for ``ConversationLeaning``: leans to one item by as much as it hears, and notes what it heard."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, ...]] = []

    def of(self, state: ChatState, memory: Memory, *, about: str = "") -> Mapping[str, float]:
        said = state.said(memory.heard)
        self.heard.append(said)
        return {"f1": float(len(said))} if said and about != "f1" else {}

    def prepare(self) -> None:
        """Nothing to build."""


class Chat:
    """One chat over a recommender that keeps its queries."""

    def __init__(self, store: Store) -> None:
        store.put_items(films())
        self.leaning = Remembering()
        self.recommender = MemoryRecommender(films(), store)
        self.chats = Dialogues(store, self.recommender, leaning=lambda _understander: self.leaning)  # type: ignore[arg-type]
        self.chat_id = self.chats.open("ann").chat_id

    def say(self, text: str) -> list[str]:
        return shown(self.chats.respond(self.chat_id, text))

    @property
    def told(self) -> Mapping[str, float]:
        """What the newest query leaned to."""
        return self.recommender.queries[-1].leaning


def shown(events) -> list[str]:
    return [card.item.item_id for event in events if isinstance(event, Cards) for card in event.cards]


@pytest.fixture
def chat(sqlite_store: Store) -> Chat:
    return Chat(sqlite_store)


def test_what_was_said_goes_with_the_query_and_with_its_explanation(chat: Chat) -> None:
    chat.say("a comedy please")
    chat.say("something newer")
    assert chat.leaning.heard[-1] == ("a comedy please", "something newer")
    assert chat.told == {"f1": 2.0}
    chat.say("why the first one?")
    assert chat.leaning.heard[-1] == ("a comedy please", "something newer")
    assert chat.told == {"f1": 2.0}
    assert chat.chats.leaning(chat.chat_id) == {"f1": 2.0}
    assert chat.chats.leaning(chat.chat_id, about="f1") == {}


def test_only_wishes_are_heard(chat: Chat) -> None:
    chat.say("a thriller")
    for aside in ("hello", "tell me more about the first one", "compare the first and the second"):
        chat.say(aside)
    chat.say("with less action")
    assert chat.leaning.heard[-1] == ("a thriller", "with less action")


def test_undo_and_retry_lean_to_what_was_heard_then(chat: Chat) -> None:
    chat.say("a thriller")
    first = chat.say("no, a comedy")
    assert shown(chat.chats.retry(chat.chat_id)) == first
    assert chat.leaning.heard[-1] == ("a thriller", "no, a comedy")
    chat.say("undo")
    assert chat.chats.leaning(chat.chat_id) == {"f1": 1.0}
    chat.say("something older")
    assert chat.leaning.heard[-1] == ("a thriller", "something older")


def test_a_branch_hears_what_was_said_before_it(chat: Chat) -> None:
    chat.say("a thriller")
    chat.say("from the 90s")
    branch = chat.chats.history.branch(chat.chat_id, 2)
    list(chat.chats.respond(branch, "older"))
    assert chat.leaning.heard[-1] == ("a thriller", "older")


@pytest.mark.parametrize(
    "forgetting",
    [
        lambda chat: list(chat.chats.remove_chip(chat.chat_id, chat.chats.view(chat.chat_id).chips[0].key)),
        lambda chat: chat.say("forget the genre"),
    ],
    ids=["a chip is taken away", "a wish is taken back"],
)
def test_words_count_no_more_once_what_they_said_is_taken_back(
    chat: Chat, forgetting: Callable[[Chat], Sequence[str]]
) -> None:
    chat.say("a thriller from the 90s")
    assert chat.told
    forgetting(chat)
    assert not chat.told
    chat.say("something funny")
    assert chat.leaning.heard[-1] == ("something funny",)


def test_a_long_chat_hears_no_more_than_a_short_one(chat: Chat) -> None:
    for turn in range(3 * MAX_HEARD):
        chat.say(f"a thriller, number {turn}")
    assert len(chat.leaning.heard[-1]) == MAX_HEARD
    assert chat.leaning.heard[-1][-1] == f"a thriller, number {3 * MAX_HEARD - 1}"


def test_another_process_goes_on_hearing(chat: Chat, sqlite_store: Store) -> None:
    chat.say("a thriller")
    leaning = Remembering()
    later = Dialogues(sqlite_store, chat.recommender, leaning=lambda _understander: leaning)  # type: ignore[arg-type]
    list(later.respond(chat.chat_id, "newer"))
    assert leaning.heard == [("a thriller", "newer")]


def test_without_anything_learned_the_pipeline_is_asked_as_before(sqlite_store: Store) -> None:
    sqlite_store.put_items(films())
    recommender = MemoryRecommender(films(), sqlite_store)
    chats = Dialogues(sqlite_store, recommender)
    chat_id = chats.open("ann").chat_id
    list(chats.respond(chat_id, "a comedy"))
    assert recommender.queries[-1].leaning == {}
    assert chats.leaning(chat_id) == {}


def test_words_that_point_at_a_picture_are_not_heard() -> None:
    def said(serial: int, text: str, picture: str) -> StoredMessage:
        return StoredMessage(serial=serial, role="user", text=text, picture=picture)

    messages = (
        said(1, "", "a.jpg"),
        said(2, "something like this poster", "a.jpg"),
        said(3, "like this poster but a comedy", "a.jpg"),
        said(4, "newer", ""),
    )
    assert ChatState(messages=messages).said((1, 2, 3, 4)) == ("a comedy", "newer")
