"""How a new request changes the one in force.

Constraints accumulate. What contradicts gives way to the newer: a value asked for is no longer excluded and the other
way round; of an attribute with one value per item only the newest value stands; a range is narrowed where old and new
overlap and replaced where they do not. ``Request.manner`` says more: "ask" ("show me a western") and "instead" replace
the values of the attributes that they name, "also" adds alternatives. New titles to be similar to replace the old ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from agent.lexicon import Lexicon
from agent.numbers import beyond
from agent.ranges import merge_ranges
from agent.request import Critique, FacetRef, Intent, RangeRef, Request

MAX_MOOD = 300
MAX_PEOPLE = 8
MAX_TITLES = 20
# Without anything to compare with, "newer" means the newest third of the catalogue.
_THIRD = 1 / 3


def merged(wish: Request, new: Request, lexicon: Lexicon, *, reference: Sequence[str]) -> Request:
    """The request in force after ``new``.

    Args:
        wish: the request in force.
        new: what was understood; its relative wishes become ranges, values or words of the mood here.
        lexicon: of the catalogue.
        reference: items that relative wishes compare with; may be empty.
    """
    wish = forget(wish, new.reset)
    ranges, inside, outside, words = _settled(new, lexicon, reference)
    single = lexicon.single_valued
    facets_in = _facets_in(wish, new, (*new.facets_in, *inside), single)
    facets_out = tuple(dict.fromkeys((*wish.facets_out, *new.facets_out, *outside)))
    wanted = {ref for group in (*new.facets_in, *inside) for ref in group}
    unwanted = {*new.facets_out, *outside}
    asks_titles = new.intent == Intent.SIMILAR
    moods = [new.mood, *words] if new.manner in ("ask", "instead") and new.mood else [wish.mood, new.mood, *words]
    return Request(
        facets_in=_less(facets_in, unwanted),
        facets_out=tuple(ref for ref in facets_out if ref not in wanted),
        ranges=_ranges(wish, new, ranges),
        people_in=_names(wish.people_in, new.people_in, new.people_out, replace=new.manner == "instead"),
        people_out=_names(wish.people_out, new.people_out, new.people_in, replace=False),
        items_like=_titles(wish, new) if asks_titles else _kept(wish.items_like, new.items_unlike),
        items_unlike=_kept((*wish.items_unlike, *new.items_unlike), new.items_like if asks_titles else ()),
        mood=_mood(moods),
        picture=new.picture or wish.picture,
        count=new.count if new.count is not None else wish.count,
    )


def forget(wish: Request, reset: Sequence[str]) -> Request:
    """Without what ``reset`` names (see ``Request.reset``)."""
    for target in reset:
        if target == "*":
            return Request()
        attribute, _, value = target.partition("=")
        update: dict[str, object] = {
            "facets_in": tuple(g for g in wish.facets_in if not any(_names_ref(target, ref) for ref in g)),
            "facets_out": tuple(ref for ref in wish.facets_out if not _names_ref(target, ref)),
            "ranges": tuple(bounds for bounds in wish.ranges if bounds.attribute != target),
        }
        if target == "people" or attribute == "person":
            update["people_in"] = tuple(name for name in wish.people_in if value and name != value)
            update["people_out"] = tuple(name for name in wish.people_out if value and name != value)
        if target == "mood":
            update["mood"] = ""
        if target == "count":
            update["count"] = None
        if target == "picture":
            update["picture"] = ""
        if target == "titles":
            update |= {"items_like": (), "items_unlike": ()}
        wish = wish.model_copy(update=update)
    return wish


def _names_ref(target: str, ref: FacetRef) -> bool:
    return target in (ref.attribute, f"{ref.attribute}={ref.value}")


def _facets_in(
    wish: Request, new: Request, groups: Sequence[tuple[FacetRef, ...]], single: frozenset[str]
) -> tuple[tuple[FacetRef, ...], ...]:
    named = {ref.attribute for group in groups for ref in group}
    replaced = named if new.manner in ("ask", "instead") else named & single
    if new.manner == "also" and groups and wish.facets_in:
        return _joined(wish.facets_in, groups)
    kept = [group for group in wish.facets_in if not any(ref.attribute in replaced for ref in group)]
    return tuple(dict.fromkeys((*kept, *groups)))


def _joined(
    old: tuple[tuple[FacetRef, ...], ...], groups: Sequence[tuple[FacetRef, ...]]
) -> tuple[tuple[FacetRef, ...], ...]:
    """ "Also westerns": an alternative to the last group of the same attribute."""
    result = list(old)
    for group in groups:
        place = next((n for n in reversed(range(len(result))) if result[n][0].attribute == group[0].attribute), None)
        if place is None:
            result.append(group)
        else:
            result[place] = tuple(dict.fromkeys((*result[place], *group)))
    return tuple(result)


def _less(groups: Sequence[tuple[FacetRef, ...]], unwanted: set[FacetRef]) -> tuple[tuple[FacetRef, ...], ...]:
    left = (tuple(ref for ref in group if ref not in unwanted) for group in groups)
    return tuple(dict.fromkeys(group for group in left if group))


def _ranges(wish: Request, new: Request, critiqued: Sequence[RangeRef]) -> tuple[RangeRef, ...]:
    fresh = merge_ranges([*new.ranges, *critiqued])
    named = {bounds.attribute for bounds in fresh}
    if new.manner in ("ask", "instead"):
        return (*(bounds for bounds in wish.ranges if bounds.attribute not in named), *fresh)
    return tuple(merge_ranges([*wish.ranges, *fresh]))


def _names(old: Sequence[str], added: Sequence[str], removed: Sequence[str], *, replace: bool) -> tuple[str, ...]:
    base = () if replace and added else old
    return tuple(dict.fromkeys(name for name in (*base, *added) if name not in removed))[-MAX_PEOPLE:]


def _titles(wish: Request, new: Request) -> tuple[str, ...]:
    chosen = new.items_like or tuple(item for item in new.refers_to if item not in new.items_unlike)
    if new.manner == "also":
        chosen = (*wish.items_like, *chosen)
    return tuple(dict.fromkeys(chosen))[-MAX_TITLES:] or _kept(wish.items_like, new.items_unlike)


def _kept(items: Sequence[str], removed: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for item in items if item not in removed))[-MAX_TITLES:]


def _mood(parts: Sequence[str]) -> str:
    """Newest last; the oldest words give way where it grows too long."""
    mood = " ".join(dict.fromkeys(part for part in parts if part))
    return mood if len(mood) <= MAX_MOOD else mood[-MAX_MOOD:].split(" ", 1)[-1]


def _settled(
    new: Request, lexicon: Lexicon, reference: Sequence[str]
) -> tuple[list[RangeRef], list[tuple[FacetRef, ...]], list[FacetRef], list[str]]:
    """Relative wishes as ranges, values in and out, and words of the mood."""
    ranges: list[RangeRef] = []
    inside: list[tuple[FacetRef, ...]] = []
    outside: list[FacetRef] = []
    words: list[str] = []
    for critique in new.critiques:
        if critique.attribute in lexicon.vocabulary.numeric:
            bounds = _beyond_reference(critique, lexicon, reference)
            ranges += [bounds] if bounds else []
        elif critique.value is not None:
            ref = FacetRef(attribute=critique.attribute, value=critique.value)
            if critique.direction == "more":
                inside.append((ref,))
            else:
                outside.append(ref)
        elif critique.attribute in lexicon.language.roles:
            continue  # a scale that the catalogue has no numbers on
        elif critique.direction == "more":
            words.append(critique.attribute)
        elif opposite := lexicon.language.opposites.get(critique.attribute):
            # Text is matched by likeness: "less dark" would find the dark ones, its opposite does not.
            words.append(opposite)
    return ranges, inside, outside, words


def _beyond_reference(critique: Critique, lexicon: Lexicon, reference: Sequence[str]) -> RangeRef | None:
    above = critique.direction == "more"
    known = [lexicon.number(item, critique.attribute) for item in reference]
    values = [value for value in known if value is not None]
    if values:
        return beyond(critique.attribute, float(round(median(values), 2)), above=above)
    limit = lexicon.quantile(critique.attribute, 1 - _THIRD if above else _THIRD)
    if limit is None:
        return None
    return (
        RangeRef(attribute=critique.attribute, low=limit)
        if above
        else RangeRef(attribute=critique.attribute, high=limit)
    )
