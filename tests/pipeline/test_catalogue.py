"""Hard constraints: what fails one is never allowed, what meets all is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.catalogue import Catalogue, facets_of
from pipeline.query import Constraints, Facet, Query, Range
from store.errors import InputError, UnknownItem
from store.records import Item

SHOP = Catalogue(
    [
        Item(
            "drill",
            "Cordless Drill",
            "18 V, two batteries, by Makita",
            ("Power tools",),
            {"price": 129.0, "brand": "M"},
        ),
        Item("saw", "Circular Saw", "1,200 W", ("Power tools", "Wood"), {"price": 89.5, "brand": "B"}),
        Item("glue", "Wood Glue", "Waterproof", ("Wood", "Adhesives"), {"price": 6, "tags": ["indoor", "outdoor"]}),
        Item("tape", "Duct Tape", "", ("Adhesives",), {"in_stock": True, "price": math.nan}),
        Item("old", "Hand Drill", "", ("Hand tools",), {"price": 15.0}, active=False),
    ]
)


def allowed(constraints: Constraints) -> list[str]:
    return [SHOP.at(int(index)).item_id for index in np.flatnonzero(SHOP.allowed(constraints))]


def facet(value: str, attribute: str = "category") -> frozenset[Facet]:
    return frozenset({Facet(attribute, value)})


@pytest.mark.parametrize(
    ("constraints", "expected"),
    [
        (Constraints(), ["drill", "saw", "glue", "tape"]),
        (Constraints(include=(facet("Wood"),)), ["saw", "glue"]),
        (Constraints(include=(facet("Wood"), facet("Power tools"))), ["saw"]),
        (Constraints(include=(facet("Wood") | facet("Power tools"),)), ["drill", "saw", "glue"]),
        (Constraints(include=(facet("Stone"),)), []),
        (Constraints(exclude=facet("Wood")), ["drill", "tape"]),
        (Constraints(include=(facet("outdoor", "tags"),)), ["glue"]),
        (Constraints(ranges={"price": Range(low=10, high=100)}), ["saw"]),
        (Constraints(ranges={"price": Range(high=6)}), ["glue"]),
        (Constraints(ranges={"weight": Range(low=1)}), []),
        (Constraints(phrases_in=frozenset({"makita"})), ["drill"]),
        (Constraints(phrases_out=frozenset({"WOOD"})), ["drill", "saw", "tape"]),
        (Constraints(exclude_items=frozenset({"saw", "unheard of"})), ["drill", "glue", "tape"]),
    ],
)
def test_constraints_allow_exactly_what_meets_them(constraints: Constraints, expected: list[str]) -> None:
    assert allowed(constraints) == expected


def test_padding_is_never_allowed() -> None:
    assert not SHOP.allowed(Constraints())[0]


def test_vocabulary_counts_active_items_only() -> None:
    vocabulary = SHOP.vocabulary
    assert vocabulary.facets["category"] == {"Power tools": 2, "Wood": 2, "Adhesives": 2}
    assert vocabulary.facets["tags"] == {"indoor": 1, "outdoor": 1}
    assert vocabulary.numeric == {"price": (6.0, 129.0)}  # neither the nan nor the inactive one, and no boolean
    assert "old" not in vocabulary.titles


def test_changed_items_keep_their_index_and_new_ones_follow() -> None:
    changed = SHOP.with_items([Item("saw", "Table Saw"), Item("nail", "Nail")])
    assert changed.at(2).title == "Table Saw"
    assert changed.ids.index("nail") == len(SHOP) + 1
    assert SHOP.at(2).title == "Circular Saw"
    with pytest.raises(UnknownItem, match="'nail' is not in the catalogue"):
        SHOP.ids.index("nail")


def test_shared_values_come_rarest_first() -> None:
    first = Item("a", "A", categories=("Common", "Rare"))
    second = Item("b", "B", categories=("Common", "Rare"))
    catalogue = Catalogue([first, second, Item("c", "C", categories=("Common",))])
    assert catalogue.shared_values(first, second) == ("Rare", "Common")


def test_empty_range_is_refused_with_its_fix() -> None:
    with pytest.raises(InputError, match=r"range 5\.\.1 is empty\. Put the smaller bound first\."):
        Range(low=5, high=1)


@pytest.mark.parametrize("k", [0, -1, 10**9, True, 2.0, "5"])
def test_k_outside_the_rule_is_refused(k: object) -> None:
    with pytest.raises(InputError, match="not a whole number from 1 to 1000"):
        Query(k=k)  # type: ignore[arg-type]


categories = st.sampled_from(["a", "b", "c", "d"])


@given(
    rows=st.lists(st.frozensets(categories), max_size=12),
    include=st.lists(st.frozensets(categories, min_size=1), max_size=3),
    exclude=st.frozensets(categories),
)
def test_masks_agree_with_a_naive_reading(
    rows: list[frozenset[str]], include: list[frozenset[str]], exclude: frozenset[str]
) -> None:
    catalogue = Catalogue([Item(str(row), "t", categories=tuple(sorted(values))) for row, values in enumerate(rows)])
    constraints = Constraints(
        include=tuple(frozenset(Facet("category", value) for value in group) for group in include),
        exclude=frozenset(Facet("category", value) for value in exclude),
    )
    mask = catalogue.allowed(constraints)
    for index, item in enumerate(catalogue.items, start=1):
        own = {part.value for part in facets_of(item)}
        assert mask[index] == (all(own & group for group in include) and not own & exclude)
