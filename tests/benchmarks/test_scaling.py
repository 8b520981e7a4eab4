"""The synthetic interactions, the exponents and the path of the scaling benchmark."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks import scaling
from benchmarks.power_law import HEAD, power_law
from benchmarks.scaling_plot import figure


@pytest.fixture(scope="module")
def data():
    return power_law(300_000, seed=0)


def test_sizes_follow_the_interactions(data) -> None:
    assert (len(data), data.num_users, data.num_items) == (300_000, 10_000, 3_000)
    assert power_law(1_000, seed=0).num_items == 300


def test_popularity_falls_with_exponent_one(data) -> None:
    counts = np.sort(data.item_counts[1:])[::-1]
    # The head is flatter than the law, because pairs are distinct; at the tail, sorted counts fall faster by chance.
    ranks = np.arange(50, 1_500)
    slope, _ = np.polyfit(np.log(ranks + HEAD), np.log(counts[ranks - 1]), 1)
    assert slope == pytest.approx(-1.0, abs=0.1)


def test_the_number_of_an_item_says_nothing_of_its_popularity(data) -> None:
    assert abs(np.corrcoef(np.arange(1, 3_001), data.item_counts[1:])[0, 1]) < 0.1


def test_activity_is_log_normal_within_its_bounds(data) -> None:
    activity = np.diff(data.indptr)[1:]
    assert activity.mean() == 30
    median, one_above, two_above = np.quantile(activity, [0.5, 0.8413, 0.9772])
    assert one_above / median == pytest.approx(math.e, rel=0.05)
    assert two_above / median == pytest.approx(math.e**2, rel=0.08)
    assert activity.min() >= 5
    assert activity.max() <= 0.26 * data.num_items


@pytest.mark.parametrize("size", [1_000, 10_000, 300_000])
def test_pairs_are_distinct_and_times_ascend(size: int) -> None:
    data = power_law(size, seed=1)
    assert data.matrix.nnz == len(data) == size
    same_user = data.users[1:] == data.users[:-1]
    assert (np.diff(data.times)[same_user] > 0).all()


def test_the_seed_decides() -> None:
    first, again, other = (power_law(10_000, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.items, again.items)
    np.testing.assert_array_equal(first.users, again.users)
    assert not np.array_equal(first.items, other.items)


def test_exponents_by_hand() -> None:
    rows = [
        {"interactions": 100, "epoch_s": 2.0, "validate_s": 1.0, "peak_mb": 300.0},
        {"interactions": 1_000, "epoch_s": 20.0, "validate_s": 100.0, "peak_mb": None},
        {"interactions": 4_000, "epoch_s": 40.0, "validate_s": 100.0, "peak_mb": 500.0},
    ]
    found = scaling.with_exponents(rows)
    assert [row["exponent"] for row in found] == [None, 1.0, 0.5]
    assert [row["validate_exponent"] for row in found] == [None, 2.0, 0.0]
    assert [row["peak_exponent"] for row in found] == [None, None, None]
    fitted = [{**row, "fit_s": row["epoch_s"] ** 2} for row in rows]
    assert scaling.with_exponents([{k: v for k, v in row.items() if k != "epoch_s"} for row in fitted])[1][
        "exponent"
    ] == pytest.approx(2.0)


@pytest.mark.parametrize(("size", "name"), [(100_000, "1e5"), (30_000, "3e4"), (12_500, "1.25e4"), (10**7, "1e7")])
def test_sizes_have_short_names(size: int, name: str) -> None:
    assert scaling.size_name(size) == name
    assert int(float(name)) == size


def test_quick_from_the_command_line_to_the_report(tmp_path: Path, capsys) -> None:
    out = tmp_path / "scaling.json"
    only = "lightgcn_1e3,lightgcn_2e3"
    scaling.main(["--quick", "--json", "--sizes", "2e3,1e3", "--only", only, "--out", str(out)])
    result = json.loads(capsys.readouterr().out)
    assert result == json.loads(out.read_text())
    assert [row["name"] for row in result["rows"]] == only.split(",")
    small, large = result["rows"]
    assert (small["interactions"], small["users"], small["items"]) == (1_000, 33, 300)
    assert small["exponent"] is None
    assert large["exponent"] == pytest.approx(math.log2(large["epoch_s"] / small["epoch_s"]), abs=0.02)
    assert large["per_interaction_us"] == pytest.approx(large["epoch_s"] / 2_000 * 1e6, rel=0.05)
    assert all(row["validate_s"] > 0 for row in result["rows"])


@pytest.mark.parametrize("scorer", scaling.SCORERS)
def test_every_scorer_is_measured(scorer: str) -> None:
    figures = scaling.cost(scorer, 1_000, 0)
    assert scaling.work_seconds(figures) > 0
    assert figures["per_interaction_us"] == pytest.approx(1e3 * scaling.work_seconds(figures))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sizes", "10"], "10 interactions are too few; the least is 1000"),
        (["--plot", "scaling.gif"], "scaling.gif ends neither in .svg nor in .png"),
        (["--only", "lightgcn_1e9"], "row 'lightgcn_1e9' is not known"),
    ],
)
def test_wrong_arguments_end_the_program(arguments: list[str], message: str, capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        scaling.main(arguments)
    assert message in capsys.readouterr().err + str(caught.value)


def test_the_plot_has_a_line_and_a_label_per_scorer_and_panel() -> None:
    rows = [
        {"name": f"{scorer}_1e{power}", "interactions": 10**power, key: 2.0**power, "peak_mb": 300.0 * power}
        for scorer, key in (("lightgcn", "epoch_s"), ("item_to_item", "fit_s"))
        for power in (5, 6)
    ]
    drawing = figure(rows)
    assert [line.name for line in drawing.data] == ["lightgcn", "item_to_item"] * 2
    assert list(drawing.data[0].y) == [32.0, 64.0]
    assert list(drawing.data[3].y) == [1500.0, 1800.0]
    labels = [label for label in drawing.layout.annotations if label.text.endswith(" item_to_item")]
    assert len(labels) == 2
    heights = [label.y for label in drawing.layout.annotations if label.xref == "x"]
    assert len(set(heights)) == 2  # equal ends, labels apart
