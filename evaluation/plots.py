"""The figures of the report. Colours of text, axes and grid come from the page, so that they follow light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from evaluation.intervals import Interval
from evaluation.results import Faithfulness, Report, Slice, TrainingCurve

LABEL = 60
"""Characters of a label."""
_ACCENT = "#d9480f"
_OTHERS = ("#4c7fd1", "#2f9e78", "#a06cd5", "#c99a1a", "#3aa6b9", "#c2559b", "#7d8a99", "#8c6d46")
_MARKERS = ("diamond", "circle", "square", "triangle-up", "x", "star", "cross", "hexagon", "pentagon")


def colours(report: Report) -> dict[str, str]:
    """One colour per system, the same in every figure; the main system has the accent."""
    others = [system.name for system in report.systems if system.name != report.main]
    return {report.main: _ACCENT, **{name: _OTHERS[at % len(_OTHERS)] for at, name in enumerate(others)}}


def _markers(report: Report) -> dict[str, str]:
    """One shape per system, for readers who do not tell the colours apart."""
    return {name: _MARKERS[at % len(_MARKERS)] for at, name in enumerate(colours(report))}


def quality(report: Report, metric: str) -> go.Figure:
    """Mean and interval of one metric for each system, best at the top."""
    ordered = sorted(report.systems, key=lambda system: system.metrics[metric].mean)
    paint, shapes = colours(report), _markers(report)
    figure = go.Figure()
    for system in ordered:
        found = system.metrics[metric]
        figure.add_scatter(
            x=[found.mean],
            y=[system.name],
            error_x=whiskers([found]),
            mode="markers",
            marker={"size": 12, "color": paint[system.name], "symbol": shapes[system.name]},
            name=system.name,
            hovertemplate=f"%{{y}}: %{{x:.4f}} ({found.low:.4f} to {found.high:.4f})<extra></extra>",
        )
    return styled(
        figure, x=f"{metric}, mean over {report.data.readers:,} readers", y="system", rows=len(ordered), legend=False
    )


def differences(report: Report, metric: str) -> go.Figure:
    """How far the main system leads each other one, paired by reader, with the line of no difference."""
    chosen = [found for found in report.differences if found.metric == metric]
    chosen.sort(key=lambda found: -found.interval.mean)
    paint, shapes = colours(report), _markers(report)
    figure = go.Figure()
    figure.add_vline(x=0, line={"width": 1.5, "dash": "dot", "color": "#888888"})
    for found in chosen:
        low, high = found.interval.low, found.interval.high
        figure.add_scatter(
            x=[found.interval.mean],
            y=[found.other],
            error_x=whiskers([found.interval]),
            mode="markers",
            marker={
                "size": 12,
                "color": paint[found.other],
                "symbol": shapes[found.other] + ("" if found.interval.excludes_zero else "-open"),
                "line": {"width": 2, "color": paint[found.other]},
            },
            name=found.other,
            hovertemplate=f"%{{y}}: %{{x:+.4f}} ({low:+.4f} to {high:+.4f})<extra></extra>",
        )
    return styled(
        figure,
        x=f"lead of {report.main} in {metric}",
        y="compared with",
        rows=len(chosen),
        legend=False,
    )


def recall_curves(report: Report) -> go.Figure:
    """recall@k over k."""
    paint, shapes = colours(report), _markers(report)
    figure = go.Figure()
    for name in paint:
        system = report.system(name)
        cuts = list(range(1, len(system.recall_curve) + 1))
        figure.add_scatter(
            x=cuts,
            y=list(system.recall_curve),
            mode="lines+markers",
            line={"color": paint[system.name], "width": 3 if system.name == report.main else 2},
            marker={"symbol": shapes[system.name], "size": 7, "maxdisplayed": 10},
            name=system.name,
            hovertemplate=f"{system.name}, recall@%{{x}}: %{{y:.4f}}<extra></extra>",
        )
    figure.update_yaxes(rangemode="tozero")
    return styled(figure, x="k, items shown", y="recall@k, share of items found")


def beyond_accuracy(report: Report) -> go.Figure:
    """Coverage against the headline metric: who finds things, and who shows the whole catalogue."""
    paint, shapes, metric = colours(report), _markers(report), f"ndcg@{report.cut}"
    figure = go.Figure()
    for name in paint:
        system = report.system(name)
        figure.add_scatter(
            x=[100 * system.coverage],
            y=[system.metrics[metric].mean],
            mode="markers",
            marker={"size": 14, "color": paint[system.name], "symbol": shapes[system.name]},
            name=system.name,
            hovertemplate=f"{system.name}: %{{x:.1f}}% of the catalogue, {metric} %{{y:.4f}}<extra></extra>",
        )
    figure.update_xaxes(rangemode="tozero", ticksuffix="%")
    figure.update_yaxes(rangemode="tozero")
    return styled(figure, x=f"coverage@{report.cut}, % of the catalogue", y=metric)


def sliced(report: Report, slices: Sequence[Slice], *, x: str, y: str) -> go.Figure:
    """Mean and interval of each system along ordered slices."""
    paint, shapes = colours(report), _markers(report)
    figure = go.Figure()
    names = list(colours(report))
    labels = [f"{part.label}<br>({part.count:,})" for part in slices]
    for at, name in enumerate(names):
        found = [part.values[name] for part in slices]
        shift = 0.5 * (at - (len(names) - 1) / 2) / max(len(names), 1)
        figure.add_scatter(
            x=[position + shift for position in range(len(slices))],
            y=[interval.mean for interval in found],
            error_y=whiskers(found),
            mode="markers",
            marker={"size": 9, "color": paint[name], "symbol": shapes[name]},
            name=name,
            customdata=[part.label for part in slices],
            cliponaxis=False,
            hovertemplate=f"{name}, %{{customdata}}: %{{y:.4f}}<extra></extra>",
        )
    figure.update_xaxes(tickvals=list(range(len(slices))), ticktext=labels, tickangle=0)
    figure.update_yaxes(rangemode="tozero")
    return styled(figure, x=x, y=y)


def removals(found: Faithfulness) -> go.Figure:
    """What each reader's score loses without the cited items, over what it loses by chance."""
    cited, chance = ([100 * getattr(drop, name) for drop in found.drops] for name in ("cited", "chance"))
    ends = [min(*chance, 0.0), max(*chance, 0.0)]
    figure = go.Figure()
    figure.add_scatter(
        x=ends, y=ends, mode="lines", line={"width": 1.5, "dash": "dot", "color": "#888888"}, hoverinfo="skip"
    )
    figure.add_scatter(
        x=chance,
        y=cited,
        mode="markers",
        marker={"size": 8, "color": _ACCENT, "opacity": 0.6},
        hovertemplate="random items: %{x:.1f}%<br>cited items: %{y:.1f}%<extra></extra>",
    )
    figure.update_xaxes(ticksuffix="%")
    figure.update_yaxes(ticksuffix="%")
    count = f"{found.cited} items"
    return styled(figure, x=f"score lost without {count} at random, %", y=f"without the {count} cited, %", legend=False)


