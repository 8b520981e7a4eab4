"""Writes an evaluation as one page that needs nothing else, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import plotly.graph_objects as go
import plotly.io
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from evaluation import plots
from evaluation.results import Report

_TEMPLATES = Path(__file__).parent


def write_report(report: Report, folder: Path) -> tuple[Path, Path]:
    """Write ``report.html`` and ``report.json`` into a folder, which is made where there is none.

    Returns:
        The two paths.
    """
    folder.mkdir(parents=True, exist_ok=True)
    page, data = folder / "report.html", folder / "report.json"
    page.write_text(render(report), encoding="utf-8")
    data.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return page, data


def render(report: Report) -> str:
    """The page: tables and figures, styles and scripts inside."""
    headline = f"ndcg@{report.cut}"
    return render_page(
        "report.html.jinja",
        report=report,
        headline=headline,
        systems=sorted(report.systems, key=lambda system: -system.metrics[headline].mean),
        columns=[f"{metric}@{report.cut}" for metric in ("ndcg", "recall", "mrr", "map", "hit_rate")],
        all_metrics=list(report.system(report.main).metrics),
        leads=sorted(
            (found for found in report.differences if found.metric == headline), key=lambda found: found.interval.mean
        ),
        colours=plots.colours(report),
        figures=_figures(report, headline),
    )


def render_page(template: str, **values: object) -> str:
    """A page of this folder that needs nothing else: its ``plotly`` is the library itself."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    plotly_script = Markup(get_plotlyjs())  # noqa: S704  the library's own script, nothing of ours in it
    return environment.get_template(template).render(plotly=plotly_script, **values)


def _figures(report: Report, headline: str) -> Mapping[str, object]:
    figures: dict[str, object] = {
        "quality": figure_html(plots.quality(report, headline), "quality"),
        "recall": figure_html(plots.recall_curves(report), "recall"),
        "beyond": figure_html(plots.beyond_accuracy(report), "beyond"),
        "history": figure_html(
            plots.sliced(report, report.by_history, x="items in the reader's history (readers)", y=headline), "history"
        ),
        "popularity": figure_html(
            plots.sliced(
                report,
                report.by_popularity,
                x="users of the item to be found, by decile of all items (items asked for)",
                y=f"recall@{report.cut}",
            ),
            "popularity",
        ),
        "training": [
            (curve, figure_html(plots.training(curve), f"training-{at}")) for at, curve in enumerate(report.training)
        ],
    }
    if report.faithfulness:
        figures["removals"] = figure_html(plots.removals(report.faithfulness), "removals")
    if report.differences:
        figures["differences"] = figure_html(plots.differences(report, headline), "differences")
    return figures


def figure_html(figure: go.Figure, name: str) -> Markup:
    """A figure as an element and its script. Plotly's JSON escapes <, > and /, so no name can end the script early."""
    return Markup(  # noqa: S704
        plotly.io.to_html(
            figure,
            full_html=False,
            include_plotlyjs=False,
            div_id=f"figure-{name}",
            config={"displaylogo": False, "responsive": True, "modeBarButtonsToRemove": ["lasso2d", "select2d"]},
        )
    )
