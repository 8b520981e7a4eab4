"""Learns the intents and the roles of words that ship, from patterns that are filled in from catalogues.

    python -m benchmarks.understanding.train                      writes agent/english/{intents,roles}.safetensors
    python -m benchmarks.understanding.train --only roles         one of the two
    python -m benchmarks.understanding.train --check              cross-validation of intents on two development sets

A pattern becomes several sentences, with titles, values and people of a catalogue, in the ways people write: capitals
or none, a question mark or none, slips of the pen. For intents the rules read each, as they will in service, with all
their mistakes. The development sets are learned from as well; the test sets are not looked at, and a pattern that says
what a line of ``written_test`` says is left out.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from agent.english import INTENTS_FILE, ROLES_FILE
from agent.english.examples import EXAMPLES
from agent.intent_features import INTENTS, Features, surroundings
from agent.intent_model import IntentModel, IntentTraining, learn
from agent.request import Intent
from agent.tokens import words_of
from agent.understanding import Understander
from agent.word_roles import save, word_states
from benchmarks.understanding import marked as marks
from benchmarks.understanding.role_training import RoleTraining, learn_roles, seen
from benchmarks.understanding.sets import HERE, catalogue_of, over_one_of_several
from pipeline.catalogue import CATEGORY, Catalogue
from serving.service import Service
from serving.settings import load_settings
from store.readers.titles import natural_title

FILLED, PLAIN = 4, 1
"""Sentences made of a pattern with and without slots."""
NOUNS = {"films": ("movie", "film"), "garden": ("plant", "product", "thing", "item")}
THINGS = NOUNS | {"books": ("book", "novel", "read"), "games": ("game", "board game")}
MIX = ("films", "films", "garden", "books", "games")
"""Catalogues that sentences for roles are filled in from, as often as each stands here."""
ROLE_FILLED, NETWORKS = 6, 3
_SAME = 82.0
"""Similarity from which a pattern says what a test line says, 0..100."""
FOLDS = 5
_LOWER, _CAPITAL, _UNMARKED = 0.35, 0.15, 0.2
"""Shares of sentences all in lower case, with a capital in front, without their question mark."""


class Sentence(NamedTuple):
    """One sentence and its intent."""

    catalogue: str
    intent: Intent
    text: str


class Seen(NamedTuple):
    """What a model sees of sentences: float32 [M, F], float32 [M, D], and their intents."""

    features: Features
    embeddings: NDArray[np.float32]
    intents: tuple[Intent, ...]

    def rows(self, chosen: Sequence[int]) -> Seen:
        return Seen(self.features[chosen], self.embeddings[chosen], tuple(self.intents[n] for n in chosen))

    def and_(self, other: Seen) -> Seen:
        return Seen(
            np.concatenate((self.features, other.features)),
            np.concatenate((self.embeddings, other.embeddings)),
            self.intents + other.intents,
        )


def made(name: str, catalogue: Catalogue, understander: Understander, *, seed: int) -> Iterator[Sentence]:
    """The sentences about one catalogue."""
    chance = random.Random(seed)
    people = list(understander.lexicon.people.values())
    titles = [natural_title(item.title) for item in catalogue.items if item.description]
    values = list(catalogue.vocabulary.facets[CATEGORY])
    for intent, patterns in EXAMPLES.items():
        for pattern in patterns:
            for _ in range(FILLED if "{" in pattern else PLAIN):
                item, other = chance.sample(titles, 2)
                value, other_value = (text.lower() for text in chance.sample(values, 2))
                text = pattern.format(
                    item=item,
                    other=other,
                    value=value,
                    other_value=other_value,
                    person=chance.choice(people),
                    thing=chance.choice(NOUNS[name]),
                )
                yield Sentence(name, Intent(intent), _written(text, chance))


def _written(text: str, chance: random.Random) -> str:
    way = chance.random()
    if way < _LOWER:
        text = text.lower()
    elif way < _LOWER + _CAPITAL:
        text = text[0].upper() + text[1:]
    return text.rstrip("?") if chance.random() < _UNMARKED else text


def main() -> None:
    """Parse the command line, learn, write or check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--movies", type=Path, default=Path("../shared/data/movies"))
    parser.add_argument("--home", type=Path, default=Path(".tastemaker"), help="whose text encoder is used")
    parser.add_argument("--check", action="store_true", help="cross-validate on the development sets")
    parser.add_argument("--only", choices=("intents", "roles"), help="learn one of the two")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    catalogues = {
        name: catalogue_of(arguments.movies / "items.jsonl.gz" if name == "films" else HERE / f"{name}.jsonl")
        for name in THINGS
    }
    understanders = {name: Understander.over(catalogue) for name, catalogue in catalogues.items()}
    patterned = [
        sentence
        for name in NOUNS
        for sentence in made(name, catalogues[name], understanders[name], seed=arguments.seed)
    ]
    with Service.open(load_settings(home=arguments.home)) as service:
        encoder = service.encoder
        if arguments.only != "intents" and not arguments.check:
            told = list(_for_roles(understanders, seed=arguments.seed))
            inputs = seen(told, {name: one.lexicon for name, one in understanders.items()}, encoder)
            seeds = range(arguments.seed, arguments.seed + NETWORKS)
            networks = [learn_roles(told, inputs, RoleTraining(seed=seed)) for seed in seeds]
            save(networks, ROLES_FILE, encoder=encoder.text_fingerprint)
            print(f"{ROLES_FILE}: learned from {len(told)} sentences")
        if arguments.only == "roles":
            return

        def read_by_rules(sentences: Sequence[Sentence]) -> Seen:
            linked = [understanders[one.catalogue].read(one.text) for one in sentences]
            encoded = encoder.token_states_of([one.reading.utterance.text for one in linked])
            around = [
                surroundings(one.reading, word_states(one.reading.utterance, *told))
                for one, told in zip(linked, encoded, strict=True)
            ]
            return Seen(
                np.stack([one.features() for one in linked]),
                np.stack(around),
                tuple(one.intent for one in sentences),
            )

        patterns, development = read_by_rules(patterned), read_by_rules(list(_development()))
        if arguments.check:
            rules, learned = check(patterns, development, encoder=encoder.text_fingerprint)
            print(f"{len(patterned)} sentences; development sets: rules {rules:.3f}, learned {learned:.3f}")
            return
        both = patterns.and_(development)
        model = learn(
            both.features,
            both.embeddings,
            both.intents,
            encoder=encoder.text_fingerprint,
            settings=IntentTraining(seed=arguments.seed),
        )
        model.save(INTENTS_FILE)
        print(f"{INTENTS_FILE}: learned from {len(both.intents)} sentences")


