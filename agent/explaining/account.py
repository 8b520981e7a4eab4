"""How much of an explanation is told: a paragraph, or everything under headings."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from agent.explaining.statements import (
    NEGLIGIBLE,
    Statement,
    alike,
    amount,
    for_and_against,
    moves,
    notes,
    place,
    reason_statements,
    share,
    signed,
    title,
    titles,
    what_if,
)
from agent.plain_text import clean
from pipeline.explanation import Contribution, Explanation, SequenceSpan
from pipeline.query import Neighbour

HISTORY = 12
"""History items that a full account names, strongest first."""

GRAPH_ITEMS, PATHS, GRADIENTS = 3, 5, 3


@dataclass(frozen=True)
class Section:
    """Statements under one heading; a paragraph has none ("")."""

    heading: str
    statements: tuple[Statement, ...]


def paragraph(explanation: Explanation, *, liked: Collection[str] = frozenset()) -> tuple[Section, ...]:
    """Place, what moved it in the list, reasons, what counts for and against it, what-if, notes."""
    statements = (
        place(explanation),
        *moves(explanation),
        *reason_statements(explanation.reasons, liked=liked),
        *for_and_against(explanation),
        *what_if(explanation),
        *notes(explanation),
    )
    return (Section("", statements),)


def full(explanation: Explanation, *, liked: Collection[str] = frozenset()) -> tuple[Section, ...]:
    """All that the evidence holds; sections that it has nothing for are left out."""
    sections = (
        Section("place", (place(explanation), Statement("score", texts={"score": (signed(explanation.score),)}))),
        Section("what_if", tuple(what_if(explanation))),
        Section("rerank", (*moves(explanation), *_neighbours(explanation))),
        Section("reasons", reason_statements(explanation.reasons, liked=liked)),
        Section("channels", tuple(_channels(explanation))),
        Section("history", tuple(_history(explanation))),
        Section("graph", tuple(_graph(explanation))),
        Section("order", tuple(_order(explanation))),
        Section("content", tuple(s for match in explanation.content for s in _match(match))),
        Section("notes", (*notes(explanation), Statement("models", texts={"snapshot": (explanation.snapshot_id,)}))),
    )
    return tuple(section for section in sections if section.statements)


def _neighbours(explanation: Explanation) -> Iterator[Statement]:
    """What diversity kept apart, and what it put before and behind the item."""
    rerank = explanation.rerank
    if rerank is None:
        return
    if rerank.alike and (rerank.diverse is None or rerank.diverse > rerank.by_score):
        closest = rerank.alike[0]
        kind = "alike_listed" if rerank.diverse is None else "alike_before"
        yield Statement(kind, {"item": title(closest.item)}, {"alike": (alike(closest.cosine),)})
    if rerank.before:
        yield Statement("put_before", {"items": titles(rerank.before)})
    if rerank.behind:
        yield Statement("put_behind", {"items": titles(rerank.behind)})


def _channels(explanation: Explanation) -> Iterator[Statement]:
    """What each channel adds, with its share in all that is added and taken away."""
    moved = sum(abs(channel.contribution) for channel in explanation.channels.values())
    silent: list[str] = []
    for name, channel in sorted(explanation.channels.items(), key=lambda pair: -abs(pair[1].contribution)):
        if abs(channel.contribution) < NEGLIGIBLE:
            silent.append(name)
            continue
        texts = {"amount": (amount(channel.contribution),), "share": (share(abs(channel.contribution) / moved),)}
        kind = "channel_adds" if channel.contribution > 0 else "channel_takes"
        yield Statement(kind, texts=texts, terms={"channel": (name,)})
    if silent:
        yield Statement("channels_silent", terms={"channel": tuple(silent)})


def _history(explanation: Explanation) -> Iterator[Statement]:
    for part in explanation.contributions[:HISTORY]:
        yield _effect(part)
        if part.together:
            yield Statement("together", {"item": title(part.item)}, {"count": (f"{part.together:,}",)})
        if part.followed:
            yield Statement("followed", {"item": title(part.item)}, {"count": (f"{part.followed:,}",)})
    rest = len(explanation.contributions) - HISTORY
    if rest > 0:
        yield Statement("unnamed", texts={"count": (f"{rest:,}",)})


def _effect(part: Contribution) -> Statement:
    """What leaving one history item out does, by scoring again or by estimate; with its place where that is known."""
    said, size = {"item": title(part.item)}, part.counterfactual
    change = "unchanged" if abs(size) < NEGLIGIBLE else "lower" if size > 0 else "higher"
    by = {} if change == "unchanged" else {"amount": (amount(size),)}
    if part.estimated:
        return Statement(f"estimated_{change}", said, by)
    if part.rank is None:
        return Statement(f"without_{change}", said, by)
    return Statement(f"without_{change}_place", said, by | {"rank": (f"{part.rank:,}",)})


def _graph(explanation: Explanation) -> Iterator[Statement]:
    parts = sorted(explanation.contributions, key=lambda part: -abs(part.exact))
    by_history = sum(part.exact for part in parts)
    if explanation.own_term or by_history:
        yield Statement(
            "graph_sum",
            texts={
                "total": (signed(explanation.own_term + by_history),),
                "history": (signed(by_history),),
                "own": (signed(explanation.own_term),),
            },
        )
    yield from _depths(explanation)
    for part in parts[:GRAPH_ITEMS]:
        if abs(part.exact) >= NEGLIGIBLE:
            kind = "graph_item" if part.exact > 0 else "graph_item_against"
            yield Statement(kind, {"item": title(part.item)}, {"amount": (amount(part.exact),)})
    shares: dict[tuple[str, ...], list[float]] = {}
    for path in explanation.paths:
        between = tuple(clean(step.label) for step in path.steps if step.kind == "item")[:-1]
        shares.setdefault(between, []).append(path.share)
    for between, parts in sorted(shares.items(), key=lambda pair: -sum(pair[1]))[:PATHS]:
        yield Statement("paths", {"items": between}, {"count": (f"{len(parts):,}",), "share": (share(sum(parts)),)})


def _depths(explanation: Explanation) -> Iterator[Statement]:
    """The graph score by how far its parts come, and how much of it the shown paths are."""
    graph = explanation.graph
    near = [("depth_items", graph.items), *(("depth_people", value) for value in graph.people[:1])]
    for kind, value in (*near, ("depth_echo", graph.echo), ("depth_new", graph.new)):
        if abs(value) >= NEGLIGIBLE:
            yield Statement(kind, texts={"part": (_part(value),)})
    for steps, value in enumerate(graph.people[1:], start=2):
        if abs(value) >= NEGLIGIBLE:
            yield Statement("depth_beyond", texts={"part": (_part(value),), "steps": (f"{steps:,}",)})
    if graph.paths and explanation.paths:
        shown = {"count": (f"{graph.paths:,}",), "named": (f"{len(explanation.paths):,}",)}
        yield Statement("depth_paths", texts=shown | {"share": (share(graph.shown),)})
    if graph.against:
        yield Statement("depth_against", texts={"count": (f"{graph.against:,}",)})


def _part(value: float) -> str:
    return f"{'-' if value < 0 else ''}{amount(value)}"


def _order(explanation: Explanation) -> Iterator[Statement]:
    sequence = explanation.sequence
    if sequence is None:
        return
    yield Statement("order_place", texts={"rank": (f"{sequence.rank:,}",)})
    for span in sequence.spans:
        yield _span(span)
    names = {part.item.item_id: title(part.item) for part in explanation.contributions}
    strongest = sorted(sequence.gradients, key=lambda item_id: -abs(sequence.gradients[item_id]))
    for item_id in [one for one in strongest if one in names][:GRADIENTS]:
        yield Statement("gradient", {"item": names[item_id]}, {"part": (signed(sequence.gradients[item_id]),)})
    yield Statement("gap", texts={"share": (share(sequence.gap),)})


def _span(span: SequenceSpan) -> Statement:
    said, rank = {"items": titles(span.items)}, {"rank": (f"{span.rank:,}",)}
    if abs(span.lost) < NEGLIGIBLE:
        return Statement("span_unchanged", said, rank)
    kind = "span_lower" if span.lost > 0 else "span_higher"
    return Statement(kind, said, rank | {"amount": (amount(span.lost),)})


def _match(match: Neighbour) -> Iterator[Statement]:
    yield Statement("match", {"item": title(match.item)}, {"alike": (alike(match.similarity),)})
    for modality, part in match.shares.items():
        if part > 0:
            yield Statement("match_share", texts={"share": (share(part),)}, terms={"modality": (modality,)})
    if match.shared_values:
        yield Statement("match_values", texts={"values": tuple(clean(value) for value in match.shared_values)})
