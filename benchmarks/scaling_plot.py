"""The plot of `benchmarks.scaling`: seconds and memory over interactions, a line per scorer, both axes logarithmic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from benchmarks.harness import Row

_LINES = (
    ("#1a1a1a", "solid", "circle"),
    ("#d9480f", "dash", "diamond"),
    ("#4c7fd1", "dot", "square"),
    ("#2f9e78", "dashdot", "triangle-up"),
    ("#a06cd5", "longdash", "x"),
)
"""Colour, dash and marker: each alone tells the scorers apart, so that print without colours does."""

_APART = 0.055
"""Least distance of two labels, as a share of the height of a panel."""


def plot(rows: Sequence[Row], path: Path) -> None:
    """Draw rows into an .svg or .png."""
    figure(rows).write_image(path, width=1_000, height=460, scale=2)


def figure(rows: Sequence[Row]) -> go.Figure:
    """Two panels: seconds of an epoch or a fit on the left, peak memory on the right."""
    drawing = make_subplots(cols=2, horizontal_spacing=0.2)
    scorers = list(dict.fromkeys(row["name"].rpartition("_")[0] for row in rows))
    sizes = sorted({row["interactions"] for row in rows})
    for column, (title, keys) in enumerate(
        (("seconds of an epoch (or a whole fit)", ("epoch_s", "fit_s")), ("peak memory, MB", ("peak_mb",))), start=1
    ):
        lines = {scorer: _points(rows, scorer, keys) for scorer in scorers}
        for (scorer, points), (colour, dash, marker) in zip(lines.items(), _LINES, strict=False):
            drawing.add_scatter(
                x=[size for size, _ in points],
                y=[value for _, value in points],
                name=scorer,
                mode="lines+markers",
                line={"color": colour, "dash": dash, "width": 2},
                marker={"symbol": marker, "size": 8, "color": colour},
                row=1,
                col=column,
            )
        _label(drawing, lines, column)
        drawing.update_yaxes(title=title, col=column)
    drawing.update_xaxes(title="interactions", tickvals=sizes, ticktext=[_power(size) for size in sizes])
    for axes in (drawing.update_xaxes, drawing.update_yaxes):
        axes(type="log", gridcolor="#dddddd", linecolor="#888888", minor_ticks="outside", automargin=True)
    drawing.update_yaxes(dtick=1, exponentformat="power")
    drawing.update_layout(
        template="none",
        showlegend=False,
        font={"family": "system-ui, sans-serif", "size": 13},
        margin={"l": 70, "r": 110, "t": 20, "b": 55},
        paper_bgcolor="white",
        plot_bgcolor="white",
    )
    return drawing


def _points(rows: Sequence[Row], scorer: str, keys: Sequence[str]) -> list[tuple[int, float]]:
    """Interactions and the first of the figures that a row has; rows without any are left out."""
    found = [
        (row["interactions"], next((row[key] for key in keys if row.get(key) is not None), None))
        for row in rows
        if row["name"].rpartition("_")[0] == scorer
    ]
    return sorted((size, value) for size, value in found if value)


def _label(drawing: go.Figure, lines: dict[str, list[tuple[int, float]]], column: int) -> None:
    """Each line's name at its end, in its colour, moved up where it would lie on another."""
    values = [value for points in lines.values() for _, value in points]
    if not values:
        return
    # A tenth of the height lies below the lowest and above the highest point.
    low, high = math.log10(min(values)), math.log10(max(values))
    span = max(high - low, 1.0) * 1.2
    drawing.update_yaxes(range=[(low + high - span) / 2, (low + high + span) / 2], col=column)
    below = -math.inf
    colours = {scorer: style[0] for scorer, style in zip(lines, _LINES, strict=False)}
    for scorer, points in sorted(lines.items(), key=lambda line: line[1][-1][1] if line[1] else 0.0):
        if not points:
            continue
        size, value = points[-1]
        at = max(math.log10(value), below + _APART * span)
        below = at
        drawing.add_annotation(
            x=math.log10(size),
            y=at,
            text=scorer,
            font={"color": colours[scorer]},
            showarrow=False,
            xanchor="left",
            xshift=9,
            row=1,
            col=column,
        )


def _power(size: int) -> str:
    """100000 -> "10<sup>5</sup>"; what is no power of ten as it is."""
    exponent = round(math.log10(size))
    return f"10<sup>{exponent}</sup>" if size == 10**exponent else f"{size:,}"
