"""What the chat recommends in dialogues that people had: the pipeline of a home, with and without what they led to.

    python -m benchmarks.dialogues.chat ../shared/data/dialogues/redial-dev.jsonl.gz --home COPY_OF_THE_HOME --json

The turns of FILE are asked as the chat asks: what the reader said is understood message by message and merged into one
request; titles that they said to have liked are their history; somebody else's suggestions do not come back. Only
targets that the home's catalogue has count. What is leaned to was learned over --catalogue from the dialogues of the
other folds (and from --also), and is laid over the home's catalogue by title and year, as in service.

Rows: ``weight w``, the pipeline's list with the leaning weighed by w, 0 being without it; ``chosen``, of every fold the
list with the weight that found most targets of the other folds. A target outside the first 50 counts as not found.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.leaning.conversation import ConversationLeaning
from agent.leaning.features import Dialogues
from agent.leaning.heard import Listener
from agent.leaning.learnt import Learnt
from agent.leaning.model import LeaningSettings, Lesson
from agent.merge import merged
from agent.request import Intent, Request
from agent.state import MAX_HEARD, ChatState, Memory, StoredMessage
from agent.tools import Filter
from agent.understanding import Understander
from benchmarks.dialogues import chat
from benchmarks.dialogues.__main__ import DEVELOPMENT
from benchmarks.dialogues.contenders import QUICK
from benchmarks.dialogues.films import Films, Words
from benchmarks.dialogues.protocol import Question, folds_of, row_of
from benchmarks.dialogues.questions import examples_of, questions_of
from benchmarks.dialogues.turns import Named, Turn, distinct, read_turns
from benchmarks.harness import Report, options
from encoders.cache import EmbeddingCache
from pipeline.catalogue import Catalogue
from pipeline.query import Query
from serving.service import Service
from serving.settings import load_settings
from store.ids import IndexArray

WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0)
CUT = 50
_NOT_FOUND = 10**6
_ASIDE = (Intent.SMALL_TALK, Intent.OUT_OF_SCOPE, Intent.EXPLAIN, Intent.COMPARE, Intent.DETAILS, Intent.UNDO)
"""Messages that the chat recommends nothing for."""
_QUICK = 100


def main() -> None:
    """Parse the command line, run, print."""
    parser = options(chat.__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--home", type=Path, required=True, help="a copy of a trained home")
    parser.add_argument("--catalogue", type=Path, default=Path("../shared/data/movies"))
    parser.add_argument("--also", type=Path, nargs="*", default=[file for file in DEVELOPMENT if file.exists()])
    arguments = parser.parse_args()
    turns = read_turns(arguments.file)
    turns = turns[:_QUICK] if arguments.quick else turns
    others = [turn for file in arguments.also for turn in distinct(read_turns(file), turns)]
    report = Report("dialogues in the chat")
    with Service.open(load_settings(home=arguments.home)) as service:
        words = Words(service.text_model, EmbeddingCache(service.settings.cache / "embeddings.db"))
        asking = Asking(service, turns)
        school = School(Films.read(arguments.catalogue, words), turns, others, quick=arguments.quick)
        found = asking.places(school, seed=arguments.seeds[0])
    questions = [question for question, _ in asking.questions]
    report.rows = [row_of(name, questions, [places]) for name, places in found.items()]
    report.environment = {"questions": len(questions), "items": len(asking.understander.lexicon.items)}
    report.finish(arguments)


@dataclass(frozen=True)
class _Heard:
    """The home's catalogue, and who reads what is said about it."""

    catalogue: Catalogue
    listener: Listener


class School:
    """Learns from all dialogues but some."""

    def __init__(self, films: Films, turns: Sequence[Turn], others: Sequence[Turn], *, quick: bool) -> None:
        self._films = films
        self._settings = QUICK if quick else LeaningSettings()
        questions = questions_of(turns, films)
        self._examples = examples_of(turns, questions, films)
        self._from = [turns[question.turn].dialogue_id for question in questions]
        more = questions_of(others, films, first=len(turns))
        self._examples += examples_of(others, more, films)
        self._from += ["" for _ in more]
        self._dialogues = Dialogues.of([one.heard for one in self._examples], films.arrays, films.words.encode)

    def learnt(self, without: frozenset[str], *, seed: int) -> Learnt:
        """Without the dialogues of these ids."""
        known = [row for row, dialogue in enumerate(self._from) if dialogue not in without]
        some, films = [self._examples[row] for row in known], self._films
        lesson = Lesson.of(self._dialogues.rows(known), some, films.arrays, settings=self._settings, seed=seed)
        return Learnt.of(
            lesson.learned(settings=self._settings),
            films.catalogue,
            films.arrays.years,
            encoder=films.words.encoder.fingerprint,
            source=f"{len(some)} turns",
        )