def training(curve: TrainingCurve) -> go.Figure:
    """Loss and validation by epoch; the line marks the epoch that was kept."""
    epochs = list(range(1, len(curve.loss) + 1))
    figure = go.Figure()
    figure.add_scatter(x=epochs, y=list(curve.loss), mode="lines", name="loss", line={"color": _OTHERS[0], "width": 2})
    validated = any(value is not None for value in curve.value)
    if validated:
        figure.add_scatter(
            x=epochs,
            y=list(curve.value),
            mode="lines",
            name="validation ndcg@10",
            line={"color": _ACCENT, "width": 2},
            yaxis="y2",
        )
        figure.update_layout(yaxis2={"overlaying": "y", "side": "right", "showgrid": False, "tickformat": ".3f"})
    figure.add_vline(x=curve.best_epoch, line={"width": 1.5, "dash": "dot", "color": "#888888"})
    styled(figure, x="epoch (dotted: kept)", y="training loss, nats")
    if validated:
        figure.update_layout(yaxis2={"title": {"text": "validation ndcg@10"}, "showgrid": False}, margin={"r": 72})
    return figure


def plain(text: str) -> str:
    """Plotly reads a few HTML tags in labels: angle brackets and ampersands are taken literally instead."""
    return text[:LABEL].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def whiskers(intervals: Sequence[Interval]) -> Mapping[str, object]:
    """Error bars from means to the ends of their intervals."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [found.high - found.mean for found in intervals],
        "arrayminus": [found.mean - found.low for found in intervals],
        "thickness": 2,
        "width": 5,
    }


def styled(figure: go.Figure, *, x: str, y: str, rows: int | None = None, legend: bool = True) -> go.Figure:
    """One look for all; ``rows`` fits the height to a list of systems."""
    figure.update_layout(
        template="none",
        height=400 if rows is None else 110 + 44 * max(rows, 2),
        margin={"l": 64, "r": 24, "t": 16, "b": 64},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 13},
        showlegend=legend,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hoverlabel={"font": {"family": "system-ui, sans-serif"}},
    )
    figure.update_xaxes(
        title={"text": x, "standoff": 12, "font": {"size": 13}}, automargin=True, zeroline=False, gridcolor="#cccccc"
    )
    figure.update_yaxes(
        title={"text": y, "standoff": 12, "font": {"size": 13}}, automargin=True, zeroline=False, gridcolor="#cccccc"
    )
    return figure
