"""What an explanation says, before any language: its evidence as statements of known kinds.

Each statement is made from the evidence objects alone and says no more than they hold: what was scored again is told
from what is estimated, liking is said only of what is known to be liked, and a number is one of theirs, rounded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.naming import NAMED
from agent.plain_text import clean
from pipeline.explanation import Contribution, Explanation
from pipeline.query import Reason
from store.errors import InputError
from store.records import Item

NEGLIGIBLE = 0.0005
"""Score units; a smaller effect is said to be none."""

DECIMALS = 3
"""Of scores and what adds to them: as many as the page's charts have, so that a number can be found there."""

REASON_KINDS = ("history", "seed", "text", "picture", "sequence", "popular", "new", "trial", "constraint")

Texts = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Statement:
    """One thing that the evidence holds.

    Attributes:
        kind: names the wording in every language.
        titles: titles of items, by field; several in one field are a list.
        texts: values and written numbers, by field.
        terms: what a language has its own words for, by field: channels, modalities, notes.
    """

    kind: str
    titles: Texts = field(default_factory=dict)
    texts: Texts = field(default_factory=dict)
    terms: Texts = field(default_factory=dict)


def amount(value: float) -> str:
    """Size of an effect that is not negligible, without sign: "0.398", "0.012"."""
    return _fixed(abs(value), DECIMALS)


def signed(value: float) -> str:
    """A score: "1.502", "-0.320"."""
    return _fixed(value, DECIMALS)


def alike(cosine: float) -> str:
    """How much two items resemble each other: "0.83"."""
    return _fixed(cosine, 2)