class Asking:
    """The questions of a file that a home's catalogue can answer, and what its chat would ask the pipeline."""

    def __init__(self, service: Service, turns: Sequence[Turn]) -> None:
        self._service = service
        recommender = service.recommender
        self.understander = Understander(recommender.vocabulary, recommender.items, intents=service.intents)
        catalogue = recommender.state.catalogue
        self._requests: dict[str, Request] = {}
        self._dialogue_ids = [turn.dialogue_id for turn in turns]
        self._ids = catalogue.ids
        # Ids of a file are those of another catalogue.
        by_title = [replace(turn, targets=tuple(Named(one.title) for one in turn.targets)) for turn in turns]
        questions = questions_of(by_title, _Heard(catalogue, Listener(self.understander, catalogue.ids)))
        self.questions = [(question, self._asked(turns[question.turn], question)) for question in questions]

    def places(self, school: School, *, seed: int) -> Mapping[str, list[IndexArray]]:
        """Places of every question's targets by row."""
        names = list(dict.fromkeys(self._dialogue_ids))
        by_weight = {weight: [np.zeros(0, dtype=np.int64)] * len(self.questions) for weight in WEIGHTS}
        fold_of = np.zeros(len(self.questions), dtype=np.int64)
        for fold, held in enumerate(folds_of(len(names), seed=seed)):
            out = frozenset(name for name, is_held in zip(names, held, strict=True) if is_held)
            leaning = self._leaning(school.learnt(out, seed=seed))
            for row, (question, (query, state)) in enumerate(self.questions):
                if self._dialogue_ids[question.turn] not in out:
                    continue
                fold_of[row] = fold
                told = leaning.of(state, state.memory)
                for weight in WEIGHTS:
                    weighed = {item: weight * value for item, value in told.items()} if weight else {}
                    by_weight[weight][row] = self._places(replace(query, leaning=weighed), question)
            print(f"fold {fold}", file=sys.stderr, flush=True)
        chosen = [by_weight[_best_of(by_weight, fold_of != fold_of[row])][row] for row in range(len(self.questions))]
        return {f"weight {weight:g}": places for weight, places in by_weight.items()} | {"chosen": chosen}

    def _leaning(self, learnt: Learnt) -> ConversationLeaning:
        encode, state = self._service.encoder.encode_query, self._service.recommender.state
        return ConversationLeaning(learnt, encode, lambda: state, self.understander)

    def _places(self, query: Query, question: Question) -> IndexArray:
        found = [self._ids.index(one.item.item_id) for one in self._service.recommender.recommend(query).items]
        places = [found.index(target) + 1 if target in found else _NOT_FOUND for target in question.targets.tolist()]
        return np.array(places, dtype=np.int64)

    def _asked(self, turn: Turn, question: Question) -> tuple[Query, ChatState]:
        """The pipeline's query, and the chat's state with what is heard."""
        wish, liked, heard = Request(), dict[str, None](), []
        lexicon = self.understander.lexicon
        for text, is_reader in zip(turn.context, turn.asked, strict=True):
            request = self._request(text) if is_reader and text.strip() else None
            if request is None or request.intent in _ASIDE:
                continue
            opinions = request.items_like if request.intent == Intent.FEEDBACK else request.judged
            liked |= dict.fromkeys(item for item in request.items_like if item in opinions)
            wish = merged(wish, request, lexicon, reference=request.items_like or wish.items_like)
            heard.append(text)
        heard = heard[-MAX_HEARD:]
        catalogue = self._service.recommender.state.catalogue
        named = frozenset(catalogue.at(item).item_id for item in question.mentioned.tolist())
        constraints = Filter(
            facets_in=wish.facets_in,
            facets_out=wish.facets_out,
            ranges=wish.ranges,
            people_in=wish.people_in,
            people_out=wish.people_out,
            exclude_items=named,
        ).constraints()
        query = Query(
            history=tuple(liked),
            seeds=wish.items_like,
            disliked=wish.items_unlike,
            text=wish.mood,
            constraints=constraints,
            k=CUT,
        )
        messages = tuple(StoredMessage(serial=n, role="user", text=text) for n, text in enumerate(heard))
        return query, ChatState(messages=messages, memory=Memory(wish=wish, heard=tuple(range(len(heard)))))

    def _request(self, text: str) -> Request:
        if text not in self._requests:
            self._requests[text] = self.understander.understand(text)
        return self._requests[text]


def _best_of(places: Mapping[float, Sequence[IndexArray]], known: NDArray[np.bool_]) -> float:
    """The weight with the most targets among the first ten, of the questions that are known; the smaller of equals."""
    rows = np.flatnonzero(known).tolist()
    found = {weight: sum(int((of[row] <= 10).sum()) for row in rows) for weight, of in places.items()}
    return max(found, key=lambda weight: (found[weight], -weight))


if __name__ == "__main__":
    main()
