"""The microphone of a real browser: what is said becomes words in the text box, and is never sent by itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import ARGUMENTS, Site, Visitor, served
from tests.browser.test_page_layout import assert_fits
from tests.speech import save_whisper

pytestmark = pytest.mark.browser
FAKE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
"""A tone instead of a microphone, and nobody who has to allow it."""


@pytest.fixture(scope="module")
def hearing_site(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("speaking")
    shutil.copytree(trained_home, folder / "home")
    model = save_whisper(folder / "whisper")
    yield from served(folder / "home", "/api/v1/health/ready", TASTEMAKER_VOICE__MODEL=str(model))


@pytest.fixture(scope="module")
def microphone(chromium: Any) -> Iterator[Any]:
    browser = chromium.browser_type.launch(
        executable_path=next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))),
        args=[*ARGUMENTS, *FAKE],
    )
    yield browser
    browser.close()


@pytest.fixture
def speaker(microphone: Any, hearing_site: Site) -> Iterator[Visitor]:
    page = microphone.new_page(viewport={"width": 1280, "height": 900})
    yield Visitor(page, hearing_site).open()
    page.close()


def speak(page: Any, *, seconds: float = 1.0) -> None:
    page.click("#speak [data-speak]")
    page.wait_for_selector("#speak [data-speak][aria-pressed=true]")
    page.wait_for_timeout(1_000 * seconds)
    page.click("#speak [data-speak]")
    page.wait_for_selector("#speak [data-speak]:not([aria-busy])[aria-pressed=false]")


def test_words_stand_in_the_text_box_and_wait_to_be_sent(speaker: Visitor) -> None:
    page = speaker.page
    page.fill("#message textarea", "comedies")
    speak(page)
    words = page.input_value("#message textarea")
    assert words.startswith("comedies ")
    assert len(words) > len("comedies ")
    assert page.locator("#history .asked").count() == 0
    assert page.locator("#unheard .problem").count() == 0
    assert page.evaluate("document.activeElement === document.querySelector('#message textarea')")
    speaker.during_a_turn(lambda: page.press("#message textarea", "Enter"))
    assert page.locator("#history .asked").inner_text().endswith(words.strip())
    assert speaker.problems == []
    assert speaker.elsewhere == []


def test_a_recording_that_is_refused_is_told(speaker: Visitor) -> None:
    page = speaker.page
    page.route("**/speech", lambda route: route.fulfill(status=503, json={"detail": "too many speak", "fix": "Wait."}))
    speak(page)
    page.wait_for_selector("#unheard .problem")
    assert page.locator("#unheard .problem").inner_text().split("\n")[0] == "Too many speak."
    page.unroute("**/speech")
    speak(page)
    page.wait_for_selector("#unheard .problem", state="detached")
    assert page.input_value("#message textarea")


def test_a_microphone_that_is_not_given_is_told(speaker: Visitor) -> None:
    page = speaker.page
    page.evaluate("() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('no')); }")
    page.click("#speak [data-speak]")
    page.wait_for_selector("#unheard .problem")
    assert "could not be used" in page.locator("#unheard .problem").inner_text()
    assert page.locator("#speak [data-speak]").is_enabled()


@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_beside_the_text_box(microphone: Any, hearing_site: Site, width: int) -> None:
    page = microphone.new_page(viewport={"width": width, "height": 800})
    Visitor(page, hearing_site).open()
    assert_fits(page)
    sizes = page.locator("#speak [data-speak]").bounding_box()
    assert min(sizes["width"], sizes["height"]) >= 44
    page.close()


def test_without_a_model_there_is_no_microphone(visitor: Visitor) -> None:
    assert visitor.open().page.locator("#speak").count() == 0
