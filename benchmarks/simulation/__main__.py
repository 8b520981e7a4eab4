"""`python -m benchmarks.simulation`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch

from agent.asking import AskingSettings
from agent.belief import AnswerModel
from benchmarks import simulation
from benchmarks.harness import Report, chosen, options, over_seeds
from benchmarks.simulation.policies import AbsGreedy, MaxEntropy, Ours
from benchmarks.simulation.prior import NAMES, Features, Prior, learn_weights
from benchmarks.simulation.protocol import SHOWN, Policy, Rules, play
from benchmarks.simulation.world import Sessions, World

READINGS = {
    "demotes": AnswerModel(missed=0.5, mistaken=0.0),
    "prunes": AnswerModel(missed=0.0, mistaken=0.0),
    "weighs": AnswerModel(missed=0.02, mistaken=0.02),
}
"""What is made of an answer: a "no" halves the odds of what has the attribute, or rules it out, and a "yes" rules
out all that lacks it; or either may be wrong in 2% of cases, whatever the noise is."""
NOISES = (0, 5, 10)
ASKING = tuple(
    f"{policy}_{reading}" + (f"_noise_{noise}" if noise else "")
    for policy in ("ours", "max_entropy")
    for reading in READINGS
    for noise in NOISES
)
ROWS = tuple(name + seen for seen in ("", "_with_seen") for name in ("abs_greedy", *ASKING))
_SESSIONS, _QUICK_SESSIONS = 4_000, 300


class Contest:
    """All rows: the weights of the prior are learned once, on the validation pairs; scores are fitted once.

    Args:
        world: the data.
        split: the pairs to be found: `valid`, to choose settings by, or `test`.
        at_most: sessions of a seed, each of another pair.
        eagerness: of the policy; None for its own.
        features: that the prior may use.
    """

    def __init__(
        self, world: World, *, split: str, at_most: int, eagerness: float | None, features: Sequence[str]
    ) -> None:
        self._attributes = world.attributes
        self._pairs = world.test if split == "test" else world.valid
        self._at_most = at_most
        default = AskingSettings(shown=SHOWN)
        self._asking = default if eagerness is None else replace(default, eagerness=eagerness)
        known, known_features = world.train, Features.of(world.train, world.attributes)
        sessions = Sessions.draw(world.valid, world.attributes, np.random.default_rng(0))
        self.weights = learn_weights(known_features, sessions, world.attributes, known.matrix, names=features)
        if split == "test":
            known = world.with_valid()
            known_features = Features.of(known, world.attributes)
        self._features, self._met = known_features, sp.csr_matrix(known.matrix)

    def row(self, name: str, seed: int) -> Mapping[str, float | None]:
        """Figures of one row with one seed."""
        plain, with_seen, _ = name.partition("_with_seen")
        plain, _, noise = plain.partition("_noise_")
        kind, _, reading = plain.rpartition("_")
        answers = READINGS.get(reading, AnswerModel())
        policies: dict[str, Policy] = {
            "ours": Ours(replace(self._asking, answers=answers)),
            "max_entropy": MaxEntropy(np.random.default_rng(seed)),
            "abs": AbsGreedy(),
        }
        sessions = Sessions.draw(self._pairs, self._attributes, np.random.default_rng(seed), at_most=self._at_most)
        prior = Prior(self.weights, self._features, None if with_seen else self._met)
        rules = Rules(int(noise or 0) / 100, answers)
        return play(sessions, self._attributes, prior, policies[kind], rules, seed=seed).figures()


def main() -> None:
    """Parse the command line, run, print."""
    parser = options(simulation.__doc__, seeds="0,1,2")
    parser.add_argument("folder", type=Path, help="folder with train, valid, test and item-attributes")
    parser.add_argument("--split", choices=("test", "valid"), default="test", help="what is looked for")
    parser.add_argument("--sessions", type=int, default=_SESSIONS, help="at most so many a seed, drawn at random")
    parser.add_argument("--eagerness", type=float, help="weight of what showing tells against what asking tells")
    parser.add_argument("--prior", help=f"use these only, with commas between: {', '.join(NAMES)}")
    arguments = parser.parse_args()
    names = chosen(ROWS, arguments.only)
    contest = Contest(
        World.read(arguments.folder),
        split=arguments.split,
        at_most=_QUICK_SESSIONS if arguments.quick else arguments.sessions,
        eagerness=arguments.eagerness,
        features=chosen(NAMES, arguments.prior.split(",") if arguments.prior else ()),
    )
    report = Report("simulation")
    report.environment = {
        "data": arguments.folder.name,
        "split": arguments.split,
        "sessions": _QUICK_SESSIONS if arguments.quick else arguments.sessions,
        "threads": torch.get_num_threads(),
        "prior": dict(zip(NAMES, (round(float(weight), 3) for weight in contest.weights), strict=True)),
    }
    for name in names:
        report.rows.append(over_seeds(name, arguments.seeds, partial(contest.row, name)))
    report.finish(arguments)


if __name__ == "__main__":
    main()
