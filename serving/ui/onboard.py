"""The Onboard tab: describe an item, see where it would stand while typing, publish it."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from encoders.images import load_image, read_image
from pipeline.query import Preview, Vocabulary
from serving.ui.api import UiService
from serving.ui.conversation import stated
from serving.ui.parts import drawn
from serving.ui.render import Renderer, person, subtitle
from store.errors import InputError, SnapshotError, TastemakerError, UnknownItem, UnsafeInput
from store.records import AttributeValue, Item

Update = dict[Any, Any]

ROWS = 6
"""Attributes offered in the form; an owner with more of them uses the API."""
CHOICES = 200
"""Values offered per attribute, most frequent first; others can be typed."""
MAX_TITLE = 300
MAX_TEXT = 10_000
DRAFT_ID = "draft-of-the-page"
"""Stands for an item that has no id yet; a draft is never stored."""


class OnboardTab:
    """Builds the tab's components and answers their events."""

    def __init__(self, service: UiService, renderer: Renderer) -> None:
        self._service = service
        self._draw = renderer
        self._attributes: list[tuple[str, bool]] = []  # name, numeric

    def build(self) -> None:
        """Inside ``gr.Tab``."""
        try:
            vocabulary = self._service.recommender.vocabulary()
        except SnapshotError:  # nothing is trained: values can be typed
            vocabulary = Vocabulary(facets={}, numeric={}, titles={})
        with gr.Row(elem_classes="onboard-layout"):
            with gr.Column(elem_classes="form-side", elem_id="onboard-form"):
                drawn(self._draw("onboard_head.html"), name="onboard-head")
                self.title = gr.Textbox(label="Title", max_length=MAX_TITLE, max_lines=1, elem_id="onboard-title")
                self.text = gr.Textbox(
                    label="Description", lines=4, max_lines=10, max_length=MAX_TEXT, elem_id="onboard-text",
                    placeholder="What is it, who is it for?",
                )  # fmt: skip
                self.categories = gr.Dropdown(
                    list(vocabulary.facets.get("category", {}))[:CHOICES], label="Categories", multiselect=True,
                    allow_custom_value=True, elem_id="onboard-categories",
                )  # fmt: skip
                with gr.Row(elem_classes="attributes"):
                    self.values = self._attribute_fields(vocabulary)
                self.picture = gr.File(
                    label="Picture: JPEG, PNG or WebP, up to 10 MB", file_types=["image"], type="filepath", height=112,
                    elem_id="onboard-picture",
                )  # fmt: skip
                self.item_id = gr.Textbox(
                    label="Id, if your catalogue has one", placeholder="Made from the title", max_length=200,
                    max_lines=1, elem_id="onboard-id",
                )  # fmt: skip
                self.warnings = drawn(name="onboard-warnings")
                self.publish = gr.Button("Publish", variant="primary", interactive=False, elem_id="publish")
                # Apart from the warnings, which a preview that was already on its way would overwrite: a refusal stands
                # until the next attempt.
                self.refusal = drawn(name="onboard-refusal")
                self.done = drawn(name="onboard-done", events=("attempt",))
            with gr.Column(elem_classes="preview-side"):
                self.preview = drawn(self._draw("onboard_empty.html"), name="onboard-preview")

    @property
    def _fields(self) -> list[Any]:
        return [self.item_id, self.title, self.text, self.categories, self.picture, *self.values]

    def connect(self) -> None:
        """Wire the events; inside ``gr.Blocks``."""
        # Not "input": Gradio misses the first one of a field, and with it a title that is pasted.
        gr.on(
            [field.change for field in (self.title, self.text, self.categories, self.picture, *self.values)],
            self.show_preview,
            self._fields,
            [self.preview, self.warnings, self.publish, self.done],
            # While one preview is computed, later keys wait for the last of them: no preview per key.
            trigger_mode="always_last",
            show_progress="hidden",
            concurrency_limit=2,
            concurrency_id="preview",
            api_visibility="private",
        )
        self.publish.click(
            self.publish_item,
            self._fields,
            [*self._fields, self.preview, self.warnings, self.publish, self.refusal, self.done],
            show_progress="hidden",
            concurrency_limit=2,
            concurrency_id="publish",
            api_visibility="private",
        )

    # ------------------------------------------------------------------ events

    def show_preview(
        self, item_id: str, title: str, text: str, categories: list[str], picture: str | None, *values: Any
    ) -> Update:
        """What publishing would do, for the form as it stands."""
        if not title.strip():  # also after publishing, which empties the form: what was published stays in view
            return {self.warnings: "", self.publish: gr.Button(interactive=False)}
        image, problem = _checked(picture)
        try:
            draft = self._item(item_id or DRAFT_ID, title, text, categories, image, values)
            found = self._service.recommender.preview(replace(draft, item_id=self._unused(draft.item_id)))
        except TastemakerError as error:
            return {self.warnings: self._problem(error), self.publish: gr.Button(interactive=False)}
        return {
            self.preview: self._preview(draft, found),
            self.warnings: self._draw("onboard_warnings.html", duplicates=found.duplicates, problem=problem),
            self.publish: gr.Button(interactive=True),
            self.done: "",
        }

    def publish_item(
        self, item_id: str, title: str, text: str, categories: list[str], picture: str | None, *values: Any
    ) -> Update:
        """Store the item; from the next request on it is recommended. A broken picture is left out, and said."""
        try:
            if item_id.strip() and self._exists(item_id.strip()):
                raise InputError(
                    f"an item with id {item_id.strip()!r} is already in the catalogue",
                    fix="Choose another id, or leave the field empty.",
                )
            image, problem = self._kept(picture)
            draft = self._item(item_id.strip() or new_id(title), title, text, categories, image, values)
            found = self._service.recommender.preview(draft)
            item = self._service.recommender.publish(draft)
        except TastemakerError as error:
            return {self.refusal: self._problem(error)}
        fits = found.readers[0].user_id if found.readers else ""
        empty: Update = dict.fromkeys((self.item_id, self.title, self.text), "")
        return empty | {
            self.categories: [],
            self.picture: None,
            **dict.fromkeys(self.values),
            self.preview: self._preview(item, found),
            self.warnings: "",
            self.refusal: "",
            self.publish: gr.Button(interactive=False),
            self.done: self._draw(
                "onboard_done.html",
                item=item,
                subtitle_text=subtitle(item),
                problem=problem,
                user_id=fits,
                who=self._name(fits) if fits else "",
                request=fitting_request(item),
            ),
        }

    # ------------------------------------------------------------------ form

    def _attribute_fields(self, vocabulary: Vocabulary) -> list[Any]:
        """One small field per attribute of the catalogue: numbers with their range, facets with their values."""
        fields: list[Any] = []
        for name, (low, high) in list(vocabulary.numeric.items())[:ROWS]:
            fields.append(
                gr.Textbox(label=_spoken(name), placeholder=f"{low:g} to {high:g}", max_lines=1, min_width=120)
            )
            self._attributes.append((name, True))
        for name, values in vocabulary.facets.items():
            if name == "category" or len(fields) >= ROWS:
                continue
            fields.append(
                gr.Dropdown(
                    list(values)[:CHOICES], label=_spoken(name), value=None, allow_custom_value=True, min_width=120
                )
            )
            self._attributes.append((name, False))
        return fields

    def _item(
        self,
        item_id: str,
        title: str,
        text: str,
        categories: Sequence[str] | None,
        image: Path | None,
        values: Sequence[Any],
    ) -> Item:
        attributes: dict[str, AttributeValue] = {}
        for (name, numeric), value in zip(self._attributes, values, strict=True):
            if value is None or not str(value).strip():
                continue
            attributes[name] = _number(name, str(value)) if numeric else str(value).strip()
        return Item(
            item_id=item_id,
            title=title.strip(),
            description=text.strip(),
            categories=tuple(categories or ()),
            attributes=attributes,
            image=str(image) if image else None,
        )

    def _kept(self, picture: str | None) -> tuple[Path | None, str]:
        """The uploaded picture in the service's folder, or None and why not."""
        if not picture:
            return None, ""
        try:
            return self._service.pictures.keep(read_image(Path(picture))), ""
        except UnsafeInput as error:
            return None, _without_picture(error)

    def _exists(self, item_id: str) -> bool:
        try:
            self._service.recommender.item(item_id)
        except UnknownItem:
            return False
        return True

    def _unused(self, item_id: str) -> str:
        return DRAFT_ID if self._exists(item_id) else item_id

    def _name(self, user_id: str) -> str:
        return person(self._service.store.user(user_id))

    # ------------------------------------------------------------------ drawing

    def _preview(self, item: Item, found: Preview) -> str:
        readers = [(self._name(reader.user_id), reader) for reader in found.readers]
        return self._draw(
            "onboard_preview.html", item=item, subtitle_text=subtitle(item), preview=found, readers=readers,
            subtitles={near.item.item_id: subtitle(near.item) for near in found.neighbours},
        )  # fmt: skip

    def _problem(self, error: TastemakerError) -> str:
        return self._draw("problem.html", problem=stated(error))


