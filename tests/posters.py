"""Posters that are drawn for tests, and a photograph of one: cropped, resized, compressed."""

from __future__ import annotations

import io
import random
from pathlib import Path

from PIL import Image, ImageDraw

SIZE = (200, 300)


def drawn_poster(seed: int) -> Image.Image:
    """A ground, some shapes and stripes; another seed is another poster."""
    chance = random.Random(seed)

    def colour() -> tuple[int, int, int]:
        return chance.randrange(256), chance.randrange(256), chance.randrange(256)

    picture = Image.new("RGB", SIZE, colour())
    pencil = ImageDraw.Draw(picture)
    for _ in range(chance.randint(3, 9)):
        left, top = chance.randrange(SIZE[0] - 40), chance.randrange(SIZE[1] - 40)
        box = (left, top, left + chance.randint(20, 140), top + chance.randint(20, 140))
        chance.choice((pencil.ellipse, pencil.rectangle))(box, fill=colour())
    for y in range(0, SIZE[1], chance.randint(20, 90)):
        pencil.line((0, y, SIZE[0], chance.randrange(SIZE[1])), fill=colour(), width=chance.randint(1, 8))
    return picture


def saved_poster(folder: Path, seed: int) -> str:
    """Path of a drawn poster."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"poster-{seed}.png"
    drawn_poster(seed).save(path)
    return str(path)


def photographed(seed: int) -> bytes:
    """The same poster as someone's photograph shows it: less of it, smaller, JPEG."""
    picture = drawn_poster(seed)
    width, height = picture.size
    part = picture.crop((width // 20, height // 20, width - width // 25, height - height // 30))
    buffer = io.BytesIO()
    part.resize((part.width * 3 // 4, part.height * 3 // 4)).save(buffer, "JPEG", quality=60)
    return buffer.getvalue()
