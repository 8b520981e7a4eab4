"""Checks a paraphrase of one statement before anyone sees it.

``agent.grounding`` judges free sentences on a whole list of cards. Here it is known which one statement a sentence has to
say, and its names and numbers are still slots, so the check is stricter: exactly the slots of the statement, each in its
role; the words that carry the claim and its direction; and no word beyond those that this kind of statement may use.
Whatever is not foreseen is refused, and the template speaks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache

from agent.explaining.slotting import Slotted
from agent.explaining.voice import FIELD, Voice
from agent.grounding import Violation
from agent.grounding.titles import tokens
from agent.plain_text import clean
from agent.slots import SLOT

MAX_CHARACTERS = 400
_MARK = re.compile(r"<(\w+)>")


def violations(sentence: str, said: Slotted, voice: Voice) -> tuple[Violation, ...]:
    """What is wrong with a sentence that should say one statement; () where it may be shown.

    Args:
        sentence: as the model wrote it, with slots.
        said: the statement.
        voice: language of the sentence.
    """
    return tuple(Violation(kind, text, sentence) for kind, text in _problems(sentence, said, voice))


def _problems(sentence: str, said: Slotted, voice: Voice) -> Iterator[tuple[str, str]]:
    wording = voice.sentences[said.statement.kind]
    if not wording.frames:
        yield "claim", f"a statement of kind {said.statement.kind!r} is not paraphrased"
    if sentence != clean(sentence) or len(sentence) > MAX_CHARACTERS:
        yield "characters", "invisible or untrimmed characters, or too many"
    there, wanted = Counter(SLOT.findall(sentence)), Counter(SLOT.findall(said.ways[0]))
    for slot in sorted((there | wanted).keys()):
        if there[slot] != wanted[slot]:
            yield "slot", f"{slot} stands there {there[slot]} times, not {wanted[slot]}"
    marked = _marked(sentence, said.fields, voice)
    yield from (("characters", text) for text in _strange(marked, voice))
    # Only what begins a sentence has a capital here: names have slots.
    if any(character.isupper() for character in _MARK.sub("", marked)[1:]):
        yield "name", "a capital within the sentence"
    folded = marked.lower()
    yield from (("claim", frame) for frame in wording.frames if not re.search(frame, folded))
    yield from (("word", word) for word in _foreign_words(folded, said.statement.kind, voice))


def _marked(sentence: str, fields: Mapping[str, str], voice: Voice) -> str:
    """The sentence with ``<field>`` for its slots; a list of slots of one field is one mark."""
    marked = SLOT.sub(lambda match: f"<{fields.get(match.group(), 'unknown')}>", sentence)
    joint = "|".join(re.escape(text) for text in (voice.comma, voice.last, f"{voice.comma.strip()}{voice.last}"))
    return re.sub(rf"<(\w+)>(?:(?:{joint})<\1>)+", r"<\1>", marked)


def _strange(marked: str, voice: Voice) -> Iterator[str]:
    """Anything but letters, marks and plain punctuation, and a sentence that does not end once, at its end."""
    if not marked.endswith(voice.full_stop):
        yield "no full stop at the end"
    rest = _MARK.sub("", marked.removesuffix(voice.full_stop))
    odd = sorted({character for character in rest if not character.isalpha() and character not in voice.punctuation})
    if odd:
        yield "".join(odd)


def _foreign_words(folded: str, kind: str, voice: Voice) -> Iterator[str]:
    """Words that this kind of statement may not use, and words said more often than any of its ways says them."""
    wording = voice.sentences[kind]
    further = f"{wording.words} {voice.noun.plural.lower()}"
    known = _allowance(wording.ways, further, voice.ordinary, voice.spaced)
    words = _words(_MARK.sub("\n", folded), frozenset(known), spaced=voice.spaced)
    for word, count in Counter(words).items():
        if word not in known:
            yield word
        elif word not in voice.ordinary and count > known[word]:
            yield f"{word} ({count} times)"


@lru_cache(maxsize=512)
def _allowance(sentences: tuple[str, ...], further: str, ordinary: frozenset[str], spaced: bool) -> Mapping[str, int]:
    """Word -> how often one sentence may hold it."""
    allowed: Counter[str] = Counter()
    for way in sentences:
        # Fields stand for what is no word of the model's; the words that they choose between are.
        choices = " ".join(word for _, one, several in FIELD.findall(way) for word in (one, several))
        plain = f"{FIELD.sub(chr(10), way)}{chr(10)}{choices}".lower()
        allowed |= Counter(_words(plain, frozenset(), spaced=spaced))
    for word in (*further.split(), *ordinary):
        allowed[word] = max(allowed[word], 1)
    return allowed


def _words(text: str, known: frozenset[str], *, spaced: bool) -> Iterator[str]:
    """Words of a text. Where words are not written apart: the fewest pieces that are known, else all."""
    if spaced:
        yield from (token.text.replace("\u2019", "'") for token in tokens(text))
        return
    for run in re.findall(r"[^\W_]+", text):
        yield from _pieces(run, known)


def _pieces(run: str, known: frozenset[str]) -> list[str]:
    """The fewest known words that cover a run; the run itself where none do."""
    best: list[list[str] | None] = [[], *[None] * len(run)]
    for end in range(1, len(run) + 1):
        for start in range(end):
            before = best[start]
            if before is None or run[start:end] not in known:
                continue
            covered = best[end]
            if covered is None or len(before) + 1 < len(covered):
                best[end] = [*before, run[start:end]]
    return best[-1] or [run]
