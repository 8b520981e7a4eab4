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


def test_enter_takes_what_was_typed_however_fast(visitor: Any) -> None:
    """The field offers the busiest users as soon as it has the focus, and Enter comes before the search answers."""
    page = visitor.open().page
    visitor.tab("Why")
    page.locator("#why-user-field").focus()
    page.wait_for_selector("#why-user [role=option]")
    page.keyboard.type("9")
    page.keyboard.press("Enter")
    page.wait_for_function("() => /^User .*9/.test(document.querySelector('#why-user-field').value)")


def test_what_if_begins_with_the_reader_in_view(visitor: Any) -> None:
    page = visitor.open("/?user=2").page
    page.locator("#history .card [data-event=why]").first.click()
    page.wait_for_selector(".made li")
    visitor.tab("What if")
    page.wait_for_selector("#whatif-list .ranked li")
    assert page.locator("#whatif-user-field").input_value() == "User 2"


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
    labels = page.locator("#why-paths .person span").all_text_contents()
    assert labels
    assert all(label.startswith("Reader ") for label in labels)


def test_a_node_of_the_path_graph_follows_its_paths(visitor: Any) -> None:
    page = visitor.open("/?user=1").page
    page.locator("#history .card [data-event=why]").first.click()
    page.wait_for_selector("#why-paths .node.person")
    node = page.locator("#why-paths .node.person").first
    paths = set((node.get_attribute("data-paths") or "").split())
    node.click()
    page.wait_for_selector(".path-graph.focused")
    lit = page.locator("#why-paths li.lit")
    assert {one.get_attribute("data-paths") for one in lit.all()} == paths
    assert lit.first.is_visible()
    assert page.locator("#why-paths .node.you.lit").count() == 1
    page.keyboard.press("Escape")
    page.wait_for_selector(".path-graph:not(.focused)")
    assert page.locator("#why-paths .lit").count() == 0


def test_what_matches_in_the_contents_is_opened_on_a_press(visitor: Any) -> None:
    page = visitor.open("/?user=1").page
    page.locator("#history .card [data-event=why]").first.click()
    button = page.wait_for_selector("#why-content [data-event=matching]")
    button.click()
    page.wait_for_selector(f'.match-open[data-match="{button.get_attribute("data-item")}"]')
    assert page.locator(".match-open .words .word").count() >= 2
    shares = page.locator(".match-open .phrases .number").all_inner_texts()
    assert all(share.endswith("%") for share in shares)


def test_the_panel_says_what_the_models_know(visitor: Any) -> None:
    page = visitor.open("/?user=1").page
    page.locator("#history .card [data-event=why]").first.click()
    page.locator("#why-known [data-event=taste]").click()
    page.wait_for_selector("#why-known .group")
    page.locator("#why-known [data-event=profile]").click()
    page.wait_for_selector("#why-known .phrases")
    assert "people had met it" in page.locator("#why-known").inner_text()
    assert page.locator("#why-known .group").count() == 0


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


def test_a_reason_can_be_refused_taken_out_and_brought_back(visitor: Any) -> None:
    page = visitor.open("/?user=5").page
    page.locator("#history .card [data-event=why]").first.click()
    row = page.locator("#why-history .signed li").first
    row.wait_for()
    item_id = row.locator("input").get_attribute("value")
    row.locator("[data-event=notwhy]").click()
    page.wait_for_selector("#why-history .said-so")
    said = visitor.site.store.verdicts(user_id="5")[0]
    assert (said.because, said.agrees) == (item_id, False)

    page.locator("#why-history [data-event=aside]").click()
    page.wait_for_selector("#why-history .chip.out")
    assert page.locator(f'#why-history .signed input[value="{item_id}"]').count() == 0
    page.locator("#why-history [data-event=back]").click()
    page.wait_for_selector("#why-history .chip.out", state="detached")
    assert page.locator(f'#why-history .signed input[value="{item_id}"]').count() == 1
