"""What was learned from dialogues, of no catalogue in particular: stored by title and year, laid over any catalogue.

Only derived numbers are kept: which titles a dialogue named and a turn recommended, by number; embeddings of what
precedents were about; the weights. Rates are fitted again over the catalogue that it is laid over, from these counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from agent.leaning.affinity import profiles
from agent.leaning.features import FEATURES
from agent.leaning.habits import Habits
from agent.leaning.items import Floats, ItemArrays
from agent.leaning.model import Leaning, Parts
from agent.leaning.precedents import Precedents
from agent.title_names import spoken_title
from agent.tokens import words_of
from pipeline.catalogue import Catalogue
from store.errors import InputError
from store.ids import IndexArray

TitleKey = tuple[str, int]
"""Words of a title, and its year."""
FEWEST_KNOWN = 100
"""Titles of the dialogues that a catalogue has to have."""
LEAST_SHARE = 0.02
"""Share of a catalogue that dialogues have to know."""


@dataclass(frozen=True)
class Learnt:
    """S titles, T turns, D dialogues.

    Attributes:
        titles: S keys.
        named: int64 [n, 2], dialogue and title.
        recommended: int64 [m, 2], turn and title.
        precedents: float32 [T, C'], what the turns were about.
        affinity: float32 [C, P].
        directions: float32 [D, .].
        mean: float32 [C].
        values: of categories.
        weights: of features, by name.
        encoder: fingerprint of what embedded the words.
        source: what it was learned from.
    """

    titles: tuple[TitleKey, ...]
    named: IndexArray
    recommended: IndexArray
    precedents: Floats
    affinity: Floats
    directions: Floats
    mean: Floats
    values: tuple[str, ...]
    weights: Mapping[str, float]
    encoder: str
    source: str

    @classmethod
    def of(
        cls, leaning: Leaning, catalogue: Catalogue, years: NDArray[np.float32], *, encoder: str, source: str
    ) -> Learnt:
        """Take a model off the catalogue that it was learned over.

        Args:
            years: float32 [N+1].
        """
        parts = leaning.parts
        named, recommended = parts.habits.named.tocoo(), parts.precedents.recommended.tocoo()
        told = np.unique(np.concatenate((named.col, recommended.col)))
        place = np.zeros(len(years), dtype=np.int64)
        place[told] = np.arange(len(told))
        return cls(
            titles=tuple(title_key(catalogue.at(int(item)).title, int(years[item])) for item in told),
            named=np.stack((named.row, place[named.col]), axis=1).astype(np.int64),
            recommended=np.stack((recommended.row, place[recommended.col]), axis=1).astype(np.int64),
            precedents=parts.precedents.contexts,
            affinity=parts.affinity,
            directions=parts.directions,
            mean=parts.mean,
            values=parts.values,
            weights=dict(zip(FEATURES, leaning.weights.tolist(), strict=True)),
            encoder=encoder,
            source=source,
        )

    def knows(self, keys: Sequence[TitleKey]) -> bool:
        """Whether a catalogue with these titles has enough in common with what the dialogues were about."""
        known = len(set(keys) & set(self.titles))
        return known >= max(FEWEST_KNOWN, LEAST_SHARE * len(keys))

    def over(self, items: ItemArrays, keys: Sequence[TitleKey]) -> Leaning:
        """Laid over a catalogue that it knows.

        Args:
            items: N items.
            keys: of the N items.
        """
        places: dict[TitleKey, int] = {}
        for index, key in enumerate(keys, start=1):
            places.setdefault(key, index)
        found = np.array([places.get(key, 0) for key in self.titles], dtype=np.int64)
        named, recommended = (_known(pairs, found) for pairs in (self.named, self.recommended))
        habits = Habits.counted(named[:, 0], named[:, 1], recommended[:, 1], items)
        shape = (len(self.precedents), len(items))
        ones = np.ones(len(recommended), dtype=np.float32)
        parts = Parts(
            habits=habits,
            precedents=Precedents(
                self.precedents, sp.csr_matrix((ones, (recommended[:, 0], recommended[:, 1])), shape=shape)
            ),
            affinity=self.affinity,
            profile=profiles(items, self.directions, self.values),
            directions=self.directions,
            values=self.values,
            mean=self.mean,
        )
        return Leaning(parts, np.array([self.weights[name] for name in FEATURES], dtype=np.float32))

    def save(self, path: Path) -> None:
        """Write it; embeddings in halves."""
        arrays = {
            "named": self.named.astype(np.int32),
            "recommended": self.recommended.astype(np.int32),
            "precedents": self.precedents.astype(np.float16),
            "affinity": self.affinity.astype(np.float16),
            "directions": self.directions.astype(np.float16),
            "mean": self.mean.astype(np.float32),
        }
        told = {
            "encoder": self.encoder,
            "source": self.source,
            "values": json.dumps(self.values),
            "weights": json.dumps(dict(self.weights)),
            "titles": json.dumps(self.titles, ensure_ascii=False),
        }
        save_file(arrays, path, told)

    @classmethod
    def load(cls, path: Path) -> Learnt:
        """Read what ``save`` wrote.

        Raises:
            InputError: the file is not one.
        """
        try:
            with safe_open(path, framework="numpy") as file:
                told = file.metadata() or {}
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            weights = {name: float(weight) for name, weight in json.loads(told["weights"]).items()}
            if set(weights) != set(FEATURES):
                raise KeyError(f"weights of {sorted(set(weights) ^ set(FEATURES))}")
            return cls(
                titles=tuple((words, int(year)) for words, year in json.loads(told["titles"])),
                named=arrays["named"].astype(np.int64),
                recommended=arrays["recommended"].astype(np.int64),
                **{name: arrays[name].astype(np.float32) for name in ("precedents", "affinity", "directions", "mean")},
                values=tuple(json.loads(told["values"])),
                weights=weights,
                encoder=told["encoder"],
                source=told["source"],
            )
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise InputError(
                f"{path} holds nothing learned from dialogues: {error}",
                fix="Run `python -m benchmarks.dialogues.train`.",
            ) from None


def title_key(title: str, year: int) -> TitleKey:
    """What a title is known by elsewhere: "Matrix, The" and "The Matrix (1999)" are the same."""
    return " ".join(words_of(spoken_title(title))), year


def _known(pairs: IndexArray, found: IndexArray) -> IndexArray:
    """Pairs whose title the catalogue has, with its index there."""
    items = found[pairs[:, 1]]
    return np.stack((pairs[:, 0], items), axis=1)[items > 0]
