"""Learns the intents that ship: from the patterns of `agent.english.examples`, filled in from two catalogues.

    python -m benchmarks.understanding.train                      writes agent/english/intents.safetensors
    python -m benchmarks.understanding.train --check              cross-validation on the development sets only

A pattern becomes several sentences, with titles, values and people of the catalogue, in the ways people write: capitals
or none, a question mark or none. The rules read each, as they will in service, with all their mistakes. The development
sets are learned from as well; the test sets are not looked at.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.english import INTENTS_FILE
from agent.english.examples import EXAMPLES
from agent.intent_features import INTENTS, Features, masked
from agent.intent_model import IntentModel, IntentTraining, learn
from agent.request import Intent
from agent.understanding import Understander
from benchmarks.understanding.sets import HERE, catalogue_of
from pipeline.catalogue import CATEGORY, Catalogue
from serving.service import Service
from serving.settings import load_settings
from store.readers.titles import natural_title

FILLED, PLAIN = 4, 1
"""Sentences made of a pattern with and without slots."""
NOUNS = {"films": ("movie", "film"), "garden": ("plant", "product", "thing", "item")}
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
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    catalogues = {
        "films": catalogue_of(arguments.movies / "items.jsonl.gz"),
        "garden": catalogue_of(HERE / "garden.jsonl"),
    }
    understanders = {name: Understander.over(catalogue) for name, catalogue in catalogues.items()}
    written = [
        sentence
        for name, catalogue in catalogues.items()
        for sentence in made(name, catalogue, understanders[name], seed=arguments.seed)
    ]
    with Service.open(load_settings(home=arguments.home)) as service:
        encoder = service.encoder

        def seen(sentences: Sequence[Sentence]) -> Seen:
            linked = [understanders[one.catalogue].read(one.text) for one in sentences]
            return Seen(
                np.stack([one.features() for one in linked]),
                np.stack([encoder.encode_query(masked(one.reading)) for one in linked]),
                tuple(one.intent for one in sentences),
            )

        patterns, development = seen(written), seen(list(_development()))
        if arguments.check:
            rules, learned = check(patterns, development, encoder=encoder.text_fingerprint)
            print(f"{len(written)} sentences; development sets: rules {rules:.3f}, learned {learned:.3f}")
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
        with (HERE / f"{name}_dev.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                one = json.loads(line)
                yield Sentence(name, Intent(one["intent"]), one["text"])


if __name__ == "__main__":
    main()
