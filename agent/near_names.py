"""The titles and people that an unknown name may be a slip of.

Farther off than what is linked without asking (``title_links``), so they are only offered. Of titles of the film
catalogue with two to four slips 79% are among the three that are offered, of those with a word left out 84%; of titles
that the catalogue does not have 34% get an offer (docs/benchmarks.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rapidfuzz import fuzz, process

from agent.lexicon import Lexicon

_CUTOFF = 75.0
"""Similarity 0..100 from which a name is offered."""
_LETTERS = 5
"""Of a name; everything is near a shorter one."""


def near_names(lexicon: Lexicon, words: Sequence[str], *, most: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Items and people whose names are near, each the best first, ``most`` of both together.

    Args:
        lexicon: of the catalogue.
        words: folded, of the unknown name.
        most: how many.
    """
    key = lexicon.key_of(words)
    if len(key) < _LETTERS:
        return (), ()
    titles = dict(lexicon.similar_keys(key, cutoff=_CUTOFF))
    # One word of several is no title with the others left out.
    reordered = _near(key, lexicon.titles_with(words), fuzz.token_sort_ratio, most) if " " in key else {}
    for title, score in reordered.items():
        titles[title] = max(score, titles.get(title, 0.0))
    people = _near(" ".join(words), lexicon.people.keys(), fuzz.ratio, most)
    found = [(score, "person", lexicon.people[name]) for name, score in people.items()]
    for title, score in titles.items():
        entry = lexicon.best(lexicon.titles[title])
        # "Rocky 9" is no slip of "Rocky 2".
        found += [(score, "title", entry.item_id)] if entry and _digits(title) == _digits(key) else []
    best = sorted(found, key=lambda one: -one[0])[:most]
    items = dict.fromkeys(name for _, kind, name in best if kind == "title")
    return tuple(items), tuple(dict.fromkeys(name for _, kind, name in best if kind == "person"))


def _digits(key: str) -> list[str]:
    return [word for word in key.split() if word.isdigit()]


def _near(key: str, names: Iterable[str], scorer: Callable[..., float], most: int) -> dict[str, float]:
    found = process.extract(key, names, scorer=scorer, score_cutoff=_CUTOFF, limit=most)
    return {name: score for name, score, _ in found}
