"""From a card to its evidence, and what changes when a part of the history is left out."""

from __future__ import annotations

from typing import Any

import pytest

from store.snapshots import SnapshotStore

pytestmark = pytest.mark.browser


def test_why_from_a_card_and_what_if(visitor: Any) -> None:
    page = visitor.open("/?user=1").page
    card = page.locator("#history .card").nth(1)
    item_id = card.get_attribute("data-item-id")
    card.locator("[data-event=why]").click()
    page.wait_for_selector(f'.why-head[data-item-id="{item_id}"]')
    assert page.locator("#why-user-field").input_value() == "User 1"
    assert page.locator(".made li").count() >= 3
    page.wait_for_selector("#why-channels .js-plotly-plot")
    assert page.locator("#why-history .signed li").count() >= 3
    assert page.locator("#why-summary p").first.inner_text()
    account = page.locator("#why-summary details")
    assert not account.locator("li").first.is_visible()
    account.locator("summary").click()
    assert account.locator("li").first.is_visible()
    assert account.locator("h3").all_inner_texts()[:2] == ["Where it stands", "Why"]

    def score() -> float:
        return float(page.locator(".why-head [data-score]").get_attribute("data-score"))

    before = score()
    page.locator("#why-history input[type=checkbox]").first.uncheck()
    page.wait_for_selector(".why-head .ghost")
    assert score() != before
    assert page.locator("#why-history li.off").count() == 1
    page.locator("#why-history input[type=checkbox]").first.check()
    page.wait_for_selector(".why-head .ghost", state="detached")
    assert score() == pytest.approx(before)


def test_the_channels_of_the_page_sum_to_the_score(visitor: Any) -> None:
    page = visitor.open("/?user=2").page
    page.locator("#history .card [data-event=why]").first.click()
    page.wait_for_selector(".made li")
    parts = [float(text.replace("\N{MINUS SIGN}", "-")) for text in page.locator(".made .number").all_inner_texts()]
    score = float(page.locator(".why-head [data-score]").get_attribute("data-score"))
    assert sum(parts) == pytest.approx(score, abs=0.0006 * len(parts))


def test_any_user_and_item_can_be_picked(visitor: Any) -> None:
    page = visitor.open().page
    visitor.tab("Why")
    item = visitor.site.store.items()[5]
    page.locator("#why-user-field").fill("9")
    page.locator("#why-user [role=option]").first.click()
    page.locator("#why-item-field").fill(item.title)
    page.locator("#why-item [role=option]").first.click()
    page.wait_for_selector(f'.why-head[data-item-id="{item.item_id}"]')


def test_no_other_reader_is_named(visitor: Any) -> None:
    page = visitor.open("/?user=1").page
    page.locator("#history .card [data-event=why]").first.click()
    page.wait_for_selector("#why-paths .evidence")
    labels = page.locator("#why-paths .person text").all_text_contents()
    assert labels
    assert all(label == "You" or label.startswith("Reader ") for label in labels)


def test_status_says_what_serves(visitor: Any) -> None:
    page = visitor.open().page
    visitor.tab("Status")
    page.wait_for_selector(".status")
    assert SnapshotStore(visitor.site.home / "snapshots").current_id() in page.locator(".status").inner_text()


def test_before_anything_is_trained_the_page_says_what_to_do(chromium: Any, untrained_site: Any) -> None:
    page = chromium.new_page()
    page.set_default_timeout(30_000)
    page.goto(untrained_site.url)
    problem = page.wait_for_selector("#history .problem")
    assert "tastemaker train" in problem.inner_text()
    page.fill("#message textarea", "a crime film")
    page.press("#message textarea", "Enter")
    page.wait_for_selector("#words .problem")
    assert page.input_value("#message textarea") == "a crime film"
    page.close()
