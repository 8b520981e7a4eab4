"""Compare and Audit, and what it takes to lose an item, at a desktop and at a phone."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store.snapshots import SnapshotStore
from tests.browser.conftest import PATIENCE, Visitor, served
from tests.browser.test_page_layout import assert_fits

pytestmark = pytest.mark.browser

SIZES = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "phone": {"viewport": {"width": 375, "height": 812}, "has_touch": True, "is_mobile": True},
}


@pytest.fixture(scope="module")
def twice_site(twice_trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server over two snapshots."""
    home = Path(shutil.copytree(twice_trained_home, tmp_path_factory.mktemp("inspect-page") / "home"))
    yield from served(home, "/api/v1/health/ready")


@pytest.fixture(params=["desktop", "phone"])
def someone(request: pytest.FixtureRequest, chromium: Any, twice_site: Any) -> Iterator[Visitor]:
    context = chromium.new_context(reduced_motion="reduce", **SIZES[request.param])
    visitor = Visitor(context.new_page(), twice_site)
    yield visitor
    context.close()
    assert visitor.problems == [], "the page threw errors"
    assert visitor.elsewhere == [], "the page asked another server"


def pick(page: Any, name: str, text: str) -> None:
    page.locator(f"#{name}-field").fill(text)
    page.locator(f"#{name} [role=option]").filter(has_text=text).first.click()


def open_item(someone: Visitor) -> str:
    """Why of the first card; the id of its item."""
    page = someone.open("/?user=1").page
    card = page.locator("#history .card").first
    item_id = card.get_attribute("data-item-id")
    card.locator("[data-event=why]").click()
    page.wait_for_selector(f'.why-head[data-item-id="{item_id}"]')
    return item_id


def test_compare_and_audit(someone: Visitor) -> None:
    item_id = open_item(someone)
    page = someone.page
    page.locator("#why-removal [data-event=lose]").click()
    page.wait_for_selector("#why-removal [data-stage=found]")
    assert page.locator("#why-removal [role=status]").inner_text()
    assert_fits(page)

    someone.tab("Compare")
    title = someone.site.store.item(item_id).title
    page.wait_for_function("title => document.querySelector('#compare-item-field')?.value === title", arg=title)
    other = next(item for item in someone.site.store.items() if item.item_id == "181")
    pick(page, "compare-other", other.title)
    page.wait_for_selector("#compare-board .versus")
    page.wait_for_selector("#compare-plot .js-plotly-plot")
    difference = float(page.locator("#compare-board .versus").get_attribute("data-difference"))
    words = page.locator("#compare-board .said").inner_text()
    said = re.search(rf"scores ([\d.]+) more than {re.escape(other.title if difference > 0 else title)}", words)
    assert said
    assert float(said[1]) == pytest.approx(abs(difference), rel=0.01)
    values = [float(row.get_attribute("data-value")) for row in page.locator("#compare-history [data-value]").all()]
    assert values == sorted(values, reverse=True)
    assert_fits(page)

    page.locator("[data-kind=snapshots]").click()
    page.wait_for_selector("#compare-board .lists")
    ids = {one.id for one in SnapshotStore(someone.site.home / "snapshots").list()}
    said = page.locator("#compare-board .lead")
    assert {said.get_attribute("data-first"), said.get_attribute("data-second")} == ids
    lists = [page.locator("#compare-board .places").nth(side).locator("[data-item-id]") for side in (0, 1)]
    before, after = ([row.get_attribute("data-item-id") for row in rows.all()] for rows in lists)
    assert len(before) == len(after) == 10
    entered = page.locator("#compare-board .change.in").count()
    assert entered == len(set(after) - set(before))
    assert f"{entered} of 10 enter" in said.inner_text()
    assert page.locator("#compare-other").is_hidden()
    pick(page, "compare-follow", other.title)
    page.wait_for_selector("#compare-board .made.two")
    page.wait_for_selector("#compare-plot .js-plotly-plot")
    assert_fits(page)

    someone.tab("Audit")
    page.locator("#audit-board [data-event=begin]").click()
    page.wait_for_selector("#audit-board [data-stage=done]", timeout=4 * PATIENCE)
    for plot in ("audit-deciles", "audit-lorenz", "audit-categories"):
        page.wait_for_selector(f"#{plot} .js-plotly-plot")
    assert_fits(page)
    assert page.locator("#audit-group-field").input_value() == "Everyone"
    with page.expect_download() as download:
        page.locator("#audit-board a[href$='format=json']").click()
    found = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert found["readers"] + found["left_out"] == someone.site.store.count_users()
    assert float(page.locator("[data-coverage]").get_attribute("data-coverage")) == pytest.approx(found["coverage"])
    pick(page, "audit-group", "Drama")
    page.wait_for_selector(
        "#audit-board [data-stage=done] h2:has-text('Readers who favour Drama')", timeout=4 * PATIENCE
    )


def test_with_one_snapshot_the_page_says_so(visitor: Any) -> None:
    open_item(visitor)
    visitor.tab("Compare")
    visitor.page.locator("[data-kind=snapshots]").click()
    problem = visitor.page.wait_for_selector("#compare-board .problem")
    assert "there is only one snapshot" in problem.inner_text().casefold()
    assert "tastemaker train" in problem.inner_text()


def test_the_views_before_anything_is_chosen(visitor: Any) -> None:
    page = visitor.open().page
    visitor.tab("Why")
    visitor.tab("Compare")
    page.wait_for_selector("#compare-board .hint", state="visible")
    assert page.locator("#compare-item-field").is_visible()
    visitor.tab("Audit")
    page.wait_for_selector("#audit-board .hint", state="visible")
    assert_fits(page)


def test_a_chart_that_was_hidden_fits_a_window_that_became_narrow(chromium: Any, twice_site: Any) -> None:
    context = chromium.new_context(reduced_motion="reduce", **SIZES["desktop"])
    visitor = Visitor(context.new_page(), twice_site)
    open_item(visitor)
    page = visitor.page
    visitor.tab("Compare")
    pick(page, "compare-other", next(item.title for item in twice_site.store.items() if item.item_id == "181"))
    page.wait_for_selector("#compare-plot .js-plotly-plot")
    visitor.tab("Audit")
    page.wait_for_timeout(1_500)  # until the chart is hidden: one that sees the window change adapts by itself
    page.set_viewport_size({"width": 375, "height": 812})
    page.wait_for_timeout(2_500)
    visitor.tab("Compare")
    page.wait_for_timeout(1_500)
    assert_fits(page)
    context.close()
