"""The list under another history and another request, step by step and back."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.browser


def opened(someone: Any, user: str = "3") -> Any:
    page = someone.open().page
    someone.tab("Why")
    someone.tab("What if")
    page.locator("#whatif-user-field").fill(user)
    page.locator("#whatif-user [role=option]").first.click()
    page.wait_for_selector("#whatif-list .ranked li")
    return page


def listed(page: Any) -> list[str]:
    items = page.locator("#whatif-list ol.ranked li")
    return items.evaluate_all("rows => rows.map(row => row.dataset.itemId)")


def has_changed(page: Any, before: list[str]) -> None:
    script = """before => {
      const rows = [...document.querySelectorAll("#whatif-list ol.ranked li")].map(row => row.dataset.itemId);
      return JSON.stringify(rows) !== JSON.stringify(before);
    }"""
    page.wait_for_function(script, arg=before)


def test_each_step_changes_the_list_and_undo_brings_it_back(visitor: Any) -> None:
    page = opened(visitor)
    lists = [listed(page)]
    for box in (0, 1, 2, 3):
        page.locator("#whatif-history input[type=checkbox]").nth(box).uncheck()
        page.wait_for_function(
            "count => document.querySelectorAll('#whatif-history li.off').length === count", arg=box + 1
        )
    lists.append(listed(page))
    assert lists[1] != lists[0]
    gone = page.locator("#whatif-history li.off input").evaluate_all("boxes => boxes.map(box => box.value)")
    assert not set(gone) & set(lists[1]), "what was met does not come back"

    page.locator("#whatif-wish").fill("no drama")
    page.locator("#whatif-wish").press("Enter")
    page.wait_for_selector("#whatif-wishes .chip")
    has_changed(page, lists[1])
    items = [visitor.site.store.item(item_id) for item_id in listed(page)]
    assert items
    assert all("Drama" not in item.categories for item in items)

    for _ in range(5):
        before = page.locator("#whatif-list").inner_text()
        page.locator("#whatif-wishes [data-event=undo]").click()
        page.wait_for_function("before => document.querySelector('#whatif-list').innerText !== before", arg=before)
    page.wait_for_selector("#whatif-wishes [data-event=undo][disabled]")
    assert listed(page) == lists[0]


def test_an_item_can_be_added_as_if_it_had_been_met(visitor: Any) -> None:
    page = opened(visitor)
    before = listed(page)
    item = visitor.site.store.item(before[0])
    page.locator("#whatif-item-field").fill(item.title)
    page.locator("#whatif-item [role=option]").first.click()
    page.wait_for_selector("#whatif-history .chip")
    has_changed(page, before)
    assert item.item_id not in listed(page)
    page.locator("#whatif-history .chip button").click()
    page.wait_for_selector("#whatif-history .chip", state="detached")
    assert listed(page) == before


def test_a_wish_that_says_nothing_new_changes_nothing(visitor: Any) -> None:
    page = opened(visitor)
    page.locator("#whatif-wish").fill("no drama")
    page.locator("#whatif-wish").press("Enter")
    page.wait_for_selector("#whatif-wishes .chip")
    before = listed(page)
    page.locator("#whatif-wish").fill("no drama")
    page.locator("#whatif-wish").press("Enter")
    assert "no drama" in page.wait_for_selector("#whatif-wishes [role=alert]").inner_text()
    assert listed(page) == before


def test_markup_in_a_wish_stays_text(visitor: Any) -> None:
    page = opened(visitor)
    page.locator("#whatif-wish").fill("<img src=x onerror=alert(1)> ${1+1}")
    page.locator("#whatif-wish").press("Enter")
    page.wait_for_selector("#whatif-wishes .chip")
    assert page.locator("#whatif-wishes .chip img").count() == 0


def test_at_phone_width_nothing_scrolls_sideways(phone: Any) -> None:
    page = opened(phone)
    page.locator("#whatif-history input[type=checkbox]").first.uncheck()
    page.wait_for_selector("#whatif-history li.off")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
