"""What a person asked for, typed. Understanding fills it, the dialogue merges it, chips show it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


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


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FacetRef(_Strict):
    """One value of one attribute of the catalogue, in the catalogue's own spelling."""

    attribute: str
    value: str


class RangeRef(_Strict):
    """Closed range of a numeric attribute; None is open."""

    attribute: str
    low: float | None = None
    high: float | None = None


class Critique(_Strict):
    """Relative wish: "newer", "shorter", "less violent".

    ``attribute`` is numeric for a comparison with the reference items, or a facet or a word of content to move towards
    (``more``) or away from (``less``).
    """

    attribute: str
    direction: Annotated[str, Field(pattern="^(more|less)$")]
    value: str | None = None


class Request(_Strict):
    """One understood request. Ids are external and exist in the catalogue; values are the catalogue's own.

    Attributes:
        facets_in: groups of alternatives: each group must be met by at least one of its values.
        refers_to: items meant by "the second one", "that": resolved against what was shown.
        unresolved: phrases that look like a title or a value but link to nothing, to be said to the reader.
    """

    intent: Intent = Intent.RECOMMEND
    facets_in: tuple[tuple[FacetRef, ...], ...] = ()
    facets_out: tuple[FacetRef, ...] = ()
    ranges: tuple[RangeRef, ...] = ()
    people_in: tuple[str, ...] = ()
    people_out: tuple[str, ...] = ()
    items_like: tuple[str, ...] = ()
    items_unlike: tuple[str, ...] = ()
    critiques: tuple[Critique, ...] = ()
    mood: str = ""
    count: Annotated[int, Field(ge=1, le=50)] | None = None
    refers_to: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()
