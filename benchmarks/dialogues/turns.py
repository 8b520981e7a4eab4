"""The turns in which somebody recommends, in the two formats that they come in."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NOISE = "QUOTATION_MARK"
"""What the published INSPIRED has where people wrote quotation marks."""
_GZIP = b"\x1f\x8b"
RECOMMENDER = "system"
"""Who recommends."""


@dataclass(frozen=True)
class Named:
    """An item that a recommendation named, as annotated: "Heat (1995)", and its id where the file gives it."""

    title: str
    item_id: str | None = None


@dataclass(frozen=True)
class Turn:
    """What was said before somebody recommended, oldest first, and what they then named.

    What they said with it is not here: no recommender may read the answer.

    Attributes:
        asked: of each message whether it is of the one who looks for something.
    """

    dialogue_id: str
    context: tuple[str, ...]
    targets: tuple[Named, ...]
    asked: tuple[bool, ...] = ()


def read_turns(file: Path) -> list[Turn]:
    """Recommending turns of a file of either format, gzipped or not; ends the program where it is neither."""
    turns: list[Turn] = []
    for number, line in enumerate(_lines(file), start=1):
        record = json.loads(line)
        if "targets" in record:
            turns.append(_recommending(record))
        elif "turns" in record:
            turns += _of_dialogue(record)
        else:
            sys.exit(f"{file}, line {number}: neither a turn with targets nor a dialogue with turns")
    if not turns:
        sys.exit(f"{file} has no turn in which anything is recommended")
    return turns


def _lines(file: Path) -> Iterator[str]:
    with file.open("rb") as plain:
        zipped = plain.read(2) == _GZIP
    with gzip.open(file, "rt", encoding="utf-8") if zipped else file.open(encoding="utf-8") as lines:
        yield from (line for line in lines if line.strip())


def _recommending(record: Mapping[str, Any]) -> Turn:
    """A line of ReDial."""
    return Turn(
        str(record["dialogue_id"]),
        tuple(said["text"] for said in record["context"]),
        tuple(Named(target["title"], target["item_id"]) for target in record["targets"]),
        tuple(said.get("speaker") != RECOMMENDER for said in record["context"]),
    )


def _of_dialogue(record: Mapping[str, Any]) -> Iterator[Turn]:
    """A line of INSPIRED: every turn of the recommender that names a film."""
    said: list[str] = []
    asked: list[bool] = []
    for turn in record["turns"]:
        if turn["speaker"] == RECOMMENDER and turn["movies"]:
            targets = tuple(Named(title.strip()) for title in turn["movies"])
            yield Turn(str(record["dialogue_id"]), tuple(said), targets, tuple(asked))
        said.append(turn["text"].replace(_NOISE, '"'))
        asked.append(turn["speaker"] != RECOMMENDER)


def distinct(turns: Sequence[Turn], others: Sequence[Turn]) -> list[Turn]:
    """Turns of those dialogues that have no turn in common with others: nothing is learned from and asked."""
    known = {(turn.context, turn.targets) for turn in others}
    same = {turn.dialogue_id for turn in turns if (turn.context, turn.targets) in known}
    return [turn for turn in turns if turn.dialogue_id not in same]
