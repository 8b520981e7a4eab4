"""Plotly figures of the Why tab. Colours are the channels'; text and lines take their colour from ``page.css``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from evaluation.plots import plain
from pipeline.explanation import Contribution
from pipeline.query import ChannelScore
from serving.ui.theme import GAIN, LOSS, channel_colour, channel_label

FONT = "IBM Plex Sans, system-ui, sans-serif"
GRID = "rgba(128, 120, 110, .22)"
LEAST = 5e-4
"""Smaller contributions round to nothing."""
NEWEST = 50
"""History items of the timeline."""
TICKS = 5
"""Numbers along it, about: a phone has room for no more."""
AXIS = "rgba(128, 120, 110, .7)"


def score_by_channel(
    channels: Mapping[str, ChannelScore], baseline: Mapping[str, ChannelScore] | None = None
) -> go.Figure:
    """One stacked bar: what each channel adds to the score, negative ones to the left of zero.

    Args:
        channels: contributions that sum to the score.
        baseline: those of the full history, drawn as a ghost above, in a what-if.
    """
    figure = go.Figure()
    rows = [("Without them", channels, 1.0)] if baseline is not None else [("Score", channels, 1.0)]
    if baseline is not None:
        rows.append(("Full history", baseline, 0.35))
    order = sorted(channels, key=lambda name: -abs(channels[name].contribution))
    for label, scores, opacity in rows:
        for name in order:
            if name not in scores or abs(scores[name].contribution) < LEAST:
                continue
            figure.add_bar(
                x=[scores[name].contribution],
                y=[label],
                orientation="h",
                name=channel_label(name),
                marker={"color": channel_colour(name), "opacity": opacity, "line": {"width": 0}},
                width=0.5 if opacity == 1.0 else 0.28,
                hovertemplate=f"{channel_label(name)}: %{{x:+.3f}}<extra></extra>",
            )
    figure.update_layout(barmode="relative", yaxis={"automargin": True, "showgrid": False})
    return calm(figure, x_title="contribution (score units)", height=150 if baseline is not None else 112)


def timeline(contributions: Sequence[Contribution]) -> go.Figure | None:
    """The newest of the dated history: how far the score falls without each item; None where nothing is dated."""
    dated = sorted((part for part in contributions if part.time is not None), key=lambda part: str(part.time))
    if not dated:
        return None
    first = max(len(dated) - NEWEST, 0)
    dated = dated[first:]
    order = list(range(first + 1, first + len(dated) + 1))
    values = [part.counterfactual for part in dated]
    hover = [
        f"{plain(part.item.title)}, {part.time:%d %b %Y}{', estimated' if part.estimated else ''}" for part in dated
    ]
    figure = go.Figure(
        go.Bar(
            x=order,
            y=values,
            customdata=hover,
            marker={"color": [GAIN if value >= 0 else LOSS for value in values], "line": {"width": 0}},
            hovertemplate="%{customdata}: %{y:+.3f}<extra></extra>",
        )
    )
    figure.update_layout(
        bargap=0.35,
        yaxis={"title": {"text": "score lost without it<br>(score units)", "font": {"size": 13}}, "automargin": True},
        xaxis={"showgrid": False, "dtick": max(1, len(order) // TICKS), "tickangle": 0},
    )
    return calm(figure, x_title="history item (number, oldest first)", height=240)


def calm(figure: go.Figure, *, x_title: str, height: int) -> go.Figure:
    """The look of all charts of the page: no ground, one font, no controls."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 13, "color": "#7a736a"},
        hoverlabel={"font": {"family": FONT, "size": 13}},
        showlegend=False,  # the page names the colours above the chart
        dragmode=False,
        autosize=True,
    )
    figure.update_xaxes(
        title={"text": x_title, "font": {"size": 13}},
        gridcolor=GRID,
        zeroline=True,
        zerolinecolor=AXIS,
        automargin=True,
        fixedrange=True,
    )
    figure.update_yaxes(gridcolor=GRID, zeroline=True, zerolinecolor=AXIS, fixedrange=True)
    return figure
