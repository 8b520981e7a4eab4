"""Says of each sentence whether an explanation holds what it claims: parsed back into a claim, checked on the evidence.

It shares nothing with ``agent.explaining``: neither its statements and wordings nor its verifier. A sentence that it
cannot parse is not right: what nobody can check is not to be said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.words.claims import CHANNELS, JOINTS, MODALITIES, NOTES, PARSERS
from pipeline.explanation import Contribution, Explanation, SequenceSpan
from store.records import Item

Groups = Mapping[str, str]

_TINY = 0.00051
"""What is said to have no effect may be this large."""


@dataclass(frozen=True)
class Verdict:
    """Whether a sentence is right, and why not.

    Attributes:
        claim: what it was parsed as; "" where it could not be.
    """

    claim: str
    right: bool


@dataclass(frozen=True)
class Judge:
    """Judges sentences about one explanation.

    Attributes:
        liked: ids of items that the reader is known to have liked.
    """

    explanation: Explanation
    language: str
    liked: Collection[str] = field(default_factory=frozenset)

    def verdict(self, sentence: str) -> Verdict:
        """The first reading of a sentence that the evidence holds; else that it is wrong."""
        read = ""
        for claim, pattern in PARSERS[self.language]:
            match = re.fullmatch(pattern, sentence, re.IGNORECASE)
            if match is None:
                continue
            read = claim
            groups = {name: text for name, text in match.groupdict().items() if text is not None}
            if _CHECKS[claim](self, groups):
                return Verdict(claim, True)
        return Verdict(read, False)

    def names(self, text: str, items: Sequence[Item], *, most: int | None = None) -> bool:
        """Whether a text is a list of titles of some of the items, each once; of all of them where ``most`` is None."""
        titles = [self.quoted(item) for item in items]
        found = 0
        for title in sorted(titles, key=len, reverse=True):
            if title in text:
                text = text.replace(title, "\0", 1)
                found += 1
        rest = re.split(JOINTS[self.language], text)
        whole = all(part == "\0" for part in rest) and len(rest) == found
        return whole and found > 0 and (found == len(items) if most is None else found <= most)

    def quoted(self, item: Item) -> str:
        title = " ".join(item.title.split())
        return f"“{title}”" if self.language == "zh" else title

    def listed(self, text: str, values: Sequence[str]) -> bool:
        """Whether a text is a list of just these values."""
        shown = [" ".join(value.split()) for value in values]
        return text in {joint.join(shown) for joint in (", ", "、")} or sorted(
            re.split(JOINTS[self.language], text)
        ) == sorted(shown)

    def parts(self, text: str) -> list[Contribution]:
        return [part for part in self.explanation.contributions if self.quoted(part.item) == text]

    def reasons(self, *kinds: str) -> list[tuple[Item, ...]]:
        return [reason.items for reason in self.explanation.reasons if reason.kind in kinds]

    def has(self, *kinds: str) -> bool:
        return any(reason.kind in kinds for reason in self.explanation.reasons)


Check = Callable[[Judge, Groups], bool]


def _near(text: str, value: float | None) -> bool:
    """Whether a written number is the value, rounded to the digits that are written (and to two significant ones)."""
    if value is None:
        return False
    if text.endswith("%"):
        if text == "<0.1%":
            return 0 < value < 0.0005
        text, value = text[:-1], 100 * value
    written = float(text.replace(",", ""))
    digits = len(text.partition(".")[2])
    return abs(written - value) <= 0.5001 * 10.0**-digits


def _place(judge: Judge, groups: Groups) -> bool:
    why = judge.explanation
    said = groups["item"] == judge.quoted(why.item)
    return said and why.rank is not None and _near(groups["rank"], why.rank) and _near(groups["of"], why.of)


def _no_place(judge: Judge, groups: Groups) -> bool:
    return judge.explanation.rank is None and groups["item"] == judge.quoted(judge.explanation.item)


def _of_reason(*kinds: str) -> Check:
    return lambda judge, groups: any(judge.names(groups["items"], items, most=2) for items in judge.reasons(*kinds))


def _liked(judge: Judge, groups: Groups) -> bool:
    known = [[item for item in items if item.item_id in judge.liked] for items in judge.reasons("history")]
    return any(judge.names(groups["items"], items, most=2) for items in known)


def _values(kind: str) -> Check:
    return lambda judge, groups: any(
        judge.listed(groups["values"], reason.values[:2]) for reason in judge.explanation.reasons if reason.kind == kind
    )


def _kind(*kinds: str) -> Check:
    return lambda judge, groups: judge.has(*kinds)


def _unnamed(kind: str) -> Check:
    return lambda judge, groups: any(reason.kind == kind and not reason.items for reason in judge.explanation.reasons)


def _new(judge: Judge, groups: Groups) -> bool:
    readers = [reason.readers for reason in judge.explanation.reasons if reason.kind == "new"]
    return any(bool(count) == ("readers" in groups) for count in readers)


def _unsaid(judge: Judge, groups: Groups) -> bool:
    return not any(
        items
        or reason.kind in ("popular", "new", "trial", "text", "history", "sequence")
        or (reason.kind == "constraint" and bool(reason.values))
        for reason in judge.explanation.reasons
        for items in (reason.items,)
    )


def _changes(sign: int, *, most: bool = False, estimated: bool = False) -> Check:
    """What leaving an item out does to the score: 1 is that it falls, -1 that it rises, 0 that it stays."""

    def check(judge: Judge, groups: Groups) -> bool:
        tried = [part for part in judge.explanation.contributions if not part.estimated]
        for part in judge.parts(groups["item"]):
            size = part.counterfactual
            holds = abs(size) < _TINY if sign == 0 else size * sign > 0 and _near(groups["amount"], abs(size))
            if most:
                holds = holds and size == max(one.counterfactual for one in tried)
                total = len(judge.explanation.contributions)
                holds = holds and (_near(groups["tried"], len(tried)) if "tried" in groups else len(tried) == total)
            if "rank" in groups:
                holds = holds and _near(groups["rank"], part.rank)
            if holds and part.estimated == estimated:
                return True
        return False

    return check


def _what_if(sign: int, *, place: bool) -> Check:
    """From before to after; 1 is that the score or the place falls. A place falls as its number rises."""

    def check(judge: Judge, groups: Groups) -> bool:
        why = judge.explanation
        before, after = (why.baseline_rank, why.rank) if place else (why.baseline_score, why.score)
        if before is None or after is None or not _near(groups["after"], after):
            return False
        if sign == 0:
            return before == after if place else abs(before - after) < 1e-4
        fell = after > before if place else after < before
        return before != after and fell == (sign > 0) and _near(groups["before"], before)

    return check


def _channel(sign: int) -> Check:
    def check(judge: Judge, groups: Groups) -> bool:
        channels = judge.explanation.channels
        moved = sum(abs(channel.contribution) for channel in channels.values())
        name = CHANNELS[judge.language].get(groups["channel"], "")
        value = channels[name].contribution if name in channels else 0.0
        return value * sign > 0 and _near(groups["amount"], abs(value)) and _near(groups["share"], abs(value) / moved)

    return check


def _silent(judge: Judge, groups: Groups) -> bool:
    names = re.split(JOINTS[judge.language], groups["channels"])
    channels = judge.explanation.channels
    return all(abs(channels[CHANNELS[judge.language][name or ""]].contribution) < _TINY for name in names)


def _together(judge: Judge, groups: Groups) -> bool:
    return any(_near(groups["count"], part.together) for part in judge.parts(groups["item"]))


def _followed(judge: Judge, groups: Groups) -> bool:
    return any(_near(groups["count"], part.followed) for part in judge.parts(groups["item"]))


def _graph_sum(judge: Judge, groups: Groups) -> bool:
    own, history = judge.explanation.own_term, sum(part.exact for part in judge.explanation.contributions)
    return _near(groups["total"], own + history) and _near(groups["history"], history) and _near(groups["own"], own)


def _graph_item(sign: int) -> Check:
    return lambda judge, groups: any(
        part.exact * sign > 0 and _near(groups["amount"], abs(part.exact)) for part in judge.parts(groups["item"])
    )


def _paths(judge: Judge, groups: Groups) -> bool:
    quote = "“{}”" if judge.language == "zh" else "{}"
    through = [
        path.share
        for path in judge.explanation.paths
        if [quote.format(" ".join(step.label.split())) for step in path.steps if step.kind == "item"][:-1]
        == [groups["item"]]
    ]
    return _near(groups["count"], len(through)) and _near(groups["share"], sum(through))


def _order_place(judge: Judge, groups: Groups) -> bool:
    sequence = judge.explanation.sequence
    return sequence is not None and _near(groups["rank"], sequence.rank)


def _span(sign: int) -> Check:
    def holds(judge: Judge, groups: Groups, span: SequenceSpan) -> bool:
        size = abs(span.lost) < _TINY if sign == 0 else span.lost * sign > 0 and _near(groups["amount"], abs(span.lost))
        return size and _near(groups["rank"], span.rank) and judge.names(groups["items"], span.items)

    def check(judge: Judge, groups: Groups) -> bool:
        sequence = judge.explanation.sequence
        return sequence is not None and any(holds(judge, groups, span) for span in sequence.spans)

    return check


def _gradient(judge: Judge, groups: Groups) -> bool:
    sequence = judge.explanation.sequence
    return sequence is not None and any(
        _near(groups["part"], sequence.gradients.get(part.item.item_id)) for part in judge.parts(groups["item"])
    )


def _gap(judge: Judge, groups: Groups) -> bool:
    return judge.explanation.sequence is not None and _near(groups["share"], judge.explanation.sequence.gap)


def _match(judge: Judge, groups: Groups) -> bool:
    return any(
        judge.quoted(match.item) == groups["item"] and _near(groups["alike"], match.similarity)
        for match in judge.explanation.content
    )


def _match_share(judge: Judge, groups: Groups) -> bool:
    modality = MODALITIES[judge.language].get(groups["modality"], "")
    return any(_near(groups["share"], match.shares.get(modality)) for match in judge.explanation.content)


def _match_values(judge: Judge, groups: Groups) -> bool:
    return any(judge.listed(groups["values"], match.shared_values) for match in judge.explanation.content)


def _diverse(sign: int) -> Check:
    """From the place by score to the one after diversity; 1 is that the item falls, -1 that it rises."""

    def check(judge: Judge, groups: Groups) -> bool:
        moved = judge.explanation.rerank
        if moved is None or moved.diverse is None or not _near(groups["after"], moved.diverse):
            return False
        return (moved.diverse - moved.by_score) * sign > 0 and _near(groups["before"], moved.by_score)

    return check


def _diverse_out(judge: Judge, groups: Groups) -> bool:
    moved = judge.explanation.rerank
    if moved is None or moved.diverse is not None or moved.by_score > moved.k:
        return False
    return _near(groups["before"], moved.by_score) and _near(groups["k"], moved.k)


def _on_trial(judge: Judge, groups: Groups) -> bool:
    moved = judge.explanation.rerank
    return moved is not None and moved.on_trial and _near(groups["after"], moved.shown)


def _trials(judge: Judge, groups: Groups) -> bool:
    """From the place after diversity to the one shown, or out of the list."""
    moved = judge.explanation.rerank
    if moved is None or moved.diverse is None or moved.on_trial or not _near(groups["before"], moved.diverse):
        return False
    if "k" in groups:
        return moved.shown is None and _near(groups["k"], moved.k)
    return moved.shown is not None and moved.shown > moved.diverse and _near(groups["after"], moved.shown)


def _alike(judge: Judge, groups: Groups) -> bool:
    moved = judge.explanation.rerank
    if moved is None or not moved.alike:
        return False
    closest = max(moved.alike, key=lambda one: one.cosine)
    return judge.quoted(closest.item) == groups["item"] and _near(groups["alike"], closest.cosine)


def _put(side: str) -> Check:
    def check(judge: Judge, groups: Groups) -> bool:
        moved = judge.explanation.rerank
        return moved is not None and judge.names(groups["items"], moved.before if side == "before" else moved.behind)

    return check


def _depth_people(judge: Judge, groups: Groups) -> bool:
    people, steps = judge.explanation.graph.people, int(groups.get("steps", 1))
    return steps <= len(people) and _near(groups["part"], people[steps - 1])


def _depth_paths(judge: Judge, groups: Groups) -> bool:
    graph, named = judge.explanation.graph, len(judge.explanation.paths)
    return all(
        (_near(groups["count"], graph.paths), _near(groups["named"], named), _near(groups["share"], graph.shown))
    )


def _note(judge: Judge, groups: Groups) -> bool:
    notes = [re.sub(r"^\d+%", "#%", note) for note in judge.explanation.notes]
    return NOTES[judge.language].get(re.sub(r"\d+%", "#%", groups["note"]), "") in notes


_CHECKS: Mapping[str, Check] = {
    "place": _place,
    "no_place": _no_place,
    "score": lambda judge, groups: _near(groups["score"], judge.explanation.score),
    "liked": _liked,
    "history": _of_reason("history"),
    "seed": _of_reason("seed"),
    "history_unnamed": _unnamed("history"),
    "sequence": _of_reason("sequence"),
    "sequence_unnamed": _unnamed("sequence"),
    "text": _values("text"),
    "text_unnamed": _kind("text"),
    "picture": _kind("picture"),
    "constraint": _values("constraint"),
    "popular": _kind("popular"),
    "new": _new,
    "trial": _kind("trial"),
    "unsaid": _unsaid,
    "falls": _changes(1),
    "falls_most": _changes(1, most=True),
    "rises": _changes(-1),
    "stays": _changes(0),
    "estimated_falls": _changes(1, estimated=True),
    "estimated_rises": _changes(-1, estimated=True),
    "estimated_stays": _changes(0, estimated=True),
    "score_falls": _what_if(1, place=False),
    "score_rises": _what_if(-1, place=False),
    "score_stays": _what_if(0, place=False),
    "place_falls": _what_if(1, place=True),
    "place_rises": _what_if(-1, place=True),
    "place_stays": _what_if(0, place=True),
    "channel_adds": _channel(1),
    "channel_takes": _channel(-1),
    "silent": _silent,
    "together": _together,
    "followed": _followed,
    "unnamed": lambda judge, groups: _near(groups["count"], len(judge.explanation.contributions) - 12),
    "graph_sum": _graph_sum,
    "graph_adds": _graph_item(1),
    "graph_takes": _graph_item(-1),
    "paths": _paths,
    "order_place": _order_place,
    "span_falls": _span(1),
    "span_rises": _span(-1),
    "span_stays": _span(0),
    "gradient": _gradient,
    "gap": _gap,
    "match": _match,
    "match_share": _match_share,
    "match_values": _match_values,
    "diverse_falls": _diverse(1),
    "diverse_rises": _diverse(-1),
    "diverse_out": _diverse_out,
    "on_trial": _on_trial,
    "trials_fall": _trials,
    "trials_out": _trials,
    "alike": _alike,
    "put_before": _put("before"),
    "put_behind": _put("behind"),
    "depth_items": lambda judge, groups: _near(groups["part"], judge.explanation.graph.items),
    "depth_people": _depth_people,
    "depth_echo": lambda judge, groups: _near(groups["part"], judge.explanation.graph.echo),
    "depth_new": lambda judge, groups: _near(groups["part"], judge.explanation.graph.new),
    "depth_paths": _depth_paths,
    "depth_against": lambda judge, groups: _near(groups["count"], judge.explanation.graph.against),
    "models": lambda judge, groups: groups["snapshot"] == judge.explanation.snapshot_id,
    "note": _note,
}
