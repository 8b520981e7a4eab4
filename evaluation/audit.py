"""What is recommended, as a whole: to which items the places of all lists go, against what the same readers chose.

Legend: B readers, K length of the lists, N items, V categories, G groups of popularity, M measures.

Every reader counts alike: a share is worked out list by list and then averaged, and so are the readers' histories.

    plain exposure     each of the n places of a list is 1/n of it
    weighted exposure  place r has the weight 1/log2(r + 1), divided by the list's sum: what stands first is seen more
                       (the discount of Järvelin and Kekäläinen 2002, as in Singh and Joachims 2018, "Fairness of
                       Exposure in Rankings")
    popularity         share of the readers in training who met an item; its mean in the lists over that in the
                       histories is the popularity lift plus 1 (Abdollahpouri et al. 2020, "The Connection Between
                       Popularity Bias, Calibration, and Fairness in Recommendation")
    calibration        the divergence of Steck 2018 (``evaluation.calibration``) between history and list
    Gini, Lorenz       over all active items, those with no exposure included
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from evaluation.calibration import distributions, divergence
from evaluation.intervals import Bootstrap, BootstrapSettings, Interval, ratio_interval
from evaluation.metrics import FloatArray, inequality, self_information
from store.errors import InputError
from store.ids import PADDING, IndexArray
from store.interactions import Sparse

DECILES = 10
NEW = "new"
"""Name of the group of items that training knew by nobody."""
OTHERS = "others"
"""Name of all categories beyond the largest."""
_CURVE = 101
"""Points of a Lorenz curve."""


@dataclass(frozen=True)
class AuditSettings:
    """How an audit is made.

    Attributes:
        k: places of a list.
        alpha: share of the history's distribution that is mixed into that of the list, 0..1 exclusive.
        categories: largest ones that get a row of their own; the calibration counts all.
        bootstrap: of the intervals, over readers.
        seed: of the lists drawn from histories, for comparison.
    """

    k: int = 10
    alpha: float = 0.01
    categories: int = 24
    bootstrap: BootstrapSettings = field(default_factory=BootstrapSettings)
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise InputError(f"alpha is {self.alpha!r}, not between 0 and 1", fix="Use 0.01.")
        for name in ("k", "categories"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}, below 1", fix="Use a positive number.")


@dataclass(frozen=True)
class Group:
    """Whose lists: everyone's, unless narrowed.

    Attributes:
        user_ids: these only.
        category: only those whose favourite it is (``calibration.favourites``), by what training knew of them.
        sample: at most so many of them, drawn at random.
        seed: of the draw.
    """

    user_ids: tuple[str, ...] | None = None
    category: str | None = None
    sample: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.sample is not None and self.sample < 1:
            raise InputError(f"sample is {self.sample}, below 1", fix="Leave it out for everyone.")

    @property
    def label(self) -> str:
        """In words."""
        who = "everyone" if self.user_ids is None else f"{len(self.user_ids):,} named users"
        if self.category is not None:
            who = f"{'readers' if self.user_ids is None else who} who favour {self.category}"
        return who if self.sample is None else f"{who}, a sample of up to {self.sample:,}"


@dataclass(frozen=True)
class ItemFacts:
    """What is known of the items, row 0 being padding.

    Attributes:
        readers: float [N+1], how many met each in training.
        num_users: in training.
        active: bool [N+1], what can be recommended.
        categories: V names.
        has: float [N+1, V], 1 where an item has a category.
    """

    readers: NDArray[np.floating]
    num_users: int
    active: NDArray[np.bool_]
    categories: Sequence[str]
    has: NDArray[np.floating]


@dataclass(frozen=True)
class Compared:
    """One measure of the lists and of the same readers' histories, each a mean over readers.

    Attributes:
        weighted: of the lists, by weighted exposure.
        excess: lists (plain) minus histories, paired by reader.
    """

    listed: Interval
    weighted: Interval
    history: Interval
    excess: Interval


@dataclass(frozen=True)
class Share:
    """Part of the catalogue, and its share of places and of histories, 0..1.

    Attributes:
        label: "1" (least met) to "10", "new"; or a category.
        items: how many active items are in it.
        low, high: readers in training of its least and most met item; 0 for categories.
    """

    label: str
    items: int
    share: Compared
    low: int = 0
    high: int = 0


@dataclass(frozen=True)
class Curve:
    """Concentration over the active items.

    Attributes:
        gini: 0 where all items get alike, near 1 where one takes all. A resample of readers holds fewer different items
            and would always look more concentrated, so there is no bootstrap interval.
        lorenz: share of all exposure that the least exposed 0%, 1%, ... 100% of the items get.
    """

    gini: float
    lorenz: tuple[float, ...]


@dataclass(frozen=True)
class Calibration:
    """Divergence of categories between history and list, in nats; 0 is calibrated.

    Attributes:
        listed: plain.
        weighted: by weighted exposure.
        drawn: had each list been drawn at random from the reader's own history: what short lists can reach.
        popular: had everyone got what most readers met, but for their own history.
        readers: with categories in history and list.
        worst: log(1/alpha), the largest possible.
    """

    listed: Interval
    weighted: Interval
    drawn: Interval
    popular: Interval
    readers: int
    worst: float


@dataclass(frozen=True)
class Audit:
    """What was found.

    Attributes:
        group: whose lists, in words.
        readers: with a history and a list; only these count.
        left_out: chosen readers without one of them.
        items: active ones.
        coverage: share of them that stand in any list.
        listed, weighted, history: by how often items are listed, by weighted exposure, by how many of the readers met
            them.
        popularity: share of the readers in training who met an item.
        lift: mean popularity of the lists over that of the histories; 1 is alike. None where someone's history is of
            new items alone.
        novelty: bits, ``evaluation.metrics.novelty``.
        new: share of places with items that training did not know.
        deciles: by readers in training, least met first; equally popular items share one. The last is ``NEW``, if any.
        calibration: None where the catalogue has no categories.
    """

    snapshot_id: str
    created: datetime
    group: str
    k: int
    readers: int
    left_out: int
    items: int
    coverage: float
    listed: Curve
    weighted: Curve
    history: Curve
    popularity: Compared
    lift: Interval | None
    novelty: Compared
    new: Compared
    deciles: tuple[Share, ...]
    categories: tuple[Share, ...]
    calibration: Calibration | None
    alpha: float
    level: float
    resamples: int


def audit(
    lists: IndexArray,
    histories: Sequence[IndexArray],
    facts: ItemFacts,
    *,
    group: str,
    snapshot_id: str,
    created: datetime,
    settings: AuditSettings = AuditSettings(),
) -> Audit:
    """Measure lists against histories.

    Args:
        lists: int64 [B, K], best first, 0 where shorter; the first ``settings.k`` count.
        histories: B arrays of items.
        facts: of the items.
        group: whose lists, in words.
        snapshot_id: the models that made them.
        created: now.

    Raises:
        InputError: the two have different lengths, or nobody has both.
    """
    if len(lists) != len(histories):
        raise InputError(f"{len(lists)} lists came with {len(histories)} histories", fix="Pass one of each per reader.")
    chosen = len(lists)
    lists = lists[:, : settings.k]
    both = [row for row in range(chosen) if len(histories[row]) and (lists[row] != PADDING).any()]
    if not both:
        raise InputError(
            f"none of the {chosen:,} readers chosen ({group}) has both a history and a list",
            fix="Choose others, or audit everyone.",
        )
    lists, histories = lists[both], [histories[row] for row in both]
    shown = _Exposure.of(lists, histories, len(facts.active))
    bootstrap = Bootstrap(len(both), settings.bootstrap)
    deciles, parts = popularity_deciles(facts)
    popularity = facts.readers / max(facts.num_users, 1)
    new = facts.readers == 0
    bits = self_information(facts.readers, num_users=facts.num_users)
    measures = np.column_stack((_indicator(parts, len(deciles)), popularity, bits, new)).astype(np.float64)
    measures[PADDING] = 0.0
    categories, calibration = _by_category(shown, lists, histories, facts, settings)
    *shares, of_popularity, of_novelty, of_new = shown.compared(measures, bootstrap)
    return Audit(
        snapshot_id=snapshot_id,
        created=created,
        group=group,
        k=settings.k,
        readers=len(both),
        left_out=chosen - len(both),
        items=int(facts.active.sum()),
        coverage=_coverage(lists, facts.active),
        listed=_curve(shown.listed > 0, facts.active),
        weighted=_curve(shown.weighted, facts.active),
        history=_curve(shown.history > 0, facts.active),
        popularity=of_popularity,
        lift=_lift(shown, popularity, settings.bootstrap),
        novelty=of_novelty,
        new=of_new,
        deciles=tuple(
            Share(label, int((facts.active & (parts == part)).sum()), share, *_range(facts.readers[parts == part]))
            for part, (label, share) in enumerate(zip(deciles, shares, strict=True))
        ),
        categories=categories,
        calibration=calibration,
        alpha=settings.alpha,
        level=settings.bootstrap.level,
        resamples=settings.bootstrap.resamples,
    )


def popularity_deciles(facts: ItemFacts) -> tuple[list[str], IndexArray]:
    """Names of the groups of popularity that hold an item, least met first, and each item's group.

    Returns:
        G names, and int64 [N+1] places in them, -1 at the padding.
    """
    known = facts.readers > 0
    known[PADDING] = False
    counts = facts.readers[known]
    decile = np.searchsorted(np.sort(counts), counts, side="left") * DECILES // max(len(counts), 1)
    parts = np.full(len(facts.readers), DECILES)  # what nobody met comes last
    parts[known] = decile
    present = np.unique(parts[1:])
    placed = np.searchsorted(present, parts)
    placed[PADDING] = -1
    return [NEW if part == DECILES else str(part + 1) for part in present.tolist()], placed


@dataclass(frozen=True)
class _Exposure:
    """Who is shown what, CSR [B, N+1] with rows that sum to 1."""

    listed: Sparse
    weighted: Sparse
    history: Sparse

    @classmethod
    def of(cls, lists: IndexArray, histories: Sequence[IndexArray], columns: int) -> _Exposure:
        filled = lists != PADDING
        discount = 1.0 / np.log2(np.arange(2, lists.shape[1] + 2))
        items = [row[mask] for row, mask in zip(lists, filled, strict=True)]
        return cls(
            _rows(items, [np.ones(len(row)) for row in items], columns),
            _rows(items, [discount[mask] for mask in filled], columns),
            _rows(histories, [np.ones(len(row)) for row in histories], columns),
        )

    def rows(self, keep: NDArray[np.bool_]) -> _Exposure:
        return _Exposure(self.listed[keep], self.weighted[keep], self.history[keep])

    def compared(self, measures: FloatArray, bootstrap: Bootstrap) -> list[Compared]:
        """Means over readers of what the items of each have on average; measures [N+1, M]."""
        return _compared(self.listed @ measures, self.weighted @ measures, self.history @ measures, bootstrap)


def _compared(listed: FloatArray, weighted: FloatArray, history: FloatArray, bootstrap: Bootstrap) -> list[Compared]:
    """All [B, M]; M results."""
    found = bootstrap.intervals(np.concatenate((listed, weighted, history, listed - history), axis=1))
    count = listed.shape[1]
    return [Compared(*found[column::count]) for column in range(count)]


def _rows(items: Sequence[IndexArray], weights: Sequence[FloatArray], columns: int) -> Sparse:
    lengths = np.array([len(row) for row in items], dtype=np.int64)
    values = np.concatenate([row / row.sum() if len(row) else row for row in weights])
    indptr = np.concatenate(([0], np.cumsum(lengths)))
    return sp.csr_matrix((values, np.concatenate(items), indptr), shape=(len(items), columns))


def _indicator(parts: IndexArray, count: int) -> FloatArray:
    return (parts[:, None] == np.arange(count)[None, :]).astype(np.float64)


def _range(readers: NDArray[np.floating]) -> tuple[int, int]:
    return int(readers.min()), int(readers.max())


def _coverage(lists: IndexArray, active: NDArray[np.bool_]) -> float:
    shown = np.zeros_like(active)
    shown[lists.ravel()] = True
    return float(shown[active].mean()) if active.any() else 0.0


def _curve(exposure: Sparse, active: NDArray[np.bool_]) -> Curve:
    amounts = np.sort(np.asarray(exposure.sum(axis=0), dtype=np.float64).ravel()[active])
    total = amounts.sum()
    if not total:
        return Curve(0.0, tuple(np.linspace(0.0, 1.0, _CURVE).tolist()))
    heights = np.concatenate(([0.0], np.cumsum(amounts) / total))
    places = np.linspace(0.0, 1.0, _CURVE)
    points = np.interp(places, np.linspace(0.0, 1.0, len(heights)), heights)
    return Curve(inequality(amounts), tuple(np.clip(points, 0.0, 1.0).round(6).tolist()))


def _lift(shown: _Exposure, popularity: NDArray[np.floating], settings: BootstrapSettings) -> Interval | None:
    listed, history = shown.listed @ popularity, shown.history @ popularity
    return ratio_interval(listed, history, settings) if history.all() else None


def _by_category(
    shown: _Exposure,
    lists: IndexArray,
    histories: Sequence[IndexArray],
    facts: ItemFacts,
    settings: AuditSettings,
) -> tuple[tuple[Share, ...], Calibration | None]:
    """Shares by category and the calibration, over readers with categories on both sides."""
    wanted, given = distributions(shown.history, facts.has), distributions(shown.listed, facts.has)
    judged = (wanted.sum(axis=1) > 0) & (given.sum(axis=1) > 0)
    if not judged.any():
        return (), None
    weighted = distributions(shown.weighted, facts.has)[judged]
    wanted, given = wanted[judged], given[judged]
    bootstrap = Bootstrap(int(judged.sum()), settings.bootstrap)
    kept = [history for history, counts in zip(histories, judged.tolist(), strict=True) if counts]
    return (
        _shares(wanted, given, weighted, facts, settings, bootstrap),
        _calibration(wanted, given, weighted, kept, facts, settings, bootstrap, length=lists.shape[1]),
    )


def _shares(
    wanted: FloatArray,
    given: FloatArray,
    weighted: FloatArray,
    facts: ItemFacts,
    settings: AuditSettings,
    bootstrap: Bootstrap,
) -> tuple[Share, ...]:
    """The largest categories by what the readers chose, then all others as one."""
    order = np.argsort(-wanted.mean(axis=0), kind="stable")
    named, rest = order[: settings.categories], order[settings.categories :]
    has = facts.has[facts.active] > 0
    labels = [facts.categories[int(column)] for column in named]
    items = [int(has[:, column].sum()) for column in named]
    if len(rest):
        labels.append(OTHERS)
        items.append(int(has[:, rest].any(axis=1).sum()))

    def merged(values: FloatArray) -> FloatArray:
        parts = values[:, named]
        return np.column_stack((parts, values[:, rest].sum(axis=1))) if len(rest) else parts

    found = _compared(merged(given), merged(weighted), merged(wanted), bootstrap)
    return tuple(Share(label, count, share) for label, count, share in zip(labels, items, found, strict=True))


def _calibration(
    wanted: FloatArray,
    given: FloatArray,
    weighted: FloatArray,
    histories: Sequence[IndexArray],
    facts: ItemFacts,
    settings: AuditSettings,
    bootstrap: Bootstrap,
    *,
    length: int,
) -> Calibration:
    rng = np.random.default_rng(settings.seed)
    drawn = [rng.permutation(history)[:length] for history in histories]
    most_met = np.argsort(-np.where(facts.active, facts.readers, -1.0), kind="stable")[: int(facts.active.sum())]
    popular = [_first_unmet(most_met, history, length) for history in histories]
    others = [distributions(_rows(lists, [np.ones(len(one)) for one in lists], len(facts.active)), facts.has)
              for lists in (drawn, popular)]  # fmt: skip
    measured = [divergence(wanted, one, alpha=settings.alpha) for one in (given, weighted, *others)]
    found = bootstrap.intervals(np.stack(measured, axis=1))
    return Calibration(*found, readers=len(wanted), worst=float(np.log(1.0 / settings.alpha)))


def _first_unmet(ordered: IndexArray, history: IndexArray, length: int) -> IndexArray:
    candidates = ordered[: length + len(history)]  # at most the whole history stands before the last one wanted
    return candidates[~np.isin(candidates, history)][:length]
