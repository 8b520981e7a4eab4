"""A conditional logit (McFadden 1974) over all items: which is recommended next, given what was said.

Some features are learned from dialogues too (`habits`, `affinity`): they know the dialogues that they were made of. So
the weights are learned from features of dialogues that were held out when those were made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import torch

from agent.leaning.affinity import (
    AffinitySettings,
    RivalSettings,
    directions_of,
    learn_affinity,
    profiles,
    rivals_of,
    wanted_of,
)
from agent.leaning.features import FEATURES, Dialogues, features
from agent.leaning.habits import Example, Habits
from agent.leaning.heard import WINDOWS
from agent.leaning.items import Floats, ItemArrays
from agent.leaning.precedents import Precedents, centred
from store.errors import InputError

_EVENLY = np.float32(len(WINDOWS) ** -0.5)
"""Makes of the windows' unit vectors one."""
_ROWS = 64
"""Dialogues at a time: a feature of one takes 4 bytes for each item."""


@dataclass(frozen=True)
class LeaningSettings:
    """How it is learned.

    Attributes:
        folds: of the dialogues from whose held-out parts weights are learned, at least 2.
        penalty: of the squared weights of standardised features.
        steps: of L-BFGS.
        rivals: which items the targets are told apart from.
        affinity: how that is learned.
    """

    folds: int = 5
    penalty: float = 3e-3
    steps: int = 40
    rivals: RivalSettings = field(default_factory=RivalSettings)
    affinity: AffinitySettings = field(default_factory=AffinitySettings)

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise InputError(
                f"folds is {self.folds}, below 2", fix="Hold out a part of the dialogues: 2 folds or more."
            )


@dataclass(frozen=True)
class Parts:
    """What is learned from some dialogues, before it is weighed, over N items.

    Attributes:
        habits: how items are spoken of.
        precedents: dialogues and where they led.
        affinity: of contexts to profiles, float32 [C, P].
        profile: of the items, float32 [N+1, P].
        directions: of their texts that a profile has, float32 [D, ``DIRECTIONS``].
        values: of their categories that it has.
        mean: of contexts, float32 [C].
    """

    habits: Habits
    precedents: Precedents
    affinity: Floats
    profile: Floats
    directions: Floats
    values: tuple[str, ...]
    mean: Floats

    @classmethod
    def learn(cls, dialogues: Dialogues, examples: Sequence[Example], items: ItemArrays, how: AffinitySettings) -> Self:
        habits, directions, mean = Habits.of(examples, items), directions_of(items), dialogues.contexts.mean(axis=0)
        contexts = centred(dialogues.contexts, mean)
        profile = profiles(items, directions, items.values)
        weights = learn_affinity(contexts * _EVENLY, examples, profile, habits.recommended, how)
        precedents = Precedents.of(contexts, examples, len(items))
        return cls(habits, precedents, weights, profile, directions, items.values, mean)

    def features(self, dialogues: Dialogues, items: ItemArrays) -> Floats:
        """float32 [Q, N+1, F]."""
        contexts = centred(dialogues.contexts, self.mean)
        learned = {
            "affinity": contexts * _EVENLY @ self.affinity @ self.profile.T,
            "precedents": self.precedents.lift(contexts, self.habits.recommended),
        }
        return features(replace(dialogues, contexts=contexts), items, self.habits, learned)


@dataclass(frozen=True)
class Leaning:
    """Log-odds of items.

    Attributes:
        parts: what was learned of items and words.
        weights: float32 [F].
    """

    parts: Parts
    weights: Floats

    def scores(self, dialogues: Dialogues, items: ItemArrays) -> Floats:
        """Log-odds up to a constant for each dialogue, float32 [Q, N+1]."""
        found = [
            self.parts.features(dialogues.rows(range(start, min(start + _ROWS, len(dialogues)))), items) @ self.weights
            for start in range(0, len(dialogues), _ROWS)
        ]
        return np.concatenate(found)


@dataclass(frozen=True)
class Lesson:
    """What weights are learned from.

    Attributes:
        parts: learned from all examples.
        found: float32 [Q, M, F], features of the examples by parts that did not know their dialogues.
        offset: float32 [Q, M], logarithm of how many items each of the M stands for; -inf where it was named before.
        wanted: float32 [Q, M], 1 where it was recommended.
    """

    parts: Parts
    found: Floats
    offset: Floats
    wanted: Floats

    @classmethod
    def of(
        cls,
        dialogues: Dialogues,
        examples: Sequence[Example],
        items: ItemArrays,
        *,
        settings: LeaningSettings = LeaningSettings(),
        seed: int = 0,
    ) -> Self:
        """From Q examples, row by row the dialogues of ``dialogues``.

        Raises:
            InputError: there are fewer dialogues than folds.
        """
        ids = np.array([one.dialogue for one in examples])
        names = np.unique(ids)
        if len(names) < settings.folds:
            raise InputError(
                f"{len(names)} dialogues cannot be split into {settings.folds} folds", fix="Give more dialogues."
            )
        parts = Parts.learn(dialogues, examples, items, settings.affinity)
        pool, stands_for = rivals_of(examples, parts.habits.spoken, settings.rivals)
        fold_of = dict(zip(names, np.random.default_rng(seed).permutation(len(names)) % settings.folds, strict=True))
        folds = np.array([fold_of[dialogue] for dialogue in ids])
        found = np.zeros((len(examples), len(pool), len(FEATURES)), dtype=np.float32)
        for fold in range(settings.folds):
            known, held = np.flatnonzero(folds != fold).tolist(), np.flatnonzero(folds == fold).tolist()
            some = Parts.learn(dialogues.rows(known), [examples[row] for row in known], items, settings.affinity)
            for start in range(0, len(held), _ROWS):
                rows = held[start : start + _ROWS]
                found[rows] = some.features(dialogues.rows(rows), items)[:, pool]
        offset = np.repeat(stands_for[None], len(examples), axis=0)
        for row, one in enumerate(dialogues.heard):
            offset[row, np.isin(pool, [item for item, _, _ in one.items])] = -np.inf
        return cls(parts, found, offset, wanted_of(examples, pool))

    def learned(self, only: Sequence[str] = FEATURES, *, settings: LeaningSettings = LeaningSettings()) -> Leaning:
        """With the weights that these features then have.

        Raises:
            InputError: a feature is not known.
        """
        if unknown := [name for name in only if name not in FEATURES]:
            raise InputError(f"feature {unknown[0]!r} is not known", fix=f"Use some of {', '.join(FEATURES)}.")
        columns = [FEATURES.index(name) for name in only]
        found = self.found[:, :, columns]
        deviation = np.maximum(found.std(axis=(0, 1)), 1e-6)
        scaled = torch.from_numpy((found - found.mean(axis=(0, 1))) / deviation)
        offset, wanted = torch.from_numpy(self.offset), torch.from_numpy(self.wanted)
        total = wanted.sum()
        weights = torch.zeros(len(columns), requires_grad=True)
        optimizer = torch.optim.LBFGS([weights], max_iter=settings.steps, line_search_fn="strong_wolfe")

        def loss() -> torch.Tensor:
            optimizer.zero_grad()
            chances = torch.log_softmax(scaled @ weights + offset, dim=1)
            kept = torch.where(wanted > 0, chances, torch.zeros(()))
            value = -kept.sum() / total + settings.penalty * weights.square().sum()
            value.backward()
            return value

        optimizer.step(loss)  # pyright: ignore[reportArgumentType]
        of_all = np.zeros(len(FEATURES), dtype=np.float32)
        of_all[columns] = weights.detach().numpy() / deviation
        return Leaning(self.parts, of_all)
