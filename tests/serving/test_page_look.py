"""Colours that can be read, covers that can be trusted, markup that stays text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from encoders.images import load_image
from serving.figures import percent, signed
from serving.ui.pictures import Pictures
from serving.ui.placeholder import DRAWINGS, HEIGHT, PALETTES, WIDTH, cover
from serving.ui.render import Renderer, subtitle
from serving.ui.theme import CHANNELS, GAIN, LOSS, channel_colour, stylesheet
from store.records import Item

HOSTILE = "<img src=x onerror=alert(1)>${alert(2)}{{constructor}}\"'"


def tokens(dark: bool) -> dict[str, str]:
    """Colours of ``page.css`` in one of its two modes."""
    blocks = re.findall(r"\{([^}]*--ground[^}]*)\}", stylesheet())
    light, night = (dict(re.findall(r"--([\w-]+): (#\w{6})", block)) for block in blocks[:2])
    return light | night if dark else light


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio, WCAG 2.2: (L1 + 0.05) / (L2 + 0.05)."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_contrast_is_the_formula_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("ink", "ground"), ("ink", "panel"), ("ink", "field"), ("ink", "accent-soft"), ("ink", "warn-soft"),
        ("ink", "bad-soft"), ("ink-soft", "ground"), ("ink-soft", "panel"), ("ink-soft", "field"),
        ("accent", "ground"), ("on-accent", "accent"), ("on-accent", "accent-strong"), ("warn", "warn-soft"),
    ],
)  # fmt: skip
def test_text_can_be_read(text: str, ground: str, dark: bool) -> None:
    colours = tokens(dark)
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", [*CHANNELS, "a scorer of tomorrow", "gain", "loss"])
def test_bars_stand_out_from_the_ground(name: str, dark: bool) -> None:
    colour = {"gain": GAIN, "loss": LOSS}.get(name) or channel_colour(name)
    assert contrast(colour, tokens(dark)["ground"]) >= 3.0


def test_charts_and_stylesheet_agree() -> None:
    assert (tokens(dark=False)["gain"], tokens(dark=False)["loss"]) == (GAIN, LOSS)


@pytest.mark.parametrize("palette", PALETTES)
def test_titles_on_covers_can_be_read(palette: object) -> None:
    assert contrast(palette.ink, palette.ground) >= 4.5  # type: ignore[attr-defined]


def test_one_font_no_foreign_server_in_the_stylesheet() -> None:
    assert not re.search(r"url\(|@import|https?://", stylesheet())


def test_sizes_of_type_are_three() -> None:
    sizes = set(re.findall(r"font-size: ([^;!} ]+)", stylesheet())) - {"0"}
    assert sizes <= {"var(--small)", "var(--body)", "var(--large)", "13px"}


class Tags(HTMLParser):
    """Collects the elements and the text of a fragment."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.handlers: list[str] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.handlers += [name for name, value in attrs if name.startswith("on") or "javascript:" in (value or "")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_covers_are_the_same_each_time_and_differ_by_title() -> None:
    again = cover.__wrapped__  # past the cache
    assert again("Fargo", ("Crime",)) == again("Fargo", ("Crime",))
    assert len({str(again(f"Title {n}", ("Crime",))) for n in range(40)}) == 40


def test_one_set_of_categories_has_one_palette() -> None:
    grounds = {re.search(r'fill="(#\w+)"', cover(f"Title {n}", ("Crime", "Drama")))[1] for n in range(20)}  # type: ignore[index]
    assert len(grounds) == 1


@pytest.mark.parametrize("title", ["", " ", "X" * 500, "word " * 80, "日本語のタイトル", HOSTILE, "a\ud800b"])
def test_any_title_gives_a_cover(title: str) -> None:
    parsed = Tags(str(cover(title)))
    assert set(parsed.names) <= {"svg", "rect", "circle", "polygon", "path", "ellipse", "g", "text"}
    assert not parsed.handlers


def test_every_drawing_stays_a_picture() -> None:
    seen = {drawing.__name__ for drawing in DRAWINGS}
    assert len(seen) == 10
    assert pytest.approx(2 / 3) == WIDTH / HEIGHT


@pytest.fixture
def renderer() -> Renderer:
    return Renderer(Pictures(load_image))


def test_hostile_text_of_items_stays_text(renderer: Renderer) -> None:
    item = Item(HOSTILE, HOSTILE, HOSTILE, (HOSTILE,), {"year": 1999, "maker": HOSTILE})
    card = {"item": item, "subtitle": subtitle(item), "reason": HOSTILE, "feedback": None, "recommendation": None}
    parsed = Tags(renderer("cards.html", cards=[card], table=(("", HOSTILE, HOSTILE), (HOSTILE, HOSTILE, HOSTILE))))
    assert "img" not in parsed.names
    assert not parsed.handlers
    assert HOSTILE in parsed.text


@pytest.mark.parametrize("template", ["words.html", "next.html", "did.html", "chats.html", "picker.html"])
def test_hostile_text_of_people_and_models_stays_text(renderer: Renderer, template: str) -> None:
    values = {
        "text": HOSTILE, "busy": False, "turn": 1, "notes": [HOSTILE], "problem": {"what": HOSTILE, "fix": HOSTILE},
        "suggestions": [HOSTILE], "can_undo": True, "trace": [HOSTILE], "milliseconds": {HOSTILE: 1.0},
        "chats": [{"chat_id": HOSTILE, "title": HOSTILE, "share": HOSTILE}], "opened": HOSTILE, "current": HOSTILE,
        "copied": HOSTILE, "retry": True, "name": "field", "label": HOSTILE, "placeholder": HOSTILE,
        "value": HOSTILE, "question": {"text": HOSTILE, "answers": [HOSTILE]},
    }  # fmt: skip
    parsed = Tags(renderer(template, **values))
    assert "img" not in parsed.names
    assert not parsed.handlers


def test_a_picture_is_shown_small_and_cached(renderer: Renderer, tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    Image.new("RGB", (2_000, 500), "teal").save(path)
    shown = str(renderer.picture(Item("1", "Wide", image=str(path))))
    assert shown.startswith('<img class="photo" src="data:image/jpeg;base64,')
    assert len(shown) < 20_000
    assert str(renderer.picture(Item("1", "Wide", image=str(path)))) == shown


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
def test_a_broken_picture_gives_the_drawn_cover(renderer: Renderer, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(content)
    assert "<svg" in renderer.picture(Item("1", "Broken", image=str(path)))


def test_a_missing_picture_gives_the_drawn_cover(renderer: Renderer, tmp_path: Path) -> None:
    assert "<svg" in renderer.picture(Item("1", "Gone", image=str(tmp_path / "gone.jpg")))


def test_numbers_as_people_read_them() -> None:
    assert signed(-0.1239) == "\N{MINUS SIGN}0.124"
    assert signed(0.5, 1) == "+0.5"
    assert [percent(share) for share in (0, 0.034, 0.004, 1)] == ["0%", "3%", "0.4%", "100%"]
    assert [percent(share, 1) for share in (0.021, 0.0004, 0.314)] == ["2.1%", "<0.1%", "31.4%"]
