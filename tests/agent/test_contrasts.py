"""The words of a contrast: every name and number is one that it holds, and each on its own side."""

from __future__ import annotations

from agent.contrasts import contrast_summary
from pipeline.explanation import Contrast
from store.records import Item

ALIEN, HEAT = Item("a", "Alien"), Item("h", "Heat")
HISTORY = {"x": Item("x", "The Thing"), "y": Item("y", "Ronin")}


def words(difference: float, channels: dict[str, float], history: dict[str, float]) -> str:
    return contrast_summary(
        Contrast(ALIEN, HEAT, difference, channels, history), HISTORY, channel_label=lambda name: name.upper()
    )


def test_both_sides_are_named_with_their_numbers() -> None:
    assert words(0.25, {"graph": 0.4, "popularity": -0.15}, {"x": 0.2, "y": -0.1}) == (
        'Alien scores 0.250 more than Heat. Of the channels, "GRAPH" says the most for Alien (0.400). '
        'Of the channels, "POPULARITY" says the most for Heat (0.150). '
        "Of the history, The Thing helps Alien the most over the other (0.200). "
        "Of the history, Ronin helps Heat the most over the other (0.100)."
    )


def test_a_side_for_which_nothing_speaks_is_not_spoken_for() -> None:
    assert words(-0.4, {"graph": -0.4}, {}) == (
        'Heat scores 0.400 more than Alien. Of the channels, "GRAPH" says the most for Heat (0.400).'
    )


def test_equal_scores_and_unknown_history_items() -> None:
    assert words(0.0001, {}, {"gone": 0.5}) == "Alien and Heat have the same score."
