"""The view for files: drop one, see how it is read, start it, follow it, read what became of each row."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from pipeline.onboarding import WITHOUT_PICTURE
from serving.background import UNDER_WAY, Stage
from serving.batch_files import Upload, names_address
from serving.batches import Batch
from serving.reports import FILTERS
from serving.ui.api import UiService
from serving.ui.conversation import stated
from serving.ui.parts import drawn, sent
from serving.ui.render import Renderer
from store.errors import TastemakerError

Update = dict[Any, Any]


class MappedField(NamedTuple):
    """A field of an item on the page, its column ("" for none) and what that holds in the first row that has it."""

    name: str
    spoken: str
    column: str
    example: str


SHOWN = 100
"""Rows of a report on the page; the download has all."""
RECENT = 5
SECONDS = 1.0
"""Between two looks at a batch that runs."""
SPOKEN = {
    "item_id": "id", "title": "title", "description": "description", "categories": "categories", "image": "picture",
    "year": "year", "created_at": "time of arrival", "active": "active",
}  # fmt: skip


class BatchView:
    """Builds the view's components and answers their events."""

    def __init__(self, service: UiService, renderer: Renderer) -> None:
        self._service = service
        self._draw = renderer

    def build(self) -> None:
        """Inside ``gr.Tab``."""
        with gr.Column(elem_classes="batch", elem_id="batch-view"):
            drawn(self._draw("batch_head.html"), name="batch-head")
            self.files = gr.File(
                label="A table of items, with its pictures in a zip", file_count="multiple", type="filepath",
                height=128, elem_id="batch-files",
            )  # fmt: skip
            self.board = drawn(name="batch-board", events=("begin", "halt", "sift", "look", "map"))
            self.batch = gr.Textbox(visible="hidden")
            self.timer = gr.Timer(SECONDS, active=False)

    def connect(self, tab: gr.Tab) -> None:
        """Wire the events; inside ``gr.Blocks``."""
        settings: dict[str, Any] = {
            "show_progress": "hidden", "concurrency_limit": 4, "concurrency_id": "batch", "api_visibility": "private",
        }  # fmt: skip
        outputs = [self.files, self.board, self.batch, self.timer]
        tab.select(self.show, self.batch, outputs, **settings)
        self.files.upload(self.receive, self.files, outputs, **settings)
        self.timer.tick(self.show, self.batch, outputs, **settings)
        # By default Gradio drops an event while the last of its kind is under way, and with it a column that is chosen
        # fast. One at a time and in order: each draws all columns, and a start comes after what was chosen before it.
        in_turn = {**settings, "trigger_mode": "multiple", "concurrency_limit": 1, "concurrency_id": "batch-columns"}
        self.board.begin(self.begin, self.batch, outputs, **in_turn)
        self.board.halt(self.halt, self.batch, outputs, **settings)
        self.board.sift(self.sift, self.batch, outputs, **settings)
        self.board.map(self.map, self.batch, outputs, **in_turn)
        self.board.look(self.look, None, outputs, **settings)

    # ------------------------------------------------------------------ events

    def receive(self, files: Sequence[str] | None) -> Update:
        """Take the files in and show how they are read."""
        uploads = [Upload(Path(file).name, Path(file)) for file in files or ()]
        try:
            return {self.files: None, **self._shown(self._service.batches.receive(uploads))}
        except TastemakerError as error:
            return {self.files: None, self.batch: "", self.board: self._problem(error)}

    def show(self, batch_id: str) -> Update:
        """The batch in view as it is now, or the last ones."""
        if not batch_id:
            recent = self._service.batches.list()[:RECENT]
            return {self.board: self._draw("batch_empty.html", recent=recent), self.timer: gr.Timer(active=False)}
        return self._shown_by_id(batch_id)

    def begin(self, batch_id: str) -> Update:
        """Start the batch in view."""
        try:
            return self._shown(self._service.batches.start(batch_id))
        except TastemakerError as error:
            return {self.board: self._problem(error)}

    def map(self, batch_id: str, event: gr.EventData) -> Update:
        """Another column for one field, or none; the first rows are read again."""
        try:
            changes = {sent(event, "field"): sent(event, "column")}
            return self._shown(self._service.batches.map_columns(batch_id, changes))
        except TastemakerError as error:
            return {self.board: self._problem(error)}

    def halt(self, batch_id: str) -> Update:
        """Stop the batch in view."""
        try:
            self._service.batches.stop(batch_id)
        except TastemakerError as error:
            return {self.board: self._problem(error)}
        return self._shown_by_id(batch_id)

    def sift(self, batch_id: str, event: gr.EventData) -> Update:
        """Other rows of the report."""
        return self._shown_by_id(batch_id, only=sent(event, "only"))

    def look(self, event: gr.EventData) -> Update:
        """One of the last batches; none for the empty view."""
        batch_id = sent(event, "batch")
        return {self.batch: batch_id, **self.show(batch_id)}

    # ------------------------------------------------------------------ drawing

    def _shown_by_id(self, batch_id: str, *, only: str = "") -> Update:
        try:
            return self._shown(self._service.batches.get(batch_id), only=only)
        except TastemakerError as error:
            return {self.batch: "", self.board: self._problem(error), self.timer: gr.Timer(active=False)}

    def _shown(self, batch: Batch, *, only: str = "") -> Update:
        board = self._sample(batch) if batch.stage is Stage.READ else self._report(batch, only)
        return {self.batch: batch.id, self.board: board, self.timer: gr.Timer(active=batch.stage in UNDER_WAY)}

    def _sample(self, batch: Batch) -> str:
        items = [row.item for row in batch.sample if row.item is not None]
        used = set(batch.columns.values())
        return self._draw(
            "batch_read.html", batch=batch, fields=self._fields(batch), addresses=sum(map(names_address, items)),
            others=[name for name in batch.names if name not in used], mapped=bool(batch.sample) or not batch.names,
            items=len(items), fetching=self._service.batches.fetching, names_address=names_address,
        )  # fmt: skip

    def _fields(self, batch: Batch) -> list[MappedField]:
        """One for each field of an item; none where the format fixes the columns."""
        if not batch.names:
            return []
        return [
            MappedField(name, spoken, column := batch.columns.get(name, ""), _example(batch, column))
            for name, spoken in SPOKEN.items()
        ]

    def _report(self, batch: Batch, only: str) -> str:
        only = only if only in FILTERS else ""
        counts = {name: batch.progress.counts.get(name, 0) for name in FILTERS}
        under_way = batch.stage in UNDER_WAY
        rows = () if under_way else islice(self._service.batches.rows(batch.id, only=only or None), SHOWN)
        return self._draw(
            "batch_report.html", batch=batch, under_way=under_way, counts=counts, only=only, rows=list(rows),
            total=counts[only] if only else batch.progress.published, without=WITHOUT_PICTURE,
        )  # fmt: skip

    def _problem(self, error: TastemakerError) -> str:
        return self._draw("batch_problem.html", problem=stated(error))


def _example(batch: Batch, column: str) -> str:
    if column not in batch.names:
        return ""
    place = batch.names.index(column)
    return next((row[place] for row in batch.raw if row[place]), "")
