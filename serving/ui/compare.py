"""The Compare view of the Why tab: two items for one reader, or one reader under two snapshots."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import gradio as gr

from pipeline.explanation import Contrast
from pipeline.query import Query
from pipeline.snapshot_comparison import SnapshotComparison
from serving.ui import inspection_charts
from serving.ui.api import UiService
from serving.ui.charts import LEAST
from serving.ui.conversation import stated
from serving.ui.parts import MAX_TYPED, Offer, drawn, item_finder, picker, sent, user_finder
from serving.ui.render import Renderer, person, subtitle
from serving.wording import contrast_in_words
from store.errors import TastemakerError
from store.records import Item

Update = dict[Any, Any]

K = 10
EACH_SIDE = 6
"""History items that speak for one item, of those drawn."""


@dataclass(frozen=True)
class Chosen:
    """What is compared.

    Attributes:
        mode: "items" or "snapshots".
        user: id; "" for someone with no history.
        item, other: ids of the items.
        first, second: ids of the snapshots; "" for the newest that does not serve and the one that does.
        follow: id of the item whose place in both snapshots is asked for.
    """

    mode: str = "items"
    user: str = ""
    item: str = ""
    other: str = ""
    first: str = ""
    second: str = ""
    follow: str = ""


class CompareView:
    """Builds the view's components and answers their events."""

    def __init__(self, service: UiService, renderer: Renderer) -> None:
        self._service = service
        self._draw = renderer

    def build(self) -> None:
        """Inside ``gr.Tab``."""
        items, snapshots = item_finder(self._service), _snapshot_finder(self._service)
        self.chosen = gr.State(Chosen())
        self.mode = drawn(self._mode(Chosen()), name="compare-mode", events=("mode",))
        with gr.Row(elem_classes="pickers compare-pickers"):
            self.user = drawn(
                self._pick("user", "", Chosen()), name="compare-user", events=("pick",),
                finder=user_finder(self._service, create=False),
            )  # fmt: skip
            self.item = drawn(self._pick("item", "", Chosen()), name="compare-item", events=("pick",), finder=items)
            self.other = drawn(self._pick("other", "", Chosen()), name="compare-other", events=("pick",), finder=items)
            self.first = drawn(name="compare-first", events=("pick",), finder=snapshots)
            self.second = drawn(name="compare-second", events=("pick",), finder=snapshots)
            self.follow = drawn(name="compare-follow", events=("pick",), finder=items)
        self.board = drawn(self._draw("compare_empty.html", mode="items"), name="compare-board")
        self.plot = gr.Plot(visible=False, show_label=False, container=False, elem_id="compare-plot")
        self.history = drawn(name="compare-history")

    @property
    def outputs(self) -> list[Any]:
        """All components of the view that an answer may change."""
        return [
            self.chosen, self.mode, *self._pickers.values(), self.board, self.plot, self.history,
        ]  # fmt: skip

    @property
    def _pickers(self) -> dict[str, gr.HTML]:
        return {name: getattr(self, name) for name in ("user", "item", "other", "first", "second", "follow")}

    def connect(self, tab: gr.Tab, user: gr.Textbox, item: gr.Textbox) -> None:
        """Wire the events; inside ``gr.Blocks``.

        Args:
            tab: the view's own.
            user, item: hidden fields of the Why tab; what is in view there is where a comparison begins.
        """
        settings: dict[str, Any] = {
            "outputs": self.outputs, "show_progress": "hidden", "concurrency_limit": 2, "concurrency_id": "compare",
            "api_visibility": "private",
        }  # fmt: skip
        tab.select(self.open, [self.chosen, user, item], **settings)
        self.mode.mode(self.switch, self.chosen, **settings)
        self.user.pick(self.pick_user, self.chosen, **settings)
        self.item.pick(self.pick_item, self.chosen, **settings)
        self.other.pick(self.pick_other, self.chosen, **settings)
        self.first.pick(self.pick_first, self.chosen, **settings)
        self.second.pick(self.pick_second, self.chosen, **settings)
        self.follow.pick(self.pick_follow, self.chosen, **settings)

    # ------------------------------------------------------------------ events

    def open(self, chosen: Chosen, user_id: str, item_id: str) -> Iterator[Update]:
        """The view came to the front: with nothing chosen, begin with what the Item view shows."""
        if chosen == Chosen() and (user_id or item_id):
            yield from self.show(replace(chosen, user=user_id, item=item_id))
        else:
            yield {self.chosen: chosen}

    def switch(self, chosen: Chosen, event: gr.EventData) -> Iterator[Update]:
        """Two items, or two snapshots."""
        yield from self.show(replace(chosen, mode="snapshots" if sent(event, "kind") == "snapshots" else "items"))

    def pick_user(self, chosen: Chosen, event: gr.EventData) -> Iterator[Update]:
        """A reader was picked."""
        yield from self.show(replace(chosen, user=sent(event, "key")))

    def pick_item(self, chosen: Chosen, event: gr.EventData) -> Iterator[Update]:
        """The first item was picked."""
        yield from self.show(replace(chosen, item=sent(event, "key")))

    def pick_other(self, chosen: Chosen, event: gr.EventData) -> Iterator[Update]:
        """The other item was picked."""
        yield from self.show(replace(chosen, other=sent(event, "key")))

    def pick_first(self, chosen: Chosen, event: gr.EventData) -> Iterator[Update]:
        """The first snapshot was picked."""
        yield from self.show(replace(chosen, first=sent(event, "key")))

    def pick_second(self, chosen: Chosen, event: gr.EventData) -> Iterator[Update]:
        """The second snapshot was picked."""
        yield from self.show(replace(chosen, second=sent(event, "key")))

    def pick_follow(self, chosen: Chosen, event: gr.EventData) -> Iterator[Update]:
        """An item to follow was picked."""
        yield from self.show(replace(chosen, follow=sent(event, "key")))

    # ------------------------------------------------------------------ drawing

    def show(self, chosen: Chosen) -> Iterator[Update]:
        """Compare, and draw it; what takes seconds says so first."""
        nothing = {self.plot: gr.Plot(visible=False), self.history: ""}
        try:
            head = {self.chosen: chosen, self.mode: self._mode(chosen)} | self._named(chosen)
            if chosen.mode == "items" and not (chosen.item and chosen.other):
                yield head | nothing | {self.board: self._draw("compare_empty.html", mode="items")}
            elif chosen.mode == "items":
                yield head | self._contrast(chosen)
            else:
                yield head | nothing | {self.board: self._draw("compare_empty.html", mode="wait")}
                yield self._snapshots(chosen)
        except TastemakerError as error:
            yield nothing | {self.chosen: chosen, self.board: self._draw("problem.html", problem=stated(error))}

    def _contrast(self, chosen: Chosen) -> Update:
        recommender = self._service.recommender
        query = Query(user_id=chosen.user or None, k=K)
        found = recommender.contrast(query, chosen.item, chosen.other)
        speaking = [(key, value) for key, value in found.history.items() if abs(value) >= LEAST]
        shown = [pair for pair in speaking if pair[1] > 0][:EACH_SIDE]
        shown += [pair for pair in speaking if pair[1] < 0][-EACH_SIDE:]
        items = {item.item_id: item for item in recommender.items([key for key, _ in shown])}
        words = contrast_in_words(recommender, found).text
        board = self._draw(
            "compare_items.html", found=found, words=words, who=self._who(chosen.user),
            subtitles=[subtitle(item) for item in (found.item, found.other)],
        )  # fmt: skip
        return {
            self.board: board,
            self.plot: gr.Plot(inspection_charts.contrast_by_channel(found), visible=True),
            self.history: self._sides(found, [(items[key], value) for key, value in shown], total=len(found.history)),
        }

    def _sides(self, found: Contrast, parts: list[tuple[Item, float]], *, total: int) -> str:
        reach = max((abs(value) for _, value in parts), default=0.0) or 1.0
        return self._draw("compare_history.html", found=found, parts=parts, reach=reach, total=total)

    def _snapshots(self, chosen: Chosen) -> Update:
        found = self._service.compare_snapshots(
            Query(user_id=chosen.user or None, k=K),
            first=chosen.first or None,
            second=chosen.second or None,
            item_id=chosen.follow or None,
        )
        chosen = replace(chosen, first=found.first, second=found.second)
        followed = found.item is not None
        return {
            self.chosen: chosen,
            **self._named(chosen),
            self.board: self._draw(
                "compare_snapshots.html", found=found, who=self._who(chosen.user), dates=self._dates(found),
                serving=self._service.recommender.snapshot_id, moves={move.item.item_id: move for move in found.moves},
                channels=inspection_charts.drawn_channels([standing.channels for standing in found.item or ()]),
            ),
            self.plot: gr.Plot(self._standings(found) if followed else None, visible=followed),
            self.history: "",
        }  # fmt: skip

    def _standings(self, found: SnapshotComparison) -> Any:
        standings = found.item or ()
        rows = zip(self._dates(found), standings, strict=True)
        return inspection_charts.standings([(f"{date}", standing.channels) for date, standing in rows])

    # ------------------------------------------------------------------ fields

    def _named(self, chosen: Chosen) -> Update:
        """The fields with the names of what is chosen; those of the other mode are empty, and so not there."""
        names = {
            "user": person(self._service.store.user(chosen.user)) if chosen.user else "",
            **{name: self._title(getattr(chosen, name)) for name in ("item", "other", "follow")},
            **{name: self._spoken(getattr(chosen, name)) for name in ("first", "second")},
        }
        return {part: self._pick(name, names[name], chosen) for name, part in self._pickers.items()}

    def _pick(self, name: str, value: str, chosen: Chosen) -> str:
        label, placeholder, mode = _FIELDS[name]
        if mode not in ("", chosen.mode):
            return ""
        return picker(self._draw, name=f"compare-{name}-field", label=label, placeholder=placeholder, value=value)

    def _mode(self, chosen: Chosen) -> str:
        return self._draw("compare_mode.html", mode=chosen.mode)

    def _who(self, user_id: str) -> str:
        return person(self._service.store.user(user_id)) if user_id else "someone with no history"

    def _title(self, item_id: str) -> str:
        return self._service.recommender.item(item_id).title if item_id else ""

    def _spoken(self, snapshot_id: str) -> str:
        """When a snapshot was trained; its id where it is gone."""
        created = {one.id: one.manifest.created for one in self._service.snapshots.list()}
        return _date(created[snapshot_id]) if snapshot_id in created else snapshot_id

    def _dates(self, found: SnapshotComparison) -> tuple[str, str]:
        return self._spoken(found.first), self._spoken(found.second)


_FIELDS = {
    "user": ("Who", "Choose a user", ""),
    "item": ("This item", "Search an item", "items"),
    "other": ("against this one", "Search another item", "items"),
    "first": ("Models trained", "Choose a snapshot", "snapshots"),
    "second": ("against those trained", "Choose a snapshot", "snapshots"),
    "follow": ("Where does it stand", "Search an item", "snapshots"),
}
"""Label, placeholder and mode of each field."""


def _date(created: datetime) -> str:
    return f"{created:%d %b %Y, %H:%M:%S} UTC"


def _snapshot_finder(service: UiService) -> Callable[[str], list[Offer]]:
    """Suggestions of snapshots by their date or id; all of them for what is in the field already."""

    def find(text: str) -> list[Offer]:
        typed = str(text).strip()[:MAX_TYPED].casefold()
        try:
            serving = service.recommender.snapshot_id
        except TastemakerError:  # nothing is trained: the board says so
            return []
        offers = [
            Offer(key=one.id, label=_date(one.manifest.created), detail="in service" if one.id == serving else "")
            for one in service.snapshots.list()
        ]
        matching = [one for one in offers if typed in one["label"].casefold() or one["key"].startswith(typed)]
        return matching if len(matching) > 1 else offers

    return find
