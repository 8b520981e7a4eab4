"""From content to known items that stand in for a new one, so that it has a place on the day it arrives.

One kernel ridge regression per set of modalities that an item can have, each trained on the warm items that have at
least that set: a missing picture or text is the normal case of another regression, not a hole in the input. A
regression predicts weights of the items it was trained on. What a scorer says of those, in vectors or in scores, the
same weighted sum says of the new item.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from encoders.content import Content, Vectors
from encoders.features import FeatureSpec
from encoders.kernel_ridge import KernelRidge, fit_kernel_ridge
from store.errors import InputError, TrainingError
from store.records import Item

Arrays = dict[str, NDArray[np.generic]]
SUBSETS = (frozenset(), frozenset({"text"}), frozenset({"image"}), frozenset({"text", "image"}))
VERSION = 2


@dataclass(frozen=True)
class ProjectorSettings:
    """How content is mapped.

    Attributes:
        attributes_weight: of categories and attributes in the distance of two items.
        text_weight: of the text.
        image_weight: of the picture.
        gamma: of the Gaussian kernel, in units of the mean squared distance of two training items.
        penalties: ridge penalties that leave-one-out chooses from.
        reliable: interactions at which a training item counts half of one that has very many.
        most_stand_ins: training items at most, those with the most interactions; more are slower and better.
        minimum_share: share of the training items that must have a modality for it to take part.
        minimum_items: and how many at least.
        minimum_value_items: items that must have a category or attribute value for it to have a column.
        most_values: columns for values at most.
        most_knots: places at which a numeric attribute is looked at.
    """

    attributes_weight: float = 0.7
    text_weight: float = 1.0
    image_weight: float = 0.3
    gamma: float = 0.8
    penalties: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
    reliable: float = 5.0
    most_stand_ins: int = 3_000
    minimum_share: float = 0.02
    minimum_items: int = 20
    minimum_value_items: int = 3
    most_values: int = 500
    most_knots: int = 11

    def __post_init__(self) -> None:
        for name in ("attributes_weight", "text_weight", "image_weight", "gamma", "reliable"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} is {getattr(self, name)!r}, not above 0", fix=f"Give {name} a number > 0.")
        for name in ("most_stand_ins", "minimum_items", "minimum_value_items", "most_values"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)!r}, below 1", fix=f"Give {name} a number >= 1.")
        if self.most_knots < 2:
            raise InputError(f"most_knots is {self.most_knots}, below 2", fix="A range has two ends.")
        if not self.penalties or min(self.penalties) <= 0:
            raise InputError(f"penalties are {self.penalties!r}", fix="Give at least one, all above 0.")


@dataclass(frozen=True)
class Block:
    """How one kind of content enters the distance: centred, then scaled so that its mean squared norm is its weight's.

    Attributes:
        mean: float32 [F] over the training items that have it.
        scale: factor after centring.
    """

    mean: NDArray[np.float32]
    scale: float

    @classmethod
    def learn(cls, rows: Vectors, weight: float) -> Block:
        """From the training items that have this kind of content."""
        mean = rows.mean(axis=0)
        spread = float(np.sqrt(((rows - mean) ** 2).sum(axis=1).mean()))
        return cls(mean.astype(np.float32), weight / spread if spread > 1e-6 else 0.0)

    def apply(self, rows: Vectors) -> Vectors:
        """[N, F] -> float32 [N, F]."""
        return ((rows - self.mean) * np.float32(self.scale)).astype(np.float32)


@dataclass(frozen=True)
class _Map:
    """The regression of one set of modalities.

    Attributes:
        members: int64 [L], which of the S stand-ins it was trained on.
        model: over those.
    """

    members: NDArray[np.int64]
    model: KernelRidge

    def weights(self, features: Vectors, count: int) -> Vectors:
        """Features [N, F] -> float32 [N, count], zeros for stand-ins that are no members."""
        weights = np.zeros((len(features), count), dtype=np.float32)
        weights[:, self.members] = self.model.weights(features)
        return weights


class ContentProjector:
    """Finds stand-ins for items by their content. Immutable; made by ``fit_projector`` or ``from_arrays``.

    Args:
        spec: of categories and attributes.
        blocks: by kind of content, how it enters the distance.
        maps: by set of modalities.
        choice: set of modalities that an item has -> the map that it takes.
        explained: set of modalities -> share of what sets items apart that its map explains in leave-one-out, 0..1.
        stand_ins: int64 [S], rows of the training items that may stand in.
    """

    def __init__(
        self,
        *,
        spec: FeatureSpec,
        blocks: Mapping[str, Block],
        maps: Mapping[frozenset[str], _Map],
        choice: Mapping[frozenset[str], frozenset[str]],
        explained: Mapping[frozenset[str], float],
        stand_ins: NDArray[np.int64],
    ) -> None:
        self._spec = spec
        self._blocks = dict(blocks)
        self._maps = dict(maps)
        self._choice = dict(choice)
        self._explained = dict(explained)
        self.stand_ins = stand_ins

    @property
    def trained_modalities(self) -> frozenset[str]:
        """Subset of {"text", "image"}: only these take part."""
        return frozenset(self._blocks) - {"attributes"}

    def explained(self, modalities: frozenset[str]) -> float:
        """How much content of these kinds, categories and attributes beside it, says of where an item stands.

        The share of the variance of the training targets that was explained in leave-one-out, 0..1. All sets of
        modalities were judged by the same items where there are enough that have everything.
        """
        return self._explained[modalities & self.trained_modalities]

    def project(self, items: Sequence[Item], content: Content) -> Vectors:
        """What each stand-in counts for each item: float32 [N, S]; rows sum to 1, single weights may be negative.

        Args:
            items: N items; their categories and attributes are content too.
            content: what ``ContentEncoder.encode`` made of the same items.

        Raises:
            InputError: another number of rows, or vectors of another encoder than at training.
        """
        self._check(items, content)
        blocks = _apply(self._spec, self._blocks, items, content)
        weights = np.zeros((len(items), len(self.stand_ins)), dtype=np.float32)
        patterns = _patterns(content, self.trained_modalities)
        for pattern in set(patterns):
            chosen = np.flatnonzero([own == pattern for own in patterns])
            subset = self._choice[pattern]
            weights[chosen] = self._maps[subset].weights(_joined(blocks, subset, chosen), len(self.stand_ins))
        return weights

    def _check(self, items: Sequence[Item], content: Content) -> None:
        if len(items) != len(content):
            raise InputError(f"{len(items)} items and {len(content)} rows of content", fix="Encode the same items.")
        for name, vectors, present in _modalities(content):
            if name not in self._blocks or not present.any():
                continue
            if vectors.shape[1] != (wanted := len(self._blocks[name].mean)):
                raise InputError(
                    f"{name} vectors have {vectors.shape[1]} dimensions, training had {wanted}",
                    fix="Use the encoders of the training, or run `tastemaker train` again.",
                )

    def to_arrays(self) -> Arrays:
        """Everything ``from_arrays`` needs; text as UTF-8 bytes."""
        about = {
            "version": VERSION,
            "spec": self._spec.to_json(),
            "scales": {name: block.scale for name, block in self._blocks.items()},
            "gammas": {_key(subset): one.model.gamma for subset, one in self._maps.items()},
            "choice": {_key(pattern): _key(subset) for pattern, subset in self._choice.items()},
            "explained": {_key(pattern): share for pattern, share in self._explained.items()},
        }
        arrays: Arrays = {
            "about": np.frombuffer(json.dumps(about).encode(), dtype=np.uint8).copy(),
            "stand_ins": self.stand_ins,
        }
        for name, block in self._blocks.items():
            arrays[f"mean.{name}"] = block.mean
        for subset, one in self._maps.items():
            arrays[f"members.{_key(subset)}"] = one.members
            arrays[f"rows.{_key(subset)}"] = one.model.rows
            arrays[f"coefficients.{_key(subset)}"] = one.model.coefficients
            arrays[f"bias.{_key(subset)}"] = one.model.bias
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """The projector that ``to_arrays`` was called on.

        Raises:
            InputError: the arrays are of another version.
        """
        about = json.loads(arrays["about"].tobytes())
        if about["version"] != VERSION:
            raise InputError(
                f"the projector has format {about['version']}, this version reads {VERSION}",
                fix="Run `tastemaker train` again.",
            )

        def floats(name: str) -> NDArray[np.float32]:
            return np.asarray(arrays[name], dtype=np.float32)

        def whole(name: str) -> NDArray[np.int64]:
            return np.asarray(arrays[name], dtype=np.int64)

        return cls(
            spec=FeatureSpec.from_json(about["spec"]),
            blocks={name: Block(floats(f"mean.{name}"), scale) for name, scale in about["scales"].items()},
            maps={
                _subset(key): _Map(
                    whole(f"members.{key}"),
                    KernelRidge(floats(f"rows.{key}"), floats(f"coefficients.{key}"), floats(f"bias.{key}"), gamma),
                )
                for key, gamma in about["gammas"].items()
            },
            choice={_subset(pattern): _subset(subset) for pattern, subset in about["choice"].items()},
            explained={_subset(pattern): share for pattern, share in about["explained"].items()},
            stand_ins=whole("stand_ins"),
        )


@dataclass(frozen=True)
class ProjectorFit:
    """A projector, and what it says of its own stand-ins as if each were new.

    Attributes:
        left_out: float32 [S, S], as ``ContentProjector.project`` gives it for each stand-in with all its modalities by
            a fit without it.
    """

    projector: ContentProjector
    left_out: Vectors


def fit_projector(
    items: Sequence[Item],
    content: Content,
    targets: Mapping[str, Vectors],
    *,
    weights: NDArray[np.floating],
    settings: ProjectorSettings | None = None,
) -> ProjectorFit:
    """Learn the map from warm items. Closed form: deterministic, no epochs.

    Args:
        items: N warm items.
        content: of the same items.
        targets: by name, float32 [N, D], rows in which a scorer knows these items. How well weighted sums meet those of
            items left out decides how much is smoothed and which modalities take part; each target counts alike.
        weights: [N], interactions per item; rows that rest on few count less.
        settings: of the map.

    Raises:
        TrainingError: fewer than three items, or no target.
        InputError: rows do not match, or a target is not finite.
    """
    settings = settings or ProjectorSettings()
    _check_training(items, content, targets, weights)
    stand_ins = np.sort(np.argsort(-weights, kind="stable")[: settings.most_stand_ins]).astype(np.int64)
    items, content, weights = [items[row] for row in stand_ins], content.rows(stand_ins), weights[stand_ins]
    rows = np.concatenate([_scaled(vectors[stand_ins]) for vectors in targets.values()], axis=1)
    spec = FeatureSpec.learn(
        items,
        minimum=settings.minimum_value_items,
        most_values=settings.most_values,
        most_knots=settings.most_knots,
    )
    present = {name: mask for name, _, mask in _modalities(content)}
    enough = max(settings.minimum_items, settings.minimum_share * len(items))
    blocks = {"attributes": Block.learn(spec.encode(items), settings.attributes_weight)}
    for name, vectors, mask in _modalities(content):
        if mask.sum() >= enough:
            weight = settings.text_weight if name == "text" else settings.image_weight
            blocks[name] = Block.learn(vectors[mask], weight)
    trained = frozenset(blocks) - {"attributes"}
    applied = _apply(spec, blocks, items, content)
    counts = np.maximum(weights, 0.0) + 1.0
    trust = counts / (counts + settings.reliable)

    maps: dict[frozenset[str], _Map] = {}
    left_out: dict[frozenset[str], Vectors] = {}
    for subset in (subset for subset in SUBSETS if subset <= trained):
        members = np.flatnonzero(_having(present, subset, len(items)))
        if subset and len(members) < enough:
            continue
        features = _joined(applied, subset, members)
        model, without = fit_kernel_ridge(
            features,
            rows[members],
            trust[members],
            gamma=settings.gamma / max(_mean_squared_distance(features), 1e-6),
            penalties=settings.penalties,
        )
        left_out[subset] = np.zeros((len(items), len(items)), dtype=np.float32)
        left_out[subset][np.ix_(members, members)] = without
        maps[subset] = _Map(members, model)
    choice = {
        pattern: _best_subset(pattern, left_out, rows, trust, present) for pattern in SUBSETS if pattern <= trained
    }
    used = set(choice.values())
    projector = ContentProjector(
        spec=spec,
        blocks=blocks,
        maps={subset: one for subset, one in maps.items() if subset in used},
        choice=choice,
        explained={
            pattern: _explained(left_out[subset], rows, trust, _judges(pattern, trained, present, len(items), enough))
            for pattern, subset in choice.items()
        },
        stand_ins=stand_ins,
    )
    own = [choice[pattern] for pattern in _patterns(content, trained)]
    return ProjectorFit(projector, np.stack([left_out[subset][row] for row, subset in enumerate(own)]))


def _scaled(rows: Vectors) -> NDArray[np.float64]:
    """Rows divided by the root of their total variance: all targets then count alike."""
    spread = max(float(np.sqrt(rows.var(axis=0, dtype=np.float64).sum())), 1e-12)
    return rows.astype(np.float64) / spread


def _mean_squared_distance(features: Vectors) -> float:
    """Of two random rows: twice the variance."""
    return 2.0 * float(features.var(axis=0, dtype=np.float64).sum())


def _best_subset(
    pattern: frozenset[str],
    left_out: Mapping[frozenset[str], Vectors],
    rows: NDArray[np.float64],
    trust: NDArray[np.floating],
    present: Mapping[str, NDArray[np.bool_]],
) -> frozenset[str]:
    """Of the regressions that an item with these modalities can use, the one with the least leave-one-out error.

    So a modality that says nothing here is left aside instead of adding noise.
    """
    candidates = [subset for subset in left_out if subset <= pattern]
    having = _having(present, pattern, len(rows))
    if not having.any():
        return max(candidates, key=len)

    def error(subset: frozenset[str]) -> float:
        squares = (left_out[subset][having] @ rows - rows[having]) ** 2
        return float((squares.sum(axis=1) * trust[having]).sum())

    return min(candidates, key=error)


def _judges(
    pattern: frozenset[str],
    trained: frozenset[str],
    present: Mapping[str, NDArray[np.bool_]],
    count: int,
    enough: float,
) -> NDArray[np.bool_]:
    """Items by which a set of modalities is judged: those that have everything, or else those that have the set."""
    everything = _having(present, trained, count)
    return everything if everything.sum() >= enough else _having(present, pattern, count)


def _explained(
    left_out: Vectors, rows: NDArray[np.float64], trust: NDArray[np.floating], judges: NDArray[np.bool_]
) -> float:
    """Share of the variance of the rows, 0..1."""
    if not judges.any():
        return 0.0
    rows, trust, predicted = rows[judges], trust[judges, None], left_out[judges] @ rows
    mean = (trust * rows).sum(axis=0) / trust.sum()
    missed = float((trust * (predicted - rows) ** 2).sum())
    return max(0.0, 1.0 - missed / max(float((trust * (rows - mean) ** 2).sum()), 1e-12))


def _modalities(content: Content) -> tuple[tuple[str, Vectors, NDArray[np.bool_]], ...]:
    return (("text", content.text, content.has_text), ("image", content.image, content.has_image))


def _apply(
    spec: FeatureSpec, blocks: Mapping[str, Block], items: Sequence[Item], content: Content
) -> dict[str, Vectors]:
    """Every block's rows; those of items that lack the modality are never used."""
    raw = {"attributes": spec.encode(items), **{name: vectors for name, vectors, _ in _modalities(content)}}
    return {name: block.apply(raw[name]) for name, block in blocks.items() if raw[name].shape[1] == len(block.mean)}


