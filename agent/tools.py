"""What the agent can do: typed functions, each a thin call on the pipeline or the store, each in the trace.

A language model may call those that read; one that writes is refused to it, whatever it was told in an item's text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import perf_counter
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.comparison import Comparison, compared
from agent.request import FacetRef, RangeRef
from pipeline.api import RecommenderApi
from pipeline.explanation import Explanation
from pipeline.query import Constraints, Facet, Neighbour, Query, Range, Recommendations
from store.database import Store
from store.errors import InputError
from store.records import Event, EventKind, Item

_Result = TypeVar("_Result")
_CONTENDERS = 200
"""Candidates that a question may be about."""
ItemId = Annotated[str, Field(min_length=1, max_length=200)]
Count = Annotated[int, Field(ge=1, le=50)]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Filter(_Arguments):
    """Hard constraints (see ``pipeline.query.Constraints``)."""

    facets_in: tuple[tuple[FacetRef, ...], ...] = ()
    facets_out: tuple[FacetRef, ...] = ()
    ranges: tuple[RangeRef, ...] = ()
    people_in: tuple[str, ...] = ()
    people_out: tuple[str, ...] = ()
    exclude_items: frozenset[str] = frozenset()

    def constraints(self) -> Constraints:
        """As the pipeline takes them. Raises ``InputError`` where a range is empty."""
        return Constraints(
            include=tuple(frozenset(_facet(ref) for ref in group) for group in self.facets_in),
            exclude=frozenset(_facet(ref) for ref in self.facets_out),
            ranges={bounds.attribute: Range(bounds.low, bounds.high) for bounds in self.ranges},
            phrases_in=frozenset(self.people_in),
            phrases_out=frozenset(self.people_out),
            exclude_items=self.exclude_items,
        )


class RecommendArguments(_Arguments):
    """Items for the reader, best first."""

    seeds: tuple[ItemId, ...] = ()
    disliked: tuple[ItemId, ...] = ()
    text: str = ""
    picture: str = ""
    filter: Filter = Filter()
    k: Count = 5


class SearchArguments(_Arguments):
    """Items by words."""

    text: Annotated[str, Field(min_length=1, max_length=300)]
    filter: Filter = Filter()
    k: Count = 5


class SimilarArguments(_Arguments):
    """Items close to one item."""

    item_id: ItemId
    filter: Filter = Filter()
    k: Count = 5


class ExplainArguments(_Arguments):
    """The evidence for one item."""

    item_id: ItemId
    seeds: tuple[ItemId, ...] = ()
    disliked: tuple[ItemId, ...] = ()
    text: str = ""
    picture: str = ""
    filter: Filter = Filter()


class CompareArguments(_Arguments):
    """What two items share and how they differ."""

    first: ItemId
    second: ItemId


class DetailsArguments(_Arguments):
    """All that the catalogue says of items."""

    item_ids: Annotated[tuple[ItemId, ...], Field(min_length=1, max_length=50)]


class FeedbackArguments(_Arguments):
    """A like or dislike, or that neither holds any more; ``key`` makes a repeated call harmless."""

    item_id: ItemId
    kind: Literal["like", "dislike", "set_aside"]
    key: Annotated[str, Field(min_length=1, max_length=300)]


@dataclass(frozen=True)
class ToolSpec:
    """How a tool is offered to a language model. ``writes``: it changes something, so it is not."""

    arguments: type[BaseModel]
    writes: bool = False


TOOLS: Mapping[str, ToolSpec] = {
    "recommend": ToolSpec(RecommendArguments),
    "search": ToolSpec(SearchArguments),
    "similar": ToolSpec(SimilarArguments),
    "explain": ToolSpec(ExplainArguments),
    "compare": ToolSpec(CompareArguments),
    "details": ToolSpec(DetailsArguments),
    "record_feedback": ToolSpec(FeedbackArguments, writes=True),
}


class Tools:
    """The tools of one turn of one reader, with the pictures of one chat.

    Attributes:
        trace: one line per call: name, arguments, what came back, milliseconds.
        milliseconds: time per tool.
        degraded: what could not run in the pipeline.
        leaning: what the chat leans to (``Query.leaning``); a model that calls tools does not see it.
    """

    def __init__(self, recommender: RecommenderApi, store: Store, user_id: str, chat_id: str) -> None:
        self._recommender = recommender
        self._store = store
        self._user_id = user_id
        self._chat_id = chat_id
        self.trace: list[str] = []
        self.milliseconds: dict[str, float] = {}
        self.degraded: tuple[str, ...] = ()
        self.leaning: Mapping[str, float] = {}

    def recommend(self, arguments: RecommendArguments) -> Recommendations:
        query = replace(self.query(arguments), contenders=_CONTENDERS)
        found = self._timed("recommend", arguments, lambda: self._recommender.recommend(query))
        self.degraded = tuple(dict.fromkeys((*self.degraded, *found.degraded)))
        return found

    def lean(self, leaning: Callable[[], Mapping[str, float]]) -> None:
        """Have what follows lean to what was said."""
        started = perf_counter()
        self.leaning = leaning()
        milliseconds = self.milliseconds["leaning"] = 1e3 * (perf_counter() - started)
        if self.leaning:
            self.trace.append(f"leaning to {len(self.leaning)} items by what was said in {milliseconds:.0f} ms")

    def matching(self, arguments: RecommendArguments) -> int:
        """How many items ``recommend`` could choose from."""
        return self._recommender.matching(self.query(arguments))

    def query(self, arguments: RecommendArguments | ExplainArguments) -> Query:
        """The pipeline's query behind a call."""
        return Query(
            user_id=self._user_id,
            seeds=arguments.seeds,
            disliked=arguments.disliked,
            text=arguments.text,
            leaning=self.leaning,
            picture=self._picture(arguments.picture),
            constraints=arguments.filter.constraints(),
            k=arguments.k if isinstance(arguments, RecommendArguments) else 10,
        )

    def _picture(self, name: str) -> bytes:
        return (self._store.chat_picture(self._chat_id, name) or b"") if name else b""

    def search(self, arguments: SearchArguments) -> tuple[Item, ...]:
        constraints = arguments.filter.constraints()
        return self._timed(
            "search",
            arguments,
            lambda: self._recommender.search(arguments.text, k=arguments.k, constraints=constraints),
        )

    def similar(self, arguments: SimilarArguments) -> tuple[Neighbour, ...]:
        constraints = arguments.filter.constraints()
        return self._timed(
            "similar",
            arguments,
            lambda: self._recommender.similar(arguments.item_id, k=arguments.k, constraints=constraints),
        )

    def explain(self, arguments: ExplainArguments) -> Explanation:
        query = self.query(arguments)
        return self._timed("explain", arguments, lambda: self._recommender.explain(query, arguments.item_id))

    def compare(self, arguments: CompareArguments) -> Comparison:
        pair = (arguments.first, arguments.second)
        return self._timed("compare", arguments, lambda: compared(*self._recommender.items(pair)))

    def details(self, arguments: DetailsArguments) -> tuple[Item, ...]:
        return self._timed("details", arguments, lambda: self._recommender.items(arguments.item_ids))

    def record_feedback(self, arguments: FeedbackArguments) -> datetime:
        """Write the event; returns its time."""
        now = datetime.now(UTC)
        event = Event(self._user_id, arguments.item_id, EventKind(arguments.kind), now, key=arguments.key)
        self._timed("record_feedback", arguments, lambda: self._store.add_events([event]))
        return now

    def call(self, name: str, arguments: Mapping[str, Any]) -> object:
        """A call that a language model asks for.

        Raises:
            InputError: there is no such tool, it writes, or the arguments break its schema.
        """
        spec = TOOLS.get(name)
        if spec is None or spec.writes:
            rule = "is not a tool" if spec is None else "writes, which a model may not"
            readable = ", ".join(tool for tool, found in TOOLS.items() if not found.writes)
            raise InputError(f"tool {name!r} {rule}", fix=f"Call one of {readable}.")
        try:
            checked = spec.arguments.model_validate(arguments)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise InputError(
                f"argument {where!r} of {name}: {first['msg']}", fix="Follow the tool's schema."
            ) from error
        run: Callable[[BaseModel], object] = getattr(self, name)
        return run(checked)

    def _timed(self, name: str, arguments: BaseModel, run: Callable[[], _Result]) -> _Result:
        started = perf_counter()
        result = run()
        milliseconds = 1e3 * (perf_counter() - started)
        self.milliseconds[name] = self.milliseconds.get(name, 0.0) + milliseconds
        self.trace.append(f"{name}({_shown(arguments)}){_size(result)} in {milliseconds:.0f} ms")
        return result


def _facet(ref: FacetRef) -> Facet:
    return Facet(ref.attribute, ref.value)


def _shown(arguments: BaseModel) -> str:
    data = json.loads(arguments.model_dump_json(exclude_defaults=True))
    excluded = data.get("filter", {}).pop("exclude_items", None) if isinstance(data.get("filter"), dict) else None
    parts = [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in data.items() if value != {}]
    if excluded:
        parts.append(f"without {len(excluded)} items")
    return ", ".join(parts)[:400]


def _size(result: object) -> str:
    if isinstance(result, Recommendations):
        return f": {len(result.items)} of {result.matching} that fit"
    return f": {len(result)}" if isinstance(result, Sequence) else ""
