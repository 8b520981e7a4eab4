"""What the API accepts: strict models that become the pipeline's own queries and records."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    StrictBool,
    StrictInt,
    StringConstraints,
    model_validator,
)

from agent.turns import Verdict
from evaluation.audit import Group
from pipeline.query import MAX_K, Constraints, Facet, Query, Range
from store.records import Event, EventKind, Item

MAX_HISTORY = 10_000
MAX_EVENTS = 10_000
MAX_MESSAGE = 4_000


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("text with a NUL character cannot be stored; remove it")
    return text


ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=512), AfterValidator(_storable)]
ShortText = Annotated[str, StringConstraints(max_length=1_000), AfterValidator(_storable)]
LongText = Annotated[str, StringConstraints(max_length=50_000), AfterValidator(_storable)]
Count = Annotated[StrictInt, Field(ge=1, le=MAX_K, description="How many at most.")]
Ids = Annotated[tuple[ExternalId, ...], Field(max_length=MAX_HISTORY)]
Attribute = StrictBool | StrictInt | FiniteFloat | ShortText | list[ShortText] | None


class Strict(BaseModel):
    """Unknown fields are refused: a misspelt one must not be silently without effect."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FacetIn(Strict):
    """One value of one attribute, in the catalogue's spelling; the attribute of a category is ``category``."""

    attribute: ShortText
    value: ShortText


class RangeIn(Strict):
    """Closed range; an open end is null."""

    low: FiniteFloat | None = None
    high: FiniteFloat | None = None


class ConstraintsIn(Strict):
    """Hard constraints: nothing that breaks one comes back."""

    include: Annotated[
        tuple[tuple[FacetIn, ...], ...], Field(description="At least one facet of every group.", max_length=100)
    ] = ()
    exclude: Annotated[tuple[FacetIn, ...], Field(description="None of these.", max_length=1_000)] = ()
    ranges: Annotated[dict[ShortText, RangeIn], Field(description="By numeric attribute.", max_length=100)] = {}
    phrases_in: Annotated[tuple[ShortText, ...], Field(description="Each occurs in title or text.")] = ()
    phrases_out: Annotated[tuple[ShortText, ...], Field(description="None occurs.")] = ()
    exclude_items: Ids = ()

    def constraints(self) -> Constraints:
        return Constraints(
            include=tuple(frozenset(Facet(f.attribute, f.value) for f in group) for group in self.include),
            exclude=frozenset(Facet(f.attribute, f.value) for f in self.exclude),
            ranges={name: Range(range_.low, range_.high) for name, range_ in self.ranges.items()},
            phrases_in=frozenset(self.phrases_in),
            phrases_out=frozenset(self.phrases_out),
            exclude_items=frozenset(self.exclude_items),
        )


class QueryIn(Strict):
    """Who, and what. Without ``user_id`` and ``history`` the reader is unknown."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"user_id": "42", "k": 5},
                {
                    "history": ["50", "172"],
                    "k": 5,
                    "constraints": {
                        "exclude": [{"attribute": "category", "value": "Horror"}],
                        "ranges": {"year": {"low": 1990}},
                    },
                },
            ]
        }
    )

    user_id: ExternalId | None = None
    history: Annotated[Ids | None, Field(description="Instead of the stored history, oldest first.")] = None
    seeds: Annotated[Ids, Field(description="Something like these.")] = ()
    disliked: Ids = ()
    tastes: Annotated[
        tuple[FacetIn, ...],
        Field(description="What someone without a history likes; wishes, not constraints.", max_length=100),
    ] = ()
    text: Annotated[ShortText, Field(description="Mood or topic in words.")] = ""
    constraints: ConstraintsIn = ConstraintsIn()
    k: Count = 10
    include_seen: StrictBool = False
    without: Annotated[Ids, Field(description="History items to leave out.")] = ()
    also: Annotated[Ids, Field(description="Items to read as if they had just been met.")] = ()
    until: Annotated[AwareDatetime | None, Field(description="Read the stored history as it was at that time.")] = None

    def query(self) -> Query:
        return Query(
            user_id=self.user_id,
            history=self.history,
            seeds=self.seeds,
            disliked=self.disliked,
            tastes=frozenset(Facet(f.attribute, f.value) for f in self.tastes),
            text=self.text,
            constraints=self.constraints.constraints(),
            k=self.k,
            include_seen=self.include_seen,
            without=frozenset(self.without),
            also=tuple(self.also),
            until=self.until,
        )


class ExplainIn(Strict):
    """Which item, for whom."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"item_id": "50", "query": {"user_id": "42"}}]})

    item_id: ExternalId
    query: QueryIn = QueryIn()
    snapshot_id: Annotated[
        ExternalId | None,
        Field(description="Models to answer by, of those that are kept; else those in service."),
    ] = None


class VerdictIn(Strict):
    """What a reader says of an explanation."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"user_id": "42", "item_id": "50", "because": "98", "agrees": False}]}
    )

    user_id: ExternalId
    item_id: Annotated[ExternalId, Field(description="What was explained.")]
    because: Annotated[ExternalId | None, Field(description="The history item that was given as a reason.")] = None
    agrees: Annotated[StrictBool, Field(description="Whether that is why they would like it.")]
    set_aside: Annotated[StrictBool, Field(description="Also take the reason out of their profile.")] = False


class ContrastIn(Strict):
    """Two items, for whom."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"item_id": "50", "other_id": "181", "query": {"user_id": "42"}}]}
    )

    item_id: ExternalId
    other_id: ExternalId
    query: QueryIn = QueryIn()


