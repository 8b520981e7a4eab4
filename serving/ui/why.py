"""The Why tab: everything that is known about one item for one reader, and what changes without a history item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from agent.reasons import explanation_summary
from pipeline.query import Explanation, Query
from serving.ui import charts
from serving.ui.api import UiService
from serving.ui.conversation import stated
from serving.ui.parts import drawn, item_finder, picker, sent, user_finder
from serving.ui.path_graph import MAX_PATHS, path_picture
from serving.ui.render import Renderer, person, subtitle
from store.errors import TastemakerError

Update = dict[Any, Any]

BARS = 12
"""History items drawn as bars, strongest first."""


class WhyTab:
    """Builds the tab's components and answers their events. The browser holds the ids of user and item."""

    def __init__(self, service: UiService, renderer: Renderer) -> None:
        self._service = service
        self._draw = renderer

    def build(self) -> None:
        """Inside ``gr.Tab``."""
        people = user_finder(self._service, create=False)
        self.user = gr.Textbox(visible="hidden")
        self.item = gr.Textbox(visible="hidden")
        with gr.Row(elem_classes="pickers"):
            self.pick_user = drawn(self._picker_user(""), name="why-user", events=("pick",), finder=people)
            self.pick_item = drawn(
                self._picker_item(""), name="why-item", events=("pick",), finder=item_finder(self._service)
            )
        with gr.Row(elem_classes="why-layout"):
            with gr.Column(elem_classes="why-main"):
                self.head = drawn(self._draw("why_empty.html"), name="why-head")
                self.channels = gr.Plot(visible=False, show_label=False, container=False, elem_id="why-channels")
                self.history = drawn(name="why-history", events=("whatif",))
                self.timeline_head = drawn(name="why-timeline-head")
                self.timeline = gr.Plot(visible=False, show_label=False, container=False, elem_id="why-timeline")
                self.paths = drawn(name="why-paths")
                self.content = drawn(name="why-content")
            with gr.Column(elem_classes="why-side"):
                self.summary = drawn(name="why-summary")

    @property
    def outputs(self) -> list[Any]:
        """All components of the tab that an answer may change."""
        return [
            self.user, self.item, self.pick_user, self.pick_item, self.head, self.channels, self.history,
            self.timeline_head, self.timeline, self.paths, self.content, self.summary,
        ]  # fmt: skip

    def connect(self) -> None:
        """Wire the events; inside ``gr.Blocks``."""
        settings: dict[str, Any] = {
            "outputs": self.outputs, "show_progress": "hidden", "concurrency_limit": 4, "concurrency_id": "why",
            "api_visibility": "private",
        }  # fmt: skip
        self.pick_user.pick(self.choose_user, self.item, **settings)
        self.pick_item.pick(self.choose_item, self.user, **settings)
        self.history.whatif(self.whatif, [self.user, self.item], trigger_mode="always_last", **settings)

    # ------------------------------------------------------------------ events

    def choose_user(self, item_id: str, event: gr.EventData) -> Update:
        """A user was picked."""
        return self.show(sent(event, "key"), item_id)

    def choose_item(self, user_id: str, event: gr.EventData) -> Update:
        """An item was picked."""
        return self.show(user_id, sent(event, "key"))

    def whatif(self, user_id: str, item_id: str, event: gr.EventData) -> Update:
        """Boxes of the history were ticked or unticked."""
        without = event._data.get("without") if isinstance(event._data, dict) else None
        ids = [one for one in without if isinstance(one, str)] if isinstance(without, list) else []
        return self.show(user_id, item_id, without=ids[:BARS])

    # ------------------------------------------------------------------ drawing

    def show(self, user_id: str, item_id: str, *, without: Sequence[str] = ()) -> Update:
        """Explain, and draw it; with one of the two missing, ask for it."""
        try:
            item_name = self._service.recommender.item(item_id).title if item_id else ""
            user_name = person(self._service.store.user(user_id)) if user_id else ""
            pickers = {
                self.user: user_id,
                self.item: item_id,
                self.pick_user: self._picker_user(user_name),
                self.pick_item: self._picker_item(item_name),
            }
            if not item_id:
                return pickers | self._nothing(self._draw("why_empty.html"))
            full = self._explain(user_id, item_id, ())
            now = self._explain(user_id, item_id, without) if without else full
        except TastemakerError as error:
            return self._nothing(self._problem(error))
        return pickers | self._drawn(full, now, user_name, without)

    def _drawn(self, full: Explanation, now: Explanation, user_name: str, without: Sequence[str]) -> Update:
        changed = bool(without)
        strongest = sorted(full.contributions, key=lambda part: -abs(part.counterfactual))[:BARS]
        after = {part.item.item_id: part for part in now.contributions}
        reach = max((abs(part.counterfactual) for part in strongest), default=0.0)
        reach = max(reach, *(abs(part.counterfactual) for part in after.values()), 1e-9) if after else reach or 1e-9
        line = charts.timeline(full.contributions)
        return {
            self.head: self._draw(
                "why_head.html", full=full, now=now, who=user_name or "someone with no history", changed=changed,
                subtitle_text=subtitle(full.item),
                made=sorted(now.channels.items(), key=lambda pair: -abs(pair[1].contribution)),
            ),
            self.channels: gr.Plot(
                charts.score_by_channel(now.channels, full.channels if changed else None), visible=True
            ),
            self.history: self._draw(
                "why_history.html", parts=strongest, after=after, without=set(without), reach=reach,
                total=len(full.contributions), graph_reach=max((abs(p.exact) for p in strongest), default=0) or 1e-9,
            ),
            self.timeline_head: self._draw("why_timeline.html", span=_span(full)) if line else "",
            self.timeline: gr.Plot(line, visible=line is not None),
            self.paths: self._draw(
                "why_paths.html", picture=path_picture(now.paths), paths=now.paths[:MAX_PATHS], is_new=full.is_new
            ),
            self.content: self._draw("why_content.html", item=full.item, matches=full.content[:3]),
            self.summary: self._draw(
                "why_summary.html", text=explanation_summary(now), snapshot=now.snapshot_id
            ),
        }  # fmt: skip

    def _explain(self, user_id: str, item_id: str, without: Sequence[str]) -> Explanation:
        query = Query(
            user_id=user_id or None, history=None if user_id else (), include_seen=True, without=frozenset(without)
        )
        return self._service.recommender.explain(query, item_id)

    def _nothing(self, head: str) -> Update:
        empty = (self.history, self.timeline_head, self.paths, self.content, self.summary)
        hidden = {self.channels: gr.Plot(visible=False), self.timeline: gr.Plot(visible=False)}
        return {self.head: head, **dict.fromkeys(empty, ""), **hidden}

    def _problem(self, error: TastemakerError) -> str:
        return self._draw("problem.html", problem=stated(error))

    def _picker_user(self, value: str) -> str:
        return picker(self._draw, name="why-user-field", label="Who", placeholder="Choose a user", value=value)

    def _picker_item(self, value: str) -> str:
        return picker(self._draw, name="why-item-field", label="What", placeholder="Search an item", value=value)


def _span(explanation: Explanation) -> str:
    """First and last month of the dated history."""
    times = sorted(part.time for part in explanation.contributions if part.time is not None)
    first, last = f"{times[0]:%b %Y}", f"{times[-1]:%b %Y}"
    return first if first == last else f"{first} to {last}"