def _fixed(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text if float(text) else text.removeprefix("-")


def share(value: float) -> str:
    """A share: "53%", "4.2%", "<0.1%"."""
    percent = 100 * value
    if 0 < percent < 0.05:
        return "<0.1%"
    return f"{percent:.0f}%" if abs(percent) >= 9.95 else f"{percent:.1f}%"


def title(item: Item) -> tuple[str]:
    """The title of one item, as a field holds it."""
    return (clean(item.title),)


def titles(items: Sequence[Item]) -> tuple[str, ...]:
    """Titles of several items, as a field holds them."""
    return tuple(clean(item.title) for item in items)


# Why


def reason_statement(reason: Reason, *, liked: Collection[str] = frozenset()) -> Statement | None:
    """What one piece of evidence says; None where it holds nothing that can be said.

    Args:
        reason: the evidence.
        liked: ids of items that the reader is known to have liked. Without them it speaks of the history only: a click
            is no liking.

    Raises:
        InputError: the kind of reason is unknown.
    """
    if reason.kind not in REASON_KINDS:
        raise InputError(f"reason kind {reason.kind!r} is none of {', '.join(REASON_KINDS)}", fix="Name one of them.")
    items, values = titles(reason.items[:NAMED]), tuple(clean(value) for value in reason.values[:NAMED])
    if reason.kind == "history":
        known = titles([item for item in reason.items if item.item_id in liked][:NAMED])
        if known:
            return Statement("liked", {"items": known})
    if items and reason.kind in ("history", "seed", "sequence"):
        return Statement(reason.kind, {"items": items})
    if reason.kind in ("history", "sequence"):
        return Statement(f"{reason.kind}_unnamed")
    if reason.kind == "seed":
        return None
    if reason.kind in ("text", "constraint"):
        if values:
            return Statement(reason.kind, texts={"values": values})
        return Statement("text_unnamed") if reason.kind == "text" else None
    return Statement("new_readers" if reason.kind == "new" and reason.readers else reason.kind)


def reason_statements(reasons: Sequence[Reason], *, liked: Collection[str] = frozenset()) -> tuple[Statement, ...]:
    """All that the reasons say, strongest first; that there is nothing, where there is nothing."""
    said = [reason_statement(reason, liked=liked) for reason in reasons]
    return tuple(statement for statement in said if statement is not None) or (Statement("unsaid"),)


# Place, and what moves it


def place(explanation: Explanation) -> Statement:
    """Where the item stands, or that it stands nowhere."""
    item = title(explanation.item)
    if explanation.rank is None:
        return Statement("no_place", {"item": item})
    return Statement("place", {"item": item}, {"rank": (f"{explanation.rank:,}",), "of": (f"{explanation.of:,}",)})


def for_and_against(explanation: Explanation) -> Iterator[Statement]:
    """The history items without which the score falls and rises the most, among those that were scored again."""
    certain = [part for part in explanation.contributions if not part.estimated]
    lost = [part for part in certain if part.counterfactual >= NEGLIGIBLE]
    gained = [part for part in certain if part.counterfactual <= -NEGLIGIBLE]
    if lost:
        yield _falls(max(lost, key=lambda part: part.counterfactual), certain, len(explanation.contributions))
    if gained:
        part = min(gained, key=lambda part: part.counterfactual)
        yield Statement("against", {"item": title(part.item)}, {"amount": (amount(part.counterfactual),)})


def _falls(part: Contribution, certain: Sequence[Contribution], total: int) -> Statement:
    """ "The most" is said of all items where all were scored again, and of those that were, where not."""
    said, by = {"item": title(part.item)}, {"amount": (amount(part.counterfactual),)}
    if len(certain) == 1:
        return Statement("falls", said, by)
    if len(certain) < total:
        return Statement("falls_most_of", said, by | {"tried": (f"{len(certain):,}",)})
    return Statement("falls_most", said, by)


def what_if(explanation: Explanation) -> Iterator[Statement]:
    """What another history has changed; nothing where it is the reader's own."""
    if explanation.baseline_score is None:
        return
    before, after = _told_apart(explanation.baseline_score, explanation.score)
    if before == after:
        yield Statement("score_stays", texts={"after": (after,)})
    else:
        kind = "score_falls" if explanation.score < explanation.baseline_score else "score_rises"
        yield Statement(kind, texts={"before": (before,), "after": (after,)})
    old, new = explanation.baseline_rank, explanation.rank
    if old is None or new is None:
        return
    if old == new:
        yield Statement("place_stays", texts={"after": (f"{new:,}",)})
    else:
        kind = "place_falls" if new > old else "place_rises"
        yield Statement(kind, texts={"before": (f"{old:,}",), "after": (f"{new:,}",)})


def _told_apart(before: float, after: float) -> tuple[str, str]:
    """Two scores with a fourth decimal where it takes that to see which is larger."""
    for digits in (DECIMALS, DECIMALS + 1):
        texts = _fixed(before, digits), _fixed(after, digits)
        if texts[0] != texts[1]:
            return texts
    return signed(before), signed(after)


def moves(explanation: Explanation) -> Iterator[Statement]:
    """What the steps after the score did to its place in the list, each with the rule that did it."""
    rerank = explanation.rerank
    if rerank is None:
        return
    before, k = {"before": (f"{rerank.by_score:,}",)}, {"k": (f"{rerank.k:,}",)}
    if rerank.diverse is None:
        if rerank.by_score <= rerank.k:
            yield Statement("diversity_out", texts=before | k)
    elif rerank.diverse != rerank.by_score:
        kind = "diversity_down" if rerank.diverse > rerank.by_score else "diversity_up"
        yield Statement(kind, texts=before | {"after": (f"{rerank.diverse:,}",)})
    if rerank.on_trial:
        yield Statement("trial_place", texts={"after": (f"{rerank.shown:,}",)})
    elif rerank.diverse is not None and rerank.shown != rerank.diverse:
        before = {"before": (f"{rerank.diverse:,}",)}
        if rerank.shown is None:
            yield Statement("trials_out", texts=before | k)
        else:
            yield Statement("trials_down", texts=before | {"after": (f"{rerank.shown:,}",)})


def notes(explanation: Explanation) -> Iterator[Statement]:
    """What a reader should know besides."""
    for note in explanation.notes:
        yield Statement("note", terms={"note": (f"{clean(note).rstrip('.')}.",)})
