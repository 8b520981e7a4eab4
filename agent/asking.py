"""Ask or recommend: the move that is expected to leave the least uncertainty about what somebody looks for.

b is the belief over C candidates, H its entropy in bits. A question about attribute a is worth the mutual
information of its answer and the item,

    gain(a) = h(P(yes)) - q_a h(missed) - (1 - q_a) h(mistaken),   q_a = sum_{i has a} b(i),
    P(yes) = q_a (1 - missed) + (1 - q_a) mistaken,   h(p) = -p log2 p - (1 - p) log2 (1 - p).

To show the K most probable items is a question as well, "is it among these?", answered without error; and a yes
says which one it is. With m the belief in the list, b_1 >= b_2 >= ... the beliefs in its items,

    gain(show) = H(b) - (1 - m) H(b | not shown) = h(m) + m H(b | shown) = sum_k -b_k log2 b_k - (1 - m) log2 (1 - m).

So both are in the same unit, and the larger one is the move. This looks one move ahead only: the list that is shown
after some more questions is a better one, which is why ``eagerness`` weighs gain(show). B sessions, C candidates, A
attributes, K items in a list.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from agent.belief import AnswerModel, Mask, Probabilities
from store.errors import InputError
from store.ids import IndexArray

Bits = NDArray[np.float32]


@dataclass(frozen=True)
class AskingSettings:
    """Settings of the policy.

    Attributes:
        answers: how answers to questions are believed to err.
        shown: items of a list.
        eagerness: weight of what showing is expected to tell against what asking is, > 0.
    """

    answers: AnswerModel = field(default_factory=AnswerModel)
    shown: int = 10
    eagerness: float = 0.5

    def __post_init__(self) -> None:
        if self.shown < 1:
            raise InputError(f"shown is {self.shown!r}, below 1", fix="Give shown a whole number >= 1.")
        if self.eagerness <= 0:
            raise InputError(f"eagerness is {self.eagerness!r}, not above 0", fix="Give eagerness a number > 0.")


@dataclass(frozen=True)
class Moves:
    """What to do in each of B sessions.

    Attributes:
        show: show ``items``, otherwise ask ``question``: [B].
        items: the most probable candidates, best first: [B, K], or [B, C] where there are fewer.
        question: the attribute of the largest gain, [B].
        asking: expected gain of that question in bits, [B].
        showing: expected gain of the list in bits, not weighed, [B].
    """

    show: Mask
    items: IndexArray
    question: IndexArray
    asking: Bits
    showing: Bits


def entropy(p: NDArray[np.float32]) -> Bits:
    """h(p) in bits of events with probabilities p, of any shape."""
    return _surprise(p) + _surprise(1 - p)


def _surprise(p: NDArray[np.float32]) -> Bits:
    """-p log2 p, 0 at 0."""
    return -p * np.log2(np.maximum(p, np.finfo(np.float32).tiny))


def question_gains(beliefs: Probabilities, carriers: sp.csr_matrix, answers: AnswerModel) -> Bits:
    """What the answer about each attribute is expected to tell: [B, A].

    Args:
        beliefs: [B, C], rows sum to 1.
        carriers: 1 where a candidate has an attribute, sparse [C, A].
        answers: how they err.
    """
    share = np.clip(np.asarray(beliefs @ carriers, dtype=np.float32), 0.0, 1.0)
    missed, mistaken = entropy(np.array([answers.missed, answers.mistaken], dtype=np.float32))
    yes = share * np.float32(1 - answers.missed - answers.mistaken) + np.float32(answers.mistaken)
    return entropy(yes) - share * missed - (1 - share) * mistaken


def most_probable(beliefs: Probabilities, count: int) -> IndexArray:
    """The candidates of largest belief, best first, equal ones in their order: [B, min(count, C)]."""
    return np.argsort(-beliefs, axis=1, kind="stable")[:, :count]


def showing_gains(beliefs: Probabilities, items: IndexArray) -> Bits:
    """What showing a list [B, K] is expected to tell: [B]."""
    listed = np.take_along_axis(beliefs, items, axis=1)
    mass = np.clip(listed.sum(axis=1), 0.0, 1.0)
    return _surprise(listed).sum(axis=1) + _surprise(1 - mass)


def decide(beliefs: Probabilities, carriers: sp.csr_matrix, asked: Mask, settings: AskingSettings) -> Moves:
    """Ask or show, in each session.

    Args:
        beliefs: [B, C].
        carriers: sparse [C, A].
        asked: questions that are not to be asked again, [B, A].
        settings: of the policy.
    """
    items = most_probable(beliefs, settings.shown)
    showing = showing_gains(beliefs, items)
    if asked.shape[1] == 0:
        nothing = np.zeros(len(beliefs), dtype=np.int64)
        return Moves(np.ones(len(beliefs), dtype=np.bool_), items, nothing, np.zeros_like(showing), showing)
    gains = np.where(asked, np.float32(-np.inf), question_gains(beliefs, carriers, settings.answers))
    question = gains.argmax(axis=1)
    asking = np.take_along_axis(gains, question[:, None], axis=1)[:, 0]
    return Moves(settings.eagerness * showing >= asking, items, question, asking, showing)
