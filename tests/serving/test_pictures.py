from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from serving.pictures import KEPT_SIDE, PictureFolder
from store.errors import UnsafeInput


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def test_a_picture_is_kept_without_what_it_does_not_show(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    content = encoded(Image.new("RGB", (3000, 1500), "red"), "JPEG", exif=exif) + b"PK\x03\x04 a second file"
    folder = PictureFolder(tmp_path / "pictures")
    path = folder.keep(content)
    kept = path.read_bytes()
    assert b"secret place" not in kept
    assert b"PK\x03\x04" not in kept
    with Image.open(path) as picture:
        assert picture.size == (KEPT_SIDE, KEPT_SIDE // 2)
    assert folder.keep(content) == path
    assert [file.name for file in folder.root.iterdir()] == [path.name]


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    path = PictureFolder(tmp_path).keep(encoded(Image.new("RGBA", (8, 8), (255, 0, 0, 0)), "PNG"))
    with Image.open(path) as picture:
        assert picture.getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        encoded(Image.new("RGB", (64, 64)), "TIFF"),
        encoded(Image.effect_noise((256, 256), 50), "PNG")[:2000],
        encoded(Image.effect_noise((256, 256), 50), "JPEG")[:2000],
        encoded(Image.new("1", (12_000, 2)), "PNG"),
        b"\xff" * 10_000_001,
    ],
    ids=["empty", "text", "svg", "tiff", "cut png", "cut jpeg", "too wide", "too many bytes"],
)
def test_what_cannot_be_read_safely_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnsafeInput):
        PictureFolder(tmp_path / "pictures").keep(content)
    assert not (tmp_path / "pictures").exists()
