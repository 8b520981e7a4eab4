"""The dialogue as serving sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from agent.chat_history import ChatLine, ReadableChat
from agent.request import Request
from agent.turns import ChatView, Chip, TurnEvent, Verdict


class ChatHistoryApi(Protocol):
    """Whole chats. All raise ``InputError`` where there is no such chat, but ``chats``, ``delete`` and ``shared``."""

    def chats(self, user_id: str) -> tuple[ChatLine, ...]:
        """A user's chats, newest first."""
        ...

    def rename(self, chat_id: str, title: str) -> None:
        """Raises ``InputError`` where the title is empty."""
        ...

    def delete(self, chat_id: str) -> None:
        """The chat and its link; opinions that were given in it stay in the profile, where each can be forgotten."""
        ...

    def branch(self, chat_id: str, place: int) -> str:
        """A new chat that begins as this one was before a message; returns its id.

        Opinions that were given after the message are taken back.

        Raises:
            InputError: the message is not the reader's, or longer ago than undo reaches.
        """
        ...

    def share(self, chat_id: str) -> str:
        """Let whoever has a link read what was said so far; returns the link's token, the same until it is taken back.

        Raises:
            InputError: nothing was said yet.
        """
        ...

    def unshare(self, chat_id: str) -> None:
        """Take the link back."""
        ...

    def shared(self, token: str) -> ReadableChat | None:
        """What a link leads to; None where it was taken back or never was."""
        ...

    def written_out(self, chat_id: str) -> ReadableChat:
        """A chat to keep."""
        ...


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

    @property
    def history(self) -> ChatHistoryApi:
        """What is done with whole chats."""
        ...

    def attach(self, chat_id: str, content: bytes) -> str:
        """Keep a picture file for this chat, as what it shows; returns its name, to be said with ``respond``.

        Raises:
            InputError: there is no such chat, or it has as many as it may.
            UnsafeInput: too large, too many pixels, not a picture of an allowed format, or cut off.
        """
        ...

    def picture(self, chat_id: str, name: str) -> bytes | None:
        """A picture of this chat, a JPEG; None where it has none of that name."""
        ...

    def respond(self, chat_id: str, utterance: str, *, picture: str = "") -> Iterator[TurnEvent]:
        """Understood, Cards (where there are any), Words..., Finished; in this order.

        Closing the iterator stops the words; what was shown so far is kept.

        Args:
            utterance: what was said; may be empty where there is a picture.
            picture: name of a picture of this chat that items should look like.

        Raises:
            InputError: there is no such chat, or it has no such picture.
        """
        ...

    def remove_chip(self, chat_id: str, key: str) -> Iterator[TurnEvent]:
        """Take one constraint back and answer again."""
        ...

    def add_chip(self, chat_id: str, text: str) -> Iterator[TurnEvent]:
        """Add what a person typed into the request pane ("no horror", "after 1990") and answer again."""
        ...

    def feedback(self, chat_id: str, item_id: str, kind: Verdict) -> ChatView:
        """Buttons of a card and of the profile. Affects the next recommendation at once.

        "none" takes back what this chat holds of the item; "forget" has the item speak for the reader no more, whatever
        they did with it elsewhere.
        """
        ...

    def retry(self, chat_id: str) -> Iterator[TurnEvent]:
        """Answer the last question again, in place of its answer; opinions that were clicked since then count.

        Raises:
            InputError: the last answer was none to a question.
        """
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

    def leaning(self, chat_id: str, *, about: str = "") -> Mapping[str, float]:
        """What a chat leans to, for ``Query.leaning``: empty where nothing was said that leads anywhere.

        Args:
            about: an item that is explained; it is not taken for one that was named.

        Raises:
            InputError: the chat does not exist.
        """
        ...

    def chips(self, wish: Request) -> tuple[Chip, ...]:
        """What a request says."""
        ...
