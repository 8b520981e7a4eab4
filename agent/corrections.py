"""What is taken back within the sentence that says it: "a horror, wait no, a mystery"."""

from __future__ import annotations

from agent.reading import Mention, Reading

_MARKS = tuple(
    tuple(phrase.split())
    for phrase in (
        "no sorry i meant", "sorry i meant", "no i meant", "no i mean", "no wait", "wait no", "oh wait no", "no sorry",
        "sorry no", "scratch that", "i meant", "i mean", "make that", "or rather", "correction", "no make it",
    )
)  # fmt: skip


def take_corrections(reading: Reading) -> None:
    """The nearest mention before such a phrase gives way to the first one of its kind behind it; both are needed."""
    for place in range(len(reading)):
        length = next((len(mark) for mark in _MARKS if tuple(reading.folds[place : place + len(mark)]) == mark), 0)
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
    attributes = ({ref.attribute for ref in mention.refs} for mention in (meant, said))
    return meant.kind == said.kind and set.intersection(*attributes) == set.union(
        *({r.attribute for r in m.refs} for m in (meant, said))
    )
