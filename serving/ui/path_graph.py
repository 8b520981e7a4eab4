"""Evidence paths as a picture: you, what you know, people like you, the item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx

from pipeline.query import EvidencePath

WIDTH = 720
ROW = 56
LABEL = 22  # characters of a node's label
MARGIN_X = 88
MAX_PATHS = 8


@dataclass(frozen=True)
class Node:
    """A drawn node, in the units of the picture."""

    x: float
    y: float
    kind: str
    label: str
    full: str


@dataclass(frozen=True)
class Edge:
    """A drawn edge; ``width`` in the units of the picture."""

    x1: float
    y1: float
    x2: float
    y2: float
    width: float


@dataclass(frozen=True)
class PathPicture:
    """What ``paths.html`` draws."""

    width: int
    height: int
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    description: str


def path_picture(paths: Sequence[EvidencePath]) -> PathPicture | None:
    """Lay the strongest paths out in columns; None where there are none. Edges are as wide as their share."""
    strongest = paths[:MAX_PATHS]
    if not strongest:
        return None
    graph = _ordered(strongest)
    columns: dict[int, list[object]] = {}
    for name in graph.nodes:
        columns.setdefault(name[0], []).append(name)
    height = ROW * max(map(len, columns.values())) + 32
    places = {name: _place(columns, layer, row, height) for layer in columns for row, name in enumerate(columns[layer])}
    widest = max(share for *_, share in graph.edges(data="share"))
    nodes = tuple(
        Node(*places[name], kind=data["kind"], label=_short(data["label"]), full=data["label"])
        for name, data in graph.nodes(data=True)
    )
    edges = tuple(
        Edge(*places[start], *places[end], width=round(1 + 5 * share / widest, 2))
        for start, end, share in graph.edges(data="share")
    )
    described = "; ".join(" to ".join(step.label for step in path.steps) + f", {path.share:.0%}" for path in strongest)
    return PathPicture(WIDTH, height, nodes, edges, described)


def _place(columns: Mapping[int, Sequence[object]], layer: int, row: int, height: int) -> tuple[float, float]:
    across = layer / (len(columns) - 1 or 1)
    down = (row + 0.5) / len(columns[layer])
    return round(MARGIN_X + across * (WIDTH - 2 * MARGIN_X), 1), round(down * (height - 16), 1)


def _ordered(paths: Sequence[EvidencePath]) -> nx.DiGraph:
    """Nodes by column, each near the mean place of those it is reached from, so that few edges cross."""
    graph: nx.DiGraph = nx.DiGraph()
    for column in range(max(len(path.steps) for path in paths)):
        reached: dict[tuple[int, str, str], list[int]] = {}
        places = {name: place for place, name in enumerate(graph.nodes)}
        for path in paths:
            if column < len(path.steps):
                origin = places.get(_name(path, column - 1), 0) if column else 0
                reached.setdefault(_name(path, column), []).append(origin)
        labels = {_name(path, column): path.steps[column] for path in paths if column < len(path.steps)}
        for name in sorted(reached, key=lambda one: sum(reached[one]) / len(reached[one])):
            graph.add_node(name, kind=labels[name].kind, label=labels[name].label)
    for path in paths:
        for start, end in pairwise(_name(path, column) for column in range(len(path.steps))):
            share = graph.edges[start, end]["share"] + path.share if graph.has_edge(start, end) else path.share
            graph.add_edge(start, end, share=share)
    return graph


def _name(path: EvidencePath, column: int) -> tuple[int, str, str]:
    step = path.steps[column]
    return column, step.kind, step.item_id or step.label


def _short(label: str) -> str:
    return label if len(label) <= LABEL else label[: LABEL - 1].rstrip() + "…"
