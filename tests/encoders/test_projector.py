from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from encoders.content import Content
from encoders.features import FeatureSpec
from encoders.kernel_ridge import fit_kernel_ridge, gaussian_kernel
from encoders.projector import ContentProjector, ProjectorSettings, fit_projector
from store.errors import InputError, TrainingError
from store.records import Item

GENRES = ("Comedy", "Drama", "Horror")


class World:
    """Items whose place in the target spaces follows from genre, year, text and picture, plus noise."""

    def __init__(self, count: int = 300, *, seed: int = 0, image_share: float = 0.7, text_share: float = 0.9) -> None:
        generator = np.random.default_rng(seed)
        fixed = np.random.default_rng(99)  # the same laws in every world
        self.items = [
            Item(str(n), f"item {n}", "", (GENRES[n % 3],), {"year": int(generator.integers(1950, 2020))})
            for n in range(count)
        ]
        text, image = generator.normal(size=(count, 8)), generator.normal(size=(count, 6))
        self.content = Content(
            text=(text / np.linalg.norm(text, axis=1, keepdims=True)).astype(np.float32),
            image=(image / np.linalg.norm(image, axis=1, keepdims=True)).astype(np.float32),
            has_text=generator.random(count) < text_share,
            has_image=generator.random(count) < image_share,
            notes=("",) * count,
        )
        genre = fixed.normal(size=(3, 5))[np.arange(count) % 3]
        years = np.array([item.attributes["year"] for item in self.items], dtype=np.float64)[:, None]
        place = (
            genre
            + (years - 1985) / 35 * fixed.normal(size=5)
            + self.content.text @ fixed.normal(size=(8, 5)) * 2
            + self.content.image @ fixed.normal(size=(6, 5))
            + 0.1 * generator.normal(size=(count, 5))
        )
        self.targets = {
            "first": place.astype(np.float32),
            "second": (place[:, :3] * 10 + 4).astype(np.float32),
        }
        self.weights = np.full(count, 50.0)

    def fit(self, **settings: object) -> ContentProjector:
        return fit_projector(
            self.items,
            self.content,
            self.targets,
            weights=self.weights,
            settings=ProjectorSettings(**settings),  # type: ignore[arg-type]
        )


def masked(content: Content, *, text: bool = True, image: bool = True) -> Content:
    full = np.ones(len(content), dtype=np.bool_)
    return replace(content, has_text=full & text, has_image=full & image)


def agreement(predicted: np.ndarray, true: np.ndarray) -> float:
    """Correlation of the rows around their means."""
    left, right = predicted - predicted.mean(axis=0), true - true.mean(axis=0)
    return float((left * right).sum() / np.sqrt((left**2).sum() * (right**2).sum()))


@pytest.fixture(scope="module")
def projector() -> ContentProjector:
    return World().fit()


@pytest.fixture(scope="module")
def cold() -> World:
    return World(120, seed=1)


def test_cold_items_get_their_place_in_every_space(projector: ContentProjector, cold: World) -> None:
    rows = projector.project(cold.items, masked(cold.content))
    assert {name: vectors.shape for name, vectors in rows.items()} == {"first": (120, 5), "second": (120, 3)}
    assert all(vectors.dtype == np.float32 for vectors in rows.values())
    assert agreement(rows["first"], cold.targets["first"]) > 0.9
    assert agreement(rows["second"], cold.targets["second"]) > 0.9


def test_each_modality_helps_and_none_is_needed(projector: ContentProjector, cold: World) -> None:
    quality = {
        (text, image): agreement(
            projector.project(cold.items, masked(cold.content, text=text, image=image))["first"], cold.targets["first"]
        )
        for text in (True, False)
        for image in (True, False)
    }
    assert quality[True, True] > quality[True, False] > quality[False, False] > 0.3
    assert quality[True, True] > quality[False, True]


def test_a_masked_vector_is_never_looked_at(projector: ContentProjector, cold: World) -> None:
    hidden = masked(cold.content, image=False)
    rubbish = replace(hidden, image=np.full_like(hidden.image, np.nan))
    for name, rows in projector.project(cold.items, hidden).items():
        np.testing.assert_array_equal(rows, projector.project(cold.items, rubbish)[name])
        assert np.isfinite(rows).all()


