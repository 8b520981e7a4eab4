"""`python -m benchmarks.dialogues`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from agent.leaning.features import Dialogues
from agent.leaning.habits import Example
from benchmarks import dialogues
from benchmarks.dialogues.contenders import ROWS, Contenders
from benchmarks.dialogues.films import Films, Words
from benchmarks.dialogues.protocol import folds_of, ranks_of, row_of
from benchmarks.dialogues.questions import examples_of, questions_of
from benchmarks.dialogues.turns import Turn, distinct, read_turns
from benchmarks.harness import Report, chosen, options
from encoders.cache import EmbeddingCache
from serving.service import Service
from serving.settings import load_settings
from store.ids import IndexArray

DEVELOPMENT = tuple(
    Path("../shared/data/dialogues") / name for name in ("redial-dev.jsonl.gz", "inspired-dev.jsonl.gz")
)
_QUICK = 200
"""Turns of a quick run."""


def main() -> None:
    """Parse the command line, run, print."""
    parser = options(dialogues.__doc__)
    parser.add_argument("file", type=Path, help="recommending turns, or dialogues")
    parser.add_argument("--catalogue", type=Path, default=Path("../shared/data/movies"), help="folder of the films")
    parser.add_argument(
        "--also",
        type=Path,
        nargs="*",
        default=[file for file in DEVELOPMENT if file.exists()],
        help="further dialogues to learn from; the development sets by default",
    )
    parser.add_argument("--home", type=Path, default=Path(".tastemaker"), help="whose text encoder is used")
    arguments = parser.parse_args()
    names = chosen(ROWS, arguments.only)
    every = read_turns(arguments.file)
    others = [turn for file in arguments.also for turn in distinct(read_turns(file), every)]
    turns = every[:_QUICK] if arguments.quick else every
    report = Report("dialogues")
    with Service.open(load_settings(home=arguments.home)) as service:
        words = Words(service.text_model, EmbeddingCache(service.settings.cache / "embeddings.db"))
    films = Films.read(arguments.catalogue, words)
    contest = Contest(films, turns, others, quick=arguments.quick)
    places = [contest.ranks(names, seed) for seed in arguments.seeds]
    report.rows = [row_of(name, contest.questions, [one[name] for one in places]) for name in names]
    report.environment = {
        "turns": len(turns),
        "questions": len(contest.questions),
        "threads": torch.get_num_threads(),
        **contest.counts,
    }
    report.finish(arguments)


class Contest:
    """The questions of a file, and the dialogues to learn from.

    Args:
        films: the catalogue.
        turns: of the file.
        others: of other dialogues: always learned from, never asked.
        quick: learn little.
    """

    def __init__(self, films: Films, turns: Sequence[Turn], others: Sequence[Turn], *, quick: bool) -> None:
        self.questions = questions_of(turns, films)
        self._examples = examples_of(turns, self.questions, films)
        self._others = examples_of(others, questions_of(others, films, first=len(turns)), films)
        every = [one.heard for one in (*self._examples, *self._others)]
        self._dialogues = Dialogues.of(every, films.arrays, films.words.encode)
        self._items, self._quick = films.arrays, quick
        self.counts = {"dialogues": len({turn.dialogue_id for turn in turns}), "also": len(self._others)}

    def ranks(self, names: Sequence[str], seed: int) -> dict[str, list[IndexArray]]:
        """For each row the places of the targets of every question, in 5 folds."""
        of_dialogue = np.array([question.dialogue for question in self.questions])
        further = list(range(len(self.questions), len(self._dialogues)))
        every: list[Example] = [*self._examples, *self._others]
        places = {name: [np.zeros(0, dtype=np.int64)] * len(self.questions) for name in names}
        for held in folds_of(int(of_dialogue.max()) + 1, seed=seed):
            asked = np.flatnonzero(held[of_dialogue]).tolist()
            known = [*np.flatnonzero(~held[of_dialogue]).tolist(), *further]
            contenders = Contenders(
                self._dialogues.rows(known), [every[row] for row in known], self._items, quick=self._quick, seed=seed
            )
            for name in names:
                for row, scores in zip(asked, contenders.scores(name, self._dialogues.rows(asked)), strict=True):
                    places[name][row] = ranks_of(scores, self.questions[row])
                found = np.concatenate([places[name][row] for row in asked])
                print(
                    f"{name}, seed {seed}: recall@10 of a fold {(found <= 10).mean():.3f}", file=sys.stderr, flush=True
                )
        return places


if __name__ == "__main__":
    main()
