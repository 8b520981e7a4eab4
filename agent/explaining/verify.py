"""Checks a paraphrase of one statement before anyone sees it.

``agent.grounding`` judges free sentences on a whole list of cards. Here it is known which one statement a sentence has
to say, and its names and numbers are still slots, so the check is stricter: the slots of the statement and no others,
each once, and the whole sentence in a form that is known to say this, with every slot in its role. A name or a number
of the model's own, another claim, another direction, a word too many: none of these has such a form. What is not
foreseen is refused, and the template speaks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from agent.explaining.slotting import Slotted
from agent.explaining.voice import Voice
from agent.grounding import Violation
from agent.plain_text import clean
from agent.slots import SLOT

_MARK = re.compile(r"<\w+>")


def violations(sentence: str, said: Slotted, voice: Voice) -> tuple[Violation, ...]:
    """What is wrong with a sentence that should say one statement; () where it may be shown.

    Args:
        sentence: as the model wrote it, with slots.
        said: the statement.
        voice: language of the sentence.
    """
    return tuple(Violation(kind, text, sentence) for kind, text in _problems(sentence, said, voice))


def _problems(sentence: str, said: Slotted, voice: Voice) -> Iterator[tuple[str, str]]:
    if sentence != clean(sentence):
        yield "characters", "invisible or untrimmed characters"
    there, wanted = Counter(SLOT.findall(sentence)), Counter(SLOT.findall(said.ways[0]))
    for slot in sorted((there | wanted).keys()):
        if there[slot] != wanted[slot]:
            yield "slot", f"{slot} {there[slot]} times, not {wanted[slot]}"
    marked = _marked(sentence, said.fields, voice)
    # Names have slots: a capital stands only where a sentence begins.
    if any(character.lower() != character for character in _MARK.sub("", marked)[1:]):
        yield "characters", "a capital within the sentence"
    if not marked.endswith(voice.full_stop) or not _is_known(marked.lower(), said.statement.kind, voice):
        yield "claim", f"not a known way to say {said.statement.kind!r}"


def _marked(sentence: str, fields: Mapping[str, str], voice: Voice) -> str:
    """The sentence with ``<field>`` for its slots; a list of slots of one field is one mark."""
    marked = SLOT.sub(lambda match: f"<{fields.get(match.group(), 'unknown')}>", sentence)
    joint = "|".join(re.escape(text) for text in (voice.comma, voice.last, f"{voice.comma.strip()}{voice.last}"))
    return re.sub(rf"<(\w+)>(?:(?:{joint})<\1>)+", r"<\1>", marked)


def _is_known(marked: str, kind: str, voice: Voice) -> bool:
    things = re.escape(voice.noun.plural.lower())
    said = marked.removesuffix(voice.full_stop)
    patterns = voice.sentences[kind].patterns
    return any(re.fullmatch(pattern.replace("<things>", things), said) for pattern in patterns)
