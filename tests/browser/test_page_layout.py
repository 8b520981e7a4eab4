"""Phone width: nothing sticks out, nothing overlaps."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.browser

OVERLAPS = """() => {
  // The composer floats over what scrolls under it on purpose: here it stands where it belongs in the page.
  document.querySelectorAll(".composer").forEach((bar) => (bar.style.position = "static"));
  // Gradio measures the width of its tabs with copies that nobody can see or reach.
  const controls = [...document.querySelectorAll(
    "button:not([tabindex='-1']), a[href], input:not([type=file]), textarea, summary, [role=tab]")]
    .filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
    .map((one) => [one, one.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && box.height > 0);
  const found = [];
  for (const [n, [one, a]] of controls.entries())
    for (const [other, b] of controls.slice(n + 1)) {
      if (one.contains(other) || other.contains(one)) continue;
      const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (width > 1 && height > 1) found.push(`${one.outerHTML.slice(0, 120)} | ${other.outerHTML.slice(0, 120)}`);
    }
  return found;
}"""
CLIPPED = """() => [...document.querySelectorAll("button, h1, h2, h3, p, li, input, textarea, .card")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }))
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([one, box]) => box.width > 0 && !one.classList.contains("sr"))
  .filter(([, box]) => box.left < -1 || box.right > innerWidth + 1)
  .map(([one]) => one.outerHTML.slice(0, 160))"""


def assert_fits(page: Any) -> None:
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(CLIPPED) == []
    assert page.evaluate(OVERLAPS) == []


@pytest.mark.parametrize("width", ["phone", "visitor"])
def test_every_tab_fits(width: str, request: pytest.FixtureRequest) -> None:
    someone = request.getfixturevalue(width)
    page = someone.open("/?user=1").page
    assert_fits(page)
    someone.ask("crime, no horror, after 1980")
    assert_fits(page)
    page.locator("#cards .card [data-event=why]").first.click()
    page.wait_for_selector("#why-channels .js-plotly-plot")
    assert_fits(page)
    someone.tab("Onboard")
    page.locator("#onboard-title input, #onboard-title textarea").first.fill("Fargo")
    page.wait_for_selector("#onboard-preview .near")
    assert_fits(page)
    someone.tab("Status")
    page.wait_for_selector(".status")
    assert_fits(page)


def test_the_right_pane_is_under_a_button(phone: Any) -> None:
    page = phone.open("/?user=1").page
    assert not page.locator("#pane").is_visible()
    page.click(".pane-toggle")
    page.wait_for_selector("#pane", state="visible")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.click(".pane-toggle")
    page.wait_for_selector("#pane", state="hidden")


def test_every_control_has_a_name(visitor: Any) -> None:
    page = visitor.open("/?user=1").page
    visitor.ask("crime")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input:not([type=file]), textarea")]
          .filter((one) => one.checkVisibility({ visibilityProperty: true }))
          .filter((one) => !(one.innerText.trim() || one.ariaLabel || one.title || one.labels?.length))
          .map((one) => one.outerHTML.slice(0, 160))"""
    )
    assert nameless == []
