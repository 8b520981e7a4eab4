"""Requests with marks, filled in from a catalogue."""

from __future__ import annotations

import random

import pytest

from agent.request import Intent
from agent.tokens import read
from agent.understanding import Understander
from agent.word_roles import ROLES
from benchmarks.understanding.marked import UNKNOWN, Filler, Marked, Part, as_written, filled, marked, patterns, slip
from pipeline.catalogue import Catalogue
from store.records import Item

CATALOGUE = Catalogue([Item("1", "The Long Heat", categories=("Crime",)), Item("2", "Fargo", categories=("Crime",))])


def _filler() -> Filler:
    return Filler(Understander.over(CATALOGUE).lexicon, ("film",))


def test_every_pattern_can_be_filled_in() -> None:
    filler, chance = _filler(), random.Random(0)
    requests = list(patterns())
    made = [filled(request, "test", filler, chance) for request in requests]
    assert {request.intent for request in requests} == set(Intent)
    whole = [one for one in made if one]
    assert len(whole) > 0.98 * len(made)
    assert all(len(one.roles) == len(read(one.text).words) for one in whole)


@pytest.mark.parametrize(("mark", "role"), [("+t", "title_in"), ("-t", "title_out"), ("xt", "withdrawn")])
def test_words_of_a_slot_have_its_role(mark: str, role: str) -> None:
    request = Marked(Intent.FEEDBACK, (Part("zzz zzz "), Part("", mark), Part(" zzz")))
    sentence = filled(request, "test", _filler(), random.Random(1))
    assert sentence is not None
    named = {ROLES[one] for one, word in zip(sentence.roles, read(sentence.text).words, strict=True)}
    assert named == {"other", role}


def test_a_measure_is_no_relative_wish() -> None:
    request = Marked(Intent.SIMILAR, (Part("as "), Part("", "q"), Part(" as "), Part("", "+t")))
    sentence = filled(request, "test", _filler(), random.Random(2))
    assert sentence is not None
    assert ROLES.index("critique") not in sentence.roles


def test_a_written_line_keeps_its_words_and_what_they_are() -> None:
    line = {"text": "no, Fargo again", "intent": "similar", "spans": [[4, 9, "+t", "Fargo"]]}
    sentence = as_written(marked(line), "films")
    assert sentence is not None
    assert [ROLES[role] for role in sentence.roles] == ["other", "title_in", "other"]


def test_roles_nobody_settled_are_not_learned_from() -> None:
    sentence = as_written(Marked(Intent.RECOMMEND, (Part("a "), Part("crime", "+a")), free=True), "films")
    assert sentence is not None
    assert set(sentence.roles) == {UNKNOWN}


def test_a_slip_changes_a_long_word_only() -> None:
    chance = random.Random(0)
    assert slip("up", chance) == "up"
    assert sum(slip("thriller", chance) != "thriller" for _ in range(50)) > 30
