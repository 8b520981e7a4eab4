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
            facts=_facts(status),
            counts=[(name, f"{count:,}") for name, count in status.get("counts", {}).items()],
            metrics=_by_measure(status.get("metrics", {})),
            degraded=degraded,
            problems=[str(problem) for problem in status.get("problems", ())],
            verdicts=self._service.store.verdict_counts(),
        )


def _by_measure(metrics: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, float]]]]:
    """ "scorer:measure" -> value, as one list per measure, best scorer first."""
    measures: dict[str, list[tuple[str, float]]] = {}
    for name, value in metrics.items():
        if isinstance(value, float):
            scorer, _, measure = name.rpartition(":")
            measures.setdefault(measure, []).append((scorer or "pipeline", value))
    return [(measure, sorted(rows, key=lambda row: -row[1])) for measure, rows in measures.items()]


def _facts(status: Mapping[str, Any]) -> list[tuple[str, str]]:
    """One line each; those that the service does not know are left out."""
    known = (
        ("snapshot", status.get("snapshot_id")),
        ("trained", str(status.get("trained_at") or "")[:16].replace("T", " ")),
        ("words by", status.get("llm") or "templates"),
        ("version", status.get("version")),
    )
    return [(name, str(value)) for name, value in known if value]
