"""What is asked of the pipeline and what it answers: plain records in external ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic.dataclasses import dataclass as validated

from encoders.matching import PictureMatch, TextMatch
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
        constraints: hard constraints.
        k: how many, 1..1,000.
        include_seen: whether items of the history may come back.
        without: history items to leave out, for what-if questions.
        also: items to read as if they had just been met, oldest first, likewise.
    """

    user_id: str | None = None
    history: tuple[str, ...] | None = None
    seeds: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    tastes: frozenset[Facet] = frozenset()
    text: str = ""
    constraints: Constraints = Constraints()
    k: int = 10
    include_seen: bool = False
    without: frozenset[str] = frozenset()
    also: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.k, bool) or not isinstance(self.k, int) or not 1 <= self.k <= MAX_K:
            raise InputError(f"k is {self.k!r}, not a whole number from 1 to {MAX_K}", fix="Ask for fewer items.")

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
            "text" (content matches the words), "sequence" (people who just had X go on to it), "popular",
            "new" (training did not know it: its content, and who has met it since), "trial" (it stands in a place that
            is kept for trying new items out), "constraint" (it is what was asked for: its matching values).
        items: the known items that carry it, strongest first.
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
        degraded: what could not run ("llm", "text_encoder", ...).
        notes: what a reader should know: "only 3 items fit", "pictures take no part: none was in training".
        matching: how many active, unseen items satisfy the constraints.
        milliseconds: time spent, by stage.
    """

    items: tuple[Recommendation, ...]
    snapshot_id: str
    degraded: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    matching: int = 0
    milliseconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Neighbour:
    """A known item close to another one, with the share of each modality in the closeness (they sum to 1)."""

    item: Item
    similarity: float
    shares: Mapping[str, float]
    shared_values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contribution:
    """What one history item adds to the blended score of an item; negative ones count against it.

    Attributes:
        exact: its share in the LightGCN score, exact by linearity.
        counterfactual: blended score lost when the item is taken out of the history.
        time: when it happened, for the timeline.
        channels: the same by channel; they sum to it, up to what the weights owe to the length of the history.
        estimated: whether both are by attribution (pipeline/attribution.py); else by scoring again.
        rank: place of the explained item without this one, where it was scored again.
        together: how many people have met both.
    """

    item: Item
    exact: float
    counterfactual: float
    time: datetime | None = None
    channels: Mapping[str, float] = field(default_factory=dict)
    estimated: bool = False
    rank: int | None = None
    together: int = 0


@dataclass(frozen=True)
class SequenceSpan:
    """Neighbouring history items that SASRec reads, oldest first, taken out together.

    Attributes:
        lost: SASRec's own score lost without them.
        rank: place of the explained item among the candidates by SASRec alone, without them.
    """

    items: tuple[Item, ...]
    lost: float
    rank: int


@dataclass(frozen=True)
class SequenceEvidence:
    """What SASRec owes to the order of the history.

    Attributes:
        rank: place among the candidates by SASRec alone.
        spans: the newest items, in stretches.
        gradients: integrated gradients of SASRec's own score, by history item id; no part for what it does not read.
        gap: what their sum misses of the score, relative (completeness gap).
    """

    rank: int
    spans: tuple[SequenceSpan, ...]
    gradients: Mapping[str, float]
    gap: float


@dataclass(frozen=True)
class SmallestRemoval:
    """History items without which an item is not among the k best by score (before the rerank).

    Attributes:
        items: what has to go; None where nothing was found, not even the whole history.
        at_least: it is certain that fewer do not suffice.
        is_smallest: whether no smaller set exists, proven.
    """

    k: int
    items: tuple[Item, ...] | None
    at_least: int
    is_smallest: bool


@dataclass(frozen=True)
class Contrast:
    """Why one item stands before another.

    Attributes:
        difference: blended score of ``item`` minus that of ``other``.
        channels: the same by channel; they sum to it.
        history: history item id -> how much more it helps ``item`` than ``other``, by attribution, largest first.
    """

    item: Item
    other: Item
    difference: float
    channels: Mapping[str, float]
    history: Mapping[str, float]


@dataclass(frozen=True)
class Standing:
    """Where an item stands for a reader, whether or not a list would hold it.

    Attributes:
        rank: 1-based by score, before the rerank; None where constraints take it out.
        channels: their contributions sum to the score.
    """

    item: Item
    rank: int | None
    score: float
    channels: Mapping[str, ChannelScore]


@dataclass(frozen=True)
class PathStep:
    """A node of an evidence path. ``kind`` is "user" or "item"; other people appear without name or id."""

    kind: str
    label: str
    item_id: str | None = None


@dataclass(frozen=True)
class EvidencePath:
    """user -> item -> user -> item, with what it carries of the graph score, exact.

    Attributes:
        steps: the last is the explained item where the person met it, else the one of their items that carries most of
            the path (it resembles the explained item); it is left out where none does.
        share: of all that speaks for the item in the graph score, 0..1.
        value: part of the graph score.
        met: whether the path ends at the explained item.
    """

    steps: tuple[PathStep, ...]
    share: float
    value: float = 0.0
    met: bool = True


@dataclass(frozen=True)
class GraphScore:
    """LightGCN's score by how far its parts come: ``own``, ``items``, ``people``, ``echo`` and ``new`` sum to it.

    Attributes:
        own: the reader's own embedding, which belongs to no history item.
        items: the history items' own embeddings.
        people: through other people, by depth: their own embeddings, then those of what they met, and so on.
        echo: through the reader's own vector, as one of those who met the history items at training.
        new: history items that training did not know.
        paths: ways from a history item to another person.
        shown: share of what speaks for the item that the paths of the explanation carry.
        against: paths that count against the item.
    """

    own: float = 0.0
    items: float = 0.0
    people: tuple[float, ...] = ()
    echo: float = 0.0
    new: float = 0.0
    paths: int = 0
    shown: float = 0.0
    against: int = 0


@dataclass(frozen=True)
class ContentMatch:
    """What of two items' contents makes them alike.

    Attributes:
        text: words and phrases of both texts, each side adds up to their cosine; None where one has no text or the
            text model cannot tell.
        picture: what the cosine of the pictures loses patch by patch; None where one has no picture.
        shared_values: categories and attribute values that both have.
        notes: what could not be looked at, and why.
    """

    item: Item
    other: Item
    text: TextMatch | None
    picture: PictureMatch | None
    shared_values: tuple[str, ...]
    notes: tuple[str, ...]
    snapshot_id: str


@dataclass(frozen=True)
class Alike:
    """An item and its cosine with another one in LightGCN's space, by which lists are made diverse."""

    item: Item
    cosine: float


