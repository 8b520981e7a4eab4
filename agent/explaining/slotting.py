"""Statements with slots where names and numbers stand: what a model sees and what its sentences are held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.explaining.statements import Statement
from agent.explaining.voice import Voice
from agent.slots import Slots


@dataclass(frozen=True)
class Slotted:
    """One statement behind slots.

    Attributes:
        statement: what is said.
        fields: slot -> the field that it stands in.
        ways: sentences that say it, with slots, the plainest first.
    """

    statement: Statement
    fields: Mapping[str, str]
    ways: tuple[str, ...]


def slotted(statement: Statement, voice: Voice, slots: Slots) -> Slotted:
    """Give the names and numbers of a statement their slots.

    A title or value has one slot wherever it stands; every number has one of its own, since equal numbers may mean
    different things.
    """
    fields: dict[str, str] = {}
    kept: dict[tuple[str, str], str] = {}

    def written(name: str, text: str, is_title: bool) -> str:
        slot = kept.get((name, text))
        if slot is None:
            shown = voice.write(name, text, is_title)
            slot = slots.fresh(shown) if any(c.isdigit() for c in text) and not is_title else slots.of(shown)
            if slot in fields and fields[slot] != name:
                slot = slots.fresh(shown)
            kept[name, text] = slot
        fields[slot] = name
        return slot

    return Slotted(statement, fields, voice.ways(statement, written))
