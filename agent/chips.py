"""The request in force as chips: what each says, and the request without it."""

from __future__ import annotations

from collections.abc import Mapping

from agent.request import FacetRef, RangeRef, Request
from agent.turns import Chip
from store.errors import InputError


def chips_of(wish: Request, titles: Mapping[str, str], *, year: str | None) -> tuple[Chip, ...]:
    """One chip for each constraint or preference.

    Args:
        wish: the request in force.
        titles: external id -> title.
        year: the attribute that holds years, which read better than other numbers.
    """
    chips = [Chip(f"like:{item}", "like", f"like: {titles.get(item, item)}") for item in wish.items_like]
    chips += [Chip(f"unlike:{item}", "unlike", f"unlike: {titles.get(item, item)}") for item in wish.items_unlike]
    chips += [Chip(group_key(group), "in", " or ".join(ref.value for ref in group)) for group in wish.facets_in]
    chips += [Chip(out_key(ref), "out", f"not: {ref.value}") for ref in wish.facets_out]
    chips += [Chip(f"range:{r.attribute}", "range", range_label(r, year=year)) for r in wish.ranges]
    chips += [Chip(f"person:{name}", "person", f"with: {name}") for name in wish.people_in]
    chips += [Chip(f"person-out:{name}", "person", f"without: {name}") for name in wish.people_out]
    if wish.mood:
        chips.append(Chip("mood", "mood", f"“{wish.mood}”"))
    if wish.picture:
        chips.append(Chip("picture", "picture", "looks like your picture", picture=wish.picture))
    if wish.count is not None:
        chips.append(Chip("count", "count", f"{wish.count} at once"))
    return tuple(chips)


def group_key(group: tuple[FacetRef, ...]) -> str:
    """Key of a group of alternatives."""
    return "in:" + "|".join(f"{ref.attribute}={ref.value}" for ref in group)


def out_key(ref: FacetRef) -> str:
    """Key of an excluded value."""
    return f"out:{ref.attribute}={ref.value}"


def range_label(bounds: RangeRef, *, year: str | None) -> str:
    """ "1996 or newer", "1990\u20131999", "price at most 20"."""
    low, high = (f"{value:g}" if value is not None else "" for value in (bounds.low, bounds.high))
    both = (low if low == high else f"{low}\u2013{high}") if low and high else ""
    if bounds.attribute == year:
        return both or (f"{low} or newer" if low else f"{high} or older")
    name = bounds.attribute.replace("_", " ")
    return f"{name} {both}" if both else f"{name} at least {low}" if low else f"{name} at most {high}"


def without_chip(wish: Request, key: str) -> Request:
    """The request without one chip.

    Raises:
        InputError: no chip has this key.
    """
    changed = wish.model_copy(
        update={
            "items_like": tuple(item for item in wish.items_like if f"like:{item}" != key),
            "items_unlike": tuple(item for item in wish.items_unlike if f"unlike:{item}" != key),
            "facets_in": tuple(group for group in wish.facets_in if group_key(group) != key),
            "facets_out": tuple(ref for ref in wish.facets_out if out_key(ref) != key),
            "ranges": tuple(bounds for bounds in wish.ranges if f"range:{bounds.attribute}" != key),
            "people_in": tuple(name for name in wish.people_in if f"person:{name}" != key),
            "people_out": tuple(name for name in wish.people_out if f"person-out:{name}" != key),
            "mood": "" if key == "mood" else wish.mood,
            "picture": "" if key == "picture" else wish.picture,
            "count": None if key == "count" else wish.count,
        }
    )
    if changed == wish:
        raise InputError(f"{key!r} is no chip of this request", fix="Take the key of a chip that is shown.")
    return changed


def constraint_keys(wish: Request) -> tuple[str, ...]:
    """Keys of the hard constraints: those that can leave nothing over."""
    soft = ("like", "unlike", "mood", "picture", "count")
    return tuple(chip.key for chip in chips_of(wish, {}, year=None) if chip.kind not in soft)
