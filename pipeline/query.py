"""What is asked of the pipeline and what it answers: plain records in external ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from store.errors import InputError
from store.records import Item

MAX_K = 1_000


@dataclass(frozen=True, order=True)
class Facet:
    """One value of one attribute: ``Facet("category", "Horror")``.

    ``Item.categories`` are the values of the attribute ``category``; every key of ``Item.attributes`` that holds text
    or a list of texts is an attribute of its own.
    """

    attribute: str
    value: str


@dataclass(frozen=True)
class Range:
    """Closed range of a numeric attribute; None is open."""

    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise InputError(f"range {self.low:g}..{self.high:g} is empty", fix="Put the smaller bound first.")

    def holds(self, value: float) -> bool:
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True)
class Constraints:
    """Hard constraints: nothing that breaks one is ever shown.

    Attributes:
        include: conjunction of alternatives: an item must have at least one facet of every group.
        exclude: an item must have none of these.
        ranges: attribute name -> range; an item without the attribute fails.
        phrases_in: each must occur in title or description (case-folded): people, places, series.
        phrases_out: none may occur.
        exclude_items: external ids that must not come back.
    """

    include: tuple[frozenset[Facet], ...] = ()
    exclude: frozenset[Facet] = frozenset()
    ranges: Mapping[str, Range] = field(default_factory=dict)
    phrases_in: frozenset[str] = frozenset()
    phrases_out: frozenset[str] = frozenset()
    exclude_items: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Query:
    """Who, and what.

    Attributes:
        user_id: whose stored history to use; None for an anonymous reader.
        history: explicit history, oldest first, instead of the stored one.
        seeds: "something like these": they steer the ranking and are not recommended themselves.
        disliked: pushes away from these, in addition to the user's stored dislikes.
        tastes: what a reader without a history said to like. Wishes, not constraints: most-met items that have them
            speak for the reader until the first item of a history does.
        text: free-text mood or topic, matched against item content.
        leaning: external id -> log-odds, up to a constant, that what was said in a dialogue led to the item. Those that
            it led to best; all others count as the least of these.
        picture: a picture file that items should look like, checked before; empty for none.
        constraints: hard constraints.
        k: how many, 1..1,000.
        include_seen: whether items of the history may come back.
        without: history items to leave out, for what-if questions.
        also: items to read as if they had just been met, oldest first, likewise.
        until: the stored history is read as it was at that time, with its zone; None for now.
        contenders: how many of the best candidates the answer also names with their scores.
    """

    user_id: str | None = None
    history: tuple[str, ...] | None = None
    seeds: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    tastes: frozenset[Facet] = frozenset()
    text: str = ""
    leaning: Mapping[str, float] = field(default_factory=dict)
    picture: bytes = field(default=b"", repr=False)
    constraints: Constraints = Constraints()
    k: int = 10
    include_seen: bool = False
    without: frozenset[str] = frozenset()
    also: tuple[str, ...] = ()
    until: datetime | None = None
    contenders: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.k, bool) or not isinstance(self.k, int) or not 1 <= self.k <= MAX_K:
            raise InputError(f"k is {self.k!r}, not a whole number from 1 to {MAX_K}", fix="Ask for fewer items.")

    @property
    def asks_for_best(self) -> bool:
        """Whether it asks for nothing but the best items for a stored user, or for a stranger."""
        return self == Query(user_id=self.user_id, k=self.k)

    @property
    def is_what_if(self) -> bool:
        """Whether the history is another than the reader's own."""
        return bool(self.without or self.also)

    @property
    def as_it_is(self) -> Query:
        """The same without the what-if."""
        return replace(self, without=frozenset(), also=())