def _joined(blocks: Mapping[str, Vectors], subset: frozenset[str], rows: NDArray[np.int64]) -> Vectors:
    """Attributes and the modalities of ``subset`` side by side, for some rows."""
    return np.concatenate([blocks[name][rows] for name in ("attributes", *sorted(subset))], axis=1)


def _having(present: Mapping[str, NDArray[np.bool_]], subset: frozenset[str], count: int) -> NDArray[np.bool_]:
    mask = np.ones(count, dtype=np.bool_)
    for name in subset:
        mask &= present[name]
    return mask


def _patterns(content: Content, trained: frozenset[str]) -> list[frozenset[str]]:
    """Per row, the trained modalities that it has."""
    masks = [(name, mask) for name, _, mask in _modalities(content) if name in trained]
    return [frozenset(name for name, mask in masks if mask[row]) for row in range(len(content))]


def _key(subset: frozenset[str]) -> str:
    return "_".join(sorted(subset)) or "attributes"


def _subset(key: str) -> frozenset[str]:
    return frozenset(key.split("_")) - {"attributes"}


def _check_training(
    items: Sequence[Item], content: Content, targets: Mapping[str, Vectors], weights: NDArray[np.floating]
) -> None:
    lengths = {len(items), len(content), len(weights), *(len(vectors) for vectors in targets.values())}
    if len(lengths) != 1:
        raise InputError(
            f"items, content, weights and targets have {sorted(lengths)} rows", fix="Pass one row per warm item."
        )
    if len(items) < 3 or not targets:
        raise TrainingError(
            f"{len(items)} warm items and {len(targets)} targets are too few to learn from content",
            fix="Ingest more items with interactions.",
        )
    for name, vectors in targets.items():
        if not np.isfinite(vectors).all():
            raise InputError(f"target {name!r} holds NaN or infinity", fix="Check the model that it comes from.")
