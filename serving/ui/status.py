"""The Status tab: what serves, how good it is, what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from serving.ui.api import UiService
from serving.ui.conversation import stated
from serving.ui.parts import drawn
from serving.ui.render import Renderer
from store.errors import TastemakerError

SPOKEN = {
    "llm": "The language model cannot be had: words come from templates, recommendations are complete.",
    "snapshot": "An older snapshot serves: recommendations work, but not with the newest models.",
    "text_encoder": "Texts cannot be encoded: new items and moods are matched by attributes only.",
}


class StatusTab:
    """Draws ``service.status()``; asked anew each time the tab is opened."""

    def __init__(self, service: UiService, renderer: Renderer) -> None:
        self._service = service
        self._draw = renderer

    def build(self) -> None:
        """Inside ``gr.Tab``."""
        self.board = drawn(name="status", events=("renew",))

    def connect(self, tab: gr.Tab) -> None:
        """Wire the events; inside ``gr.Blocks``."""
        settings: dict[str, Any] = {"show_progress": "hidden", "concurrency_limit": 2, "api_visibility": "private"}
        tab.select(self.draw, None, self.board, **settings)
        self.board.renew(self.draw, None, self.board, **settings)

    def draw(self) -> str:
        """The board as HTML."""
        try:
            status = dict(self._service.status())
        except TastemakerError as error:
            return self._draw("problem.html", problem=stated(error))
        degraded = [SPOKEN.get(name, name.replace("_", " ")) for name in status.get("degraded", ())]
        return self._draw(
            "status.html",
            snapshot=str(status.get("snapshot_id") or "none"),
            counts=_flat(status.get("counts", {})),
            metrics=_flat(status.get("metrics", {})),
            degraded=degraded,
            problems=[str(problem) for problem in status.get("problems", ())],
        )


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested numbers as rows; anything else is left out."""
    rows: list[tuple[str, str]] = []
    for name, value in values.items():
        label = f"{prefix}{str(name).replace('_', ' ')}"
        if isinstance(value, Mapping):
            rows += _flat(value, f"{label}, ")
        elif isinstance(value, bool):
            continue
        elif isinstance(value, int):
            rows.append((label, f"{value:,}"))
        elif isinstance(value, float):
            rows.append((label, f"{value:.4f}"))
    return rows
