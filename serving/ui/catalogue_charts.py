"""Plotly figures of the catalogue: its map, and how items fare after their launch. For the page and for files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from evaluation.launches import Launches
from evaluation.plots import plain
from pipeline.catalogue_map import CatalogueMap, MapPoint
from serving.ui.charts import AXIS, GRID, calm
from serving.ui.render import subtitle
from serving.ui.theme import GAIN, channel_colour
from store.errors import InputError

CATEGORY_COLOURS = (
    "#2f86a6", "#c2672d", "#4f9150", "#8563b5", "#a8841b", "#3f7fbf", "#b0564c", "#6f7f2a",
)  # fmt: skip
"""Of the most frequent main categories; at least 3:1 on both grounds. All others share ``OTHER``."""
OTHER = "#8a8379"
NEW = channel_colour("new")
LABELLED = 12
"""New items that carry their title on the map; more would cover one another."""
WEBGL_FROM = 3_000
"""Points from which the browser draws them with WebGL: crisp SVG below, fast beyond."""
TITLE = 28
"""Characters of a title on the map."""


def main_categories(points: Sequence[MapPoint]) -> dict[str, str]:
    """The most frequent main categories with their colours."""
    counts = Counter(point.category for point in points if point.category)
    names = [name for name, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]
    return dict(zip(names, CATEGORY_COLOURS, strict=False))


def catalogue_map(drawn: CatalogueMap, *, height: int = 560) -> go.Figure:
    """Known items as dots in the colour of their main category, new ones as ringed diamonds above them."""
    colours = main_categories(drawn.points)
    groups: dict[str, list[MapPoint]] = {name: [] for name in (*colours, "Other")}
    new = [point for point in drawn.points if point.is_new]
    for point in drawn.points:
        if not point.is_new:
            groups[point.category if point.category in colours else "Other"].append(point)
    trace = go.Scattergl if len(drawn.points) >= WEBGL_FROM else go.Scatter
    size = 7 if len(drawn.points) < WEBGL_FROM else 5
    figure = go.Figure()
    for name, points in groups.items():
        if points:
            marker = {"size": size, "color": colours.get(name, OTHER), "opacity": 0.75, "line": {"width": 0}}
            figure.add_trace(trace(**_dots(points), mode="markers", marker=marker, name=plain(name)))
    if new:
        titles = [plain(point.item.title[:TITLE]) for point in new] if len(new) <= LABELLED else None
        marker = {"size": 13, "color": NEW, "symbol": "diamond", "line": {"width": 2, "color": "#ffffff"}}
        label = {"mode": "markers+text", "text": titles, "textposition": "top center"} if titles else {}
        figure.add_trace(
            trace(
                **_dots(new), **({"mode": "markers"} | label), marker=marker, name=f"New since training: {len(new):,}"
            )
        )
    calm(figure, x_title="", height=height)
    figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "y": -0.02, "yanchor": "top", "itemsizing": "constant"},
        dragmode="zoom",
        hovermode="closest",
        margin={"l": 0, "r": 0, "t": 8, "b": 8},
    )
    figure.update_xaxes(visible=False, fixedrange=False)
    figure.update_yaxes(visible=False, fixedrange=False, scaleanchor="x")
    return figure


def _dots(points: Sequence[MapPoint]) -> dict[str, object]:
    return {
        "x": [round(point.x, 4) for point in points],
        "y": [round(point.y, 4) for point in points],
        "customdata": [
            [point.item.item_id, plain(point.item.title), plain(subtitle(point.item)), bool(point.item.image)]
            for point in points
        ],
        "hovertemplate": "%{customdata[1]}<br>%{customdata[2]}<extra></extra>",
    }


def launches(report: Launches, *, height: int = 480) -> go.Figure:
    """Impressions, click rate with its interval and mean rank of the launched items by their age."""
    figure = make_subplots(rows=3, shared_xaxes=True, vertical_spacing=0.08)
    days = [age.day for age in report.ages]
    shown = [age.traffic.impressions for age in report.ages]
    figure.add_bar(
        x=days, y=shown, marker={"color": channel_colour("popularity")}, row=1, col=1,
        customdata=[age.items for age in report.ages],
        hovertemplate="day %{x}: %{y:,} impressions, %{customdata:,} items are that old<extra></extra>",
    )  # fmt: skip
    rated = [(age.day, rate) for age in report.ages if (rate := age.traffic.click_rate) is not None]
    figure.add_scatter(
        x=[day for day, _ in rated],
        y=[rate.mean for _, rate in rated],
        error_y={
            "type": "data",
            "array": [rate.high - rate.mean for _, rate in rated],
            "arrayminus": [rate.mean - rate.low for _, rate in rated],
            "thickness": 1.2,
            "width": 3,
        },
        customdata=[[rate.low, rate.high] for _, rate in rated],
        mode="lines+markers",
        line={"color": GAIN, "width": 1.5},
        marker={"color": GAIN, "size": 7},
        hovertemplate="day %{x}: %{y:.1%} clicked (%{customdata[0]:.1%} to %{customdata[1]:.1%})<extra></extra>",
        row=2,
        col=1,
    )
    figure.add_scatter(
        x=days, y=[age.traffic.mean_rank for age in report.ages], mode="lines+markers", row=3, col=1,
        line={"color": channel_colour("sasrec"), "width": 1.5}, marker={"size": 7, "symbol": "square"},
        hovertemplate="day %{x}: place %{y:.1f} on average<extra></extra>",
    )  # fmt: skip
    calm(figure, x_title="", height=height)
    figure.update_xaxes(title={"text": "days since the item arrived", "font": {"size": 13}}, row=3, col=1)
    for row, title in enumerate(("impressions", "click rate", "mean rank"), start=1):
        figure.update_yaxes(title={"text": title, "font": {"size": 13}}, automargin=True, row=row, col=1)
    figure.update_yaxes(rangemode="tozero", tickformat=".0%", row=2, col=1)
    figure.update_yaxes(autorange="reversed", row=3, col=1)
    figure.update_xaxes(dtick=max(1, len(days) // 8), tickangle=0)
    return figure


def write_figure(figure: go.Figure, path: Path, *, width: int = 1_200) -> None:
    """Into a file by its name: .html needs nothing, .png and .svg are drawn by a Chrome or Chromium of this machine.

    Raises:
        InputError: another kind of file, or there is nothing to draw pictures with.
    """
    figure.update_layout(paper_bgcolor="#ffffff", plot_bgcolor="#ffffff", font={"color": "#3b3733"})
    figure.update_xaxes(gridcolor=GRID, zerolinecolor=AXIS)
    if path.suffix == ".html":
        figure.write_html(path, include_plotlyjs=True)
        return
    if path.suffix not in (".png", ".svg"):
        raise InputError(f"{path.name!r} is none of .png, .svg, .html", fix="Name the file by what it should be.")
    layout: Any = figure.layout
    try:
        figure.write_image(path, width=width, height=layout.height, scale=2)
    except (ImportError, ValueError, RuntimeError) as error:
        raise InputError(
            f"{path.name!r} cannot be drawn here: {str(error).strip().splitlines()[0]}",
            fix="Install Chrome or Chromium and `pip install kaleido`, or write an .html, which needs neither.",
        ) from error
