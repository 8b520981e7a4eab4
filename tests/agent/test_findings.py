"""The words of a contrast, a smallest removal and a taste: every name and number is one that the evidence holds."""

from __future__ import annotations

import pytest

from agent.explaining.findings import contrasted, removed, tasted
from agent.explaining.paraphrase import Sentence
from agent.explaining.statements import Statement
from agent.explaining.telling import tell_found
from agent.llm.fake import FakeLLM
from agent.words import WordsSettings
from pipeline.explanation import Contrast, SmallestRemoval
from pipeline.taste import Taste, TasteGroup
from store.errors import InputError
from store.records import Item

ALIEN, HEAT, THING, RONIN = (Item(title[0], title) for title in ("Alien", "Heat", "The Thing", "Ronin"))
HISTORY = {"x": THING, "y": RONIN}


def english(statements: tuple[Statement, ...]) -> str:
    return tell_found(statements).text


def against(difference: float, channels: dict[str, float], history: dict[str, float]) -> str:
    return english(contrasted(Contrast(ALIEN, HEAT, difference, channels, history), HISTORY))


def test_both_sides_of_a_contrast_are_named_with_their_numbers() -> None:
    assert against(0.25, {"lightgcn": 0.4, "popularity": -0.15}, {"x": 0.2, "y": -0.1}) == (
        "Alien scores 0.250 more than Heat. "
        "Of the channels, People like you (LightGCN) says the most for Alien against Heat: 0.400. "
        "For Heat against Alien, Popularity says the most: 0.150. "
        "Of the history, The Thing helps Alien the most over Heat: by 0.200, as estimated. "
        "Ronin helps Heat the most over Alien, by 0.100, as estimated."
    )


def test_a_side_for_which_nothing_speaks_is_not_spoken_for() -> None:
    assert against(-0.4, {"content": -0.4}, {}) == (
        "Heat scores 0.400 more than Alien. Of the channels, Content says the most for Heat against Alien: 0.400."
    )


def test_the_second_side_alone_is_told_like_the_first() -> None:
    assert against(-0.2, {"content": -0.2}, {"y": -0.1}).endswith(
        "Of the history, Ronin helps Heat the most over Alien: by 0.100, as estimated."
    )


def test_equal_scores_and_unknown_history_items() -> None:
    assert against(0.0001, {}, {"gone": 0.5}) == "Alien and Heat have about the same score."


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            SmallestRemoval(10, None, 3, False),
            "Even without the whole history, Alien stays among the 10 best by score.",
        ),
        (SmallestRemoval(10, (), 0, True), "Alien is not among the 10 best by score as it is."),
        (
            SmallestRemoval(10, (THING,), 1, True),
            "Without The Thing, Alien leaves the 10 best by score, and no smaller part of the history does that.",
        ),
        (
            SmallestRemoval(5, (THING, RONIN, HEAT), 2, False),
            "Without The Thing, Ronin and Heat, Alien leaves the 5 best by score; that no smaller part does that is "
            "not proven. It is certain that fewer than 2 of the history do not suffice.",
        ),
        (
            SmallestRemoval(5, (THING, RONIN), 1, False),
            "Without The Thing and Ronin, Alien leaves the 5 best by score; that no smaller part does that is "
            "not proven.",
        ),
    ],
)
def test_a_removal_says_what_is_proven_and_no_more(found: SmallestRemoval, said: str) -> None:
    assert english(removed(found, ALIEN)) == said


def group(*items: Item, size: int, weight: float, drives: float, led: tuple[Item, ...] = ()) -> TasteGroup:
    return TasteGroup(("Crime", "Noir"), items, size, weight, drives, led)


def test_a_taste_in_groups() -> None:
    groups = (
        group(THING, RONIN, HEAT, size=6, weight=0.6, drives=0.75, led=(ALIEN,)),
        group(HEAT, size=4, weight=0.4, drives=0.0),
    )
    assert english(tasted(Taste("u", groups, 0.2, 10, 1, "s"))) == (
        "Your history of 10 items falls into 2 groups. "
        "A group of 6 is around The Thing and Ronin: 60% of the history. "
        "It has Crime, Noir more often than the rest of the history. "
        "75% of what the history says for your recommendations comes from this group. "
        "It speaks for Alien more than the other groups do. "
        "A group of 4 is around Heat: 40% of the history. It has Crime, Noir more often than the rest of the history. "
        "1 more of the history is unknown to the graph."
    )


def test_one_group_is_not_told_apart_from_others() -> None:
    taste = Taste("u", (group(THING, size=5, weight=1.0, drives=1.0, led=(ALIEN,)),), 0.0, 5, 0, "s")
    assert english(tasted(taste)) == (
        "Your history of 5 items is one group: no parts of it stand apart. At its middle stands The Thing. "
        "What it has most often is Crime, Noir."
    )
    assert english(tasted(Taste(None, (), 0.0, 0, 0, "s"))) == "There is no history that tells of a taste."


def test_chinese_says_the_same_number_of_things() -> None:
    found = Contrast(ALIEN, HEAT, 0.25, {"lightgcn": 0.4}, {"x": 0.2})
    assert tell_found(contrasted(found, HISTORY), language="zh").text == (
        "“Alien”的得分比“Heat”高0.250。各部分中，与你相似的人（LightGCN）最支持“Alien”而非“Heat”：0.400。"
        "历史中最有助于“Alien”胜过“Heat”的是“The Thing”：据估计为0.200。"
    )
    with pytest.raises(InputError, match="language 'tlh' is none of en, zh"):
        tell_found((), language="tlh")


def test_a_model_may_choose_the_words_and_sees_no_title() -> None:
    fake = FakeLLM(
        ['{"s1": "[A] leaves the [C] best by score without [B]; no smaller part of the history does that."}']
    )
    told = tell_found(
        removed(SmallestRemoval(10, (THING,), 1, True), ALIEN), llm=fake, settings=WordsSettings(style="free")
    )
    assert "Alien" not in str(fake.prompts)
    assert "Thing" not in str(fake.prompts)
    assert told.passages[0].sentences[0] == Sentence(
        "Alien leaves the 10 best by score without The Thing; no smaller part of the history does that.", by_model=True
    )
