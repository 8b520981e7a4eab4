"""Which words lead to which kinds of items: a bilinear softmax from embedded context to an item's profile.

score(x, i) = x' W y_i + rate_i, with x the embeddings of the end of the dialogue and y_i what an item is: its
categories, its time, and the main directions of its text. W is learned by cross-entropy over the items that are spoken
of most; it knows kinds and no single item, so that it holds for items that nobody spoke of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from agent.leaning.habits import Example
from agent.leaning.items import Floats, ItemArrays
from store.ids import IndexArray

DIRECTIONS = 48
"""Of the items' texts."""
_TEXT, _ERA = 2.0, 0.6
"""Weights of text and time beside the categories: the penalty meets all alike."""


@dataclass(frozen=True)
class RivalSettings:
    """A softmax over a sample of items.

    Attributes:
        head: items of the highest rates, all of them.
        tail: drawn among the others, each of which stands for as many as it was drawn from.
        seed: of the draw.
    """

    head: int = 1_200
    tail: int = 800
    seed: int = 0


@dataclass(frozen=True)
class AffinitySettings:
    """How it is learned.

    Attributes:
        penalty: of the squared weights.
        steps: of L-BFGS.
        rivals: which items the targets are told apart from.
    """

    penalty: float = 3e-3
    steps: int = 25
    rivals: RivalSettings = field(default_factory=RivalSettings)


def directions_of(items: ItemArrays) -> Floats:
    """Main directions of the items' texts, float32 [D, ``DIRECTIONS``]."""
    text = items.text[1:]
    _, vectors = np.linalg.eigh((text.T @ text).astype(np.float64))
    return vectors[:, ::-1][:, :DIRECTIONS].astype(np.float32)


def profiles(items: ItemArrays, directions: Floats, values: Sequence[str]) -> Floats:
    """float32 [N+1, P]; values that the catalogue does not have are columns of zeros."""
    known = {value: column for column, value in enumerate(items.values)}
    has = np.zeros((len(items), len(values)), dtype=np.float32)
    for column, value in enumerate(values):
        if value in known:
            has[:, column] = items.has[:, known[value]]
    parts = (
        has - has[1:].mean(axis=0),
        _TEXT * items.text @ directions,
        _ERA * (items.era - items.era[1:].mean(axis=0)),
    )
    found = np.concatenate(parts, axis=1).astype(np.float32)
    found[0] = 0.0
    return found


def learn_affinity(
    contexts: Floats,
    examples: Sequence[Example],
    profile: Floats,
    rates: Floats,
    settings: AffinitySettings = AffinitySettings(),
) -> Floats:
    """W, float32 [C, P].

    Args:
        contexts: float32 [Q, C], of the examples.
        profile: float32 [N+1, P].
        rates: float32 [N+1], logarithms.
    """
    pool, stands_for = rivals_of(examples, rates, settings.rivals)
    wanted = torch.from_numpy(wanted_of(examples, pool))
    inputs, outputs = torch.from_numpy(contexts), torch.from_numpy(profile[pool]).T
    offset, total = torch.from_numpy(rates[pool] + stands_for), wanted.sum()
    weights = torch.zeros(contexts.shape[1], profile.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=settings.steps, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        chances = torch.log_softmax(offset + inputs @ weights @ outputs, dim=1)
        value = -(chances * wanted).sum() / total + settings.penalty * weights.square().sum()
        value.backward()
        return value

    optimizer.step(loss)  # pyright: ignore[reportArgumentType]
    return weights.detach().numpy()


def rivals_of(examples: Sequence[Example], rates: Floats, settings: RivalSettings) -> tuple[IndexArray, Floats]:
    """Items, ascending, that stand for all of them, and the logarithm of how many each stands for."""
    targets = np.unique(np.concatenate([one.targets for one in examples]))
    head = np.union1d(np.argsort(-rates[1:])[: settings.head] + 1, targets)
    others = np.setdiff1d(np.arange(1, len(rates)), head)
    drawn = np.random.default_rng(settings.seed).permutation(others)[: settings.tail]
    pool = np.concatenate((head, drawn))
    each = len(others) / len(drawn) if len(drawn) else 1.0
    many = np.repeat((0.0, np.log(each)), (len(head), len(drawn)))
    order = np.argsort(pool)
    return pool[order], many[order].astype(np.float32)


def wanted_of(examples: Sequence[Example], pool: IndexArray) -> NDArray[np.float32]:
    """Which items of an ascending pool are targets of which example: float32 [Q, len(pool)], 0 or 1."""
    wanted = np.zeros((len(examples), len(pool)), dtype=np.float32)
    for row, one in enumerate(examples):
        wanted[row, np.searchsorted(pool, one.targets)] = 1.0
    return wanted