def test_batch_equals_single(projector: ContentProjector, cold: World) -> None:
    batch = projector.project(cold.items, cold.content)
    for row in (0, 7, 119):
        single = projector.project([cold.items[row]], cold.content.rows(np.array([row])))
        for name, vectors in single.items():
            np.testing.assert_allclose(vectors[0], batch[name][row], rtol=1e-4, atol=1e-4)
    empty = projector.project([], cold.content.rows(np.zeros(0, dtype=np.int64)))
    assert empty["first"].shape == (0, 5)


def test_a_modality_that_training_never_had_takes_no_part(cold: World) -> None:
    untrained = World(image_share=0.01).fit()
    assert untrained.trained_modalities == {"text"}
    with_image, without = masked(cold.content), masked(cold.content, image=False)
    for name, rows in untrained.project(cold.items, with_image).items():
        np.testing.assert_array_equal(rows, untrained.project(cold.items, without)[name])


def test_a_modality_that_says_nothing_is_left_aside() -> None:
    world = World()
    generator = np.random.default_rng(5)
    noise = generator.normal(size=(len(world.items), 40)).astype(np.float32)
    world.content = replace(world.content, image=noise / np.linalg.norm(noise, axis=1, keepdims=True))
    projector = world.fit()
    cold = World(120, seed=1)
    image = generator.normal(size=(120, 40)).astype(np.float32)
    both = replace(masked(cold.content), image=image / np.linalg.norm(image, axis=1, keepdims=True))
    text_only = masked(both, image=False)
    np.testing.assert_array_equal(
        projector.project(cold.items, both)["first"], projector.project(cold.items, text_only)["first"]
    )


def test_projected_rows_have_the_scale_of_warm_rows(projector: ContentProjector) -> None:
    cold = World(400, seed=2)
    for content in (masked(cold.content), masked(cold.content, text=False)):
        rows = projector.project(cold.items, content)["second"]
        spread = np.linalg.norm(rows - rows.mean(axis=0), axis=1).mean()
        true = np.linalg.norm(cold.targets["second"] - cold.targets["second"].mean(axis=0), axis=1).mean()
        assert spread == pytest.approx(true, rel=0.15)


def test_targets_that_content_does_not_explain_are_not_blown_up(cold: World) -> None:
    world = World()
    noise = np.random.default_rng(7).normal(size=(len(world.items), 4)).astype(np.float32) + 3
    world.targets["noise"] = noise
    rows = world.fit().project(cold.items, cold.content)["noise"]
    assert np.linalg.norm(rows - noise.mean(axis=0), axis=1).max() < 4


def test_arrays_give_the_same_projector(projector: ContentProjector, cold: World, tmp_path: object) -> None:
    arrays = projector.to_arrays()
    assert all(array.dtype != object for array in arrays.values())
    path = f"{tmp_path}/projector.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    with np.load(path, allow_pickle=False) as loaded:
        again = ContentProjector.from_arrays(dict(loaded))
    assert again.trained_modalities == projector.trained_modalities
    for name, rows in projector.project(cold.items, cold.content).items():
        np.testing.assert_array_equal(rows, again.project(cold.items, cold.content)[name])


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, second = (World().fit(landmarks=60, seed=3).to_arrays() for _ in range(2))
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_few_landmarks_still_place_items(cold: World) -> None:
    rows = World().fit(landmarks=60).project(cold.items, masked(cold.content))["first"]
    assert agreement(rows, cold.targets["first"]) > 0.8


def test_items_without_attributes_or_content_get_the_mean_row() -> None:
    world = World(40)
    world.items = [replace(item, categories=(), attributes={}) for item in world.items]
    world.content = masked(world.content, text=False, image=False)
    projector = world.fit()
    assert projector.trained_modalities == frozenset()
    rows = projector.project(world.items[:2], world.content.rows(np.arange(2)))["second"]
    np.testing.assert_allclose(rows, np.tile(world.targets["second"].mean(axis=0), (2, 1)), rtol=1e-4)


