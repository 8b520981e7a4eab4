"""Evidence paths as a picture: you, what you know, people like you, the item."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
    graph: nx.DiGraph = nx.DiGraph()
    for path in strongest:
        names = []
        for column, step in enumerate(path.steps):
            name = (column, step.kind, step.item_id or step.label)
            graph.add_node(name, layer=column, kind=step.kind, label=step.label)
            names.append(name)
        for start, end in pairwise(names):
            share = graph.edges[start, end]["share"] + path.share if graph.has_edge(start, end) else path.share
            graph.add_edge(start, end, share=share)
    fullest = max(Counter(data["layer"] for _, data in graph.nodes(data=True)).values())
    height = ROW * fullest + 32
    places = nx.multipartite_layout(graph, subset_key="layer")
    xs = [place[0] for place in places.values()]
    ys = [place[1] for place in places.values()]
    widest = max(share for *_, share in graph.edges(data="share"))

    def place(name: object) -> tuple[float, float]:
        x, y = places[name]
        across = (x - min(xs)) / ((max(xs) - min(xs)) or 1)
        down = (y - min(ys)) / ((max(ys) - min(ys)) or 1) if max(ys) > min(ys) else 0.5
        return round(MARGIN_X + across * (WIDTH - 2 * MARGIN_X), 1), round(28 + down * (height - 72), 1)

    nodes = tuple(
        Node(*place(name), kind=data["kind"], label=_short(data["label"]), full=data["label"])
        for name, data in graph.nodes(data=True)
    )
    edges = tuple(
        Edge(*place(start), *place(end), width=round(1 + 5 * share / widest, 2))
        for start, end, share in graph.edges(data="share")
    )
    described = "; ".join(" to ".join(step.label for step in path.steps) + f", {path.share:.0%}" for path in strongest)
    return PathPicture(WIDTH, height, nodes, edges, described)


def _short(label: str) -> str:
    return label if len(label) <= LABEL else label[: LABEL - 1].rstrip() + "…"
