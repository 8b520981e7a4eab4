"""Whole chats on the page: edited, answered again, renamed, shared, exported, deleted, and two visitors at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_page_layout import CLIPPED, assert_fits

pytestmark = pytest.mark.browser
WIDTHS = pytest.mark.parametrize("width", ["visitor", "phone"])


@pytest.fixture
def someone(width: str, request: pytest.FixtureRequest) -> Any:
    """Someone with a chat of two turns."""
    found = request.getfixturevalue(width)
    found.open()
    found.ask("comedy")
    found.ask("no romance")
    return found


def pane(someone: Any) -> Any:
    """The right pane, which is under a button at a phone."""
    if someone.page.locator(".pane-toggle").is_visible():
        someone.page.click(".pane-toggle")
        someone.page.wait_for_selector(".pane-open")
    return someone.page


def unfold(page: Any) -> None:
    page.locator("#chats .more > summary").first.click()
    page.wait_for_selector("#chats .more[open] .chat-acts")


def asked(page: Any) -> list[str]:
    return [text.removeprefix("You: ").strip() for text in page.locator("#history .asked").all_text_contents()]


@WIDTHS
def test_a_message_is_said_differently_in_a_branch(someone: Any) -> None:
    page = someone.page
    first = page.url.split("chat=")[1]
    page.locator("#cards [data-kind=like]").first.click()
    page.wait_for_selector("#profile .rows .name", state="attached")
    page.locator("#history .ask [data-edit]").nth(1).click()
    field = page.locator(".revise textarea:visible")
    assert field.input_value() == "no romance"
    assert_fits(page)
    field.press("Escape")
    assert page.locator(".revise textarea:visible").count() == 0
    page.locator("#history .ask [data-edit]").nth(1).click()
    field.fill("no drama")
    someone.during_a_turn(lambda: field.press("Enter"))
    assert asked(page) == ["comedy", "no drama"]
    assert all("Comedy" in one.categories and "Drama" not in one.categories for one in someone.shown())
    assert page.locator("#profile .rows .name").count() == 0, "a like given after the message is taken back"
    assert page.url.split("chat=")[1] != first
    pane(someone)
    page.click(f'#chats .open[data-key="{first}"]')
    page.wait_for_function("() => /no romance/.test(document.querySelector('#history').innerText)")
    assert asked(page) == ["comedy", "no romance"]


@WIDTHS
def test_an_answer_is_made_again_and_copied(someone: Any) -> None:
    page = someone.page
    before = [item.item_id for item in someone.shown()]
    someone.during_a_turn(page.locator("#words [data-event=retry]").click)
    assert [item.item_id for item in someone.shown()] == before
    assert asked(page) == ["comedy", "no romance"]
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("#words [data-copy]")
    page.wait_for_selector("#words [data-copy]:has-text('Copied')")
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied.startswith(someone.answer().strip())
    assert all(item.title in copied for item in someone.shown())


@WIDTHS
def test_a_chat_is_renamed_exported_and_deleted(someone: Any) -> None:
    page = pane(someone)
    unfold(page)
    page.fill("#chats .chat-acts input", "Sunday <b>evening</b>")
    page.press("#chats .chat-acts input", "Enter")
    page.wait_for_selector("#chats .open:has-text('Sunday <b>evening</b>')")
    assert page.evaluate(CLIPPED) == []  # at a phone the pane lies over the page on purpose
    with page.expect_download() as download:
        page.click("#chats a[href$='format=markdown']")
    assert "> no romance" in Path(download.value.path()).read_text(encoding="utf-8")
    with page.expect_download() as download:
        page.click("#chats a[href$='format=json']")
    assert json.loads(Path(download.value.path()).read_text(encoding="utf-8"))["title"] == "Sunday <b>evening</b>"
    page.click("#chats .sure summary")
    page.click("#chats [data-event=remove]")
    page.wait_for_selector(".welcome", state="attached")
    assert page.locator("#chats .open").count() == 0
    assert "chat=" not in page.url


@WIDTHS
def test_a_link_shows_the_chat_to_others_until_it_is_taken_back(someone: Any, chromium: Any, width: str) -> None:
    page = pane(someone)
    unfold(page)
    page.click("#chats [data-event=link]")
    path = page.wait_for_selector("#chats a[href^='/shared/']").get_attribute("href")
    titles = [item.title for item in someone.shown()]
    size = {"width": 375, "height": 812} if width == "phone" else {"width": 1440, "height": 900}
    context = chromium.new_context(viewport=size, color_scheme="dark")
    other = context.new_page()
    problems: list[str] = []
    other.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    assert other.goto(someone.site.url + path).status == 200
    text = other.inner_text("body")
    assert "no romance" in text
    assert all(title in text for title in titles)
    assert other.locator("button, form, input").count() == 0, "it is to be read"
    assert "Guest" not in text
    assert problems == []
    assert other.evaluate("() => document.documentElement.classList.contains('dark')")
    assert other.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.click("#chats [data-event=unlink]")
    page.wait_for_selector("#chats .chat-acts >> text=Share by a link")
    assert other.goto(someone.site.url + path).status == 404
    assert "Nothing is shared here" in other.inner_text("body")
    context.close()


@WIDTHS
def test_what_is_known_can_be_forgotten(width: str, request: pytest.FixtureRequest) -> None:
    """Also what was liked long ago, and before anything is asked."""
    someone = request.getfixturevalue(width)
    user = "11" if width == "visitor" else "13"
    page = someone.open(f"/?user={user}").page
    pane(someone)
    row = page.locator("#profile .rows li").first
    title = row.locator(".name").get_attribute("title")
    row.get_by_role("button").click()
    page.wait_for_function(
        "title => ![...document.querySelectorAll('#profile .name')].some((name) => name.title === title)", arg=title
    )
    page.reload()
    page.wait_for_selector("#profile .rows .name", state="attached")
    assert title not in page.locator("#profile .name").evaluate_all("names => names.map((name) => name.title)")


def test_two_visitors_at_once_are_apart(visitor: Any, phone: Any) -> None:
    for someone, text in ((visitor, "comedy"), (phone, "drama")):
        someone.open()
        someone.page.fill("#message textarea", text)
    for someone in (visitor, phone):
        someone.page.press("#message textarea", "Enter")
    for someone, value in ((visitor, "Comedy"), (phone, "Drama")):
        someone.page.wait_for_selector("#words [data-answered]")
        assert all(value in item.categories for item in someone.shown())
        assert someone.chips() == [value]
        assert asked(someone.page) == [value.lower()]
    assert visitor.page.url != phone.page.url


def test_shift_and_enter_begin_a_line(visitor: Any) -> None:
    page = visitor.open("/?user=14").page
    page.focus("#message textarea")
    page.keyboard.type("comedy")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("no romance")
    assert page.input_value("#message textarea") == "comedy\nno romance"
    visitor.during_a_turn(lambda: page.keyboard.press("Enter"))
    assert all("Comedy" in one.categories and "Romance" not in one.categories for one in visitor.shown())
    assert page.evaluate("() => document.activeElement.matches('#message textarea')")
