"""The Why tab: everything that is known about one item for one reader, and what changes without a history item."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from agent.explaining.telling import tell
from agent.turns import Chip
from pipeline.explanation import Explanation
from serving.ui import charts
from serving.ui.api import UiService
from serving.ui.asked import asked_query
from serving.ui.conversation import stated
from serving.ui.parts import drawn, item_finder, picker, sent, user_finder
from serving.ui.path_graph import coverage, depth_rows, path_picture
from serving.ui.render import Renderer, person, subtitle
from serving.ui.why_content import sides
from serving.ui.why_global import KnownPanel
from serving.ui.why_removal import RemovalView
from serving.wording import liked_by
from store.errors import TastemakerError
from store.records import Item

Update = dict[Any, Any]

BARS = 12
"""History items drawn as bars, strongest first."""
MATCHES = 3
"""Items close by content."""


class WhyTab:
    """Builds the tab's components and answers their events. The browser holds the ids of user and item."""

    def __init__(self, service: UiService, renderer: Renderer) -> None:
        self._service = service
        self._draw = renderer
        self.known = KnownPanel(service, renderer)
        self.removal = RemovalView(service, renderer)

    def build(self) -> None:
        """Inside ``gr.Tab``."""
        people = user_finder(self._service, create=False)
        self.user = gr.Textbox(visible="hidden")
        self.item = gr.Textbox(visible="hidden")
        self.chat = gr.Textbox(visible="hidden")
        with gr.Row(elem_classes="pickers"):
            self.pick_user = drawn(self._picker_user(""), name="why-user", events=("pick",), finder=people)
            self.pick_item = drawn(
                self._picker_item(""), name="why-item", events=("pick",), finder=item_finder(self._service)
            )
        with gr.Row(elem_classes="why-layout"):
            with gr.Column(elem_classes="why-main"):
                self.head = drawn(self._draw("why_empty.html"), name="why-head")
                self.channels = gr.Plot(visible=False, show_label=False, container=False, elem_id="why-channels")
                self.moved = drawn(name="why-moved")
                self.history = drawn(name="why-history", events=("whatif", "notwhy", "aside", "back"))
                self.timeline_head = drawn(name="why-timeline-head")
                self.timeline = gr.Plot(visible=False, show_label=False, container=False, elem_id="why-timeline")
                self.paths = drawn(name="why-paths")
                self.content = drawn(name="why-content", events=("matching",))
                self.match = drawn(name="why-match")
            with gr.Column(elem_classes="why-side"):
                self.summary = drawn(name="why-summary")
                self.known.build()

    @property
    def outputs(self) -> list[Any]:
        """All components of the tab that an answer may change."""
        return [
            self.user, self.item, self.chat, self.pick_user, self.pick_item, self.head, self.channels, self.moved,
            self.history, self.timeline_head, self.timeline, self.paths, self.content, self.match, self.summary,
            self.known.part, self.removal.board,
        ]  # fmt: skip

    def connect(self) -> None:
        """Wire the events; inside ``gr.Blocks``."""
        settings: dict[str, Any] = {
            "outputs": self.outputs, "show_progress": "hidden", "concurrency_limit": 4, "concurrency_id": "why",
            "api_visibility": "private",
        }  # fmt: skip
        self.pick_user.pick(self.choose_user, self.item, **settings)
        self.pick_item.pick(self.choose_item, self.user, **settings)
        here = [self.user, self.item, self.chat]
        self.content.matching(self.matching, self.item, **settings | {"outputs": self.match})
        self.known.connect(user=self.user, item=self.item, settings=settings)
        self.removal.connect(*here)
        self.history.whatif(self.whatif, here, trigger_mode="always_last", **settings)
        self.history.notwhy(self.note_not_why, here, **settings)
        self.history.aside(self.set_aside, here, **settings)
        self.history.back(self.bring_back, here, **settings)

    # ------------------------------------------------------------------ events

    def choose_user(self, item_id: str, event: gr.EventData) -> Update:
        """A user was picked."""
        return self.show(sent(event, "key"), item_id)

    def choose_item(self, user_id: str, event: gr.EventData) -> Update:
        """An item was picked."""
        return self.show(user_id, sent(event, "key"))

    def whatif(self, user_id: str, item_id: str, chat_id: str, event: gr.EventData) -> Update:
        """Boxes of the history were ticked or unticked."""
        without = event._data.get("without") if isinstance(event._data, dict) else None
        ids = [one for one in without if isinstance(one, str)] if isinstance(without, list) else []
        return self.show(user_id, item_id, chat_id=chat_id, without=ids[:BARS])

    def note_not_why(self, user_id: str, item_id: str, chat_id: str, event: gr.EventData) -> Update:
        """The reader says that a history item is not why they would like the item."""
        because = sent(event, "item")

        def note() -> None:
            snapshot = self._service.recommender.snapshot_id
            self._service.verdicts.note(
                user_id=user_id, item_id=item_id, because=because, agrees=False, snapshot_id=snapshot
            )

        return self._noted(note, user_id, item_id, chat_id, because)

    def set_aside(self, user_id: str, item_id: str, chat_id: str, event: gr.EventData) -> Update:
        """And that it should not speak for them at all."""
        because = sent(event, "item")
        return self._noted(
            lambda: self._service.verdicts.set_aside(user_id, because), user_id, item_id, chat_id, because
        )

    def bring_back(self, user_id: str, item_id: str, chat_id: str, event: gr.EventData) -> Update:
        """It should again."""
        because = sent(event, "item")
        return self._noted(lambda: self._service.verdicts.bring_back(user_id, because), user_id, item_id, chat_id, "")

    def _noted(self, note: Callable[[], object], user_id: str, item_id: str, chat_id: str, because: str) -> Update:
        try:
            note()
        except TastemakerError as error:
            return {self.history: self._draw("problem.html", problem=stated(error))}
        return self.show(user_id, item_id, chat_id=chat_id, noted=because)

    def matching(self, item_id: str, event: gr.EventData) -> Iterator[str]:
        """What makes the item and one of the history alike; pictures take seconds, so the wait is said."""
        yield self._draw("why_wait.html")
        try:
            match = self._service.recommender.content_match(item_id, sent(event, "item"))
        except TastemakerError as error:
            yield self._draw("problem.html", problem=stated(error))
            return
        yield self._draw("why_match.html", match=match, sides=sides(match))

    # ------------------------------------------------------------------ drawing

    def show(
        self, user_id: str, item_id: str, *, chat_id: str = "", without: Sequence[str] = (), noted: str = ""
    ) -> Update:
        """Explain, and draw it; without an item, ask for it.

        Args:
            chat_id: the chat whose request is part of the answer; "" for the history alone.
            without: history items to leave out.
            noted: history item of which the reader just said that it is no reason.
        """
        try:
            item_name = self._service.recommender.item(item_id).title if item_id else ""
            user_name = person(self._service.store.user(user_id)) if user_id else ""
            ids = {self.user: user_id, self.item: item_id, self.chat: chat_id}
            pickers = ids | {
                self.pick_user: self._picker_user(user_name),
                self.pick_item: self._picker_item(item_name),
            }
            if not without and not noted:  # else the same reader and item stay in view, with what was found for them
                pickers |= {self.removal.board: self.removal.offer(item_id)}
            if not item_id:
                return pickers | self._nothing(self._draw("why_empty.html"))
            query = asked_query(self._service, user_id=user_id, chat_id=chat_id, item_id=item_id)
            full = self._service.recommender.explain(query, item_id)
            now = full
            if without:
                now = self._service.recommender.explain(replace(query, without=frozenset(without)), item_id)
            known = {self.known.part: self.known.closed(user_id, item_id)}
            chips = self._service.dialogues.view(chat_id).chips if chat_id else ()
        except TastemakerError as error:
            return self._nothing(self._draw("problem.html", problem=stated(error)))
        who = user_name or "someone with no history"
        return pickers | known | self._drawn(full, now, without, noted) | self._headed(full, now, who, chips)

    def _headed(self, full: Explanation, now: Explanation, who: str, chips: Sequence[Chip]) -> Update:
        made = sorted(now.channels.items(), key=lambda pair: -abs(pair[1].contribution))
        head = self._draw(
            "why_head.html", full=full, now=now, who=who, chips=chips, subtitle_text=subtitle(full.item), made=made
        )
        liked = liked_by(self._service.store, full.user_id)
        words, account = tell(now, liked=liked).text, tell(now, style="full", liked=liked).passages
        summary = self._draw("why_summary.html", text=words, account=account, snapshot=now.snapshot_id)
        return {self.head: head, self.summary: summary}

    def _drawn(self, full: Explanation, now: Explanation, without: Sequence[str], noted: str) -> Update:
        strongest = sorted(full.contributions, key=lambda part: -abs(part.counterfactual))[:BARS]
        after = {part.item.item_id: part for part in now.contributions}
        longest = max((abs(part.counterfactual) for part in (*strongest, *after.values())), default=0.0)
        line = charts.timeline(full.contributions)
        return {
            self.channels: gr.Plot(
                charts.score_by_channel(now.channels, full.channels if without else None), visible=True
            ),
            self.history: self._draw(
                "why_history.html",
                parts=strongest,
                after=after,
                without=set(without),
                noted=noted,
                aside=self._aside(full.user_id),
                by_user=full.user_id is not None,
                total=len(full.contributions),
                reach=longest or 1.0,
                graph_reach=max((abs(part.exact) for part in strongest), default=0.0) or 1.0,
            ),
            self.moved: self._draw("why_rerank.html", moved=now.rerank),
            self.timeline_head: self._draw("why_timeline.html", span=_span(full)) if line else "",
            self.timeline: gr.Plot(line, visible=line is not None),
            self.paths: self._paths(now),
            self.content: self._draw("why_content.html", matches=full.content[:MATCHES]),
            self.match: "",
        }

    def _aside(self, user_id: str | None) -> tuple[Item, ...]:
        """What the reader set aside, newest first."""
        ids = reversed(self._service.verdicts.aside(user_id)) if user_id else ()
        return self._service.recommender.items([*ids][:BARS])

    def _paths(self, now: Explanation) -> str:
        ids = {step.item_id for path in now.paths for step in path.steps if step.item_id}
        items = {item.item_id: item for item in self._service.recommender.items(sorted(ids))}
        depths = depth_rows(now.graph)
        return self._draw(
            "why_paths.html",
            drawing=path_picture(now.paths, items, now.item),
            coverage=coverage(now.graph, now.paths),
            depths=depths,
            reach=max((abs(value) for _, value in depths), default=1.0),
            is_new=now.is_new,
        )

    def _nothing(self, head: str) -> Update:
        empty = (
            self.moved,
            self.history,
            self.timeline_head,
            self.paths,
            self.content,
            self.match,
            self.summary,
            self.known.part,
        )
        hidden = {self.channels: gr.Plot(visible=False), self.timeline: gr.Plot(visible=False)}
        return {self.head: head, **dict.fromkeys(empty, ""), **hidden}

    def _picker_user(self, value: str) -> str:
        return picker(self._draw, name="why-user-field", label="Who", placeholder="Choose a user", value=value)

    def _picker_item(self, value: str) -> str:
        return picker(self._draw, name="why-item-field", label="What", placeholder="Search an item", value=value)


def _span(explanation: Explanation) -> str:
    """First and last month of the dated history."""
    times = sorted(part.time for part in explanation.contributions if part.time is not None)
    first, last = f"{times[0]:%b %Y}", f"{times[-1]:%b %Y}"
    return first if first == last else f"{first} to {last}"
