"""The microphone beside the text box: what is said into it becomes words there, for the reader to see and to send."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from serving.ui.api import UiService
from serving.ui.attaching import Place, Update
from serving.ui.conversation import stated
from serving.ui.parts import drawn, sent
from serving.ui.render import Renderer
from store.errors import InputError


class Speaking:
    """Builds the control and answers its events; for where a model of speech is set.

    Args:
        place: called by the page before it sends a recording: the chat that it goes to, or why there is none.
    """

    def __init__(self, service: UiService, renderer: Renderer, *, place: Callable[[str], Place]) -> None:
        self._longest = service.spoken_seconds
        self._draw = renderer
        self._place = place

    def build_problem(self) -> None:
        """Why nothing was heard, above the text box."""
        self.problem = drawn(name="unheard")

    def build_control(self) -> None:
        """Beside the text box."""

        # A function: Gradio marks what the page may call, and a method cannot be marked.
        def place(session: str) -> Place:
            return self._place(str(session))

        self.control = drawn(
            self._draw("speak.html", longest=self._longest),
            name="speak",
            events=("heard", "unheard"),
            server=(place,),
            scripts=("speak.js",),
        )

    def connect(self, here: Sequence[Any], settings: dict[str, Any]) -> None:
        """Wire the events; ``here`` are the components that hold user and chat."""
        changed = {**settings, "outputs": [*here, self.problem]}
        user, chat = here

        def opened(event: gr.EventData) -> Update:
            return {user: sent(event, "user"), chat: sent(event, "chat")} if sent(event, "chat") else {}

        def heard(event: gr.EventData) -> Update:
            return {**opened(event), self.problem: ""}

        def unheard(event: gr.EventData) -> Update:
            error = InputError(sent(event, "detail"), fix=sent(event, "fix"))
            return {**opened(event), self.problem: self._draw("unheard.html", problem=stated(error))}

        self.control.heard(heard, None, **changed)
        self.control.unheard(unheard, None, **changed)
