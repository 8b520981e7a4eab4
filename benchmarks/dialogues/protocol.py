"""What is asked of a recommender, and how its answers are judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Row
from evaluation.intervals import ratio_interval
from pipeline.contracts import Scores
from store.ids import IndexArray

CUTS = (1, 10, 50)
FOLDS = 5
_DIGITS = 4


@dataclass(frozen=True)
class Question:
    """One turn that is judged.

    Attributes:
        turn: its place in the file.
        dialogue: number of its dialogue.
        mentioned: int64, items named before, which may not come back.
        targets: int64, items that were then recommended and that nobody had named before.
    """

    turn: int
    dialogue: int
    mentioned: IndexArray
    targets: IndexArray


def folds_of(dialogues: int, *, seed: int, folds: int = FOLDS) -> Iterator[NDArray[np.bool_]]:
    """Which dialogues are held out, bool [dialogues], one array for each fold."""
    order = np.random.default_rng(seed).permutation(dialogues)
    for fold in range(folds):
        held = np.zeros(dialogues, dtype=np.bool_)
        held[order[fold::folds]] = True
        yield held


def ranks_of(scores: Scores, question: Question) -> IndexArray:
    """Places of the targets in the whole catalogue, int64 from 1; whatever scores the same stands in front of them.

    Args:
        scores: [N+1], of all items.
    """
    open_to_all = np.array(scores, dtype=np.float64)
    open_to_all[0] = open_to_all[question.mentioned] = -np.inf
    return np.array([(open_to_all >= open_to_all[target]).sum() for target in question.targets], dtype=np.int64)


def row_of(name: str, questions: Sequence[Question], ranks: Sequence[Sequence[IndexArray]]) -> Row:
    """Figures of one contender, the mean over targets, with 95% intervals over dialogues.

    Args:
        questions: Q of them.
        ranks: for each seed the places of every question's targets.
    """
    of_dialogue = np.repeat([question.dialogue for question in questions], [len(one.targets) for one in questions])
    dialogues, place = np.unique(of_dialogue, return_inverse=True)
    counts = np.bincount(place, minlength=len(dialogues)).astype(np.float64)
    every = np.stack([np.concatenate(one) for one in ranks]).astype(np.float64)
    row: Row = {"name": name, "targets": len(place)}
    gains = {f"recall@{cut}": (every <= cut).mean(axis=0) for cut in CUTS} | {"mrr": (1.0 / every).mean(axis=0)}
    for metric, gain in gains.items():
        found = ratio_interval(np.bincount(place, weights=gain, minlength=len(dialogues)).astype(np.float64), counts)
        row[metric] = round(found.mean, _DIGITS)
        row[f"{metric}_ci"] = [round(found.low, _DIGITS), round(found.high, _DIGITS)]
    return row