def test_content_of_another_encoder_is_refused(projector: ContentProjector, cold: World) -> None:
    other = replace(cold.content, text=np.zeros((120, 9), dtype=np.float32))
    with pytest.raises(InputError, match="text vectors have 9 dimensions, training had 8"):
        projector.project(cold.items, other)
    with pytest.raises(InputError, match="3 items and 120 rows of content"):
        projector.project(cold.items[:3], cold.content)


def test_training_data_is_checked() -> None:
    world = World(40)
    with pytest.raises(InputError, match=r"have \[39, 40\] rows"):
        fit_projector(world.items[:39], world.content, world.targets, weights=world.weights)
    world.targets["first"][3, 1] = np.nan
    with pytest.raises(InputError, match="target 'first' holds NaN"):
        world.fit()
    with pytest.raises(TrainingError, match="2 warm items and 1 targets are too few"):
        fit_projector(
            world.items[:2],
            world.content.rows(np.arange(2)),
            {"second": world.targets["second"][:2]},
            weights=world.weights[:2],
        )
    with pytest.raises(InputError, match=r"gamma is 0\.0, not above 0"):
        ProjectorSettings(gamma=0.0)
    with pytest.raises(InputError, match="most_knots is 1, below 2"):
        ProjectorSettings(most_knots=1)


def test_leave_one_out_equals_leaving_each_one_out() -> None:
    generator = np.random.default_rng(0)
    features = generator.normal(size=(25, 3)).astype(np.float32)
    targets = generator.normal(size=(25, 2)) + features[:, :1]
    weights = generator.random(25) + 0.5
    penalty = 0.7
    _, left_out = fit_kernel_ridge(
        features,
        targets,
        weights,
        groups=np.zeros(2, dtype=np.int64),
        landmarks=np.arange(25),
        gamma=0.3,
        penalties=(penalty,),
    )
    kernel = gaussian_kernel(features, features, 0.3)
    scaled = weights / weights.mean()
    for row in range(25):
        others = np.delete(np.arange(25), row)
        # Weighted kernel ridge with an unpenalised constant, as one linear system.
        system = np.zeros((25, 25))
        system[:24, :24] = kernel[np.ix_(others, others)] + penalty * np.diag(1 / scaled[others])
        system[:24, 24] = system[24, :24] = 1.0
        solution = np.linalg.solve(system, np.vstack((targets[others], np.zeros((1, 2)))))
        expected = kernel[row, others] @ solution[:24] + solution[24]
        np.testing.assert_allclose(left_out[row], expected, atol=1e-5)


def test_feature_columns_are_learned_and_the_unseen_is_ignored() -> None:
    items = [
        Item(
            str(n),
            "t",
            "",
            ("Drama",) if n % 2 else ("Drama", "War"),
            {"year": 1980 + n, "language": "en", "people": ["Ann", "Bob"] if n < 5 else ["Ann"], "rare": "x" * n},
        )
        for n in range(10)
    ]
    spec = FeatureSpec.learn(items, minimum=5, most_values=10, most_knots=3)
    assert set(spec.values) == {"category=Drama", "category=War", "language=en", "people=Ann", "people=Bob"}
    assert spec.knots == {"year": (1980.0, 1984.5, 1989.0)}
    new = Item("new", "t", "", ("War", "Western"), {"year": 1982.25, "language": "eo", "budget": 3, "people": "Bob"})
    row = dict(zip([*spec.values, "1980", "1984.5", "1989"], spec.encode([new])[0], strict=True))
    assert {name: value for name, value in row.items() if value} == {
        "category=War": 1.0,
        "people=Bob": 1.0,
        "1980": 0.5,
        "1984.5": 0.5,
    }
    far = spec.encode([Item("far", "t", "", (), {"year": 2500})])[0]
    assert far[-3:].tolist() == [0.0, 0.0, 1.0], "beyond the range counts as its end"
    assert FeatureSpec.from_json(spec.to_json()) == spec
    assert spec.encode([]).shape == (0, spec.width)