@dataclass(frozen=True)
class RerankEvidence:
    """Where an item stands by its score, and where in the list as shown; places are 1-based.

    Attributes:
        k: length of the list.
        by_score: place before the rerank.
        diverse: place after maximal marginal relevance; None where that took it out of the list.
        shown: place in the list as shown; None where it is not in it.
        diversity: strength of that, 0..1.
        alike: what stands before it after that step and is most alike, closest first.
        before: items of lower score that diversity put before it, in the order of the list.
        behind: items of higher score that diversity put behind it or out of the list, best first.
        on_trial: whether it stands in a place that is kept for trying new items out.
        trials_before: places before it that are kept for that.
        trial_share: share of places that are kept for that.
    """

    k: int
    by_score: int
    diverse: int | None
    shown: int | None
    diversity: float
    alike: tuple[Alike, ...] = ()
    before: tuple[Item, ...] = ()
    behind: tuple[Item, ...] = ()
    on_trial: bool = False
    trials_before: int = 0
    trial_share: float = 0.0


EXPLANATION_VERSION = 3
"""Raised when a field of ``Explanation`` changes its meaning or goes."""


@validated(frozen=True)
class Explanation:
    """Everything that is known about why an item stands where it stands; checked when it is made.

    Attributes:
        score: blended score; ``channels`` contributions sum to it.
        rank: 1-based rank among all unseen active items, None if constraints or history take it out.
        contributions: by history item, strongest first.
        own_term: the part of the graph score that belongs to no history item (the user's own embedding).
        paths: evidence paths, strongest first; at most three through one history item.
        content: nearest history items by content.
        baseline_score: score with the reader's own history, where the query is a what-if.
        baseline_rank: likewise.
        sequence: None where SASRec reads nothing of the history.
        graph: LightGCN's score by depth, and how much of it ``paths`` carry.
        rerank: None where the list as shown has the item at the place of its score, or not at all.
        version: of this form.
    """

    item: Item
    user_id: str | None
    score: float
    rank: int | None
    of: int
    channels: Mapping[str, ChannelScore]
    contributions: tuple[Contribution, ...]
    own_term: float
    paths: tuple[EvidencePath, ...]
    content: tuple[Neighbour, ...]
    reasons: tuple[Reason, ...]
    snapshot_id: str
    is_new: bool
    baseline_score: float | None = None
    baseline_rank: int | None = None
    notes: tuple[str, ...] = ()
    sequence: SequenceEvidence | None = None
    graph: GraphScore = GraphScore()
    rerank: RerankEvidence | None = None
    version: int = EXPLANATION_VERSION


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
