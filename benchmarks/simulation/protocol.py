"""The conversation turn by turn, many sessions at once, and what is measured of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from agent.asking import Moves
from agent.belief import AnswerModel, Belief, Mask
from benchmarks.simulation.prior import Prior
from benchmarks.simulation.world import Sessions
from store.ids import IndexArray

TURNS, SHOWN = 15, 10
ACTIONS = TURNS - 1
"""As UNICORN's programme counts: naming the first attribute is a turn, so that 14 moves are left; the turns
that it reports are numbers of moves, and a session without a hit counts as 15."""

Policy = Callable[[Belief, sp.csr_matrix, Mask], Moves]


@dataclass(frozen=True)
class Rules:
    """How the simulated user answers, and how the answers are taken.

    Attributes:
        noise: probability that the answer to a question is the wrong one, 0..1.
        answers: what the belief makes of an answer.
    """

    noise: float
    answers: AnswerModel


@dataclass(frozen=True)
class Outcomes:
    """Of S sessions: the move that hit, counted from 1, and the place in its list; 0 where none did."""

    turns: IndexArray
    places: IndexArray

    def figures(self) -> dict[str, float | None]:
        """SR@t, average turns, hDCG@(15, 10): a hit in turn t at place k is worth
        1/log2(t+2) + (1/log2(t+1) - 1/log2(t+2)) / log2(k+1)."""
        hit = self.turns > 0
        figures: dict[str, float | None] = {f"sr@{t}": float((hit & (self.turns <= t)).mean()) for t in (5, 10, TURNS)}
        figures["turns@15"] = float(np.where(hit, self.turns, TURNS).mean())
        t, k = np.maximum(self.turns, 1), np.maximum(self.places, 1)
        later, now = 1 / np.log2(t + 2), 1 / np.log2(t + 1)
        figures["hdcg@15"] = float(np.where(hit, later + (now - later) / np.log2(k + 1), 0.0).mean())
        return figures


def play(
    sessions: Sessions, attributes: sp.csr_matrix, prior: Prior, policy: Policy, rules: Rules, *, seed: int
) -> Outcomes:
    """All sessions; those that begin with the same attribute are played together, over the items that have it."""
    columns = sp.csc_matrix(attributes)
    turns, places = np.zeros(len(sessions), dtype=np.int64), np.zeros(len(sessions), dtype=np.int64)
    generator = np.random.default_rng(seed)
    for rows in sessions.by_given():
        given = sessions.given[rows[0]]
        items = columns.indices[columns.indptr[given] : columns.indptr[given + 1]].astype(np.int64)
        group = _Group(
            Belief(prior.logs(sessions.users[rows], items)),
            np.searchsorted(items, sessions.targets[rows]),
            telling(attributes[items]),
            generator,
        )
        turns[rows], places[rows] = group.play(policy, rules)
    return Outcomes(turns, places)


def telling(carriers: sp.csr_matrix) -> sp.csr_matrix:
    """The attributes that some but not all of the candidates have."""
    counts = np.asarray(carriers.sum(axis=0)).ravel()
    return sp.csr_matrix(carriers[:, np.flatnonzero((counts > 0) & (counts < carriers.shape[0]))])


class _Group:
    """Sessions over the same candidates."""

    def __init__(
        self, belief: Belief, targets: IndexArray, carriers: sp.csr_matrix, generator: np.random.Generator
    ) -> None:
        self._belief, self._targets, self._carriers, self._generator = belief, targets, carriers, generator
        self._has = carriers.toarray().astype(np.bool_)  # [C, A]
        self._asked = np.zeros((len(belief), carriers.shape[1]), dtype=np.bool_)
        self._alive = np.arange(len(belief))
        self._turns, self._places = np.zeros((2, len(belief)), dtype=np.int64)

    def play(self, policy: Policy, rules: Rules) -> tuple[IndexArray, IndexArray]:
        for turn in range(1, ACTIONS + 1):
            moves = policy(self._belief, self._carriers, self._asked)
            show = moves.show | (turn == ACTIONS)
            found = self._show(np.flatnonzero(show), moves.items, turn)
            self._ask(np.flatnonzero(~show), moves.question, rules)
            if found.any():
                self._belief.keep(~found)
                self._asked, self._alive = self._asked[~found], self._alive[~found]
                self._targets = self._targets[~found]
            if not len(self._alive):
                break
        return self._turns, self._places

    def _show(self, shown_to: IndexArray, items: IndexArray, turn: int) -> Mask:
        """Show lists; who found the target, [B]."""
        lists = items[shown_to]
        hits = lists == self._targets[shown_to, None]
        hit = hits.any(axis=1)
        self._turns[self._alive[shown_to[hit]]] = turn
        self._places[self._alive[shown_to[hit]]] = hits[hit].argmax(axis=1) + 1
        self._belief.refuse(shown_to, lists)
        found = np.zeros(len(self._alive), dtype=np.bool_)
        found[shown_to[hit]] = True
        return found

    def _ask(self, asked: IndexArray, question: IndexArray, rules: Rules) -> None:
        if not len(asked):
            return
        attribute = question[asked]
        self._asked[asked, attribute] = True
        truth = self._has[self._targets[asked], attribute]
        answer = truth ^ (self._generator.random(len(asked)) < rules.noise)
        self._belief.answer(asked, self._has[:, attribute].T, answer, rules.answers)