class SnapshotComparisonIn(Strict):
    """Two snapshots, for whom."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"query": {"user_id": "42", "k": 10}, "item_id": "50"}]})

    query: QueryIn = QueryIn()
    first: Annotated[
        ExternalId | None, Field(description="Id of a snapshot; null for the newest one that is not in service.")
    ] = None
    second: Annotated[ExternalId | None, Field(description="Id of a snapshot; null for the one in service.")] = None
    item_id: Annotated[ExternalId | None, Field(description="An item to follow.")] = None


class AuditIn(Strict):
    """Whose lists; everyone's without anything else."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"category": "Crime", "k": 10}, {"sample": 500}]})

    user_ids: Annotated[Ids | None, Field(description="These users only.")] = None
    category: Annotated[
        ShortText | None, Field(description="Only readers whose favourite it is, by what training knew of them.")
    ] = None
    sample: Annotated[StrictInt, Field(ge=1)] | None = None
    seed: StrictInt = 0
    k: Count = 10
    again: Annotated[StrictBool, Field(description="Make it anew, where it was made already.")] = False

    def group(self) -> Group:
        return Group(user_ids=self.user_ids, category=self.category, sample=self.sample, seed=self.seed)


class SimilarIn(Strict):
    """Items close to one item."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"item_id": "50", "k": 5}]})

    item_id: ExternalId
    k: Count = 10
    constraints: ConstraintsIn = ConstraintsIn()


class SearchIn(Strict):
    """Items by words."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "star wars", "k": 5}]})

    text: Annotated[ShortText, Field(min_length=1)]
    k: Count = 10
    constraints: ConstraintsIn = ConstraintsIn()


class ItemIn(Strict):
    """An item of the catalogue. Its picture is uploaded on its own."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "item_id": "new-1",
                    "title": "The Quiet Harbour",
                    "description": "A detective returns to the fishing village of her childhood.",
                    "categories": ["Crime", "Drama"],
                    "attributes": {"year": 2026},
                }
            ]
        }
    )

    item_id: ExternalId
    title: Annotated[ShortText, Field(min_length=1)]
    description: LongText = ""
    categories: Annotated[tuple[ShortText, ...], Field(max_length=100)] = ()
    attributes: Annotated[dict[ShortText, Attribute], Field(max_length=200)] = {}

    def item(self) -> Item:
        return Item(
            item_id=self.item_id,
            title=self.title,
            description=self.description,
            categories=self.categories,
            attributes=self.attributes,
        )


class ItemPatch(Strict):
    """Fields to change; those that are left out stay as they are."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"description": "Now with a longer text."}]})

    title: Annotated[ShortText, Field(min_length=1)] | None = None
    description: LongText | None = None
    categories: Annotated[tuple[ShortText, ...], Field(max_length=100)] | None = None
    attributes: Annotated[dict[ShortText, Attribute], Field(max_length=200)] | None = None
    active: StrictBool | None = None


class ColumnsIn(Strict):
    """Which columns of a table hold what; fields that are left out stay as they are."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"columns": {"item_id": "article", "image": None}}]})

    columns: Annotated[
        dict[ShortText, ShortText | None],
        Field(description="Field of an item -> column; null where none holds it.", min_length=1, max_length=20),
    ]


class UserIn(Strict):
    """A person."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"user_id": "ada", "name": "Ada"}]})

    user_id: ExternalId
    name: ShortText = ""


class EventIn(Strict):
    """One thing a user did with an item; ``time`` defaults to now."""

    user_id: ExternalId
    item_id: ExternalId
    kind: EventKind
    time: datetime | None = None
    value: FiniteFloat | None = None
    key: Annotated[ExternalId | None, Field(description="Idempotency key; stored once however often it is sent.")] = (
        None
    )

    def event(self, *, key: str | None) -> Event:
        time = self.time or datetime.now(UTC)
        return Event(
            user_id=self.user_id,
            item_id=self.item_id,
            kind=self.kind,
            time=time if time.tzinfo else time.replace(tzinfo=UTC),
            value=self.value,
            key=self.key or key,
        )


class EventsIn(Strict):
    """A batch of events."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"events": [{"user_id": "42", "item_id": "50", "kind": "like", "key": "web-7f3a"}]}]
        }
    )

    events: Annotated[tuple[EventIn, ...], Field(min_length=1, max_length=MAX_EVENTS)]


class ChatIn(Strict):
    """Open a new chat, or an old one of this user."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"user_id": "ada"}]})

    user_id: ExternalId
    chat_id: ExternalId | None = None


class WishIn(Strict):
    """A wish in words."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "no horror"}]})

    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_MESSAGE), AfterValidator(_storable)]


class MessageIn(Strict):
    """What a person says, shows, or both."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"text": "something like Fargo but newer, no horror"},
                {"text": "like this but a comedy", "picture": "0f3a5c7e9b1d2f4a6c8e0b2d4f6a8c0e"},
            ]
        }
    )

    text: Annotated[str, StringConstraints(max_length=MAX_MESSAGE), AfterValidator(_storable)] = ""
    picture: Annotated[
        str,
        StringConstraints(max_length=200),
        Field(description="Name of a picture that was sent to this chat: items should look like it."),
    ] = ""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.text and not self.picture:
            raise ValueError("the message is empty; give it a text, a picture, or both")
        return self


class TitleIn(Strict):
    """What a chat is called from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "Sunday evening"}]})

    title: Annotated[ShortText, Field(min_length=1)]


class BranchIn(Strict):
    """The message that is to be said differently, by its ``place`` in the chat."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"place": 2}]})

    place: Annotated[StrictInt, Field(ge=0, le=1_000_000)]


class FeedbackIn(Strict):
    """A button of a card or of the profile.

    ``none`` takes back what the chat holds of the item; with ``forget`` it no longer speaks for the reader, whatever
    they did with it elsewhere.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"item_id": "50", "kind": "like"}]})

    item_id: ExternalId
    kind: Verdict
