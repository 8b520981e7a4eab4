"""Evidence paths as a picture in five columns: you, what you met, who met it too, what carries them on, the item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx

from pipeline.explanation import EvidencePath, GraphScore
from serving.figures import percent
from store.records import Item

WIDTH = 1_000
COLUMNS = ((0, 50), (90, 330), (410, 520), (600, 840), (880, 1_000))
"""Left and right of each column, in thousandths of the picture's width."""
HEADS = ("", "you met", "who met it too", "what leads on", "")
HEAD = 28
"""Pixels above the first row."""
ROW, NARROW_ROW, MANY = 52, 40, 12
"""Pixels of a row, where the tallest column has at most so many nodes and where it has more."""
MAX_NODES = 60
"""A picture with more nodes is not read but stared at: the weakest paths are left out of it."""
WIDEST = 10.0
SWEEPS = 4
"""Passes over the columns that put nodes near those they are linked to."""

Name = tuple[int, str, str]


@dataclass(frozen=True)
class Node:
    """A drawn node: its middle ``y`` in pixels, left and width in percent of the picture.

    Attributes:
        kind: "you", "item", "person", "way" (in place of a second item) or "target".
        paths: numbers of the paths through it.
        share: of all these together.
    """

    kind: str
    label: str
    item: Item | None
    left: float
    width: float
    y: float
    paths: tuple[int, ...]
    share: float


@dataclass(frozen=True)
class Edge:
    """A drawn edge; x in thousandths of the picture's width, y and ``width`` in pixels.

    It runs level behind its node from ``x0`` to ``x1``, so that it comes out where the label ends.
    ``alike`` edges run from an item to one that resembles it, the others between a person and what they met.
    """

    x0: float
    x1: float
    y1: float
    x2: float
    y2: float
    width: float
    paths: tuple[int, ...]
    alike: bool


@dataclass(frozen=True)
class PathPicture:
    """What ``why_paths.html`` draws; ``heads`` are left edges in percent and names of columns."""

    height: int
    heads: tuple[tuple[float, str], ...]
    row: int
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    paths: tuple[EvidencePath, ...]


def path_picture(paths: Sequence[EvidencePath], items: Mapping[str, Item], target: Item) -> PathPicture | None:
    """Lay paths out; None where there are none. Edges are as wide as their share.

    Args:
        paths: strongest first.
        items: those that the paths name, by id.
        target: the explained item.
    """
    graph, shown = _graph(paths, target)
    if not shown:
        return None
    columns = _ordered(graph)
    tallest = max(map(len, columns.values()))
    row = ROW if tallest <= MANY else NARROW_ROW
    middles = {name: round(HEAD + place * tallest * row, 1) for name, place in _spread(columns).items()}
    through = {name: _numbers(shown, target, name) for name in graph.nodes}
    nodes = tuple(
        Node(
            kind=graph.nodes[name]["kind"],
            label=graph.nodes[name]["label"],
            item=target if graph.nodes[name]["kind"] == "target" else items.get(name[2]),
            left=COLUMNS[name[0]][0] * 100 / WIDTH,
            width=(COLUMNS[name[0]][1] - COLUMNS[name[0]][0]) * 100 / WIDTH,
            y=middles[name],
            paths=through[name],
            share=sum(shown[number].share for number in through[name]),
        )
        for column in sorted(columns)
        for name in columns[column]
    )
    widest = max(share for *_, share in graph.edges(data="share")) or 1.0
    edges = tuple(
        Edge(
            x0=COLUMNS[start[0]][0],
            x1=COLUMNS[start[0]][1],
            y1=middles[start],
            x2=COLUMNS[end[0]][0],
            y2=middles[end],
            width=round(max(1.0, WIDEST * share / widest), 2),
            paths=tuple(number for number in through[start] if number in through[end]),
            alike=start[0] == 3 and start[1] == "item",
        )
        for start, end, share in graph.edges(data="share")
    )
    return PathPicture(
        height=round(HEAD + tallest * row), heads=_heads(), row=row, nodes=nodes, edges=edges, paths=tuple(shown)
    )


