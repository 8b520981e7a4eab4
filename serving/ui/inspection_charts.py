"""Plotly figures of the Compare and Audit views, in the look of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from evaluation import audit_plots
from evaluation.audit import Audit
from pipeline.explanation import Contrast
from pipeline.query import ChannelScore
from serving.ui.charts import LEAST, calm
from serving.ui.theme import channel_colour, channel_label


def contrast_by_channel(contrast: Contrast) -> go.Figure:
    """One bar for each channel: to the right what speaks for the first item, to the left for the other."""
    parts = sorted(contrast.channels.items(), key=lambda pair: abs(pair[1]))
    parts = [(name, value) for name, value in parts if abs(value) >= LEAST]
    figure = go.Figure(
        go.Bar(
            x=[value for _, value in parts],
            y=[channel_label(name) for name, _ in parts],
            orientation="h",
            marker={"color": [channel_colour(name) for name, _ in parts], "line": {"width": 0}},
            hovertemplate="%{y}: %{x:+.3f}<extra></extra>",
        )
    )
    figure.update_layout(bargap=0.4)
    calm(figure, x_title="difference (score units)", height=72 + 32 * max(len(parts), 1))
    figure.update_yaxes(automargin=True, showgrid=False)
    return figure


def standings(rows: Sequence[tuple[str, Mapping[str, ChannelScore]]]) -> go.Figure:
    """One stacked bar for each snapshot: what each channel adds to an item's score, negative ones left of zero.

    Args:
        rows: label and contributions, the first at the top.
    """
    figure = go.Figure()
    for name in drawn_channels([channels for _, channels in rows]):
        values = [channels[name].contribution if name in channels else 0.0 for _, channels in rows]
        figure.add_bar(
            x=values,
            y=[label for label, _ in rows],
            orientation="h",
            name=channel_label(name),
            marker={"color": channel_colour(name), "line": {"width": 0}},
            hovertemplate=f"{channel_label(name)}: %{{x:+.3f}}<extra></extra>",
        )
    figure.update_layout(barmode="relative", bargap=0.5)
    calm(figure, x_title="contribution (score units)", height=64 + 48 * len(rows))
    figure.update_yaxes(automargin=True, showgrid=False, autorange="reversed")
    return figure


def drawn_channels(rows: Sequence[Mapping[str, ChannelScore]]) -> list[str]:
    """Channels that add something visible in any of the rows, by label."""
    names = {name for row in rows for name, score in row.items() if abs(score.contribution) >= LEAST}
    return sorted(names, key=channel_label)


def audit_deciles(audit: Audit) -> go.Figure:
    """Exposure by popularity."""
    return _panel(audit_plots.deciles(audit), "deciles", height=320)


def audit_lorenz(audit: Audit) -> go.Figure:
    """Concentration."""
    figure = _panel(audit_plots.lorenz(audit), "lorenz", height=320)
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    figure.update_xaxes(tickvals=ticks)
    figure.update_yaxes(tickvals=ticks)
    figure.update_layout(margin={"l": 8, "r": 24, "t": 8, "b": 8})
    return figure


def audit_categories(audit: Audit) -> go.Figure:
    """Exposure by category."""
    return _panel(audit_plots.categories(audit), "categories", height=72 + 28 * len(audit.categories))


def _panel(figure: go.Figure, name: str, *, height: int) -> go.Figure:
    x, y = audit_plots.AXES[name]
    calm(figure, x_title=x, height=height)
    return figure.update_yaxes(title={"text": y, "font": {"size": 13}}, automargin=True, ticksuffix=" ")
