"""Who decides: the product's policy and the two simple ones that the literature compares with, over the same belief."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from agent.asking import AskingSettings, Moves, decide, most_probable, question_gains
from agent.belief import AnswerModel, Belief, Mask
from benchmarks.simulation.protocol import SHOWN
from benchmarks.simulation.world import Floats

_CERTAIN = AnswerModel(missed=0.0, mistaken=0.0)


@dataclass(frozen=True)
class Ours:
    """The move of larger expected gain."""

    settings: AskingSettings

    def __call__(self, belief: Belief, carriers: sp.csr_matrix, asked: Mask) -> Moves:
        return decide(belief.probabilities(), carriers, asked, self.settings)


class AbsGreedy:
    """Shows the ten most probable in every turn, and learns from refusals (Christakopoulou et al. 2016)."""

    def __call__(self, belief: Belief, carriers: sp.csr_matrix, asked: Mask) -> Moves:
        beliefs = belief.probabilities()
        nothing = np.zeros(len(beliefs), dtype=np.float32)
        show = np.ones(len(beliefs), dtype=np.bool_)
        return Moves(show, most_probable(beliefs, SHOWN), nothing.astype(np.int64), nothing, nothing)


@dataclass
class MaxEntropy:
    """Asks the attribute of maximum entropy over the candidates, each counted once, and shows with probability
    10 / candidates (Lei et al. 2020, "Estimation-Action-Reflection", where it is a baseline)."""

    generator: np.random.Generator

    def __call__(self, belief: Belief, carriers: sp.csr_matrix, asked: Mask) -> Moves:
        possible = belief.possible
        left = np.maximum(possible.sum(axis=1), 1)
        items = most_probable(belief.probabilities(), SHOWN)
        nothing = np.zeros(len(belief), dtype=np.float32)
        if asked.shape[1] == 0:
            show = np.ones(len(belief), dtype=np.bool_)
            return Moves(show, items, nothing.astype(np.int64), nothing, nothing)
        gains = np.where(asked, -np.inf, question_gains(uniform(possible), carriers, _CERTAIN))
        question = gains.argmax(axis=1)
        asking = gains.max(axis=1).astype(np.float32)
        show = (self.generator.random(len(belief)) < SHOWN / left) | (asking <= 0)
        return Moves(show, items, question, asking, nothing)


def uniform(possible: Mask) -> Floats:
    """The same belief in all that is possible, [B, C]."""
    weights = possible.astype(np.float32)
    return weights / np.maximum(weights.sum(axis=1, keepdims=True), np.float32(1.0))
