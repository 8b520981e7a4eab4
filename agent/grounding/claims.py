"""Claims of a sentence: why an item is there, where it stands, how its numbers compare. Each needs its evidence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent.grounding.evidence import Evidence
from agent.grounding.masking import MARKS, MaskedSentence, Passage
from agent.grounding.neutral import COMPARISONS, NUMBER_WORDS, ORDINALS, TRAILING
from agent.grounding.titles import Token
from store.records import Item


@dataclass(frozen=True)
class _Cue:
    """Words that make a claim, and the kinds of reason of which one must be there."""

    pattern: re.Pattern[str]
    kinds: frozenset[str]


def _cue(pattern: str, *kinds: str) -> _Cue:
    return _Cue(re.compile(pattern, re.IGNORECASE), frozenset(kinds))


_CUES: Mapping[str, _Cue] = {
    "liked": _cue(r"\bliked\b", "history"),
    "history": _cue(r"\bhistory\b", "history"),
    "seed": _cue(r"(?<!\byou )(?<!\blooks )\b(?:close|closest|similar|near|like)\b", "seed"),
    "sequence": _cue(rf"\bmoves? on\b|\b(?:after|before|next|since)\b(?=\s*[{MARKS}])|\bnext to\b", "sequence"),
    "dialogue": _cue(r"\bconversations?\b|\bkinds?\b", "dialogue"),
    "popular": _cue(r"\bpopular\b", "popular"),
    "people": _cue(r"\b(?:people|often|others)\b", "popular", "sequence"),
    "new": _cue(r"\bnew\b", "new", "trial"),
    "trial": _cue(r"\btried\b", "trial"),
    "text": _cue(r"\b(?:description|content|words|mood)\b", "text", "new"),
    "picture": _cue(r"\b(?:picture|pictures|looks?)\b", "picture"),
}
_CARRYING = frozenset({"liked", "history", "seed", "sequence", "text", "picture"})
"""Claims that name the items that carry them; any other sentence that names such an item recommends it."""

_ASKED = re.compile(r"\b(?:ask|asked|want|wanted)\b", re.IGNORECASE)

_NUMBER = r"\d+(?:\.\d+)?"
_LEADING_NUMBER = re.compile(rf"\b({'|'.join(COMPARISONS)})\s+({_NUMBER})(?!\w)", re.IGNORECASE)
_TRAILING_NUMBER = re.compile(rf"(?<!\w)({_NUMBER})\s+({'|'.join(TRAILING)})\b", re.IGNORECASE)


def scope(masked: MaskedSentence, evidence: Evidence) -> tuple[Item, ...]:
    """Items that the sentence is about: the shown ones that it names, or all of them where it names none."""
    return named_items(masked, evidence) or evidence.items


def named_items(masked: MaskedSentence, evidence: Evidence) -> tuple[Item, ...]:
    """Shown items that the sentence is about, by name."""
    found: dict[str, Item] = {}
    for at, mark in enumerate(masked.text):
        passage = masked.passages.get(mark)
        if passage is not None and _is_subject(passage, at):
            found |= {item.item_id: item for item in _placed(passage.shown, masked.text, evidence)}
    return tuple(found.values())


def _is_subject(passage: Passage, at: int) -> bool:
    # A title that is shown and is evidence too names the shown item only at the head of the sentence.
    return bool(passage.shown) and (not passage.known or at == 0)


def _placed(namesakes: tuple[Item, ...], text: str, evidence: Evidence) -> tuple[Item, ...]:
    """Of several shown items of one title the one whose place the sentence tells; else all of them."""
    places = [ORDINALS[word] for word in re.findall(r"\w+", text.lower()) if word in ORDINALS]
    there = [evidence.items[place] for place in places if -1 <= place < len(evidence.items)]
    return tuple(item for item in namesakes if item in there) or namesakes


def unsupported_claims(masked: MaskedSentence, evidence: Evidence) -> Iterator[str]:
    """Words that claim a reason which some item in scope does not have."""
    about = scope(masked, evidence)
    carriers = _carriers(masked)
    cued = {name: match.group() for name, cue in _CUES.items() if (match := cue.pattern.search(masked.text))}
    request_only = not named_items(masked, evidence) and _ASKED.search(masked.text) is not None
    for name, words in cued.items():
        if request_only and _in_request(name, carriers, evidence):
            continue
        if evidence.small_talk and name == "text":
            continue  # "what mood are you in" claims nothing where nothing is shown
        if not about or not all(_supports(name, item, carriers, evidence) for item in about):
            yield words
    if carriers and not _CARRYING & cued.keys() and not (request_only and _are_asked(carriers, evidence)):
        yield ", ".join(item.title for item in carriers)


def _carriers(masked: MaskedSentence) -> tuple[Item, ...]:
    """Items that the sentence names as evidence."""
    marks = [(at, masked.passages[mark]) for at, mark in enumerate(masked.text) if mark in masked.passages]
    return tuple(item for at, passage in marks if not _is_subject(passage, at) for item in passage.known[:1])


def _in_request(name: str, carriers: Sequence[Item], evidence: Evidence) -> bool:
    if name == "seed":
        return bool(carriers) and _are_asked(carriers, evidence)
    asked = {"text": evidence.asked_text, "picture": evidence.asked_picture}
    return asked.get(name, False) and _are_asked(carriers, evidence)


def _are_asked(carriers: Sequence[Item], evidence: Evidence) -> bool:
    asked = {item.title for item in evidence.asked}
    return all(item.title in asked for item in carriers)


def _supports(name: str, item: Item, carriers: Sequence[Item], evidence: Evidence) -> bool:
    kinds = _CUES[name].kinds
    if name in ("new", "text") and item.item_id in evidence.new:
        return not carriers
    reasons = [reason for reason in evidence.reasons_of(item) if reason.kind in kinds]
    if not reasons:
        return False
    if name == "liked" and not (carriers and all(carrier.item_id in evidence.liked for carrier in carriers)):
        return False
    carrying = {known.title for reason in reasons for known in reason.items}
    return name in ("dialogue", "popular", "people", "new", "trial") or all(
        carrier.title in carrying for carrier in carriers
    )


def false_places(words: Sequence[Token], masked: MaskedSentence, evidence: Evidence) -> Iterator[str]:
    """Ordinals that do not tell the place of the one item that is named."""
    named = named_items(masked, evidence)
    for word in words:
        place = ORDINALS.get(word.key)
        if place is None:
            continue
        at = evidence.items[place : place + 1 or None]
        if len(named) != 1 or not at or at[0].item_id != named[0].item_id:
            yield word.text


def false_numbers(
    words: Sequence[Token], masked: MaskedSentence, evidence: Evidence, attributes: Sequence[str]
) -> Iterator[str]:
    """Numbers that are not the count of what is shown, not a value of the items, and no true comparison with them."""
    about = scope(masked, evidence)
    mentioned = [a for a in attributes if a.casefold().replace("_", " ") in masked.text.casefold()] or list(attributes)
    compared: set[int] = set()
    for match, number, test in _comparisons(masked.text):
        compared.add(match.start(number))
        value = float(match.group(number))
        if not any(_all_hold(about, attribute, value, test) for attribute in mentioned):
            yield match.group()
    for word in words:
        if word.start in compared or not (word.text[0].isdigit() or word.key in NUMBER_WORDS):
            continue
        if not _is_count(word, evidence) and not _is_value(word.text, about, mentioned):
            yield word.text


def _comparisons(text: str) -> Iterator[tuple[re.Match[str], int, Callable[[float, float], bool]]]:
    for match in _LEADING_NUMBER.finditer(text):
        yield match, 2, COMPARISONS[match.group(1).lower()]
    for match in _TRAILING_NUMBER.finditer(text):
        yield match, 1, TRAILING[match.group(2).lower()]


def _all_hold(items: Sequence[Item], attribute: str, value: float, test: Callable[[float, float], bool]) -> bool:
    numbers = [item.attributes.get(attribute) for item in items]
    return bool(numbers) and all(
        isinstance(n, int | float) and not isinstance(n, bool) and test(float(n), value) for n in numbers
    )


def _is_count(word: Token, evidence: Evidence) -> bool:
    return NUMBER_WORDS.get(word.key, word.text) in (len(evidence.items), str(len(evidence.items)))


def _is_value(text: str, items: Sequence[Item], attributes: Sequence[str]) -> bool:
    if not re.fullmatch(_NUMBER, text):
        return False
    return any(_all_hold(items, attribute, float(text), lambda n, value: n == value) for attribute in attributes)
