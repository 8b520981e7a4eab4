""" "Did you mean …?": what is asked about a name that may mean something else, and what a reply asks for.

The answer comes all the same; a reply asks for what was meant, as if that name had been said in the first place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from agent.lexicon import Lexicon
from agent.plain_text import clean
from agent.questions import says_yes
from agent.request import Doubt, Intent, Request
from agent.saying import ChatVoice
from agent.state import OpenDoubt
from agent.title_names import bare_title, year_in

_AROUND = re.compile(
    r"\W*(?:(?:no|yes)\W+)?(?:i (?:mean|meant)\W+|我是说|我指的是)?(?:the )?(?:one )?(?:(?:from|of) )?"
    r"(?P<name>.+?)(?: one|年的|那部|那个)?\W*"
)
"""What people write around the name that they choose."""


@dataclass(frozen=True)
class Offer:
    """Something that a name may mean.

    Attributes:
        label: what is clicked, and said by the click; no two of a doubt have the same.
        names: what it is called, case-folded, by whoever types.
        item: its external id, "" for a person.
        person: the name, "" for an item.
    """

    label: str
    names: frozenset[str]
    item: str = ""
    person: str = ""


def offers(doubt: Doubt, lexicon: Lexicon) -> tuple[Offer, ...]:
    """What it may mean, of what the catalogue still has."""
    known = [item for item in doubt.items if item in lexicon.items]
    labels = [_label(item, lexicon) for item in known]
    found = [
        _of_item(item, label, lexicon, alone=labels.count(label) == 1)
        for item, label in zip(known, labels, strict=True)
    ]
    people = [Offer(clean(name), frozenset((clean(name).casefold(),)), person=name) for name in doubt.people]
    return (*found, *people)


def _label(item: str, lexicon: Lexicon) -> str:
    title = clean(lexicon.vocabulary.titles.get(item, lexicon.items[item].title))
    year = lexicon.year_of(item)
    return title if year is None or year_in(title) is not None else f"{title} ({year:.0f})"


def _of_item(item: str, label: str, lexicon: Lexicon, *, alone: bool) -> Offer:
    label = label if alone else f"{label}, {clean(item)}"
    year = lexicon.year_of(item)
    names = {label, bare_title(lexicon.items[item].title), *([f"{year:.0f}"] if year is not None else [])}
    return Offer(label, frozenset(clean(name).casefold() for name in names), item=item)


def question(doubt: Doubt, lexicon: Lexicon, voice: ChatVoice) -> str:
    """In words; "" where nothing is left to offer."""
    labels = [voice.quoted.format(offer.label) if offer.item else offer.label for offer in offers(doubt, lexicon)]
    if not labels:
        return ""
    options, said = voice.join(labels, alternatives=True), clean(doubt.said, limit=60)
    if doubt.taken in lexicon.items:
        return voice.say("taken", said=said, title=_label(doubt.taken, lexicon), options=options)
    return voice.say("namesakes" if doubt.taken else "did_you_mean", said=said, options=options)


def chosen(doubt: Doubt, said: str, lexicon: Lexicon) -> Offer | None:
    """The offer that a reply names, clicked or typed: its label, its title or its year; "yes" to a single one."""
    plain = clean(said).casefold()
    found = offers(doubt, lexicon)
    if len(found) == 1 and says_yes(plain):
        return found[0]
    match = _AROUND.fullmatch(plain)
    spellings = {plain, match["name"]} if match else {plain}
    named = [offer for offer in found if offer.names & spellings]
    return named[0] if len(named) == 1 else None


def meant(open_doubt: OpenDoubt, offer: Offer, lexicon: Lexicon, understand: Callable[[str], Request]) -> Request:
    """The request as it was meant.

    Args:
        open_doubt: what was said, and how it was understood.
        offer: what the name means.
        lexicon: of the catalogue.
        understand: reads an utterance as the first turn was read.
    """
    request, doubt = open_doubt.request, open_doubt.doubt
    if doubt.taken:
        return _instead(request, doubt.taken, offer)
    name = f'"{bare_title(lexicon.items[offer.item].title)}"' if offer.item else offer.person
    said = re.sub(rf"[\"“]?{re.escape(doubt.said)}[\"”]?", lambda _: name, open_doubt.text, flags=re.IGNORECASE)
    again = understand(said)
    for other in again.doubts:
        again = _instead(again, other.taken, offer) if other.taken and offer.item in other.items else again
    if _names(again, offer):
        return again.model_copy(update={"doubts": ()})
    # Where the sentence does not lead to it, it is what is wished for.
    wish = {"items_like": (offer.item,)} if offer.item else {"people_in": (offer.person,)}
    intent = Intent.SIMILAR if offer.item else Intent.RECOMMEND
    return request.model_copy(update={**wish, "intent": intent, "unresolved": (), "doubts": ()})


def _names(request: Request, offer: Offer) -> bool:
    items = (*request.items_like, *request.items_unlike, *request.refers_to, *request.seen)
    return offer.item in items or offer.person in (*request.people_in, *request.people_out, *request.people_either)


def _instead(request: Request, taken: str, offer: Offer) -> Request:
    def swapped(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys((offer.item or offer.person) if name == taken else name for name in names))

    changed: dict[str, object] = {
        name: swapped(getattr(request, name))
        for name in (
            *("items_like", "items_unlike", "refers_to", "seen", "judged"),
            *("people_in", "people_out", "people_either"),
        )
    }
    if taken in request.people_either:  # these stand in the mood, too
        changed["mood"] = request.mood.replace(taken, offer.person)
    return request.model_copy(update={**changed, "doubts": ()})
