"""The judge of words: it passes what is true, sees what is false, and bounds what the verifier lets through."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.explaining.account import paragraph
from agent.explaining.slotting import Slotted, slotted
from agent.explaining.telling import tell
from agent.explaining.verify import violations
from agent.explaining.voices import LANGUAGES, voice_of
from agent.slots import Slots
from agent.words import WordsSettings
from benchmarks.words.__main__ import by_model, by_template, judge_line
from benchmarks.words.cases import Case, cases, kept
from benchmarks.words.judge import Judge
from benchmarks.words.lies import LIES, honest, liar
from serving.service import Service

FREE = WordsSettings(style="free")
_PIECE = re.compile(r"\[[A-Z]\d*\]|[A-Za-z']+|[.,:;]|[^\sA-Za-z]")


@pytest.fixture(scope="module")
def sample(trained_service: Service) -> list[Case]:
    return list(cases(trained_service, count=35, seed=0))


def test_explanations_are_kept_as_they_are(sample: list[Case], trained_service: Service, tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    made = kept(trained_service, file, count=2, seed=0)
    assert made[0].explanation.item == sample[0].explanation.item
    assert kept(trained_service, file, count=2, seed=9) == made


@pytest.mark.parametrize("language", LANGUAGES)
def test_templates_are_right_and_those_of_another_case_are_not(sample: list[Case], language: str) -> None:
    tally = by_template(sample, language)
    assert tally.wrong == []
    assert tally.sentences > 20 * len(sample)
    control = by_template(sample, language, shift=len(sample) // 2)
    assert len(control.wrong) > 0.8 * control.sentences


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_lie_is_shown_over_many_explanations(sample: list[Case], language: str) -> None:
    for way, lie in LIES[language].items():
        tally = by_model(sample[::7], language, lambda lie=lie: liar(lie, title="Nowhere"), FREE, seconds=60)
        assert tally.lies_shown == [], way
        assert tally.wrong == [], way
    tally = by_model(sample, language, lambda: honest(language), FREE, seconds=60)
    assert tally.wrong == []
    assert set(tally.raw_wrong) <= {"Nothing in particular stands out."}, "said in a way that the judge cannot read"
    assert tally.by_model > 0.8 * tally.asked


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_way_is_right(sample: list[Case], language: str) -> None:
    voice = voice_of(language)
    kinds: set[str] = set()
    for case in sample:
        judge = Judge(case.explanation, language, case.liked)
        for statement in paragraph(case.explanation, liked=case.liked)[0].statements:
            kinds.add(statement.kind)
            for way in voice.ways(statement):
                assert judge.verdict(way).right, way
    assert {"place", "seed", "text", "sequence", "against", "constraint"} <= kinds


def test_a_line_is_judged_as_its_sentence(sample: list[Case]) -> None:
    case, other = sample[0], sample[len(sample) // 2]
    line = tell(case.explanation, style="line").text
    assert judge_line(Judge(case.explanation, "en"), line).right
    assert not judge_line(Judge(other.explanation, "en"), line).right


@pytest.mark.parametrize(
    "change", [("fall", "rise"), ("stands at place", "stands at place 1"), ("soon before or after", "right after")]
)
def test_the_judge_sees_a_changed_word(sample: list[Case], change: tuple[str, str]) -> None:
    seen = 0
    for case in sample:
        judge = Judge(case.explanation, "en", case.liked)
        for sentence in tell(case.explanation, liked=case.liked).passages[0].sentences:
            if change[0] in sentence.text:
                seen += 1
                assert not judge.verdict(sentence.text.replace(*change)).right
    assert seen > 10


def _slotted(case: Case, language: str) -> tuple[Slots, list[Slotted]]:
    voice, slots = voice_of(language), Slots()
    statements = paragraph(case.explanation, liked=case.liked)[0].statements
    return slots, [slotted(one, voice, slots) for one in statements if voice.sentences[one.kind].patterns]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), language=st.sampled_from(LANGUAGES))
def test_what_the_verifier_lets_through_the_judge_finds_right(sample: list[Case], seed: int, language: str) -> None:
    """Words and slots of all sentences of an explanation taken out, put in and moved about at random."""
    chance = random.Random(seed)
    case, voice = chance.choice(sample), voice_of(language)
    slots, said = _slotted(case, language)
    pieces = [piece for one in said for way in one.ways for piece in _PIECE.findall(way)]
    judge = Judge(case.explanation, language, case.liked)
    for one in said:
        sentence = _PIECE.findall(chance.choice(one.ways))
        for _ in range(chance.choice((1, 1, 2, 3))):
            at = chance.randrange(len(sentence))
            other = chance.randrange(len(sentence))
            change = chance.randrange(4)
            if change == 0 and len(sentence) > 1:
                sentence.pop(at)
            elif change == 1:
                sentence.insert(at, chance.choice(pieces))
            elif change == 2:
                sentence[at] = chance.choice(pieces)
            else:
                sentence[at], sentence[other] = sentence[other], sentence[at]
        text = "".join(sentence) if language == "zh" else re.sub(r" ([.,:;])", r"\1", " ".join(sentence))
        if not violations(text, one, voice):
            assert judge.verdict(slots.fill(text)).right, text
