"""An audit as one page that needs nothing else."""

from __future__ import annotations

import plotly.graph_objects as go
from markupsafe import Markup

from evaluation import audit_plots, plots
from evaluation.audit import Audit
from evaluation.report import figure_html, render_page


def render_audit(audit: Audit) -> str:
    """The page: tables and figures, styles and scripts inside."""
    return render_page(
        "audit.html.jinja",
        audit=audit,
        measures=measures(audit),
        names=audit_plots.NAMES,
        figures={
            "deciles": _figure(audit_plots.deciles(audit), "deciles", height=420),
            "lorenz": _figure(audit_plots.lorenz(audit), "lorenz", height=420),
            "categories": _figure(audit_plots.categories(audit), "categories", height=140 + 32 * len(audit.categories))
            if audit.categories
            else None,
        },
    )


def measures(audit: Audit) -> list[tuple[str, str, object, int]]:
    """Rows of the table of means: name, unit, ``Compared``, digits; shares are in percent."""
    return [
        ("Popularity", "% of the readers in training who met an item", audit.popularity, 1),
        ("Novelty", "bits", audit.novelty, 2),
        ("New items", "% of places", audit.new, 1),
    ]


def _figure(figure: go.Figure, name: str, *, height: int) -> Markup:
    x, y = audit_plots.AXES[name]
    styled = plots.styled(figure, x=x, y=y)
    styled.update_layout(height=height)
    return figure_html(styled, name)
