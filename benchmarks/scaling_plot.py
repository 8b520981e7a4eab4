"""The plot of `benchmarks.scaling`: seconds and memory over interactions, a line per scorer, both axes logarithmic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from benchmarks.harness import Row

_LINES = (
    ("#1a1a1a", "solid", "circle", "●"),
    ("#d9480f", "dash", "diamond", "◆"),
    ("#4c7fd1", "dot", "square", "■"),
    ("#2f9e78", "dashdot", "triangle-up", "▲"),
    ("#a06cd5", "longdash", "x", "✖"),
)
"""Colour, dash and marker, and the marker in a label: each alone tells the scorers apart, in print without colours too.
"""

_APART = 0.055
"""Least distance of two labels, as a share of the height of a panel."""

_MARGIN = 0.12
"""Around the points, in powers of ten."""

_FEW_DECADES = 2.5


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
        for (scorer, points), (colour, dash, marker, _) in zip(lines.items(), _LINES, strict=False):
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
        if any(lines.values()):
            low, high = _extent(lines)
            # A name that had to move up needs room too: Plotly leaves out what lies beyond the range.
            high = max(high, _label(drawing, lines, column, least=_APART * (high - low)) + _MARGIN)
            ticks = _ticks(low, high)
            drawing.update_yaxes(
                title=title, range=[low, high], tickvals=ticks, ticktext=[f"{tick:,g}" for tick in ticks], col=column
            )
    drawing.update_xaxes(title="interactions", tickvals=sizes, ticktext=[_power(size) for size in sizes])
    drawing.update_xaxes(range=[math.log10(sizes[0]) - _MARGIN, math.log10(sizes[-1]) + _MARGIN])
    for axes in (drawing.update_xaxes, drawing.update_yaxes):
        axes(type="log", gridcolor="#dddddd", linecolor="#888888", title_font_size=14, tickfont_size=13)
    drawing.update_layout(
        template="none",
        showlegend=False,
        font={"family": "system-ui, sans-serif", "size": 13},
        margin={"l": 80, "r": 120, "t": 20, "b": 60},
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


def _extent(lines: dict[str, list[tuple[int, float]]]) -> tuple[float, float]:
    """From a little below the lowest to a little above the highest point, as exponents of ten."""
    values = [value for points in lines.values() for _, value in points]
    return math.log10(min(values)) - _MARGIN, math.log10(max(values)) + _MARGIN


def _ticks(low: float, high: float) -> list[float]:
    """Powers of ten between two exponents, with twice and five times each where they are few."""
    steps = (1, 2, 5) if high - low < _FEW_DECADES else (1,)
    powers = range(math.floor(low), math.ceil(high))
    return [step * 10.0**power for power in powers for step in steps if low <= math.log10(step) + power <= high]


def _label(drawing: go.Figure, lines: dict[str, list[tuple[int, float]]], column: int, *, least: float) -> float:
    """Each line's name at its end, in its colour, moved up where it would lie on another; how high the last one is."""
    below = -math.inf
    styles = dict(zip(lines, _LINES, strict=False))
    ends = {scorer: points[-1] for scorer, points in lines.items() if points}
    for scorer, (size, value) in sorted(ends.items(), key=lambda end: end[1][1]):
        colour, _, _, marker = styles[scorer]
        below = max(math.log10(value), below + least)
        drawing.add_annotation(
            x=math.log10(size),
            y=below,
            text=f"{marker} {scorer}",
            font={"color": colour},
            showarrow=False,
            xanchor="left",
            xshift=9,
            row=1,
            col=column,
        )
    return below


def _power(size: int) -> str:
    """100000 -> "10<sup>5</sup>"; what is no power of ten as it is."""
    exponent = round(math.log10(size))
    return f"10<sup>{exponent}</sup>" if size == 10**exponent else f"{size:,}"
