"""Learns what the chat leans to from dialogues that people had, and writes agent/leaning/dialogues.safetensors.

    python -m benchmarks.dialogues.train                 from the development sets of ReDial and INSPIRED

What is written holds numbers alone: which titles were named and recommended together, embeddings of what was said, and
weights. The text of no dialogue is in it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from agent.leaning import LEANING_FILE
from agent.leaning.features import Dialogues
from agent.leaning.learnt import Learnt
from agent.leaning.model import LeaningSettings, Lesson
from benchmarks.dialogues.__main__ import DEVELOPMENT
from benchmarks.dialogues.contenders import QUICK
from benchmarks.dialogues.films import Films, Words
from benchmarks.dialogues.questions import examples_of, questions_of
from benchmarks.dialogues.turns import distinct, read_turns
from encoders.cache import EmbeddingCache
from serving.service import Service
from serving.settings import load_settings


def main() -> None:
    """Parse the command line, learn, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="*", default=DEVELOPMENT, help="dialogues, in both formats")
    parser.add_argument("--catalogue", type=Path, default=Path("../shared/data/movies"), help="folder of the films")
    parser.add_argument("--home", type=Path, default=Path(".tastemaker"), help="whose text encoder is used")
    parser.add_argument("--to", type=Path, default=LEANING_FILE)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="learn little, to see that it runs")
    arguments = parser.parse_args()
    with Service.open(load_settings(home=arguments.home)) as service:
        words = Words(service.text_model, EmbeddingCache(service.settings.cache / "embeddings.db"))
    films = Films.read(arguments.catalogue, words)
    learnt = learn(
        films, arguments.files, settings=QUICK if arguments.quick else LeaningSettings(), seed=arguments.seed
    )
    learnt.save(arguments.to)
    print(f"{arguments.to}: {learnt.source}; {arguments.to.stat().st_size:,} bytes")


def learn(films: Films, files: Sequence[Path], *, settings: LeaningSettings, seed: int) -> Learnt:
    """From all dialogues of some files; what two files have in common counts once."""
    turns = []
    for file in files:
        turns += distinct(read_turns(file), turns)
    questions = questions_of(turns, films)
    examples = examples_of(turns, questions, films)
    dialogues = Dialogues.of([one.heard for one in examples], films.arrays, films.words.encode)
    leaning = Lesson.of(dialogues, examples, films.arrays, settings=settings, seed=seed).learned(settings=settings)
    return Learnt.of(
        leaning,
        films.catalogue,
        films.arrays.years,
        encoder=films.words.encoder.fingerprint,
        source=f"{len(examples)} turns of {len({one.dialogue for one in examples})} dialogues in "
        + ", ".join(file.name for file in files),
    )


if __name__ == "__main__":
    main()
