"""Requests for several people: what one of them does not want stays out, whatever another one loves."""

from __future__ import annotations

import re

from agent.request import FacetRef, Request
from agent.state import Memory

_PEOPLE = (
    "husband|wife|partner|boyfriend|girlfriend|kids?|children|son|daughter|mother|father|mum|mom|dad|brother|sister|"
    "friends?|family|parents|grandma|grandpa|grandmother|grandfather|roommate|flatmate|colleagues?|boss|guests?|"
    "toddler|teenagers?|nephew|niece|aunt|uncle|date"
)
_UNWANTED = (
    "hates?|(?:cant|cannot) (?:stand|bear|watch|take)|(?:doesnt|dont|does not|do not) (?:like|want|enjoy|do|watch)|"
    "dislikes?|wont watch|(?:is|are) (?:scared|afraid|tired|sick|bored) (?:of|by)|gets? (?:scared|bored) (?:of|by)|"
    "detests?|loathes?|(?:is|are) not into|(?:isnt|arent) into|(?:is|are) allergic to|refuses?|avoids?"
)
_ENGLISH = re.compile(
    rf"\b(?:my|our|the|his|her) (?:\w+ )?(?:{_PEOPLE})\b(?: and \w+){{0,2}} (?:really )?(?:{_UNWANTED})\b"
)
_CHINESE = re.compile(
    r"(?:老公|老婆|丈夫|妻子|男朋友|女朋友|孩子|儿子|女儿|小孩|爸爸|妈妈|父母|朋友|同事|家人|奶奶|爷爷|哥哥|姐姐|弟弟|妹妹|他|她)们?"
    r"(?:都|也|很|最|非常|特别)?(?:讨厌|不喜欢|不爱看|不想看|不敢看|害怕|怕|受不了)"
)


def is_others_dislike(utterance: str) -> bool:
    """Whether somebody else's dislike is told: "my husband hates horror, I love it"."""
    plain = utterance.replace("'", "").replace("\u2019", "").casefold()
    return bool(_ENGLISH.search(plain) or _CHINESE.search(plain))


def in_company(request: Request) -> Request:
    """Such a request: what a member does not want is out, and "I love it" is about that, not about an item."""
    out = set(request.facets_out)
    return request.model_copy(
        update={
            "facets_in": tuple(group for group in request.facets_in if not out & set(group)),
            "items_like": tuple(item for item in request.items_like if item not in request.refers_to),
            "items_unlike": tuple(item for item in request.items_unlike if item not in request.refers_to),
            "judged": tuple(item for item in request.judged if item not in request.refers_to),
        }
    )


def with_vetoes(wish: Request, vetoes: tuple[FacetRef, ...]) -> Request:
    """The request in force with every veto out of it, also where somebody asked for it since."""
    groups = (tuple(ref for ref in group if ref not in vetoes) for group in wish.facets_in)
    return wish.model_copy(
        update={
            "facets_in": tuple(group for group in groups if group),
            "facets_out": tuple(dict.fromkeys((*wish.facets_out, *vetoes))),
        }
    )


def vetoes_after(vetoes: tuple[FacetRef, ...], utterance: str, request: Request) -> tuple[FacetRef, ...]:
    """Vetoes in force after a request: without those that it forgets, with those that it tells."""
    named = set(request.reset)
    left = tuple(ref for ref in vetoes if not {"*", ref.attribute, f"{ref.attribute}={ref.value}"} & named)
    return tuple(dict.fromkeys((*left, *(request.facets_out if is_others_dislike(utterance) else ()))))


def wishing(memory: Memory, wish: Request) -> Memory:
    """With another request in force; a veto lasts as long as its chip."""
    vetoes = tuple(ref for ref in memory.vetoes if ref in wish.facets_out)
    return memory.model_copy(update={"wish": wish, "vetoes": vetoes})
