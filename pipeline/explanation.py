"""Why an item stands where it stands: what explanations hold, as plain records in external ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic.dataclasses import dataclass as validated

from encoders.matching import PictureMatch, TextMatch
from pipeline.query import ChannelScore, Neighbour, Reason
from store.records import Item


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
        together: how many people of training have met both.
        followed: how many of them met the explained item within five steps after this one.
    """

    item: Item
    exact: float
    counterfactual: float
    time: datetime | None = None
    channels: Mapping[str, float] = field(default_factory=dict)
    estimated: bool = False
    rank: int | None = None
    together: int = 0
    followed: int = 0


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
