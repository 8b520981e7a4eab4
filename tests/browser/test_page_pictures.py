"""Pictures of each tab. ``TASTEMAKER_SCREENSHOTS=docs/images`` keeps them; ``TASTEMAKER_SITE`` takes a running demo."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytestmark = pytest.mark.browser

MAX_BYTES = 300_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    kept = os.environ.get("TASTEMAKER_SCREENSHOTS")
    chosen = Path(kept) if kept else tmp_path
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("light", {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"}),
        ("dark", {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"}),
        ("phone", {"viewport": {"width": 375, "height": 812}, "device_scale_factor": 2, "is_mobile": True}),
    ],
)
def test_pictures_of_each_tab(chromium: Any, site: Any, folder: Path, name: str, settings: dict[str, Any]) -> None:
    context = chromium.new_context(reduced_motion="reduce", **settings)
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto((os.environ.get("TASTEMAKER_SITE") or site.url) + "/?user=10")
    page.wait_for_selector("#history .card")
    if name == "light":
        shoot(page, folder / "welcome.png")
    page.fill("#message textarea", "something like Fargo, no horror")
    page.press("#message textarea", "Enter")
    page.wait_for_selector("#next button")
    page.locator("#cards .card [data-kind=like]").first.click()
    page.wait_for_selector("#cards [aria-pressed=true]")
    page.locator("#message textarea").blur()
    shoot(page, folder / ("chat.png" if name == "light" else f"chat-{name}.png"))
    if name == "light":
        page.locator("#cards .card [data-event=why]").nth(1).click()
        page.wait_for_selector("#why-channels .js-plotly-plot")
        shoot(page, folder / "why.png", full=True)
        page.get_by_role("tab", name="Onboard", exact=True).click()
        page.locator("#onboard-title input, #onboard-title textarea").first.fill("The Salt Road")
        page.locator("#onboard-text textarea").fill(
            "A weary detective follows a smuggler across a frozen border town: a dry, violent crime thriller."
        )
        for category in ("Crime", "Thriller"):
            page.locator("#onboard-categories input").fill(category)
            page.keyboard.press("Enter")
        page.get_by_label("Year").fill("1997")
        page.keyboard.press("Tab")
        page.wait_for_selector("#onboard-preview .near")
        page.wait_for_timeout(3_000)  # the preview of the last key
        shoot(page, folder / "onboard.png")
        page.get_by_role("tab", name="Status", exact=True).click()
        page.wait_for_selector(".status")
        shoot(page, folder / "status.png")
    context.close()


def shoot(page: Any, path: Path, *, full: bool = False) -> None:
    """A picture with at most 256 colours: flat drawings lose nothing, and the repository stays small."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(700)
    page.screenshot(path=path, full_page=full)
    with Image.open(path) as picture:
        flat = picture.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    flat.save(path, optimize=True)
    assert path.stat().st_size < MAX_BYTES
    assert len(set(flat.resize((64, 64)).get_flattened_data())) > 5, "an empty page"