def new_id(title: str) -> str:
    """A readable id that is not taken: words of the title and eight random hex digits."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode("ascii").lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40]
    return f"{words or 'item'}-{secrets.token_hex(4)}"


def fitting_request(item: Item) -> str:
    """A request in the catalogue's words that this item satisfies."""
    what = " ".join(item.categories[:2]) or item.title
    year = item.attributes.get("year")
    return f"{what} from {year}" if isinstance(year, int) else what


def _checked(picture: str | None) -> tuple[Path | None, str]:
    """The upload, if it can be decoded safely, or None and why not."""
    if not picture:
        return None, ""
    try:
        load_image(Path(picture))
    except UnsafeInput as error:
        return None, _without_picture(error)
    return Path(picture), ""


def _without_picture(error: UnsafeInput) -> str:
    return f"{error.problem.rstrip('.')}. The item is kept with its text only. {error.fix}"


def _number(name: str, value: str) -> int | float:
    try:
        number = float(value)
    except ValueError:
        raise InputError(f"{_spoken(name)} is {value!r}, not a number", fix="Write digits, for example 1996.") from None
    if number != number or number in (float("inf"), float("-inf")):
        raise InputError(f"{_spoken(name)} is {value!r}, not a finite number", fix="Write digits, for example 1996.")
    return int(number) if number.is_integer() else number


def _spoken(name: str) -> str:
    return name.replace("_", " ").capitalize()