def _for_roles(understanders: Mapping[str, Understander], *, seed: int) -> Iterator[marks.Sentence]:
    """Patterns and lines of ``written_dev`` filled in, those lines as they stand, and intents of the other sets."""
    chance = random.Random(seed)
    fillers = {name: marks.Filler(one.lexicon, THINGS[name]) for name, one in understanders.items()}
    for request in _unlike_the_test():
        for _ in range(ROLE_FILLED if request.slots else 2):
            name = chance.choice(MIX)
            if sentence := marks.filled(request, name, fillers[name], chance):
                yield sentence
    for line in _lines("written_dev"):
        request, own = marks.marked(line), line["catalogue"]
        if sentence := marks.as_written(request, own):
            yield sentence
        for _ in range(ROLE_FILLED if request.slots else 2):
            name = own if chance.random() < 0.5 else chance.choice(MIX)
            if sentence := marks.filled(request, name, fillers[name], chance):
                yield sentence
    for one in _development():
        request = marks.Marked(one.intent, (marks.Part(one.text),), free=True)
        if sentence := marks.as_written(request, one.catalogue):
            yield sentence


def _unlike_the_test() -> Iterator[marks.Marked]:
    test = [" ".join(words_of(case.text)) for name in THINGS for case in over_one_of_several("written_test", name)]
    for request in marks.patterns():
        said = len(request.key.split()) > 2 and process.extractOne(
            request.key, test, scorer=fuzz.ratio, score_cutoff=_SAME
        )
        if not said:
            yield request


def check(patterns: Seen, development: Seen, *, encoder: str) -> tuple[float, float]:
    """Accuracy on the development sets: of the rules, and of what is learned from the patterns and the other folds."""
    order = np.random.default_rng(0).permutation(len(development.intents))
    truth = np.array([INTENTS.index(intent) for intent in development.intents])
    right = 0
    for fold in range(FOLDS):
        held = order[fold::FOLDS]
        rest = patterns.and_(development.rows(np.setdiff1d(order, held).tolist()))
        model: IntentModel = learn(rest.features, rest.embeddings, rest.intents, encoder=encoder)
        chosen = model.probabilities(development.features[held], development.embeddings[held]).argmax(axis=1)
        right += int((chosen == truth[held]).sum())
    rules = development.features[:, : len(INTENTS)].argmax(axis=1)
    return float((rules == truth).mean()), right / len(truth)


def _development() -> Iterator[Sentence]:
    for name in NOUNS:
        for line in _lines(f"{name}_dev"):
            yield Sentence(name, Intent(line["intent"]), line["text"])


def _lines(name: str) -> Iterator[dict[str, Any]]:
    with (HERE / f"{name}.jsonl").open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)


if __name__ == "__main__":
    main()