def depth_rows(graph: GraphScore) -> list[tuple[str, float]]:
    """The graph score by depth in words, with what each part adds; parts that are not there are left out."""
    first, second, *deeper = *graph.people, *(0.0,) * max(2 - len(graph.people), 0)
    rows = [
        ("Your own vector", graph.own),
        ("Your items themselves", graph.items),
        ("People who met them", first),
        ("What else these people met", second),
        ("Further on", sum(deeper)),
        ("Back through yourself", graph.echo),
        ("Items newer than the graph", graph.new),
    ]
    return [(label, value) for label, value in rows if value]


def coverage(graph: GraphScore, paths: Sequence[EvidencePath]) -> str:
    """How much of the score the paths of an explanation carry, as one sentence."""
    count = f"The {len(paths)} strongest of {graph.paths:,} paths"
    return (
        f"{count}, at most three through one item, carry {percent(graph.shown, 1)} of what speaks for it in the graph."
    )


def _graph(paths: Sequence[EvidencePath], target: Item) -> tuple[nx.DiGraph, list[EvidencePath]]:
    """As many of the strongest paths as the picture has room for."""
    graph: nx.DiGraph = nx.DiGraph()
    shown: list[EvidencePath] = []
    for path in paths:
        nodes = _nodes(path, target)
        if len(graph) + sum(name not in graph for name, _, _ in nodes) > MAX_NODES:
            break
        for name, kind, label in nodes:
            graph.add_node(name, kind=kind, label=label)
        for (start, _, _), (end, _, _) in pairwise(nodes):
            before = graph.edges[start, end]["share"] if graph.has_edge(start, end) else 0.0
            graph.add_edge(start, end, share=before + path.share)
        shown.append(path)
    return graph, shown


def _nodes(path: EvidencePath, target: Item) -> list[tuple[Name, str, str]]:
    """Name, kind and label of a path's five nodes."""
    you, item, person, *onward = path.steps
    if path.met:
        way, kind, label = (3, "way", "met"), "way", "met it too"
    elif onward:
        way, kind, label = (3, "item", onward[0].item_id or ""), "item", onward[0].label
    else:
        way, kind, label = (3, "way", "taste"), "way", "taste like its readers"
    return [
        ((0, "you", ""), "you", you.label),
        ((1, "item", item.item_id or ""), "item", item.label),
        ((2, "person", person.label), "person", person.label),
        (way, kind, label),
        ((4, "target", ""), "target", target.title),
    ]


def _numbers(paths: Sequence[EvidencePath], target: Item, name: Name) -> tuple[int, ...]:
    return tuple(number for number, path in enumerate(paths) if any(name == one for one, _, _ in _nodes(path, target)))


def _ordered(graph: nx.DiGraph) -> dict[int, list[Name]]:
    """Columns whose nodes stand near the mean place of those they are linked to, so that few edges cross."""
    columns: dict[int, list[Name]] = {}
    for name in graph.nodes:
        columns.setdefault(name[0], []).append(name)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        places = _spread(columns)
        for column in sorted(columns, reverse=not forward):
            linked = graph.predecessors if forward else graph.successors
            means = {}
            for name in columns[column]:
                others = [places[other] for other in linked(name)]
                means[name] = sum(others) / len(others) if others else places[name]
            columns[column].sort(key=means.__getitem__)
            places |= _spread({column: columns[column]})
    return columns


def _spread(columns: Mapping[int, Sequence[Name]]) -> dict[Name, float]:
    """Nodes evenly over the height, 0..1."""
    return {name: (row + 0.5) / len(names) for names in columns.values() for row, name in enumerate(names)}


def _heads() -> tuple[tuple[float, str], ...]:
    return tuple((left * 100 / WIDTH, head) for (left, _), head in zip(COLUMNS, HEADS, strict=True) if head)
