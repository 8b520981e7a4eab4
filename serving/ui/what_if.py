"""The What if view of the Why tab: another history, another request, and what the list would be then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.chips import without_chip
from agent.request import Request
from pipeline.query import Query, Recommendation
from serving.ui.api import UiService
from serving.ui.asked import query_of, still_there
from serving.ui.conversation import stated
from serving.ui.parts import drawn, item_finder, picker, sent, user_finder
from serving.ui.render import Renderer, person
from store.errors import TastemakerError
from store.records import EventKind, Item

Output = dict[Any, Any]

SHOWN = 10
"""Items of the list."""
LOOKED_AT = 100
"""Places in which an item that comes in or goes out is looked for."""
BOXES = 40
"""Newest history items that can be left out."""
ADDED = 20
UNDO = 20
MAX_STATE = 200_000
"""Characters of the state in the browser."""


class Changes(BaseModel):
    """What is different from how things are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    without: tuple[str, ...] = Field(default=(), max_length=BOXES)
    also: tuple[str, ...] = Field(default=(), max_length=ADDED)
    wish: Request = Request()


class Board(BaseModel):
    """One reader's what-if with what undo brings back, oldest first. The browser holds it as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: str = ""
    now: Changes = Changes()
    undo: tuple[Changes, ...] = Field(default=(), max_length=UNDO)

    def changed(self, **update: object) -> Board:
        """After one more change."""
        now = self.now.model_copy(update=update)
        if now == self.now:
            return self
        return self.model_copy(update={"now": now, "undo": (*self.undo, self.now)[-UNDO:]})

    def undone(self) -> Board:
        """As before the last change; the same where there is none."""
        return self.model_copy(update={"now": self.undo[-1], "undo": self.undo[:-1]}) if self.undo else self


@dataclass(frozen=True)
class Place:
    """An item of the list with where it stands as things are and after the changes; None beyond ``LOOKED_AT``."""

    item: Item
    now: int | None
    before: int | None
    score: float | None
    was: float | None

    @property
    def up(self) -> int:
        """Places won; lost ones are negative. 0 where one of the two is unknown."""
        return self.before - self.now if self.before is not None and self.now is not None else 0


class WhatIfView:
    """Builds the view's components and answers their events."""

    def __init__(self, service: UiService, renderer: Renderer) -> None:
        self._service = service
        self._draw = renderer

    def build(self) -> None:
        """Inside ``gr.Tab``."""
        people, items = user_finder(self._service, create=False), item_finder(self._service)
        self.board = gr.Textbox(visible="hidden")
        with gr.Row(elem_classes="pickers"):
            self.pick_user = drawn(self._field("user"), name="whatif-user", events=("pick",), finder=people)
            self.pick_item = drawn(self._field("item"), name="whatif-item", events=("pick",), finder=items)
        with gr.Row(elem_classes="why-layout"):
            with gr.Column(elem_classes="why-main"):
                self.list = drawn(self._draw("what_if_empty.html"), name="whatif-list")
            with gr.Column(elem_classes="why-side"):
                self.wishes = drawn(name="whatif-wishes", events=("drop", "narrow", "undo", "reset"))
                self.history = drawn(name="whatif-history", events=("whatif", "drop"))

    @property
    def outputs(self) -> list[Any]:
        """All components of the view that an answer may change."""
        return [self.board, self.pick_user, self.pick_item, self.list, self.wishes, self.history]

    def connect(self, tab: gr.Tab, user: gr.Textbox) -> None:
        """Wire the events; inside ``gr.Blocks``.

        Args:
            tab: the view's own.
            user: hidden field of the Why tab; whoever is in view there is who the view begins with.
        """
        settings: dict[str, Any] = {
            "inputs": self.board, "outputs": self.outputs, "show_progress": "hidden", "concurrency_limit": 4,
            "concurrency_id": "why", "api_visibility": "private",
        }  # fmt: skip
        opening: dict[str, Any] = settings | {"inputs": [self.board, user]}
        tab.select(self.open, **opening)
        self.pick_user.pick(self.choose_user, **settings)
        self.pick_item.pick(self.add_item, **settings)
        self.wishes.drop(self.drop_wish, **settings)
        self.wishes.narrow(self.add_wish, **settings)
        self.wishes.undo(self.undo, **settings)
        self.wishes.reset(self.reset, **settings)
        self.history.whatif(self.leave_out, trigger_mode="always_last", **settings)
        self.history.drop(self.drop_item, **settings)

    # ------------------------------------------------------------------ events

    def open(self, board: str, user_id: str) -> Output:
        """The view came to the front: with nobody chosen, begin with whom the Item view shows."""
        if user_id and not read_board(board).user:
            return self._show(Board(user=user_id))
        return {self.board: board}

    def choose_user(self, board: str, event: gr.EventData) -> Output:
        """A user was picked: begin with how things are for them."""
        return self._show(Board(user=sent(event, "key")))

    def add_item(self, board: str, event: gr.EventData) -> Output:
        """An item is to be read as if it had just been met."""
        item_id = sent(event, "key")

        def added(board: Board) -> Board:
            if item_id in board.now.without:
                return board.changed(without=tuple(one for one in board.now.without if one != item_id))
            also = (*(one for one in board.now.also if one != item_id), item_id)
            return board.changed(also=also[-ADDED:])

        return self._after(board, added)

    def drop_item(self, board: str, event: gr.EventData) -> Output:
        """An added item is taken away again."""
        item_id = sent(event, "key")
        return self._after(
            board, lambda board: board.changed(also=tuple(one for one in board.now.also if one != item_id))
        )

    def leave_out(self, board: str, event: gr.EventData) -> Output:
        """Boxes of the history were ticked or unticked."""
        boxes = event._data.get("without") if isinstance(event._data, dict) else None
        ids = tuple(one for one in boxes if isinstance(one, str))[:BOXES] if isinstance(boxes, list) else ()
        return self._after(board, lambda board: board.changed(without=ids))

    def add_wish(self, board: str, event: gr.EventData) -> Output:
        """A wish was typed."""
        text = sent(event, "text")
        return self._after(
            board, lambda board: board.changed(wish=self._service.dialogues.refined(board.now.wish, text))
        )

    def drop_wish(self, board: str, event: gr.EventData) -> Output:
        """A wish is taken back."""
        key = sent(event, "key")
        return self._after(board, lambda board: board.changed(wish=without_chip(board.now.wish, key)))

    def undo(self, board: str) -> Output:
        """Take the last change back."""
        return self._after(board, Board.undone)

    def reset(self, board: str) -> Output:
        """Take all changes back; undo brings them again."""
        return self._after(board, lambda board: board.changed(**dict(Changes())))

    # ------------------------------------------------------------------ drawing

    def _after(self, board: str, change: Callable[[Board], Board]) -> Output:
        """The view after a change; where it cannot be made, all stays as it is under a word on why."""
        before = read_board(board)
        if not before.user:
            return {self.list: self._draw("what_if_empty.html")}
        try:
            return self._show(change(before))
        except TastemakerError as error:
            return self._show(before) | {self.wishes: self._wishes(before, problem=stated(error))}

    def _show(self, board: Board) -> Output:
        try:
            who = person(self._service.store.user(board.user))
            places, fitting = self._places(board)
        except TastemakerError as error:
            return {self.board: board.model_dump_json(), self.list: self._draw("problem.html", problem=stated(error))}
        head = [place for place in places if place.now is not None and place.now <= SHOWN]
        gone = [place for place in places if place not in head and place.before is not None and place.before <= SHOWN]
        return {
            self.board: board.model_dump_json(),
            self.pick_user: self._field("user", who),
            self.pick_item: self._field("item"),
            self.list: self._draw(
                "what_if_list.html", places=head, gone=gone, fitting=fitting, who=who, changed=board.now != Changes(),
                looked_at=LOOKED_AT,
            ),
            self.wishes: self._wishes(board),
            self.history: self._history(board),
        }  # fmt: skip

    def _places(self, board: Board) -> tuple[list[Place], int]:
        """Everything in either list, by its new place, and how many items fit the request."""
        recommend = self._service.recommender.recommend
        before = recommend(Query(user_id=board.user, k=LOOKED_AT))
        # What is left out was met all the same: it does not come back as a recommendation.
        aside = frozenset(board.now.without)
        query = query_of(self._service, board.now.wish, user_id=board.user, aside=aside)
        after = before
        if board.now != Changes():
            after = recommend(replace(query, without=aside, also=board.now.also, k=LOOKED_AT))
        old, new = _by_id(before.items), _by_id(after.items)
        either = new | old  # the new order, then what is gone
        places = [_place(one.item, old.get(item_id), new.get(item_id)) for item_id, one in either.items()]
        return places, after.matching

    def _wishes(self, board: Board, *, problem: dict[str, str] | None = None) -> str:
        return self._draw(
            "what_if_wishes.html",
            chips=self._service.dialogues.chips(board.now.wish),
            problem=problem,
            can_undo=bool(board.undo),
            changed=board.now != Changes(),
        )

    def _history(self, board: Board) -> str:
        met = self._service.store.history(board.user)
        newest = dict.fromkeys(event.item_id for event in reversed(met) if event.kind is not EventKind.SKIP)
        shown = still_there(self._service, list(newest)[:BOXES])
        added = still_there(self._service, board.now.also)
        return self._draw(
            "what_if_history.html", items=shown, added=added, without=set(board.now.without), total=len(newest)
        )

    def _field(self, which: str, value: str = "") -> str:
        label, placeholder = {
            "user": ("Who", "Choose a user"),
            "item": ("As if they had met", "Search an item"),
        }[which]
        return picker(self._draw, name=f"whatif-{which}-field", label=label, placeholder=placeholder, value=value)


def read_board(text: str) -> Board:
    """The state that the browser sends; anything odd counts as a first visit."""
    try:
        return Board.model_validate_json(text[:MAX_STATE] if text else "{}")
    except ValidationError:
        return Board()


def _by_id(items: tuple[Recommendation, ...]) -> dict[str, Recommendation]:
    return {shown.item.item_id: shown for shown in items}


def _place(item: Item, before: Recommendation | None, now: Recommendation | None) -> Place:
    return Place(
        item,
        now=now.rank if now else None,
        before=before.rank if before else None,
        score=now.score if now else None,
        was=before.score if before else None,
    )
