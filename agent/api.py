"""The dialogue as serving sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol

from agent.request import Request
from agent.turns import ChatView, Chip, TurnEvent


class DialoguesApi(Protocol):
    """Chats of all users. Each call loads its chat from the store and saves it: a restart loses nothing.

    Safe to call from several threads; two calls on one chat take turns.
    """

    def open(self, user_id: str, *, chat_id: str | None = None) -> ChatView:
        """A new chat, or an old one of this user. Creates the user where there is none.

        Raises:
            InputError: the chat does not exist or is another user's.
        """
        ...

    def chats(self, user_id: str) -> tuple[tuple[str, str], ...]:
        """(chat_id, first line) of a user's chats, newest first."""
        ...

    def respond(self, chat_id: str, utterance: str) -> Iterator[TurnEvent]:
        """Understood, Cards (where there are any), Words..., Finished; in this order.

        Closing the iterator stops the words; what was shown so far is kept.
        """
        ...

    def remove_chip(self, chat_id: str, key: str) -> Iterator[TurnEvent]:
        """Take one constraint back and answer again."""
        ...

    def add_chip(self, chat_id: str, text: str) -> Iterator[TurnEvent]:
        """Add what a person typed into the request pane ("no horror", "after 1990") and answer again."""
        ...

    def feedback(self, chat_id: str, item_id: str, kind: Literal["like", "dislike", "none"]) -> ChatView:
        """Buttons of a card; "none" takes it back. Affects the next recommendation at once."""
        ...

    def undo(self, chat_id: str) -> Iterator[TurnEvent]:
        """Take the last turn or feedback back, with the events that it wrote."""
        ...

    def view(self, chat_id: str) -> ChatView: ...

    def refined(self, wish: Request, text: str) -> Request:
        """A request with what a person typed added to it, outside of any chat.

        Raises:
            InputError: nothing in the text says anything of this catalogue.
        """
        ...

    def chips(self, wish: Request) -> tuple[Chip, ...]:
        """What a request says."""
        ...
