"""An audit as figures and as a page of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from evaluation import audit_plots
from evaluation.audit import Audit, ItemFacts, audit
from evaluation.audit_report import render_audit

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def report() -> Audit:
    readers = np.array([0, *range(40, 0, -1), 0], dtype=np.float64)
    has = np.zeros((42, 3))
    has[np.arange(42), np.arange(42) % 3] = 1
    facts = ItemFacts(readers, 50, np.arange(42) > 0, ("Crime", "Drama", HOSTILE), has)
    rng = np.random.default_rng(0)
    return audit(
        np.stack([rng.permutation(20)[:10] + 1 for _ in range(30)]),
        [rng.permutation(41)[:12] + 1 for _ in range(30)],
        facts, group=f"readers who favour {HOSTILE}", snapshot_id="20261122T101502123456-9f31c2a4b0de",
        created=datetime(2024, 6, 10, tzinfo=UTC),
    )  # fmt: skip


def test_the_page_is_whole_and_text_stays_text(report: Audit) -> None:
    page = render_audit(report)
    assert '<script src="http' not in page
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    assert report.snapshot_id in page
    assert f"{100 * report.coverage:.1f}%" in page
    assert page.count('class="plotly-graph-div"') == 3


def test_a_page_without_categories(report: Audit) -> None:
    page = render_audit(replace(report, categories=(), calibration=None, lift=None))
    assert page.count('class="plotly-graph-div"') == 2
    assert "calibrated" not in page


def test_bars_are_the_shares_with_units(report: Audit) -> None:
    figure = audit_plots.deciles(report)
    history, listed, weighted = figure.data
    assert list(listed.y) == [share.share.listed.mean for share in report.deciles]
    assert list(history.y) == [share.share.history.mean for share in report.deciles]
    assert list(weighted.y) == [share.share.weighted.mean for share in report.deciles]
    assert sum(listed.y) == pytest.approx(1)
    assert list(listed.x)[-1] == "new"
    assert figure.layout.yaxis.title.text
    assert figure.layout.xaxis.title.text


def test_curves_end_at_all_exposure(report: Audit) -> None:
    even, history, listed, _ = audit_plots.lorenz(report).data
    assert (list(even.x), list(even.y)) == ([0, 1], [0, 1])
    assert listed.x[-1] == listed.y[-1] == history.y[-1] == 1
    assert f"{report.listed.gini:.3f}" in listed.name


def test_category_names_are_no_markup(report: Audit) -> None:
    assert all("<" not in label for trace in audit_plots.categories(report).data for label in trace.y)
    assert "<script" not in audit_plots.overview(report).layout.title.text


def test_one_picture_of_all_has_every_panel(report: Audit) -> None:
    figure = audit_plots.overview(report)
    assert len(figure.data) == 3 + 4 + 2
    assert f"{report.coverage:.1%}" in figure.layout.title.text
    assert len(audit_plots.overview(replace(report, categories=(), calibration=None)).data) == 3 + 4 + 2
