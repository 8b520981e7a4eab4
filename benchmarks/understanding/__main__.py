"""`python -m benchmarks.understanding`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from agent.understanding import Understander
from benchmarks import understanding
from benchmarks.harness import Report, chosen, options
from benchmarks.understanding.scoring import Case, Score, Value, understood
from benchmarks.understanding.sets import HERE, by_hand, catalogue_of, inspired, over_one_of_several
from pipeline.catalogue import Catalogue
from serving.service import Service
from serving.settings import load_settings

CATALOGUES = ("films", "garden", "books", "games")
_ASKED = ("asked_films", "asked_garden")
ROWS = ("films", "garden", "inspired", "films_zh", *(f"written_{name}" for name in CATALOGUES), *_ASKED)
_ABOUT_FILMS = ("inspired", "films_zh")
_QUICK = 40
_SHARED = Path("../shared/data")


def main() -> None:
    """Parse the command line, run, print."""
    parser = options(understanding.__doc__)
    parser.add_argument("--movies", type=Path, default=_SHARED / "movies", help="folder with items.jsonl.gz")
    parser.add_argument("--inspired", type=Path, default=_SHARED / "dialogues" / "inspired-dev.jsonl.gz")
    parser.add_argument("--part", choices=("test", "dev"), default="test", help="of the sets by hand")
    parser.add_argument("--show", action="store_true", help="print requests that were not fully understood")
    parser.add_argument("--home", type=Path, default=Path(".tastemaker"), help="whose text encoder is used")
    parser.add_argument("--rules", action="store_true", help="without the learned intents")
    arguments = parser.parse_args()
    if arguments.show and arguments.part == "test":
        sys.exit("--show is for --part dev: whoever builds the understanding does not look at the test set")
    report = Report("understanding")
    with Service.open(load_settings(home=arguments.home)) as service:
        intents = None if arguments.rules else service.intents

    @cache
    def over(name: str) -> tuple[Catalogue, Understander]:
        catalogue = catalogue_of(arguments.movies / "items.jsonl.gz" if name == "films" else HERE / f"{name}.jsonl")
        return catalogue, Understander.over(catalogue, intents=intents)

    for name in chosen(ROWS, arguments.only):
        kind, _, about = name.rpartition("_") if name.startswith(("written_", "asked_")) else ("", "", name)
        about = "films" if about in _ABOUT_FILMS else about
        catalogue, understander = over(about)
        if name == "inspired":
            cases = inspired(arguments.inspired, catalogue)
        else:
            file = f"{kind or name}_{arguments.part}"
            cases = over_one_of_several(file, about) if kind else by_hand(file)
        if arguments.quick:
            cases = cases[:_QUICK]
        report.rows.append(score(cases, understander, show=arguments.show).row(name))
    report.environment = {"part": arguments.part, "intents": "learned" if intents else "rules"}
    report.finish(arguments)


def score(cases: Sequence[Case], understander: Understander, *, show: bool = False) -> Score:
    """Understand each request once."""
    understander.understand("hello")  # the tables over the catalogue are built with the first request
    total = Score()
    for case in cases:
        began = time.perf_counter()
        request = understander.understand(case.text)
        whole = total.add(case, request, seconds=time.perf_counter() - began)
        if show and not whole:
            values, mood = understood(request)
            told = {
                "text": case.text,
                "intent": [case.intent, request.intent.value],
                "missing": _said(case.values - values),
                "wrong": _said(values - case.values),
                "mood": [" ".join(case.mood), " ".join(mood)],
            }
            print(json.dumps(told, ensure_ascii=False), file=sys.stderr)
    return total


def _said(values: Sequence[Value] | frozenset[Value]) -> list[str]:
    return sorted(f"{slot}={value}" for slot, value in values)


if __name__ == "__main__":
    main()
