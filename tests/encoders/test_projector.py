from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from encoders.content import Content
from encoders.features import FeatureSpec
from encoders.kernel_ridge import fit_kernel_ridge, gaussian_kernel
from encoders.projector import ContentProjector, ProjectorFit, ProjectorSettings, fit_projector
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
        return self.fitted(**settings).projector

    def fitted(self, **settings: object) -> ProjectorFit:
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
def known() -> World:
    return World()


@pytest.fixture(scope="module")
def projector(known: World) -> ContentProjector:
    return known.fit()


@pytest.fixture(scope="module")
def cold() -> World:
    return World(120, seed=1)


def placed(projector: ContentProjector, known: World, name: str, items: World, content: Content) -> np.ndarray:
    """Rows of a target for cold items, from their stand-ins."""
    return projector.project(items.items, content) @ known.targets[name][projector.stand_ins]


def test_cold_items_get_their_place_in_every_space(projector: ContentProjector, known: World, cold: World) -> None:
    weights = projector.project(cold.items, masked(cold.content))
    assert weights.shape == (120, 300)
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-3)
    for name in ("first", "second"):
        assert agreement(weights @ known.targets[name], cold.targets[name]) > 0.9


def test_each_modality_helps_and_none_is_needed(projector: ContentProjector, known: World, cold: World) -> None:
    quality = {
        (text, image): agreement(
            placed(projector, known, "first", cold, masked(cold.content, text=text, image=image)), cold.targets["first"]
        )
        for text in (True, False)
        for image in (True, False)
    }
    assert quality[True, True] > quality[True, False] > quality[False, False] > 0.3
    assert quality[True, True] > quality[False, True]


def test_a_masked_vector_is_never_looked_at(projector: ContentProjector, cold: World) -> None:
    hidden = masked(cold.content, image=False)
    rubbish = replace(hidden, image=np.full_like(hidden.image, np.nan))
    weights = projector.project(cold.items, hidden)
    np.testing.assert_array_equal(weights, projector.project(cold.items, rubbish))
    assert np.isfinite(weights).all()


def test_batch_equals_single(projector: ContentProjector, cold: World) -> None:
    batch = projector.project(cold.items, cold.content)
    for row in (0, 7, 119):
        single = projector.project([cold.items[row]], cold.content.rows(np.array([row])))
        np.testing.assert_allclose(single[0], batch[row], rtol=1e-4, atol=1e-4)
    assert projector.project([], cold.content.rows(np.zeros(0, dtype=np.int64))).shape == (0, 300)


def test_a_modality_that_training_never_had_takes_no_part(cold: World) -> None:
    untrained = World(image_share=0.01).fit()
    assert untrained.trained_modalities == {"text"}
    with_image, without = masked(cold.content), masked(cold.content, image=False)
    np.testing.assert_array_equal(untrained.project(cold.items, with_image), untrained.project(cold.items, without))


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
    np.testing.assert_array_equal(projector.project(cold.items, both), projector.project(cold.items, text_only))


def test_where_content_says_nothing_every_item_is_the_mean_one(cold: World) -> None:
    world = World()
    noise = np.random.default_rng(7).normal(size=(len(world.items), 4)).astype(np.float32) + 3
    world.targets = {"noise": noise}
    rows = placed(world.fit(), world, "noise", cold, cold.content)
    assert np.linalg.norm(rows - noise.mean(axis=0), axis=1).max() < 4


def test_what_is_said_of_a_stand_in_left_out_does_not_come_from_itself(known: World) -> None:
    fitted = known.fitted()
    assert not fitted.left_out.diagonal().any()
    np.testing.assert_allclose(fitted.left_out.sum(axis=1), 1.0, atol=1e-3)
    assert agreement(fitted.left_out @ known.targets["first"], known.targets["first"]) > 0.8


def test_what_content_explains_grows_with_its_kinds_and_is_what_new_items_find(
    projector: ContentProjector, known: World
) -> None:
    nothing, text, image = frozenset(), frozenset({"text"}), frozenset({"image"})
    shares = [projector.explained(kinds) for kinds in (nothing, image, text, text | image)]
    assert 0 < shares[0] < shares[1] < shares[2] < shares[3] < 1
    new = World(400, seed=3)
    rows = placed(projector, known, "first", new, masked(new.content))
    true = new.targets["first"]
    found = 1 - ((rows - true) ** 2).sum() / ((true - true.mean(axis=0)) ** 2).sum()
    assert shares[3] == pytest.approx(found, abs=0.06)


