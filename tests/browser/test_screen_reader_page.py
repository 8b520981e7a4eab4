"""What a screen reader hears and a keyboard reaches: names, roles, live regions, table, order of focus."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.browser

_ROLES = """
button link textbox searchbox combobox checkbox radio slider spinbutton switch tab menuitem option listbox
DisclosureTriangle
"""
CONTROLS = frozenset(_ROLES.split())


def nameless(page: Any) -> list[str]:
    """Controls in Chromium's accessibility tree that have no name."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    controls = [node for node in nodes if not node["ignored"] and node["role"]["value"] in CONTROLS]
    assert controls
    bare = [node for node in controls if not node.get("name", {}).get("value", "").strip()]
    return [f"{node['role']['value']} {node.get('properties')}" for node in bare]


def test_every_control_of_every_tab_has_a_name(visitor: Any) -> None:
    page = visitor.open("/?user=1").page
    visitor.ask("crime, no horror")
    visitor.ask("compare the first two")
    assert nameless(page) == []
    page.locator("#cards .card [data-event=why]").first.click()
    page.wait_for_selector("#why-channels .js-plotly-plot")
    assert nameless(page) == []
    for tab in ("What if", "Compare", "Audit", "Onboard", "A file", "Catalogue", "Status"):
        visitor.tab(tab)
        page.wait_for_timeout(500)
        assert (tab, nameless(page)) == (tab, [])


def test_pictures_have_a_text_or_are_said_to_be_decoration(visitor: Any) -> None:
    page = visitor.open("/?user=1").page
    visitor.ask("crime")
    assert page.evaluate("() => [...document.images].filter((one) => !one.hasAttribute('alt')).length") == 0
    untold = """() => [...document.querySelectorAll("svg")]
      .filter((one) => one.checkVisibility() && !one.closest("[aria-hidden=true], [role=img]"))
      .map((one) => one.parentElement.outerHTML.slice(0, 160))"""
    assert page.evaluate(untold) == []


def test_the_answer_is_announced_and_old_ones_are_not(visitor: Any) -> None:
    page = visitor.open("/?user=1").page
    visitor.ask("crime")
    assert page.locator("#words .answer").get_attribute("aria-live") == "polite"
    assert page.locator("#words .answer").get_attribute("aria-busy") == "false"
    assert page.locator("#history .conversation").get_attribute("aria-live") == "off"
    first = page.locator("#cards article.card").first
    assert first.get_by_role("heading").count() == 1
    title = first.get_by_role("heading").inner_text()
    opinion = first.get_by_role("group", name=f"Your opinion of {title}")
    assert [button.get_attribute("aria-pressed") for button in opinion.get_by_role("button").all()] == ["false"] * 2
    chips = page.get_by_role("list", name="The request")
    assert chips.get_by_role("listitem").count() == len(visitor.chips())
    assert chips.get_by_role("button", name="Remove Crime").count() == 1


def test_a_comparison_is_a_table_with_heads(visitor: Any) -> None:
    page = visitor.open("/?user=1").page
    visitor.ask("crime")
    visitor.ask("compare the first two")
    titles = [item.title for item in visitor.shown()]
    table = page.get_by_role("table", name=" compared with ".join(titles))
    heads = table.get_by_role("columnheader").all_inner_texts()
    assert heads == titles
    rows = table.get_by_role("row").count()
    assert table.get_by_role("rowheader").count() == rows - 1
    style = page.evaluate(
        "() => { const s = getComputedStyle(document.querySelector('.compared td:not(:empty)'));"
        " return [s.paddingTop, s.borderBottomStyle, s.textAlign]; }"
    )
    assert style == ["8px", "solid", "left"]


def test_the_keyboard_reaches_what_a_card_offers_in_order(visitor: Any) -> None:
    page = visitor.open("/?user=1").page
    visitor.ask("crime")
    card = visitor.shown()[0]
    page.focus(f'#cards .card[data-item-id="{card.item_id}"] [data-kind=like]')
    reached = [page.evaluate("() => document.activeElement.ariaLabel")]
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("() => document.activeElement.ariaLabel"))
    title, following = card.title, visitor.shown()[1].title
    assert reached == [f"Like {title}", f"Dislike {title}", f"Why {title}", f"More like {title}", f"Like {following}"]
    page.focus("#message textarea")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("() => document.activeElement.ariaLabel") == "Attach a picture"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("() => document.activeElement.closest('#next') !== null")
