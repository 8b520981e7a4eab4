"""Understood requests against what was meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from agent.request import Request
from agent.tokens import words_of
from benchmarks.harness import Row

_DIGITS = 4


class Value(NamedTuple):
    """One value of one slot."""

    slot: str
    value: str


@dataclass(frozen=True)
class Case:
    """One request and what it means.

    Attributes:
        intent: empty where the annotation has none.
        values: of all slots.
        mood: words that no slot covers.
        kinds: of the slots that the annotation covers ("items"), where it does not say how things were spoken of;
            what was understood of others is then not judged. Empty where it covers all.
    """

    text: str
    intent: str
    values: frozenset[Value]
    mood: tuple[str, ...] = ()
    kinds: Collection[str] = ()


def meant(line: Mapping[str, Any]) -> Case:
    """A line of the sets by hand."""
    values: set[Value] = set()
    for key in ("items_like", "items_unlike", "items_about"):
        values |= {Value(key, item["item_id"]) for item in line.get(key, ())}
    for key in ("attributes_in", "attributes_out", "people_in", "people_out"):
        values |= {_value(key, text) for text in line.get(key, ())}
    for key in ("year_from", "year_to", "count"):
        if line.get(key) is not None:
            values.add(Value(key, str(line[key])))
    for bounds in line.get("ranges", ()):
        values |= set(_bounds(bounds["attribute"], bounds.get("low"), bounds.get("high")))
    for critique in line.get("critiques", ()):
        values.add(_critique(critique["direction"], critique.get("value") or critique["attribute"]))
    return Case(line["text"], line["intent"], frozenset(values), tuple(words_of(line.get("mood", ""))))


def understood(request: Request) -> tuple[frozenset[Value], tuple[str, ...]]:
    """Values and mood of a request, in the terms of `meant`."""
    values = set[Value]()
    if request.intent.asks:
        values |= {Value("items_about", item) for item in (*request.refers_to, *request.items_like)}
    else:
        values |= {Value("items_like", item) for item in request.items_like}
        values |= {Value("items_unlike" if request.intent.wishes else "items_like", item) for item in request.seen}
    values |= {Value("items_unlike", item) for item in request.items_unlike}
    values |= {_value("attributes_in", facet.value) for group in request.facets_in for facet in group}
    values |= {_value("attributes_out", facet.value) for facet in request.facets_out}
    values |= {_value("people_in", name) for name in (*request.people_in, *request.people_either)}
    values |= {_value("people_out", name) for name in request.people_out}
    for bounds in request.ranges:
        if bounds.attribute == "year":
            values |= {Value("year_from", f"{bounds.low:.0f}")} if bounds.low is not None else set()
            values |= {Value("year_to", f"{bounds.high:.0f}")} if bounds.high is not None else set()
        else:
            values |= set(_bounds(bounds.attribute, bounds.low, bounds.high))
    if request.count is not None:
        values.add(Value("count", str(request.count)))
    values |= {_critique(critique.direction, critique.value or critique.attribute) for critique in request.critiques}
    named = Counter(words_of(" ".join(request.people_either)))
    return frozenset(values), tuple((Counter(words_of(request.mood)) - named).elements())


def _value(slot: str, text: str) -> Value:
    return Value(slot, " ".join(words_of(text)))


def _bounds(attribute: str, low: float | None, high: float | None) -> Iterable[Value]:
    for end, bound in (("from", low), ("to", high)):
        if bound is not None:
            yield Value("ranges", f"{attribute} {end} {bound:g}")


def _critique(direction: str, word: str) -> Value:
    """A wish about a word of content names the word; which attribute a program files it under is its own business."""
    return _value("critiques", f"{direction} {word}")


@dataclass
class Score:
    """Counts over the requests of one row."""

    requests: int = 0
    with_intent: int = 0
    intents: int = 0
    whole: int = 0
    right: Counter[str] = field(default_factory=Counter[str])
    found: Counter[str] = field(default_factory=Counter[str])
    wanted: Counter[str] = field(default_factory=Counter[str])
    linked: int = 0
    to_link: int = 0
    milliseconds: list[float] = field(default_factory=list)

    def add(self, case: Case, request: Request, *, seconds: float) -> bool:
        """Count one request; whether it was understood fully."""
        values, mood = understood(request)
        if case.kinds:
            plain = (Value(value.slot.partition("_")[0], value.value) for value in values)
            values = frozenset(value for value in plain if value.slot in case.kinds)
        self.requests += 1
        self.milliseconds.append(1e3 * seconds)
        for value in values:
            self.found[value.slot] += 1
        for value in case.values:
            self.wanted[value.slot] += 1
        for value in values & case.values:
            self.right[value.slot] += 1
        items = {value.value for value in case.values if value.slot.startswith("items")}
        self.to_link += len(items)
        self.linked += len(items & {value.value for value in values if value.slot.startswith("items")})
        if case.intent:
            self.with_intent += 1
            self.intents += request.intent.value == case.intent
            said, expected = Counter(mood), Counter(case.mood)
            self.right["mood"] += (said & expected).total()
            self.found["mood"] += said.total()
            self.wanted["mood"] += expected.total()
        whole = values == case.values and (not case.intent or request.intent.value == case.intent)
        self.whole += whole
        return whole

    def row(self, name: str) -> Row:
        """The figures; a slot that nobody meant and nobody found has none."""
        slots = sorted({*self.found, *self.wanted} - {"mood"})
        row: Row = {"name": name, "requests": self.requests}
        if self.with_intent:
            row["intent"] = _share(self.intents, self.with_intent)
        row["slot_f1"] = self._f1(slots)
        if self.to_link:
            row["linking"] = _share(self.linked, self.to_link)
        row["whole"] = _share(self.whole, self.requests)
        if self.with_intent:
            row["mood_f1"] = self._f1(["mood"])
        row |= {f"f1_{slot}": self._f1([slot]) for slot in slots}
        p50, p99 = np.percentile(self.milliseconds, (50, 99))
        return row | {"p50_ms": round(float(p50), 2), "p99_ms": round(float(p99), 2)}

    def _f1(self, slots: Iterable[str]) -> float:
        names = list(slots)
        right, found, wanted = (sum(counts[slot] for slot in names) for counts in (self.right, self.found, self.wanted))
        return _share(2 * right, found + wanted)


def _share(part: int, whole: int) -> float:
    return round(part / whole, _DIGITS) if whole else 1.0
