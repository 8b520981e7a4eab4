"""The map and the launches on the page: a card under the pointer, a label for those who do not see it, a phone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from store.records import Impression, Item

pytestmark = pytest.mark.browser

TITLE = "<img src=x onerror=alert(1)> & Salt"
OF_NEW = """() => {
  const plot = document.querySelector("#catalogue-map .js-plotly-plot");
  const trace = plot.calcdata.length - 1;
  const at = plot.data[trace].customdata.findIndex((point) => point[0] === "page-salt");
  plot.scrollIntoView({ block: "center" });
  const { xaxis, yaxis } = plot._fullLayout, box = plot.getBoundingClientRect(), point = plot.calcdata[trace][at];
  return [box.x + xaxis._offset + xaxis.d2p(point.x), box.y + yaxis._offset + yaxis.d2p(point.y)];
}"""
AROUND = [(0, -5), (0, 0), (5, 0), (0, 5), (-5, 0), (3, -3), (3, 3), (-3, 3), (-3, -3), (0, -8)]
"""Pixels from the point: other new items may stand so close that one of them is the nearest on one side."""


@pytest.fixture
def new_item(site: Any, tmp_path: Path) -> Item:
    Image.effect_noise((64, 96), 50).save(tmp_path / "salt.png")
    item = Item("page-salt", TITLE, "Rain.", ("Drama",), {"year": 2026}, image=str(tmp_path / "salt.png"))
    site.store.put_items([item])
    site.store.add_impressions([Impression("page-salt", "1", 3, datetime.now(UTC), "s", "api")])
    return item


def open_catalogue(visitor: Any) -> Any:
    page = visitor.open().page
    visitor.tab("Onboard")
    page.get_by_role("tab", name="Catalogue", exact=True).click()
    page.wait_for_selector("#catalogue-map .js-plotly-plot[aria-label]")
    page.wait_for_selector("#catalogue-launches .js-plotly-plot")
    return page


def test_the_card_of_the_item_under_the_pointer(visitor: Any, new_item: Item) -> None:
    page = open_catalogue(visitor)
    label = page.locator("#catalogue-map .js-plotly-plot").get_attribute("aria-label")
    assert "items" in label
    assert "are new" in label
    card = page.locator("#catalogue-card")
    for right, down in AROUND * 2:  # Plotly lays itself out twice, and a busy machine takes its time
        page.wait_for_timeout(500)
        x, y = page.evaluate(OF_NEW)
        page.mouse.move(x - 30, y - 30)
        page.mouse.move(x + right, y + down, steps=5)
        if card.locator(".name").inner_text() == TITLE:
            break
    assert card.locator(".name").inner_text() == TITLE
    card.get_by_text("New since training").wait_for(state="visible")
    assert card.locator(".note").inner_text() == "2026 · Drama"
    card.locator("img:visible").wait_for()
    assert page.locator("#catalogue-map .scatterlayer a, #catalogue-map .hoverlayer a").count() == 0
    row = page.locator("#catalogue-table tbody tr").filter(has_text="& Salt")
    assert row.locator("th").inner_text() == TITLE
    assert row.locator("td").nth(1).inner_text() == "1"


def test_at_a_phone_nothing_is_wider_than_the_screen(phone: Any, new_item: Item) -> None:
    page = open_catalogue(phone)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
