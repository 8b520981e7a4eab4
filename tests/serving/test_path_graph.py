from __future__ import annotations

from itertools import pairwise

import pytest

from pipeline.explanation import EvidencePath, GraphScore, PathStep
from serving.ui.path_graph import MAX_NODES, coverage, depth_rows, path_picture
from store.records import Item

TARGET = Item("t", "Target")


def path(item: str, person: int, end: str = "", share: float = 0.1) -> EvidencePath:
    steps = [PathStep("user", "You"), PathStep("item", item, item), PathStep("user", f"Reader {person}")]
    if end:
        steps.append(PathStep("item", end, end))
    return EvidencePath(tuple(steps), share, value=share, met=end == "t")


def test_columns_widths_and_ways() -> None:
    paths = [path("a", 1, "t", 0.3), path("a", 2, "c", 0.2), path("b", 2, "c", 0.1), path("b", 3, "", 0.05)]
    items = {name: Item(name, name.upper()) for name in "abc"}
    picture = path_picture(paths, items, TARGET)
    assert picture is not None
    by_label = {node.label: node for node in picture.nodes}
    assert by_label["You"].paths == (0, 1, 2, 3)
    assert by_label["You"].share == pytest.approx(0.65)
    assert by_label["a"].item == items["a"]
    assert by_label["Reader 2"].paths == (1, 2)
    assert by_label["met it too"].paths == (0,)
    assert by_label["c"].paths == (1, 2)
    assert by_label["taste like its readers"].paths == (3,)
    assert by_label["Target"].item == TARGET
    into = [edge for edge in picture.edges if edge.x2 == max(edge.x2 for edge in picture.edges)]
    assert sorted(edge.paths for edge in into) == [(0,), (1, 2), (3,)]
    assert {edge.paths: edge.alike for edge in into} == {(0,): False, (1, 2): True, (3,): False}
    widths = {edge.paths: edge.width for edge in into}
    assert widths[(0,)] == pytest.approx(widths[(1, 2)])
    assert widths[(0,)] == pytest.approx(6 * widths[(3,)])


def test_sixty_nodes_stay_apart() -> None:
    paths = [path(f"item {n}", n, f"onward {n}", 1 / (n + 2)) for n in range(40)]
    picture = path_picture(paths, {}, TARGET)
    assert picture is not None
    assert MAX_NODES - 3 < len(picture.nodes) <= MAX_NODES
    assert picture.paths == tuple(paths[: len(picture.paths)])
    columns: dict[float, list[float]] = {}
    for node in picture.nodes:
        columns.setdefault(node.left, []).append(node.y)
    assert len(columns) == 5
    for places in columns.values():
        assert all(after - before >= picture.row - 0.2 for before, after in pairwise(sorted(places)))
        assert 0 < min(places) <= max(places) < picture.height


def test_one_path_is_one_line() -> None:
    picture = path_picture([path("a", 1, "t")], {}, TARGET)
    assert picture is not None
    assert len({node.y for node in picture.nodes}) == 1
    assert picture.row <= picture.height < 2 * picture.row


def test_paths_that_share_nodes_do_not_cross() -> None:
    """Two bundles that were listed in turns come apart."""
    paths = [path(f"{side}{n}", 10 * (side == "b") + n, side.upper()) for n in range(4) for side in "ab"]
    picture = path_picture(paths, {}, TARGET)
    assert picture is not None
    bundles = [node.label[0] for node in sorted(picture.nodes, key=lambda node: node.y) if node.label[:1] in ("a", "b")]
    assert bundles in (list("aaaabbbb"), list("bbbbaaaa"))


def test_nothing_to_draw() -> None:
    assert path_picture([], {}, TARGET) is None


def test_depths_and_coverage_in_words() -> None:
    graph = GraphScore(own=0.3, items=0.2, people=(0.1, -0.4, 0.02, 0.03), echo=0.0, paths=31_204, shown=0.0212)
    assert depth_rows(graph) == [
        ("Your own vector", 0.3),
        ("Your items themselves", 0.2),
        ("People who met them", 0.1),
        ("What else these people met", -0.4),
        ("Further on", pytest.approx(0.05)),
    ]
    assert depth_rows(GraphScore(people=(0.1,))) == [("People who met them", 0.1)]
    said = coverage(graph, [path("a", 1)] * 12)
    assert said.startswith("The 12 strongest of 31,204 paths,")
    assert "carry 2.1% of what speaks" in said
    assert "carry <0.1%" in coverage(GraphScore(paths=9, shown=0.0001), [path("a", 1)])
