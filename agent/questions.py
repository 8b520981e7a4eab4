"""A question beside the cards: whether one is worth it, which one, and what an answer to it means.

The belief about what somebody looks for is the softmax of the pipeline's scores over the candidates that fit: they are
those of a conditional logit. ``agent.asking`` weighs what the answer about each attribute is expected to tell against
what the cards are expected to tell. Attributes are the catalogue's own values, and for each numeric attribute some
bounds. The question never takes the place of the cards, and nobody has to answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from agent.asking import AskingSettings, decide
from agent.belief import Belief, Mask, Probabilities
from agent.comparison import numbers_of, values_of
from agent.lexicon import Lexicon
from agent.request import FacetRef, Intent, RangeRef, Request
from agent.saying import chat_voice
from agent.state import Asked, Memory
from agent.turns import Question
from store.errors import InputError
from store.records import Item

_LEAST = 0.1
"""Share of the belief that the other side of a question has to hold, to be one."""
_TENTH = 10


@dataclass(frozen=True)
class QuestionSettings:
    """When to ask.

    Attributes:
        enabled: whether the chat asks at all.
        least: bits that an answer has to be expected to tell.
        fewest: candidates that are left, below which the cards are the better question.
        asking: of the policy; ``shown`` is the number of cards.
    """

    enabled: bool = True
    least: float = 0.4
    fewest: int = 12
    asking: AskingSettings = field(default_factory=lambda: AskingSettings(shown=5))

    def __post_init__(self) -> None:
        if not 0 <= self.least <= 1:
            raise InputError(f"least is {self.least!r}, outside 0..1", fix="A yes or no tells at most one bit.")
        if self.fewest < 1:
            raise InputError(f"fewest is {self.fewest!r}, below 1", fix="Use a whole number >= 1.")


@dataclass(frozen=True)
class _Columns:
    """What can be asked about C candidates: one side of each question, and who has it, [C, A]."""

    asked: tuple[Asked, ...]
    has: NDArray[np.float32]


def question_for(
    contenders: Sequence[tuple[str, float]],
    wish: Request,
    asked: Sequence[str],
    lexicon: Lexicon,
    settings: QuestionSettings = QuestionSettings(),
) -> Asked | None:
    """The question to put beside the cards; None where showing is the better move, or nothing can be asked.

    Args:
        contenders: (external id, score) of the candidates that fit, with those on the cards.
        wish: the request in force: what it says already is not asked.
        asked: keys of questions that were put before (``Asked.key``).
        lexicon: of the catalogue.
        settings: when to ask.
    """
    known = [(lexicon.items[item], score) for item, score in contenders if item in lexicon.items]
    if not settings.enabled or len(known) < settings.fewest:
        return None
    items = [item for item, _ in known]
    beliefs = Belief(np.array([[score for _, score in known]], dtype=np.float32)).probabilities()
    columns = _columns(items, beliefs[0], lexicon)
    if not columns.asked:
        return None
    settled = {ref.attribute + "=" + ref.value for group in wish.facets_in for ref in group}
    settled |= {ref.attribute + "=" + ref.value for ref in wish.facets_out} | set(asked)
    ranged = {bounds.attribute for bounds in wish.ranges}
    single = lexicon.single_valued & {ref.attribute for group in wish.facets_in for ref in group}
    closed: Mask = np.array(
        [[one.key in settled or one.attribute in ranged or one.attribute in single for one in columns.asked]]
    )
    if closed.all():
        return None
    moves = decide(beliefs, sp.csr_matrix(columns.has), closed, settings.asking)
    if moves.show[0] or moves.asking[0] < settings.least:
        return None
    chosen = int(moves.question[0])
    return _with_other_side(chosen, columns, beliefs[0], closed[0])


def _with_other_side(chosen: int, columns: _Columns, belief: NDArray[np.float32], closed: NDArray[np.bool_]) -> Asked:
    """The chosen value, and the one of the same attribute that most of the rest of the belief has."""
    asked = columns.asked[chosen]
    if asked.bound is not None:
        return asked
    without = belief * (1 - columns.has[:, chosen])
    mine = belief * columns.has[:, chosen]
    best, share = None, _LEAST
    for place, other in enumerate(columns.asked):
        if place == chosen or other.attribute != asked.attribute or other.bound is not None or closed[place]:
            continue
        held = float(without @ columns.has[:, place])
        if held > share and float(mine @ (1 - columns.has[:, place])) > _LEAST:
            best, share = other, held
    return asked.model_copy(update={"values": (*asked.values, *best.values)}) if best else asked


def _columns(items: Sequence[Item], belief: Probabilities, lexicon: Lexicon) -> _Columns:
    facets = lexicon.vocabulary.facets
    places: dict[tuple[str, str], list[int]] = {}
    numbers: dict[str, list[tuple[int, float]]] = {}
    for place, item in enumerate(items):
        for attribute, values in values_of(item).items():
            for value in values:
                if value in facets.get(attribute, ()):
                    places.setdefault((attribute, value), []).append(place)
        for attribute, number in numbers_of(item).items():
            if attribute in lexicon.numeric_roles.values():
                numbers.setdefault(attribute, []).append((place, number))
    asked = [Asked(attribute=attribute, values=(value,)) for attribute, value in places]
    rows = list(places.values())
    year = lexicon.numeric_roles.get("year")
    for attribute, found in numbers.items():
        for bound in _bounds(found, belief, decades=attribute == year):
            asked.append(Asked(attribute=attribute, bound=bound, decade=attribute == year))
            rows.append([place for place, number in found if number >= bound])
    has = np.zeros((len(items), len(asked)), dtype=np.float32)
    for column, found_in in enumerate(rows):
        has[found_in, column] = 1
    return _Columns(tuple(asked), has)


def _bounds(found: Sequence[tuple[int, float]], belief: Probabilities, *, decades: bool) -> Iterable[float]:
    """Beginnings of decades; of another scale the middle of the belief, at two digits."""
    if decades:
        return sorted({float(number // _TENTH * _TENTH) for _, number in found})[1:]
    ordered = sorted(found, key=lambda pair: pair[1])
    half = np.cumsum([belief[place] for place, _ in ordered])
    middle = ordered[int(np.searchsorted(half, half[-1] / 2))][1]
    return (float(f"{middle:.2g}"),)


# -- answers

_EITHER = re.compile(
    r"\W*(?:(?:either|both|any|anything|whatever|skip|pass|no preference|i dont (?:mind|care)|dont (?:mind|care)|next|"
    r"(?:it )?doesnt matter|no matter|not sure|no idea)(?: (?:is|are|one|of them|it|this|that|question|works?))*"
    r"(?: (?:fine|ok|okay|good|please))?|skip (?:it|this|that|the question)|"
    r"都可以|都行|都好|随便|无所谓|跳过|不限|两个都行|都喜欢|不确定|不知道)\W*"
)
_NO = re.compile(
    r"\W*(?:no|nope|nah|neither|none|none of (?:them|those|these)|neither of (?:them|those)|no thanks|"
    r"不|不要|不想|都不要|都不想|都不是|都不喜欢)\W*"
)
_YES = re.compile(r"\W*(?:yes|yeah|yep|yup|sure|ok|okay|yes please|是|是的|好|好的|要|可以|想)\W*")


def says_yes(said: str) -> bool:
    """Whether a case-folded reply agrees and says nothing else."""
    return _YES.fullmatch(said) is not None


def answer_to(asked: Asked, said: str) -> Request | None:
    """What a reply to a question asks for; None where it is no reply but something else.

    A reply that leaves it open asks for nothing, so what is shown next are the next items.

    Args:
        asked: the open question.
        said: the utterance, typed or clicked.
    """
    plain = " ".join(said.replace("'", "").replace("\u2019", "").casefold().split())
    refs = tuple(FacetRef(attribute=asked.attribute, value=value) for value in asked.values)
    named = [ref for ref in refs if plain.strip(" .!") == ref.value.casefold()]
    if named:
        return Request(facets_in=((named[0],),))
    if _EITHER.fullmatch(plain):
        return Request(intent=Intent.RECOMMEND)
    yes, no = _YES.fullmatch(plain), _NO.fullmatch(plain)
    if asked.bound is not None:
        if not (yes or no):
            return None
        bounds = (
            RangeRef(attribute=asked.attribute, low=asked.bound)
            if yes
            else RangeRef(attribute=asked.attribute, high=asked.below)
        )
        return Request(ranges=(bounds,))
    if no:
        return Request(facets_out=refs)
    return Request(facets_in=(refs,)) if yes else None


def question_of(memory: Memory) -> Question | None:
    """The question that stands open, in words."""
    asked, voice = memory.question, chat_voice(memory.language)
    return Question(voice.ask(asked), voice.replies(asked)) if asked else None
