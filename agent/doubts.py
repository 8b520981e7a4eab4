"""What a name may mean besides what it was taken for: its namesakes, and the names that are near an unknown one."""

from __future__ import annotations

from collections.abc import Iterator

from agent.near_names import near_names
from agent.reading import Mention, Reading
from agent.request import Doubt, Request
from agent.title_names import TitleEntry, title_names
from agent.tokens import words_of

MOST = 3
"""Items or people that are offered for one name."""
RIVAL = 5
"""Times as many readers, or mentions of a person, as a namesake: whoever has them is meant, and nobody asks."""
_NAMED = 2
"""Texts that name a person, below which nobody asks whether they are meant."""


def prefer_known(reading: Reading) -> None:
    """Of namesakes, the one that is on the table is meant."""
    context = reading.context
    table = [*filter(None, (context.focus,)), *context.shown, *context.seeds]
    for mention in reading.of_kind("title") if table else ():
        namesakes = {entry.item_id for entry in _entries(reading, mention)}
        known = next((item for item in table if item in namesakes), None)
        if known and mention.items[0] not in table:
            mention.items = (known,)


def doubts_of(reading: Reading, request: Request) -> tuple[Doubt, ...]:
    """What is not sure about the names of a request, in the order in which they were said; names that were taken for
    something before those that were not.

    Args:
        reading: with all its links.
        request: made of it; what it does not use is no doubt.
    """
    items = {*request.items_like, *request.items_unlike, *request.refers_to, *request.seen}
    people = {*request.people_in, *request.people_out, *request.people_either}
    titles = (_title_doubt(reading, mention) for mention in reading.of_kind("title") if items & {*mention.items})
    names = (_person_doubt(reading, mention) for mention in reading.of_kind("person") if mention.text in people)
    unknown = (_unknown_doubt(reading, said) for said in request.unresolved)
    return tuple(doubt for found in (titles, names, unknown) for doubt in found if doubt)


def _title_doubt(reading: Reading, mention: Mention) -> Doubt | None:
    taken = mention.items[0]
    context = reading.context
    if taken in (context.focus, *context.shown, *context.seeds):
        return None
    said = reading.folds[mention.start : mention.end]
    entries = list(_entries(reading, mention))
    grade = next((entry.grade for entry in entries if entry.item_id == taken), 0)
    readers = reading.lexicon.vocabulary.popularity
    rivals = {
        entry.item_id: readers.get(entry.item_id, 0)
        for entry in entries
        if entry.item_id != taken
        and entry.grade <= min(grade, 1)
        and not _named_exactly(reading, said, taken, entry.item_id)
        and RIVAL * (readers.get(entry.item_id, 0) + 1) > readers.get(taken, 0)
    }
    offered = sorted(rivals, key=lambda item: (-rivals[item], -(reading.lexicon.year_of(item) or 0.0), item))
    if not offered:
        return None
    return Doubt(said=reading.utterance.said(mention.start, mention.end), taken=taken, items=tuple(offered[:MOST]))


def _named_exactly(reading: Reading, said: list[str], taken: str, rival: str) -> bool:
    """Whether these are the words of one title and not of its rival: "The Mask" is not "Mask"."""
    titles = reading.lexicon.vocabulary.titles

    def exact(item: str) -> bool:
        return any(words_of(name) == said for name, _ in title_names(titles[item]))

    return exact(taken) and not exact(rival)


def _entries(reading: Reading, mention: Mention) -> Iterator[TitleEntry]:
    """Everything that is called by the words of a mention; nothing where a year was said with them."""
    key = reading.lexicon.key_of(reading.folds[mention.start : mention.end])
    yield from reading.lexicon.titles.get(key, ())


def _person_doubt(reading: Reading, mention: Mention) -> Doubt | None:
    """A last name alone that several people have; brothers and sisters who work together are one."""
    if mention.end - mention.start > 1:
        return None
    lexicon = reading.lexicon
    bearers = lexicon.namesakes.get(" ".join(words_of(mention.text)), {})
    most = max(bearers.values(), default=0)
    rivals = [name for name, count in bearers.items() if count >= _NAMED and RIVAL * count > most]
    if len(rivals) < 2 or lexicon.together(rivals[0], rivals[1]):
        return None
    said = reading.utterance.said(mention.start, mention.end)
    return Doubt(said=said, taken=mention.text, people=tuple(rivals[:MOST]))


def _unknown_doubt(reading: Reading, said: str) -> Doubt | None:
    """Titles and people whose names are near."""
    items, people = near_names(reading.lexicon, words_of(said), most=MOST)
    return Doubt(said=said, items=items, people=people) if items or people else None