@dataclass(frozen=True)
class Reason:
    """One piece of evidence that a card may state, strongest first.

    Attributes:
        kind: "history" (items of the reader's history carry the score), "seed" (close to an item that was asked for),
            "text" (content matches the words), "dialogue" (conversations such as this one led to its kind), "picture"
            (it looks like the picture that was sent), "sequence" (people who just had X go on to it), "popular", "new"
            (training did not know it: its content, and who has met it since), "trial" (it stands in a place that is
            kept for trying new items out), "constraint" (it is what was asked for: its matching values).
        items: the known items that carry it, strongest first; none where those are nothing to name to this reader, such
            as what they rated low.
        values: attribute values or words that carry it.
        share: share of the score, 0..1, where that is defined.
        readers: how many have met a new item.
    """

    kind: str
    items: tuple[Item, ...] = ()
    values: tuple[str, ...] = ()
    share: float | None = None
    readers: int = 0


@dataclass(frozen=True)
class ChannelScore:
    """What one scorer said of one candidate.

    Attributes:
        raw: the scorer's own score.
        contribution: what it adds to the blended score (weights times normalised feature); they sum to the score.
        recall_rank: 1-based rank in this scorer's own recall list, None if it was not in it.
    """

    raw: float
    contribution: float
    recall_rank: int | None


@dataclass(frozen=True)
class Recommendation:
    """One recommended item with its provenance."""

    item: Item
    rank: int
    score: float
    channels: Mapping[str, ChannelScore]
    reasons: tuple[Reason, ...]
    is_new: bool


@dataclass(frozen=True)
class Recommendations:
    """The answer to a query.

    Attributes:
        items: best first, at most k.
        snapshot_id: the models that answered.
        degraded: what could not run ("llm", "text_encoder", "image_encoder", ...).
        notes: what a reader should know: "only 3 items fit", "pictures take no part: none was in training".
        matching: how many active, unseen items satisfy the constraints.
        contenders: (external id, score) of the best candidates by score, as many as the query asked for. Scores are
            those of a conditional logit: their softmax is the belief that a candidate is the one to be chosen.
        milliseconds: time spent, by stage.
    """

    items: tuple[Recommendation, ...]
    snapshot_id: str
    degraded: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    matching: int = 0
    contenders: tuple[tuple[str, float], ...] = ()
    milliseconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Neighbour:
    """A known item close to another one, with the share of each modality in the closeness (they sum to 1)."""

    item: Item
    similarity: float
    shares: Mapping[str, float]
    shared_values: tuple[str, ...] = ()


@dataclass(frozen=True)
class PreviewReader:
    """A user who would get an item, with where it would stand and why (the history items closest to it)."""

    user_id: str
    rank: int
    because: tuple[Item, ...]


@dataclass(frozen=True)
class Segment:
    """Sampled users of one taste: those whose history leans most towards a value of the catalogue's categories.

    Attributes:
        value: the category.
        users: how many of the sample.
        reached: in how many of their top 10 an item would stand.
    """

    value: str
    users: int
    reached: int


@dataclass(frozen=True)
class Preview:
    """What would happen if a draft item were published.

    Attributes:
        neighbours: nearest known items by content.
        duplicates: items that look the same (same title, near-identical text, or perceptually equal picture) and why.
        readers: users for whom it would rank best.
        reach: share of users in whose top 10 it would stand.
        segments: tastes that it would reach, best reached first.
        confidence: share of what sets known items apart that content of the draft's kinds explains, 0..1: how far its
            place can be trusted before anyone has met it. None for an item that training knew by its readers.
        missing: what would raise that, measured where it can be.
        notes: what took no part, and why.
    """

    neighbours: tuple[Neighbour, ...]
    duplicates: tuple[tuple[Item, str], ...]
    readers: tuple[PreviewReader, ...]
    reach: float
    segments: tuple[Segment, ...]
    confidence: float | None
    missing: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Vocabulary:
    """What the catalogue can be asked for: the agent links words to these and to nothing else.

    Attributes:
        facets: attribute -> its values with their item counts, most frequent first.
        numeric: attribute -> (lowest, highest).
        titles: external id -> title, active items only.
        popularity: external id -> number of interactions, to choose among items of one name; may be empty.
    """

    facets: Mapping[str, Mapping[str, int]]
    numeric: Mapping[str, tuple[float, float]]
    titles: Mapping[str, str]
    popularity: Mapping[str, int] = field(default_factory=dict)
