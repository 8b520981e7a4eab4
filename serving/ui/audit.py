"""The Audit view of the Why tab: what is recommended to everyone or to a group, against what they chose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from evaluation.audit import Group
from serving.audit_files import missing_for_pictures
from serving.audits import AuditRun
from serving.background import UNDER_WAY, Stage
from serving.ui import inspection_charts
from serving.ui.api import UiService
from serving.ui.conversation import stated
from serving.ui.parts import MAX_TYPED, Offer, drawn, picker, sent
from serving.ui.render import Renderer
from store.errors import TastemakerError

Update = dict[Any, Any]

EVERYONE = "everyone"
CATEGORY = "category:"
"""Keys of the groups on offer; a category's name follows the second."""
SECONDS = 1.0
"""Between two looks at an audit that runs."""


class AuditView:
    """Builds the view's components and answers their events. The browser holds the ids of group and audit."""

    def __init__(self, service: UiService, renderer: Renderer) -> None:
        self._service = service
        self._draw = renderer

    def build(self) -> None:
        """Inside ``gr.Tab``."""
        self.run = gr.Textbox(visible="hidden")
        self.group = gr.Textbox(visible="hidden")
        with gr.Row(elem_classes="pickers"):
            self.pick = drawn(
                self._picker(""), name="audit-group", events=("pick",), finder=_group_finder(self._service)
            )
        self.board = drawn(self._draw("audit_empty.html"), name="audit-board", events=("begin", "again", "halt"))
        with gr.Row(visible=False, elem_classes="audit-plots") as self.upper:
            with gr.Column():
                drawn(self._draw("audit_panel.html", panel="deciles"), name="audit-deciles-head")
                self.deciles = gr.Plot(show_label=False, container=False, elem_id="audit-deciles")
            with gr.Column():
                self.lorenz_head = drawn(name="audit-lorenz-head")
                self.lorenz = gr.Plot(show_label=False, container=False, elem_id="audit-lorenz")
        with gr.Column(visible=False) as self.lower:
            drawn(self._draw("audit_panel.html", panel="categories"), name="audit-categories-head")
            self.categories = gr.Plot(show_label=False, container=False, elem_id="audit-categories")
        self.tables = drawn(name="audit-tables")
        self.timer = gr.Timer(SECONDS, active=False)

    def connect(self, tab: gr.Tab) -> None:
        """Wire the events; inside ``gr.Blocks``.

        Args:
            tab: the view's own.
        """
        settings: dict[str, Any] = {
            "outputs": [
                self.run, self.group, self.pick, self.board, self.upper, self.deciles, self.lorenz_head, self.lorenz,
                self.lower, self.categories, self.tables, self.timer,
            ],
            "show_progress": "hidden", "concurrency_limit": 4, "concurrency_id": "audit", "api_visibility": "private",
        }  # fmt: skip
        tab.select(self.show, self.run, **settings)
        self.timer.tick(self.show, self.run, **settings)
        self.pick.pick(self.choose, None, **settings)
        self.board.begin(self.begin, None, **settings)
        self.board.again(self.again, self.group, **settings)
        self.board.halt(self.halt, self.run, **settings)

    # ------------------------------------------------------------------ events

    def begin(self) -> Update:
        """Everyone."""
        return self._start(EVERYONE)

    def choose(self, event: gr.EventData) -> Update:
        """A group was picked."""
        return self._start(sent(event, "key"))

    def again(self, key: str) -> Update:
        """The group in view once more: histories and the catalogue change."""
        return self._start(key, again=True)

    def halt(self, run_id: str) -> Update:
        """Stop the audit in view."""
        try:
            self._service.audits.stop(run_id)
        except TastemakerError as error:
            return self._problem(error)
        return self.show(run_id)

    def show(self, run_id: str) -> Update:
        """The audit in view as it is now."""
        if not run_id:
            return {self.timer: gr.Timer(active=False)}
        try:
            return self._shown(self._service.audits.get(run_id))
        except TastemakerError as error:
            return self._problem(error)

    # ------------------------------------------------------------------ drawing

    def _start(self, key: str, *, again: bool = False) -> Update:
        category = key.removeprefix(CATEGORY) if key.startswith(CATEGORY) else None
        try:
            run = self._service.audits.start(Group(category=category), again=again)
        except TastemakerError as error:
            return self._problem(error)
        named = {self.group: key, self.pick: self._picker(category or "Everyone")}
        return named | self._shown(run)

    def _shown(self, run: AuditRun) -> Update:
        found = run.audit if run.stage is Stage.DONE else None
        drawn_parts = {
            self.run: run.id,
            self.timer: gr.Timer(active=run.stage in UNDER_WAY),
            self.board: self._draw(
                "audit_head.html", run=run, found=found, under_way=run.stage in UNDER_WAY,
                missing=missing_for_pictures() if found else "",
            ),
        }  # fmt: skip
        if found is None:
            return drawn_parts | self._hidden()
        return drawn_parts | {
            self.upper: gr.Row(visible=True),
            self.deciles: gr.Plot(inspection_charts.audit_deciles(found)),
            self.lorenz_head: self._draw("audit_panel.html", panel="lorenz", found=found),
            self.lorenz: gr.Plot(inspection_charts.audit_lorenz(found)),
            self.lower: gr.Column(visible=bool(found.categories)),
            self.categories: gr.Plot(inspection_charts.audit_categories(found)),
            self.tables: self._draw("audit_tables.html", found=found),
        }

    def _hidden(self) -> Update:
        return {self.upper: gr.Row(visible=False), self.lower: gr.Column(visible=False), self.tables: ""}

    def _problem(self, error: TastemakerError) -> Update:
        problem = self._draw("problem.html", problem=stated(error))
        return self._hidden() | {self.run: "", self.board: problem, self.timer: gr.Timer(active=False)}

    def _picker(self, value: str) -> str:
        return picker(
            self._draw, name="audit-group-field", label="Whose lists", placeholder="Everyone, or a favourite category",
            value=value,
        )  # fmt: skip


def _group_finder(service: UiService) -> Callable[[str], list[Offer]]:
    """Suggestions: everyone, and the categories that are someone's favourite."""

    def find(text: str) -> list[Offer]:
        typed = str(text).strip()[:MAX_TYPED].casefold()
        try:
            groups = service.favourites()
        except TastemakerError:  # nothing is trained: the board says so when it is asked
            return []
        offers = [Offer(key=EVERYONE, label="Everyone", detail="all users")]
        offers += [
            Offer(key=CATEGORY + name, label=name[:MAX_TYPED], detail=f"favourite of {count:,}")
            for name, count in groups.items()
        ]
        matching = [one for one in offers if typed in one["label"].casefold()]
        # What is in the field already was picked from this list: all of it again.
        return offers if any(one["label"].casefold() == typed for one in offers) else matching

    return find
