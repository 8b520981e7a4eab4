"""What is believed of the item that somebody looks for: a distribution over candidates, moved by words.

With b(i) the probability that item i is the one, and P(answer | i) from the answer model, Bayes' rule gives

    b'(i) = b(i) P(answer | i) / sum_j b(j) P(answer | j)

and a list that was refused is evidence too: b'(i) = 0 for the items in it. B sessions, C candidates, K items in a list.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from store.errors import InputError
from store.ids import IndexArray

Logs = NDArray[np.float32]
Probabilities = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class AnswerModel:
    """How answers err.

    Attributes:
        missed: P("no" | the item has the attribute), 0..1. At 0 a "no" rules out all that has it; at one half it only
            halves their odds.
        mistaken: P("yes" | the item lacks the attribute), 0..1.
    """

    missed: float = 0.05
    mistaken: float = 0.05

    def __post_init__(self) -> None:
        for name in ("missed", "mistaken"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(
                    f"{name} is {getattr(self, name)!r}, outside 0..1", fix=f"Give {name} a number >= 0 and < 1."
                )
        if self.missed + self.mistaken >= 1:
            raise InputError(
                f"missed + mistaken is {self.missed + self.mistaken:g}, not below 1: a yes would speak against",
                fix="Give rates that sum to less than 1.",
            )


class Belief:
    """The belief of B sessions about the same C candidates.

    Args:
        prior: log of the prior, up to a constant per session: [B, C]; -inf where an item is out of the question.

    Raises:
        InputError: a session has no candidate left.
    """

    def __init__(self, prior: Logs) -> None:
        self._logs = np.array(prior, dtype=np.float32)
        if not np.isfinite(self._logs).any(axis=1).all():
            raise InputError("a session has 0 candidates, below 1", fix="Leave at least one finite prior in each row.")

    def __len__(self) -> int:
        return len(self._logs)

    @property
    def possible(self) -> Mask:
        """Candidates that nothing has ruled out, [B, C]."""
        return np.isfinite(self._logs)

    def probabilities(self) -> Probabilities:
        """b, float32 [B, C]; zeros in a session where every candidate was refused."""
        top = self._logs.max(axis=1, keepdims=True)
        weights = np.exp(self._logs - np.where(np.isfinite(top), top, 0.0))
        total = weights.sum(axis=1, keepdims=True)
        return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)

    def answer(self, sessions: IndexArray, has: Mask, said_yes: Mask, model: AnswerModel) -> None:
        """Take in one answer of each of some sessions; one that contradicts every candidate is set aside.

        Args:
            sessions: [S].
            has: whether a candidate has the attribute asked about, [S, C].
            said_yes: [S].
            model: of the answers.
        """
        with np.errstate(divide="ignore"):  # a rate of 0 rules out
            yes = np.log(np.array([model.mistaken, 1 - model.missed], dtype=np.float32))
            no = np.log(np.array([1 - model.mistaken, model.missed], dtype=np.float32))
        updated = self._logs[sessions] + np.where(said_yes[:, None], yes[has.astype(np.int8)], no[has.astype(np.int8)])
        consistent = np.isfinite(updated).any(axis=1)
        self._logs[sessions[consistent]] = updated[consistent]

    def refuse(self, sessions: IndexArray, shown: IndexArray) -> None:
        """The lists [S, K] were shown to some sessions and nothing in them was wanted."""
        self._logs[sessions[:, None], shown] = -np.inf

    def keep(self, sessions: Mask) -> None:
        """Forget the other sessions."""
        self._logs = self._logs[sessions]