def test_arrays_give_the_same_projector(projector: ContentProjector, cold: World, tmp_path: object) -> None:
    arrays = projector.to_arrays()
    assert all(array.dtype != object for array in arrays.values())
    path = f"{tmp_path}/projector.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    with np.load(path, allow_pickle=False) as loaded:
        again = ContentProjector.from_arrays(dict(loaded))
    assert again.trained_modalities == projector.trained_modalities
    np.testing.assert_array_equal(again.stand_ins, projector.stand_ins)
    assert again.explained(frozenset({"text"})) == projector.explained(frozenset({"text"}))
    np.testing.assert_array_equal(projector.project(cold.items, cold.content), again.project(cold.items, cold.content))


def test_two_fits_give_the_same_bytes() -> None:
    first, second = (World().fit(most_stand_ins=60).to_arrays() for _ in range(2))
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_the_items_that_most_have_met_stand_in(cold: World) -> None:
    world = World()
    world.weights[::3] = 90.0
    projector = world.fit(most_stand_ins=100)
    np.testing.assert_array_equal(projector.stand_ins, np.arange(0, 300, 3))
    assert placed(projector, world, "first", cold, masked(cold.content)).shape == (120, 5)


def test_few_stand_ins_still_place_items(cold: World) -> None:
    world = World()
    projector = world.fit(most_stand_ins=60)
    assert agreement(placed(projector, world, "first", cold, masked(cold.content)), cold.targets["first"]) > 0.6


def test_items_without_attributes_or_content_are_the_mean_item() -> None:
    world = World(40)
    world.items = [replace(item, categories=(), attributes={}) for item in world.items]
    world.content = masked(world.content, text=False, image=False)
    projector = world.fit()
    assert projector.trained_modalities == frozenset()
    weights = projector.project(world.items[:2], world.content.rows(np.arange(2)))
    # No penalty is better than another here, so that rounding chooses; the largest shrinks the mean by less than this.
    np.testing.assert_allclose(weights, 1 / 40, rtol=1e-3)
    np.testing.assert_allclose(weights / weights.sum(axis=1, keepdims=True), 1 / 40, rtol=1e-4)


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
    trust = generator.random(25) + 0.5
    penalty = 0.7
    model, left_out = fit_kernel_ridge(features, targets, trust, gamma=0.3, penalties=(penalty,))
    kernel = gaussian_kernel(features, features, 0.3)
    scaled = trust / trust.mean()

    def weights(rows: np.ndarray, of: np.ndarray) -> np.ndarray:
        """Weighted kernel ridge with an unpenalised constant, as one linear system: [len(of), len(rows)]."""
        count = len(rows)
        system = np.zeros((count + 1, count + 1))
        system[:count, :count] = kernel[np.ix_(rows, rows)] + penalty * np.diag(1 / scaled[rows])
        system[:count, count] = system[count, :count] = 1.0
        inverse = np.linalg.inv(system)
        return np.concatenate((kernel[np.ix_(of, rows)], np.ones((len(of), 1))), axis=1) @ inverse[:, :count]

    everything = np.arange(25)
    np.testing.assert_allclose(model.weights(features), weights(everything, everything), atol=1e-5)
    for row in range(25):
        others = np.delete(everything, row)
        np.testing.assert_allclose(left_out[row, others], weights(others, np.array([row]))[0], atol=1e-5)
        assert left_out[row, row] == 0.0


def test_the_penalty_with_the_least_left_out_error_is_taken() -> None:
    generator = np.random.default_rng(1)
    features = generator.normal(size=(80, 2)).astype(np.float32)
    smooth = np.sin(features)
    noise = generator.normal(size=(80, 2))
    chosen = {}
    for name, targets in (("smooth", smooth), ("noise", noise)):
        _, left_out = fit_kernel_ridge(features, targets, np.ones(80), gamma=0.3, penalties=(1e-3, 1e3))
        chosen[name] = float(((left_out @ targets - targets) ** 2).mean())
    assert chosen["smooth"] < 0.01
    assert chosen["noise"] < 1.2 * noise.var(), "a small penalty would follow the noise"


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
