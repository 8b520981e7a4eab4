"""What a person asked for, typed. Understanding fills it, the dialogue merges it, chips show it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, Field

Manner = Literal["refine", "ask", "instead", "also", "more"]


class Intent(StrEnum):
    """What kind of answer an utterance wants."""

    RECOMMEND = "recommend"
    SIMILAR = "similar"
    EXPLAIN = "explain"
    COMPARE = "compare"
    DETAILS = "details"
    FEEDBACK = "feedback"
    UNDO = "undo"
    SMALL_TALK = "small_talk"
    OUT_OF_SCOPE = "out_of_scope"

    @property
    def wishes(self) -> bool:
        """Whether it wants items."""
        return self in (Intent.RECOMMEND, Intent.SIMILAR)

    @property
    def asks(self) -> bool:
        """Whether it is about items and wishes for nothing."""
        return self in (Intent.EXPLAIN, Intent.COMPARE, Intent.DETAILS)


class _Strict(BaseModel, frozen=True, extra="forbid"):
    """Immutable, and nothing unknown in it."""


class FacetRef(_Strict, frozen=True):
    """One value of one attribute of the catalogue, in the catalogue's own spelling."""

    attribute: str
    value: str


class RangeRef(_Strict, frozen=True):
    """Closed range of a numeric attribute; None is open."""

    attribute: str
    low: float | None = None
    high: float | None = None


class Critique(_Strict, frozen=True):
    """Relative wish: "newer", "shorter", "less violent".

    ``attribute`` is numeric for a comparison with the reference items, or a facet or a word of content to move towards
    (``more``) or away from (``less``).
    """

    attribute: str
    direction: Annotated[str, Field(pattern="^(more|less)$")]
    value: str | None = None


class Doubt(_Strict, frozen=True):
    """A name that may mean something else than what it was taken for.

    Attributes:
        said: the name as it was said.
        taken: the item, or the last name, that it was taken for; "" where it is none of this catalogue's.
        items: external ids of the items that it may mean instead, the likeliest first.
        people: the people that it may mean.
    """

    said: str
    taken: str = ""
    items: tuple[str, ...] = ()
    people: tuple[str, ...] = ()


class Request(_Strict, frozen=True):
    """One understood request. Ids are external and exist in the catalogue; values are the catalogue's own.

    Attributes:
        facets_in: groups of alternatives: each group must be met by at least one of its values.
        people_either: any of them is wanted; they stand in ``mood`` too, for constraints on people are a conjunction.
        picture: name of a picture of the chat that items should look like.
        refers_to: items meant by "the second one", "that": resolved against what was shown.
        unresolved: phrases that look like a title or a value but link to nothing, to be said to the reader.
        seen: items that the reader knows already: not shown again, neither liked nor disliked by that.
        judged: items of ``items_like`` and ``items_unlike`` of which a liking or disliking was said: more than a
            direction to look in.
        manner: how this joins the request in force: "refine" narrows it, "ask" names what is wanted anew (values of the
            same attribute are replaced, everything else stays), "instead" replaces what it contradicts, "also" adds
            alternatives, "more" wants other items for the same request.
        reset: what to forget: "*" for everything, an attribute's name, "people", "mood", "count", "titles", "picture",
            or "attribute=value".
        references: the words behind ``refers_to``, as said ("the second one").
        notes: what was asked beyond what can be done, to be said ("at most 50 at once").
        doubts: names in it that may mean something else.
    """

    intent: Intent = Intent.RECOMMEND
    facets_in: tuple[tuple[FacetRef, ...], ...] = ()
    facets_out: tuple[FacetRef, ...] = ()
    ranges: tuple[RangeRef, ...] = ()
    people_in: tuple[str, ...] = ()
    people_out: tuple[str, ...] = ()
    people_either: tuple[str, ...] = ()
    items_like: tuple[str, ...] = ()
    items_unlike: tuple[str, ...] = ()
    critiques: tuple[Critique, ...] = ()
    mood: str = ""
    picture: str = ""
    count: Annotated[int, Field(ge=1, le=50)] | None = None
    refers_to: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    judged: tuple[str, ...] = ()
    manner: Manner = "refine"
    reset: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
