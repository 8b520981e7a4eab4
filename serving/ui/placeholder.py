"""A drawn cover for items without a picture: the categories give the colours, the title gives the drawing.

The same title and categories always give the same cover, on every machine. Nothing of the item is put into the markup
but its title, as escaped text.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup

WIDTH = 200
HEIGHT = 300
DRAWING = 196  # height of the drawing; the title stands below it
LINE_UNITS = 15.5  # average glyph widths that fit one line of the title
MAX_LINES = 4


@dataclass(frozen=True)
class Palette:
    """Four colours of one cover: ``ground`` behind the drawing, ``ink`` for the title on ``ground``."""

    ground: str
    ink: str
    first: str
    second: str
    third: str


PALETTES = (
    Palette("#23395b", "#f3ead7", "#e4572e", "#f3a712", "#8fb8de"),
    Palette("#f2e3c6", "#3a2a1a", "#d1495b", "#edae49", "#30638e"),
    Palette("#1f3d36", "#eef1e4", "#e9c46a", "#7fb69a", "#d96c4a"),
    Palette("#e9d8d3", "#43222f", "#8c2f4b", "#d98f78", "#5b6c9e"),
    Palette("#2b2435", "#f1e7f2", "#b26fb5", "#f0a07c", "#5f7fbf"),
    Palette("#dfe7e3", "#17332f", "#1f7a6d", "#e2a33b", "#7aa5a0"),
    Palette("#41211c", "#f7e6d3", "#d9512c", "#f0b65a", "#8d5a44"),
    Palette("#f4d9a8", "#4a2c0a", "#c8553d", "#2a7f86", "#e89f3c"),
    Palette("#1c2b2d", "#e6ecea", "#4f9d9b", "#c6d3a4", "#e07a5f"),
    Palette("#d7dbea", "#232847", "#4a5899", "#e07a72", "#9aa7d6"),
    Palette("#33302b", "#f2ece0", "#c9a35b", "#8f9a83", "#c4664a"),
    Palette("#f0d4cc", "#4b1f24", "#b8384b", "#3f6c73", "#ecaa7f"),
    Palette("#20324a", "#e8eef5", "#6fa3d0", "#f2d06b", "#c75f6b"),
    Palette("#e5e3cf", "#2f3420", "#6b7f3a", "#cf8a3c", "#a3b18a"),
)


@lru_cache(maxsize=4096)
def cover(title: str, categories: tuple[str, ...] = ()) -> Markup:
    """A 2:3 cover as inline SVG, hidden from screen readers (the card says the title)."""
    seed = random.Random(_digest(title))
    palette = PALETTES[_digest("\n".join(categories) or title) % len(PALETTES)]
    drawing = seed.choice(DRAWINGS)(seed, palette)
    return Markup(  # noqa: S704 - numbers, our own colours, and lettering that is escaped
        f'<svg class="cover" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="xMidYMid slice" aria-hidden="true">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{palette.ground}"/>'
        f'<svg width="{WIDTH}" height="{DRAWING}" viewBox="0 0 {WIDTH} {DRAWING}">{drawing}</svg>'
        f"{_lettering(title, palette.ink)}</svg>"
    )


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.casefold().encode("utf-8", "replace"), digest_size=8).digest(), "big")


def _lettering(title: str, ink: str) -> Markup:
    lines = _wrap(title)
    size = 20 if len(lines) <= 2 else 17
    step = size + 4
    top = DRAWING + (HEIGHT - DRAWING - step * (len(lines) - 1)) / 2 + size * 0.35
    return Markup("").join(
        Markup('<text x="16" y="{}" font-size="{}" font-weight="600" fill="{}">{}</text>').format(
            round(top + step * row, 1), size, ink, line
        )
        for row, line in enumerate(lines)
    )


def _wrap(title: str) -> list[str]:
    """Title as at most ``MAX_LINES`` lines; the last one ends in an ellipsis where something was cut."""
    lines: list[str] = []
    for word in title.split() or ["…"]:
        word = word if len(word) <= LINE_UNITS else word[: int(LINE_UNITS) - 1] + "…"
        if lines and len(lines[-1]) + 1 + len(word) <= LINE_UNITS:
            lines[-1] += " " + word
        else:
            lines.append(word)
    if len(lines) > MAX_LINES:
        lines = [*lines[: MAX_LINES - 1], lines[MAX_LINES - 1].rstrip("…") + "…"]
    return lines


# The drawings. Each fills a field of WIDTH x DRAWING; `seed` is the only source of variation.


def _arcs(seed: random.Random, palette: Palette) -> str:
    x, y = seed.choice(((0, DRAWING), (WIDTH, DRAWING), (WIDTH, 0), (0, 0), (100, DRAWING)))
    colours = _cycle(seed, palette)
    radii = range(180, 10, -seed.choice((22, 28, 34)))
    return "".join(f'<circle cx="{x}" cy="{y}" r="{r}" fill="{colours[n % 4]}"/>' for n, r in enumerate(radii))


def _horizon(seed: random.Random, palette: Palette) -> str:
    x, r = seed.randint(55, 145), seed.randint(42, 62)
    level = seed.randint(112, 140)
    bands = "".join(
        f'<rect y="{level + 18 * n}" width="{WIDTH}" height="{14 - 2 * n}" fill="{palette.third}"/>' for n in range(5)
    )
    return f'<circle cx="{x}" cy="{level - 12}" r="{r}" fill="{palette.first}"/>{bands}'


def _tiles(seed: random.Random, palette: Palette) -> str:
    side = 50
    colours = _cycle(seed, palette)
    parts = []
    for column in range(WIDTH // side):
        for row in range(DRAWING // side + 1):
            x, y = column * side, row * side
            # half a unit of overlap: without it neighbours show a hairline between them
            parts.append(f'<rect x="{x}" y="{y}" width="50.5" height="50.5" fill="{seed.choice(colours)}"/>')
            corner_x, corner_y = seed.choice(((x, y), (x + side, y), (x, y + side), (x + side, y + side)))
            parts.append(_quarter(corner_x, corner_y, x, y, side, seed.choice(colours)))
    return "".join(parts)


def _quarter(corner_x: int, corner_y: int, x: int, y: int, side: int, colour: str) -> str:
    far_x, far_y = 2 * x + side - corner_x, 2 * y + side - corner_y
    sweep = int((far_x > corner_x) == (far_y > corner_y))
    arc = f"A{side} {side} 0 0 {sweep} {corner_x} {far_y}"
    return f'<path d="M{corner_x} {corner_y}L{far_x} {corner_y}{arc}Z" fill="{colour}"/>'


def _hills(seed: random.Random, palette: Palette) -> str:
    colours = (palette.third, palette.second, palette.first)
    parts = [f'<circle cx="{seed.randint(40, 160)}" cy="{seed.randint(36, 60)}" r="18" fill="{palette.ink}"/>']
    for n, colour in enumerate(colours):
        level = 92 + 34 * n
        phase, height = seed.uniform(0, math.tau), seed.randint(14, 26)
        points = " ".join(
            f"{x},{round(level + height * math.sin(phase + x / seed_width), 1)}"
            for seed_width in (seed.choice((26, 34, 48)),)
            for x in range(0, WIDTH + 1, 4)
        )
        parts.append(f'<polygon points="0,{DRAWING} {points} {WIDTH},{DRAWING}" fill="{colour}"/>')
    return "".join(parts)


def _peaks(seed: random.Random, palette: Palette) -> str:
    parts = [f'<rect width="{WIDTH}" height="{DRAWING}" fill="{palette.third}"/>']
    for n, colour in enumerate((palette.second, palette.first, palette.ground)):
        x = seed.randint(10 + 40 * n, 90 + 40 * n)
        top = seed.randint(30, 60) + 30 * n
        spread = seed.randint(90, 130)
        points = f"{x - spread},{DRAWING} {x},{top} {x + spread},{DRAWING}"
        parts.append(f'<polygon points="{points}" fill="{colour}"/>')
    return "".join(parts)


def _columns(seed: random.Random, palette: Palette) -> str:
    count = seed.choice((5, 7, 9))
    step = WIDTH / count
    colours = (palette.first, palette.second, palette.third)
    start = seed.randint(0, 2)
    return "".join(
        f'<rect x="{round(n * step, 2)}" y="{height}" width="{round(step, 2)}" height="{DRAWING - height}" '
        f'fill="{colours[(n + start) % 3]}"/>'
        for n in range(count)
        for height in (seed.randint(18, 150),)
    )


def _orbits(seed: random.Random, palette: Palette) -> str:
    x, y = seed.randint(70, 130), seed.randint(80, 116)
    parts = []
    for n, radius in enumerate(range(30, 150, 24)):
        angle = seed.uniform(0, math.tau)
        moon_x, moon_y = round(x + radius * math.cos(angle), 1), round(y + radius * math.sin(angle), 1)
        parts.append(
            f'<circle cx="{x}" cy="{y}" r="{radius}" fill="none" stroke="{palette.ink}" stroke-opacity=".45"/>'
            f'<circle cx="{moon_x}" cy="{moon_y}" r="{5 + n}" fill="{(palette.first, palette.second)[n % 2]}"/>'
        )
    return "".join(parts) + f'<circle cx="{x}" cy="{y}" r="18" fill="{palette.third}"/>'


def _petals(seed: random.Random, palette: Palette) -> str:
    count = seed.choice((6, 8, 10, 12))
    tilt = seed.randint(0, 45)
    colours = (palette.first, palette.second)
    petals = "".join(
        f'<ellipse cx="100" cy="48" rx="{seed_width}" ry="44" fill="{colours[n % 2]}" fill-opacity=".88" '
        f'transform="rotate({round(tilt + 360 * n / count, 1)} 100 98)"/>'
        for seed_width in (seed.choice((14, 18, 22)),)
        for n in range(count)
    )
    return petals + f'<circle cx="100" cy="98" r="14" fill="{palette.third}"/>'


def _beams(seed: random.Random, palette: Palette) -> str:
    tilt = seed.choice((-38, -24, 24, 38, 90))
    colours = (palette.first, palette.second, palette.third)
    parts, y = [], -110
    while y < 300:
        thickness = seed.choice((10, 18, 30, 44))
        parts.append(f'<rect x="-160" y="{y}" width="520" height="{thickness}" fill="{seed.choice(colours)}"/>')
        y += thickness + seed.choice((8, 14, 22))
    return f'<g transform="rotate({tilt} 100 98)">{"".join(parts)}</g>'


def _moons(seed: random.Random, palette: Palette) -> str:
    colours = (palette.first, palette.second, palette.third)
    start = seed.randint(0, 2)
    parts = []
    for n in range(9):
        x, y = 44 + 56 * (n % 3), 42 + 56 * (n // 3)
        shift = seed.choice((-12, -7, 0, 7, 12))  # no further: the shadow would touch the next moon
        parts.append(
            f'<circle cx="{x}" cy="{y}" r="22" fill="{colours[(n + start) % 3]}"/>'
            f'<circle cx="{x + shift}" cy="{y}" r="{22 if shift else 8}" fill="{palette.ground}"/>'
        )
    return "".join(parts)


def _cycle(seed: random.Random, palette: Palette) -> list[str]:
    colours = [palette.first, palette.second, palette.third, palette.ground]
    seed.shuffle(colours)
    return colours


DRAWINGS: tuple[Callable[[random.Random, Palette], str], ...] = (
    _arcs,
    _horizon,
    _tiles,
    _hills,
    _peaks,
    _columns,
    _orbits,
    _petals,
    _beams,
    _moons,
)
