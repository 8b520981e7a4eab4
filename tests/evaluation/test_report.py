from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from evaluation.evaluate import EvaluationSettings, evaluate
from evaluation.intervals import BootstrapSettings, Interval
from evaluation.protocols import leave_last_out
from evaluation.report import render, write_report
from evaluation.results import Faithfulness, Removal, Report, TrainingCurve
from store.interactions import Interactions

HOSTILE = "</script><script>alert(1)</script>"


@pytest.fixture(scope="module")
def report() -> Report:
    generator = np.random.default_rng(0)
    rows = [(user, item) for user in range(1, 31) for item in generator.permutation(40)[:6] + 1]
    users, items = np.array(rows).T
    split = leave_last_out(Interactions.build(users, items, np.arange(len(rows)), num_users=30, num_items=40))
    rankings = {
        name: np.stack([generator.permutation(40)[:20] + 1 for _ in split.readers]) for name in ("pipeline", HOSTILE)
    }
    curves = [
        TrainingCurve(name="sasrec", loss=(3.0, 2.0, 1.5), value=(0.1, 0.2, 0.15), best_epoch=2),
        TrainingCurve(name="refit", loss=(3.0, 2.0), value=(None, None), best_epoch=2),
    ]
    return evaluate(
        rankings,
        split,
        data_name=f"data {HOSTILE}",
        item_vectors=generator.normal(size=(41, 4)),
        milliseconds=dict.fromkeys(rankings, 0.5),
        training=curves,
        faithfulness=Faithfulness(
            readers=2,
            cited=3,
            removals=20,
            comprehensiveness=Interval(0.345, 0.3, 0.39),
            chance=Interval(0.051, 0.04, 0.06),
            ratio=Interval(6.76, 5.5, 8.1),
            above_chance=1.0,
            additivity_error=2.5e-7,
            drops=(Removal(cited=0.3, chance=0.04), Removal(cited=0.39, chance=0.06)),
        ),
        settings=EvaluationSettings(bootstrap=BootstrapSettings(resamples=100)),
    )


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return render(report)


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.outside: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.scripts += tag == "script"
        if identity := named.get("id"):
            self.ids.append(identity)
        if tag == "a" and (target := named.get("href")):
            self.links.append(target)
        self.outside += [
            value for key, value in attrs if key in ("src", "href") and value and not value.startswith("#")
        ]


def test_json_round_trip(report: Report, tmp_path: Path) -> None:
    page, data = write_report(report, tmp_path / "new" / "folder")
    assert page.name == "report.html"
    assert Report.model_validate_json(data.read_text(encoding="utf-8")) == report


def test_page_is_self_contained_and_its_links_lead_somewhere(page: str) -> None:
    elements = _Elements()
    elements.feed(page)
    assert elements.outside == []
    assert len(elements.ids) == len(set(elements.ids))
    assert elements.links
    assert {link.removeprefix("#") for link in elements.links} <= set(elements.ids)
    figures = {
        "quality",
        "differences",
        "recall",
        "beyond",
        "history",
        "popularity",
        "training-0",
        "training-1",
        "removals",
    }
    assert {f"figure-{name}" for name in figures} <= set(elements.ids)


def test_names_from_outside_stay_text(page: str) -> None:
    assert "alert(1)" in page
    assert "<script>alert(1)" not in page
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in page


def test_figures_and_facts_are_stated(page: str, report: Report) -> None:
    text = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    found = report.system("pipeline").metrics["ndcg@10"]
    for expected in (
        f"{found.mean:.4f}",
        f"{found.low:.4f}",
        "leave-last-out",
        report.environment.commit,
        report.environment.machine,
        report.environment.versions["torch"],
        "diversity, cosine distance",
        "not told apart",
        "ms per reader",
        "6.76",
        "2.5e-07",
    ):
        assert expected in text


def test_one_system_has_no_differences(report: Report) -> None:
    alone = report.model_copy(
        update={
            "systems": (report.system("pipeline"),),
            "differences": (),
            "training": (),
            "faithfulness": None,
            "by_history": (),
            "by_popularity": (),
        }
    )
    page = render(alone)
    assert "Is pipeline better?" not in page
    assert 'id="training"' not in page
    assert 'id="faithfulness"' not in page
