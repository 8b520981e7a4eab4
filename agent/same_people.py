""" "Anything by the same director": people of an item on the table, as the catalogue names them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.comparison import values_of
from agent.lexicon import Lexicon
from agent.request import FacetRef, Intent, Request
from agent.state import Memory

_ROLES = "director|actors?|actress|star|cast|author|writer|people|team|artist|band|brand|maker|studio"
_ENGLISH = re.compile(
    rf"\b(?:the )?same (?P<same>{_ROLES})\b|\b(?:by|from|with|of) (?:that|this) (?P<that>{_ROLES})\b|"
    r"\b(?:anything|something|more|others?|films?|movies?|books?|items?) (?:else )?(?:by|from|with) "
    r"(?P<they>him|her|them)\b"
)
_CHINESE = re.compile(
    r"(?:同|一样|相同)(?:一)?(?:个)?的?(?P<same>导演|演员|作者|主创|品牌)|(?:那|这)个?(?P<that>导演|演员|作者|品牌)"
)
_IN_ENGLISH = {"导演": "director", "演员": "actor", "作者": "author", "主创": "people", "品牌": "brand"}
_ASKED_OF = (Intent.RECOMMEND, Intent.SIMILAR, Intent.OUT_OF_SCOPE, Intent.SMALL_TALK)


@dataclass(frozen=True)
class Resolved:
    """What "the same people" are.

    Attributes:
        request: with them as a constraint.
        item_id: whose people they are.
        name: of the person or the value; "" where the catalogue names nobody.
    """

    request: Request
    item_id: str
    name: str


def same_people(utterance: str, request: Request, memory: Memory, lexicon: Lexicon) -> Resolved | None:
    """Resolve the phrase through the item that is talked about; None where nothing such was said or nothing is shown.

    Values of an attribute of that name (``director``, ``brand``) come first, then credits in the item's texts.
    """
    said = utterance.casefold()
    match = _ENGLISH.search(said) or _CHINESE.search(said)
    if match is None or request.intent not in _ASKED_OF:
        return None
    of = (*request.refers_to, *request.items_like, *filter(None, (memory.focus,)), *memory.cards)
    item_id = next((item for item in of if item in lexicon.items), None)
    if item_id is None:
        return None
    word = next(part for part in match.groups() if part)
    role = _IN_ENGLISH.get(word, word.removesuffix("s") if word != "people" else word)
    plain = request.model_copy(
        update={
            "intent": Intent.RECOMMEND,
            "items_like": (),
            "refers_to": (),
            "references": (),
            "unresolved": (),
            "people_in": (),
            "mood": "",
        }
    )
    values = values_of(lexicon.items[item_id])
    if values.get(role):
        group = (FacetRef(attribute=role, value=values[role][0]),)
        return Resolved(plain.model_copy(update={"facets_in": (*plain.facets_in, group)}), item_id, values[role][0])
    name = next(iter(lexicon.credits(item_id, director=role in ("director", "people", "him", "her", "them"))), "")
    return Resolved(plain.model_copy(update={"people_in": (name,) if name else ()}), item_id, name)
