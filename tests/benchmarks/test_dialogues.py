"""Reading of both formats, the folds, the places, and the figures of the benchmark of dialogues."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.dialogues.protocol import Question, folds_of, ranks_of, row_of
from benchmarks.dialogues.turns import Named, Turn, distinct, read_turns

TURN = {
    "dialogue_id": "a",
    "turn_id": "1",
    "context": [{"speaker": "user", "text": "Something like Heat (1995)"}],
    "response": "Try Ronin (1998)",
    "targets": [{"title": "Ronin (1998)", "item_id": "7"}, {"title": "Sicario (2015)", "item_id": None}],
}
DIALOGUE = {
    "dialogue_id": "b",
    "turns": [
        {"speaker": "user", "text": "QUOTATION_MARKHeatQUOTATION_MARK", "movies": ["Heat (1995)"]},
        {"speaker": "system", "text": "I see", "movies": []},
        {"speaker": "system", "text": "Ronin", "movies": [" Ronin (1998)"]},
    ],
}


def question(dialogue: int, targets: list[int], mentioned: tuple[int, ...] = ()) -> Question:
    return Question(0, dialogue, np.array(mentioned, dtype=np.int64), np.array(targets))


def test_a_line_with_targets_is_a_turn_and_its_response_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "turns.jsonl"
    file.write_text(json.dumps(TURN) + "\n\n")
    (turn,) = read_turns(file)
    assert turn == Turn(
        "a", ("Something like Heat (1995)",), (Named("Ronin (1998)", "7"), Named("Sicario (2015)")), (True,)
    )


def test_a_dialogue_gives_a_turn_for_each_recommendation_gzipped_or_not(tmp_path: Path) -> None:
    file = tmp_path / "dialogues.jsonl.gz"
    file.write_bytes(gzip.compress((json.dumps(DIALOGUE) + "\n").encode()))
    (turn,) = read_turns(file)
    assert turn.context == ('"Heat"', "I see")
    assert turn.asked == (True, False)
    assert turn.targets == (Named("Ronin (1998)"),)


def test_what_is_neither_format_ends_the_program(tmp_path: Path) -> None:
    file = tmp_path / "other.jsonl"
    file.write_text('{"text": "hello"}\n')
    with pytest.raises(SystemExit, match="line 1: neither a turn with targets nor a dialogue with turns"):
        read_turns(file)
    file.write_text(json.dumps({**DIALOGUE, "turns": []}) + "\n")
    with pytest.raises(SystemExit, match="no turn in which anything is recommended"):
        read_turns(file)


def test_dialogues_that_are_in_both_files_are_not_learned_from() -> None:
    shared = Turn("x", ("hi", "hello"), (Named("Ronin (1998)"),))
    later = Turn("x", ("hi", "hello", "more"), (Named("Heat (1995)"),))
    other = Turn("y", ("hi",), (Named("Heat (1995)"),))
    assert distinct([shared, later, other], [Turn("1", shared.context, shared.targets)]) == [other]


def test_every_dialogue_is_held_out_once() -> None:
    held = np.array(list(folds_of(13, seed=3)))
    assert held.shape == (5, 13)
    assert (held.sum(axis=0) == 1).all()
    assert set(held.sum(axis=1)) == {2, 3}


def test_places_leave_out_what_was_named_and_put_equals_in_front() -> None:
    scores = np.array([9.0, 5.0, 4.0, 4.0, 1.0], dtype=np.float32)
    assert ranks_of(scores, question(0, [2, 4])).tolist() == [3, 4]
    assert ranks_of(scores, question(0, [2, 4], mentioned=(1,))).tolist() == [2, 3]


def test_figures_are_means_over_targets() -> None:
    questions = [question(0, [1, 2]), question(1, [3])]
    row = row_of("full", questions, [[np.array([1, 20]), np.array([5])], [np.array([1, 10]), np.array([60])]])
    assert row["name"] == "full"
    assert row["targets"] == 3
    # Seeds 1 and 2: two of three within 10, then two of three again.
    assert row["recall@10"] == pytest.approx(2 / 3, abs=1e-4)
    assert row["recall@1"] == pytest.approx(1 / 3, abs=1e-4)
    assert row["recall@50"] == pytest.approx(5 / 6, abs=1e-4)
    assert row["mrr"] == pytest.approx(np.mean([(1 + 1) / 2, (1 / 20 + 1 / 10) / 2, (1 / 5 + 1 / 60) / 2]), abs=1e-4)
    low, high = row["recall@10_ci"]
    assert low <= row["recall@10"] <= high
