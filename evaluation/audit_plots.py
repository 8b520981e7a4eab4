"""The figures of an audit, for the page, its report and one picture of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from evaluation.audit import NEW, Audit, Share
from evaluation.plots import plain, whiskers

LISTED, HISTORY = "#2b8f7e", "#8a8379"
"""Of what is recommended, and of what the same readers chose; at least 3:1 on light and dark grounds."""
WEIGHTED = "#a8841b"
_EVEN = "rgba(128, 120, 110, .7)"
"""Characters of a category or a group."""
AXES = {
    "deciles": ("popularity decile (1: met by the fewest)", "share of places (of history)"),
    "categories": ("share of places (of history)", ""),
    "lorenz": ("share of items, least exposed first", "share of all exposure"),
}
"""Titles of x and y."""
NAMES = {"history": "Their histories", "listed": "Their lists", "weighted": "Their lists, weighted by place"}
_COLOURS = {"history": HISTORY, "listed": LISTED, "weighted": WEIGHTED}


def deciles(audit: Audit) -> go.Figure:
    """Share of places and of histories by popularity."""
    figure = go.Figure()
    _add_deciles(figure, audit.deciles)
    figure.update_layout(barmode="group", bargap=0.25, bargroupgap=0.05)
    return figure


def categories(audit: Audit) -> go.Figure:
    """The same by category, the largest at the top."""
    figure = go.Figure()
    _add_categories(figure, audit.categories)
    figure.update_layout(barmode="group", bargap=0.25, bargroupgap=0.05)
    return figure


def lorenz(audit: Audit) -> go.Figure:
    """How much of all exposure the least exposed items get."""
    figure = go.Figure()
    _add_lorenz(figure, audit)
    return figure


def overview(audit: Audit) -> go.Figure:
    """All in one picture, with the figures that matter in its title."""
    rows = max(len(audit.categories), 1)
    top, bottom = 420, 120 + 30 * rows
    figure = make_subplots(
        rows=2, cols=2, vertical_spacing=90 / (top + bottom), horizontal_spacing=0.1, row_heights=[top, bottom],
        specs=[[{}, {}], [{"colspan": 2}, None]],
    )  # fmt: skip
    _add_deciles(figure, audit.deciles, row=1, col=1)
    _add_lorenz(figure, audit, row=1, col=2, legend=False)
    _add_categories(figure, audit.categories, legend=False, row=2, col=1)
    figure.update_layout(
        template="none",
        barmode="group",
        bargap=0.25,
        height=top + bottom + 160,
        margin={"l": 72, "r": 32, "t": 132, "b": 64},
        font={"family": "system-ui, sans-serif", "size": 13},
        title={"text": "<br>".join(headline(audit)), "x": 0.01, "y": 0.985, "yanchor": "top", "font": {"size": 15}},
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"},
    )
    return figure


def headline(audit: Audit) -> list[str]:
    """The figures in three lines of text."""
    lines = [
        f"<b>{plain(audit.group[:1].upper() + audit.group[1:])}</b>: {audit.readers:,} readers, the first {audit.k} "
        f"places, snapshot {audit.snapshot_id}",
        f"{audit.coverage:.1%} of {audit.items:,} items are shown to somebody; Gini {audit.listed.gini:.3f}, in the "
        f"histories {audit.history.gini:.3f}",
    ]
    if audit.calibration is not None:
        found = audit.calibration
        lines.append(
            f"Calibration {found.listed.mean:.3f} nats ({found.listed.low:.3f} to {found.listed.high:.3f}); drawn from "
            f"their histories {found.drawn.mean:.3f}, the most met items {found.popular.mean:.3f}"
        )
    return lines


def _add_deciles(figure: go.Figure, shares: Sequence[Share], **where: Any) -> None:
    labels = [share.label for share in shares]
    ranges = [_range(share) for share in shares]
    for side in ("history", "listed"):
        found = [getattr(share.share, side) for share in shares]
        figure.add_bar(
            x=labels,
            y=[one.mean for one in found],
            error_y=whiskers(found),
            name=NAMES[side],
            marker={"color": _COLOURS[side], "line": {"width": 0}},
            customdata=[
                [text, one.low, one.high, share.items]
                for text, one, share in zip(ranges, found, shares, strict=True)
            ],
            hovertemplate="decile %{x} (%{customdata[0]}, %{customdata[3]:,} items): %{y:.1%}"
            " (%{customdata[1]:.1%} to %{customdata[2]:.1%})<extra></extra>",
            **where,
        )  # fmt: skip
    figure.add_scatter(
        x=labels,
        y=[share.share.weighted.mean for share in shares],
        mode="markers",
        name=NAMES["weighted"],
        marker={"color": WEIGHTED, "symbol": "diamond", "size": 9},
        hovertemplate="decile %{x}, weighted by place: %{y:.1%}<extra></extra>",
        **where,
    )
    x, y = AXES["deciles"]
    figure.update_xaxes(title={"text": x}, type="category", tickangle=0, **where)
    figure.update_yaxes(title={"text": y}, tickformat=".0%", rangemode="tozero", **where)


def _add_categories(figure: go.Figure, shares: Sequence[Share], *, legend: bool = True, **where: Any) -> None:
    labels = [plain(share.label) for share in shares]
    for side in ("listed", "history"):  # plotly draws the first bar of a group lowest
        found = [getattr(share.share, side) for share in shares]
        figure.add_bar(
            y=labels,
            x=[one.mean for one in found],
            error_x=whiskers(found),
            orientation="h",
            name=NAMES[side],
            showlegend=legend,
            marker={"color": _COLOURS[side], "line": {"width": 0}},
            customdata=[[one.low, one.high, share.items] for one, share in zip(found, shares, strict=True)],
            hovertemplate="%{y} (%{customdata[2]:,} items): %{x:.1%}"
            " (%{customdata[0]:.1%} to %{customdata[1]:.1%})<extra></extra>",
            **where,
        )
    figure.update_yaxes(autorange="reversed", automargin=True, tickangle=0, **where)
    figure.update_xaxes(title={"text": AXES["categories"][0]}, tickformat=".0%", rangemode="tozero", **where)


def _add_lorenz(figure: go.Figure, audit: Audit, *, legend: bool = True, **where: Any) -> None:
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", name="All alike", showlegend=legend, hoverinfo="skip",
        line={"color": _EVEN, "width": 1, "dash": "dot"}, **where,
    )  # fmt: skip
    for side in ("history", "listed", "weighted"):
        curve = getattr(audit, side)
        figure.add_scatter(
            x=[point / (len(curve.lorenz) - 1) for point in range(len(curve.lorenz))],
            y=list(curve.lorenz),
            mode="lines",
            name=f"{NAMES[side]}: Gini {curve.gini:.3f}",
            showlegend=legend,
            line={"color": _COLOURS[side], "width": 2, "dash": "dash" if side == "weighted" else "solid"},
            hovertemplate=f"{NAMES[side]}: the least exposed %{{x:.0%}} of the items get %{{y:.1%}}<extra></extra>",
            **where,
        )
    x, y = AXES["lorenz"]
    figure.update_xaxes(title={"text": x}, tickformat=".0%", range=[0, 1], **where)
    figure.update_yaxes(title={"text": y}, tickformat=".0%", range=[0, 1], **where)


def _range(share: Share) -> str:
    if share.label == NEW:
        return "met by nobody in training"
    return f"met by {share.low:,}" + (f" to {share.high:,}" if share.high > share.low else "")
