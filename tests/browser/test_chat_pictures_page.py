"""A picture in the chat of a real browser: chosen, dropped, pasted, taken back, sent, refused."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.test_page_layout import assert_fits
from tests.posters import photographed, saved_poster

pytestmark = pytest.mark.browser
SEED = 300
WIDTHS = pytest.mark.parametrize("width", ["visitor", "phone"])

BRING = """([content, how]) => {
  const file = new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], "poster.jpg", { type: "image/jpeg" });
  const data = new DataTransfer();
  data.items.add(file);
  if (how === "paste") {
    const field = document.querySelector("#message textarea");
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    return;
  }
  const on = document.querySelector("#history");
  for (const kind of ["dragover", "drop"])
    on.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def poster(site: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photograph of the poster of an item that is in the catalogue."""
    folder = tmp_path_factory.mktemp("posters")
    for seed in (SEED, SEED + 1, SEED + 2):
        image = saved_poster(folder, seed)
        item = {"item_id": f"page-poster-{seed}", "title": f"Poster {seed}", "categories": ["Comedy"]}
        assert httpx.post(f"{site.url}/api/v1/items", json=item, timeout=60).status_code == 201
        with Path(image).open("rb") as file:
            url = f"{site.url}/api/v1/items/{item['item_id']}/image"
            assert httpx.put(url, files={"file": file}, timeout=60).is_success
    photograph = folder / "photograph.jpg"
    photograph.write_bytes(photographed(SEED))
    return photograph


def attach(page: Any, path: Path) -> None:
    page.set_input_files("#attach input[type=file]", str(path))
    page.wait_for_selector("#attached .attached img, #attached .problem")


def loaded(page: Any, selector: str) -> bool:
    page.wait_for_selector(selector, state="attached")
    return page.wait_for_function(
        "one => document.querySelector(one).complete && document.querySelector(one).naturalWidth > 0", arg=selector
    ).json_value()


@WIDTHS
def test_something_that_looks_like_this_poster(width: str, request: pytest.FixtureRequest, poster: Path) -> None:
    someone = request.getfixturevalue(width)
    page = someone.open().page
    attach(page, poster)
    assert loaded(page, "#attached img")
    assert_fits(page)
    page.click("#attached [data-event=detach]")
    page.wait_for_selector("#attached .attached", state="detached")
    attach(page, poster)
    someone.ask("something that looks like this")
    assert someone.shown()[0].item_id == f"page-poster-{SEED}"
    assert "matching your picture" in someone.answer()
    assert page.locator("#attached .attached").count() == 0, "it went with the message"
    assert loaded(page, "#history img.sent")
    assert someone.chips() == ["looks like your picture"]
    assert_fits(page)
    page.reload()
    page.wait_for_selector("#cards .card")
    assert loaded(page, "#history img.sent")
    assert someone.chips() == ["looks like your picture"]


def test_words_chips_and_undo_with_a_picture(visitor: Any, poster: Path) -> None:
    page = visitor.open().page
    attach(page, poster)
    visitor.ask("like this but a drama")
    assert visitor.chips() == ["Drama", "looks like your picture"]
    assert all("Drama" in item.categories for item in visitor.shown())
    assert "recommend" in page.locator("#did").text_content()
    visitor.during_a_turn(page.locator("#understood .chip.picture button").click)
    assert visitor.chips() == ["Drama"]
    visitor.during_a_turn(page.locator("#next [data-event=undo]").click)
    assert visitor.chips() == ["Drama", "looks like your picture"]


def test_a_picture_alone_is_enough_and_why_shows_it(visitor: Any, poster: Path) -> None:
    page = visitor.open().page
    attach(page, poster)
    visitor.ask("")
    assert visitor.shown()[0].item_id == f"page-poster-{SEED}"
    assert "picture=" in page.locator("#did").text_content()
    page.locator("#cards .card [data-event=why]").first.click()
    page.wait_for_selector("#why-channels .js-plotly-plot")
    head = page.locator("#why-head").inner_text()
    assert "asked: looks like your picture" in head
    assert "Looks like your picture" in head.partition("What the score is made of")[2].split("\n")[1]


@pytest.mark.parametrize("how", ["drop", "paste"])
def test_a_picture_is_dropped_or_pasted(visitor: Any, poster: Path, how: str) -> None:
    page = visitor.open().page
    page.evaluate(BRING, [base64.b64encode(poster.read_bytes()).decode(), how])
    page.wait_for_selector("#attached .attached img")
    assert loaded(page, "#attached img")


def test_a_hostile_file_is_refused_and_the_chat_goes_on(visitor: Any, poster: Path, tmp_path: Path) -> None:
    page = visitor.open().page
    bad = tmp_path / "bad.svg"
    bad.write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "utf-8")
    attach(page, bad)
    assert "not JPEG" in page.locator("#attached .problem").inner_text()
    assert_fits(page)
    large = tmp_path / "large.jpg"
    large.write_bytes(bytes(10_000_001))
    page.set_input_files("#attach input[type=file]", str(large))
    page.wait_for_selector("#attached .problem:has-text('10,000,001 bytes')")
    visitor.ask("comedy")
    assert all("Comedy" in item.categories for item in visitor.shown())
    assert page.locator("#attached .problem").count() == 0
    attach(page, poster)
    assert page.locator("#attached .attached").count() == 1


def test_a_picture_does_not_go_into_another_chat(visitor: Any, poster: Path) -> None:
    page = visitor.open().page
    attach(page, poster)
    visitor.ask("like this")
    attach(page, poster)
    page.locator("#chats button[data-event=fresh]").click()
    page.wait_for_selector(".welcome")
    assert page.locator("#attached .attached").count() == 0
    visitor.ask("comedy")
    assert visitor.chips() == ["Comedy"]


def test_a_message_with_a_picture_is_said_differently(visitor: Any, poster: Path) -> None:
    page = visitor.open().page
    attach(page, poster)
    visitor.ask("like this but a comedy")
    page.locator("#history .ask [data-edit]").click()
    field = page.locator(".revise textarea:visible")
    field.fill("like this but a drama")
    visitor.during_a_turn(lambda: field.press("Enter"))
    assert visitor.chips() == ["Drama", "looks like your picture"]
    assert loaded(page, "#history img.sent")
