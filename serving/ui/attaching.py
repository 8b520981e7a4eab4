"""The picture that goes with the next message: a control beside the text box, and what it holds above it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

import gradio as gr

from agent.turns import ChatView
from encoders.images import ImageLimits
from serving.ui.api import UiService
from serving.ui.conversation import stated
from serving.ui.parts import drawn, sent
from serving.ui.render import Renderer
from serving.ui.session import read_session
from store.errors import InputError, TastemakerError

Update = dict[Any, Any]


class Place(TypedDict, total=False):
    """The chat that a picture goes to, or why there is none."""

    user: str
    chat: str
    detail: str
    fix: str


class Attaching:
    """Builds the two parts and answers their events.

    Args:
        opened: the chat of a user and of the page; opens one where there is none yet.
    """

    def __init__(self, service: UiService, renderer: Renderer, *, opened: Callable[[str, str], ChatView]) -> None:
        self._service = service
        self._draw = renderer
        self._opened = opened

    def build_held(self) -> None:
        """What is attached, above the text box."""
        self.name = gr.Textbox(visible="hidden", elem_id="picture-name")
        self.held = drawn(name="attached", events=("detach",))

    def build_control(self) -> None:
        """Beside the text box."""

        # A function: Gradio marks what the page may call, and a method cannot be marked.
        def place(session: str) -> Place:
            return self.place(str(session))

        control = self._draw("attach.html", most=ImageLimits().max_bytes)
        self.control = drawn(
            control, name="attach", events=("attached", "refused"), server=(place,), scripts=("attach.js",)
        )

    @property
    def outputs(self) -> list[Any]:
        return [self.name, self.held]

    def connect(self, here: Sequence[Any], settings: dict[str, Any]) -> None:
        """Wire the events; ``here`` are the components that hold user and chat."""
        changed = {**settings, "outputs": [*here, *self.outputs]}
        user, chat = here

        def attach(event: gr.EventData) -> Update:
            return {user: sent(event, "user"), chat: sent(event, "chat"), **self.taken(event)}

        def refuse(event: gr.EventData) -> Update:
            opened = {user: sent(event, "user"), chat: sent(event, "chat")} if sent(event, "chat") else {}
            return {**opened, **self.refused(InputError(sent(event, "detail"), fix=sent(event, "fix")))}

        self.control.attached(attach, None, **changed)
        self.control.refused(refuse, None, **changed)
        self.held.detach(self.emptied, None, **changed)

    def place(self, session: str) -> Place:
        """Called by the page before it sends a picture, with its ids as ``read_session`` reads them."""
        try:
            view = self._opened(*read_session(session))
        except TastemakerError as error:
            return Place(detail=error.problem, fix=error.fix)
        return Place(user=view.user_id, chat=view.chat_id)

    def taken(self, event: gr.EventData) -> Update:
        """A picture arrived; it is shown where it is one of this user's chat."""
        user_id, chat_id, name = (sent(event, field) for field in ("user", "chat", "name"))
        try:
            self._opened(user_id, chat_id)
        except TastemakerError as error:
            return self.refused(error)
        if self._service.dialogues.picture(chat_id, name) is None:
            return self.refused(InputError("the picture is not there", fix="Attach it again."))
        return self.holding(chat_id, name)

    def holding(self, chat_id: str, name: str) -> Update:
        """A picture goes with the next message; "" for none."""
        return {self.name: name, self.held: self._draw("attached.html", chat_id=chat_id, picture=name, problem=None)}

    def emptied(self) -> Update:
        """None does."""
        return {self.name: "", self.held: ""}

    def refused(self, error: TastemakerError) -> Update:
        """Why it does not; the message goes on without."""
        return {self.name: "", self.held: self._draw("attached.html", picture="", problem=stated(error))}
