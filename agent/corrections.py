"""What is taken back within the sentence that says it: "a horror, wait no, a mystery"."""

from __future__ import annotations

from agent.reading import Mention, Reading


def take_corrections(reading: Reading) -> None:
    """The nearest mention before such a phrase gives way to the first one of its kind behind it; both are needed."""
    marks = [phrase.split() for phrase in reading.lexicon.language.corrections]
    for place in range(len(reading)):
        length = max((len(mark) for mark in marks if reading.folds[place : place + len(mark)] == mark), default=0)
        if not length or any(reading.taken[at] is not None for at in range(place, place + length)):
            continue
        meant = min((m for m in reading.mentions if m.start >= place + length), key=_start, default=None)
        taken_back = [m for m in reading.mentions if meant and m.end <= place and _replaces(meant, m)]
        if not taken_back:
            continue
        reading.mentions.remove(max(taken_back, key=_start))
        reading.cues = [cue for cue in reading.cues if cue.end <= place or cue.start >= place + length]
        reading.claim(place, place + length, "correction")


def _start(mention: Mention) -> int:
    return mention.start


def _replaces(meant: Mention, said: Mention) -> bool:
    """Of one kind, and values of one attribute."""
    attributes = [{ref.attribute for ref in mention.refs} for mention in (meant, said)]
    return meant.kind == said.kind and attributes[0] == attributes[1]
