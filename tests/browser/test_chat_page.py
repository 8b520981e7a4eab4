"""A conversation in a real browser: constraints hold in the cards, and nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from store.records import Item

pytestmark = pytest.mark.browser


def year(item: Item) -> int:
    value = item.attributes["year"]
    assert isinstance(value, int)
    return value


@pytest.fixture
def reader(site: Any) -> str:
    """A user with a taste who has not seen most of this small catalogue."""
    lengths = {user.user_id: len(site.store.history(user.user_id)) for user in site.store.users(limit=500)}
    return min((user for user, length in lengths.items() if length >= 5), key=lengths.__getitem__)


def test_a_conversation_of_eight_turns(visitor: Any, reader: str) -> None:
    visitor.open(f"/?user={reader}")

    visitor.ask("I feel like a crime film")
    first = visitor.shown()
    assert first
    assert all("Crime" in item.categories for item in first)

    visitor.ask("only from 1990 to 1998")
    narrowed = visitor.shown()
    assert narrowed
    assert all("Crime" in item.categories and 1990 <= year(item) <= 1998 for item in narrowed)

    visitor.ask("no drama")
    excluded = visitor.shown()
    assert excluded
    assert all("Crime" in item.categories and "Drama" not in item.categories for item in excluded)
    assert all(1990 <= year(item) <= 1998 for item in excluded)
    assert any("Drama" in chip for chip in visitor.chips())

    # A chip taken back: the years no longer bind, the rest does.
    range_chip = visitor.page.locator("#understood .chip.range button")
    visitor.during_a_turn(range_chip.click)
    assert not visitor.page.locator("#understood .chip.range").count()
    assert all("Crime" in item.categories and "Drama" not in item.categories for item in visitor.shown())

    visitor.page.locator("#chats button[data-event=fresh]").click()
    visitor.page.wait_for_selector(".welcome")
    visitor.ask("something like The Godfather but newer")
    newer = visitor.shown()
    assert newer
    assert all(year(item) > 1972 for item in newer)
    assert any("Godfather" in chip for chip in visitor.chips())

    disliked = newer[0]
    button = visitor.page.locator(f'#cards .card[data-item-id="{disliked.item_id}"] [data-kind=dislike]')
    button.click()
    visitor.page.wait_for_selector(f"#profile li:has-text({disliked.title!r})")
    assert button.get_attribute("aria-pressed") == "true"
    visitor.ask("show me others")
    assert visitor.shown()
    assert disliked.item_id not in [item.item_id for item in visitor.shown()]
    assert all(year(item) > 1972 for item in visitor.shown())

    named = visitor.shown()[0]
    visitor.ask("why the first one?")
    assert named.title.removesuffix(", The").split(",")[0] in visitor.answer()

    before = visitor.page.locator("#history .turn").count()
    visitor.during_a_turn(visitor.page.locator("#next button[data-event=undo]").click)
    assert visitor.page.locator("#history .turn").count() >= before - 1


def test_a_chat_survives_a_reload(visitor: Any) -> None:
    visitor.open("/?user=2")
    visitor.ask("comedy after 1993")
    said, cards, chips = visitor.answer(), [item.item_id for item in visitor.shown()], visitor.chips()
    assert "chat=" in visitor.page.url
    visitor.page.reload()
    visitor.page.wait_for_selector("#cards .card")
    assert visitor.answer() == said
    assert [item.item_id for item in visitor.shown()] == cards
    assert visitor.chips() == chips
    assert visitor.page.locator("#history .asked").inner_text().endswith("comedy after 1993")


def test_a_chat_of_another_user_does_not_open(visitor: Any) -> None:
    visitor.open("/?user=3")
    visitor.ask("comedy")
    chat = visitor.page.url.split("chat=")[1]
    visitor.open(f"/?user=4&chat={chat}")
    assert visitor.page.locator(".welcome").count() == 1


def test_a_guest_can_like_before_asking(visitor: Any) -> None:
    visitor.open()
    first = visitor.page.locator("#history .card").first
    item_id = first.get_attribute("data-item-id")
    first.locator("[data-kind=like]").click()
    visitor.page.wait_for_selector("#profile .rows li .name")
    title = visitor.site.store.item(item_id).title
    assert visitor.page.locator("#profile .rows .name").first.get_attribute("title") == title
    visitor.ask("surprise me")
    assert item_id not in [item.item_id for item in visitor.shown()]


def test_a_user_is_created_and_comes_back(visitor: Any) -> None:
    visitor.open()
    visitor.choose_user("Ada of the browser")
    assert visitor.site.store.user("Ada of the browser").name == "Ada of the browser"
    visitor.ask("thriller")
    visitor.page.locator("#chats button[data-event=fresh]").click()
    visitor.page.wait_for_selector(".welcome")
    visitor.page.locator("#chats .chatlist button").first.click()
    visitor.page.wait_for_selector("#cards .card")
    assert visitor.page.locator("#history .asked").inner_text().endswith("thriller")


def test_a_wish_can_be_added_beside_the_chips(visitor: Any) -> None:
    visitor.open("/?user=5")
    visitor.ask("drama")

    def add() -> None:
        visitor.page.fill("#add-chip", "no romance")
        visitor.page.press("#add-chip", "Enter")

    visitor.during_a_turn(add)
    assert visitor.shown()
    assert all("Drama" in item.categories and "Romance" not in item.categories for item in visitor.shown())


def test_a_suggestion_is_a_message(visitor: Any) -> None:
    visitor.open("/?user=6")
    visitor.ask("comedy")
    button = visitor.page.locator("#next button[data-event=say]").first
    text = button.inner_text()
    visitor.during_a_turn(button.click)
    assert visitor.page.locator("#history .asked").last.inner_text().endswith(text)


def test_the_keyboard_is_enough(visitor: Any) -> None:
    page = visitor.open("/?user=7").page

    def type_and_send() -> None:
        page.focus("#message textarea")
        page.keyboard.type("crime")
        page.keyboard.press("Enter")

    visitor.during_a_turn(type_and_send)
    focused = "() => document.activeElement?.dataset?.kind ?? ''"
    for _ in range(60):
        page.keyboard.press("Shift+Tab")
        if page.evaluate(focused) == "like":
            break
    assert page.evaluate(focused) == "like"
    outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineWidth")
    assert outline != "0px"
    item_id = page.evaluate("() => document.activeElement.dataset.item")
    page.keyboard.press("Enter")
    title = visitor.site.store.item(item_id).title
    page.wait_for_function(
        "title => document.querySelector('#profile .rows .name')?.getAttribute('title') === title", arg=title
    )
    assert page.evaluate("() => document.activeElement.getAttribute('aria-pressed')") == "true"


def test_an_empty_message_does_nothing(visitor: Any) -> None:
    visitor.open("/?user=8")
    visitor.page.fill("#message textarea", "   ")
    visitor.page.press("#message textarea", "Enter")
    visitor.page.wait_for_timeout(500)
    assert visitor.page.locator(".welcome").count() == 1
