"""The list of a user's chats in the right pane: each can be renamed, shared, exported and deleted there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from agent.api import ChatHistoryApi
from serving.ui.api import UiService
from serving.ui.conversation import ChatDrawing
from serving.ui.parts import drawn, sent
from store.errors import TastemakerError

Update = dict[Any, Any]


class ChatList:
    """Builds the list and answers its events, but for a new chat and an old one opened again.

    Args:
        welcome: the page without a chat, for a user.
        refused: what stands where the answer should be.
    """

    def __init__(
        self,
        service: UiService,
        drawing: ChatDrawing,
        *,
        welcome: Callable[[str], Update],
        refused: Callable[[TastemakerError], Update],
    ) -> None:
        self._service = service
        self._draw = drawing
        self._welcome = welcome
        self._refused = refused

    def build(self) -> gr.HTML:
        """Inside the pane."""
        # "share" is an event of Gradio's own.
        self.part = drawn(name="chats", events=("fresh", "reopen", "rename", "remove", "link", "unlink"))
        return self.part

    def connect(self, here: Sequence[Any], settings: dict[str, Any]) -> None:
        """Wire the events; ``here`` are the components that hold user and chat."""
        self.part.rename(self.rename, here, **settings)
        self.part.remove(self.remove, here, **settings)
        self.part.link(self.link, here, **settings)
        self.part.unlink(self.unlink, here, **settings)

    def rename(self, user_id: str, chat_id: str, event: gr.EventData) -> Update:
        """Another title."""
        return self._change(user_id, chat_id, event, lambda key: self._history.rename(key, sent(event, "text")))

    def link(self, user_id: str, chat_id: str, event: gr.EventData) -> Update:
        """A link for others, or more behind the link that there is."""
        return self._change(user_id, chat_id, event, self._history.share)

    def unlink(self, user_id: str, chat_id: str, event: gr.EventData) -> Update:
        """The link taken back."""
        return self._change(user_id, chat_id, event, self._history.unshare)

    def remove(self, user_id: str, chat_id: str, event: gr.EventData) -> Update:
        """A chat deleted; the page shows a new one where it was in view."""
        update = self._change(user_id, chat_id, event, self._history.delete)
        return self._welcome(user_id) if sent(event, "key") == chat_id and self.part in update else update

    @property
    def _history(self) -> ChatHistoryApi:
        return self._service.dialogues.history

    def _change(self, user_id: str, chat_id: str, event: gr.EventData, change: Callable[[str], object]) -> Update:
        """Do something with the chat that an event names, and draw the list."""
        key = sent(event, "key")
        try:
            self._service.dialogues.open(user_id, chat_id=key)  # it must be this user's
            change(key)
            return {self.part: self._draw.chats(user_id, chat_id, opened=key)}
        except TastemakerError as error:
            return self._refused(error)
