from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from encoders.images import FORMATS, ImageLimits, decode_image, load_image, perceptual_hash, read_image
from store.errors import InputError, UnsafeInput


def picture(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    """Left half red, right half blue."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[:, : width // 2, 0] = 255
    pixels[:, width // 2 :, 2] = 255
    return Image.fromarray(pixels).convert(mode)


def saved(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims any size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_allowed_format_is_decoded_to_rgb(file_format: str) -> None:
    image = decode_image(saved(picture(), file_format))
    assert (image.mode, image.size) == ("RGB", (64, 48))
    red, _, blue = np.asarray(image)[24, 10]
    assert red > 200
    assert blue < 60


def test_a_60000_x_60000_png_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(UnsafeInput, match="decompression bomb"):
        decode_image(png_header(60_000, 60_000))


def test_too_many_pixels_and_too_long_a_side_are_refused() -> None:
    with pytest.raises(UnsafeInput, match=r"8,000 x 8,000 pixels, more than 25,000,000"):
        decode_image(png_header(8_000, 8_000))
    with pytest.raises(UnsafeInput, match="side above 10,000"):
        decode_image(png_header(20_000, 2))


@pytest.mark.parametrize("file_format", FORMATS)
def test_truncated_pictures_are_refused(file_format: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    whole = saved(Image.fromarray(noise), file_format)
    with pytest.raises(UnsafeInput, match="truncated or broken"):
        decode_image(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    "data",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        saved(picture(), "TIFF"),
        saved(picture(), "TIFF") + saved(picture(), "JPEG"),
        saved(picture(), "ICO"),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"",
        b"GIF89a",
    ],
    ids=["svg", "tiff", "tiff+jpeg polyglot", "ico", "eps", "empty", "bare header"],
)
def test_other_formats_and_polyglots_are_refused(data: bytes) -> None:
    with pytest.raises(UnsafeInput):
        decode_image(data)


def test_no_decoder_beyond_the_list_ever_sees_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import TiffImagePlugin

    def explode(*_: object) -> None:
        raise AssertionError("the TIFF decoder was run")

    monkeypatch.setattr(TiffImagePlugin.TiffImageFile, "_open", explode)
    with pytest.raises(UnsafeInput, match="is not JPEG, PNG, WEBP, GIF or BMP"):
        decode_image(b"II*\0" + b"\0" * 100)


def test_random_damage_never_raises_anything_else() -> None:
    generator = np.random.default_rng(0)
    for file_format in FORMATS:
        whole = bytearray(saved(picture(), file_format))
        for _ in range(60):
            damaged = bytearray(whole)
            for place in generator.integers(0, len(damaged), 3):
                damaged[place] = int(generator.integers(0, 256))
            try:
                assert decode_image(bytes(damaged)).mode == "RGB"
            except UnsafeInput:
                continue


def test_only_the_first_frame_of_an_animation_is_used() -> None:
    frames = [picture(), picture().transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    image = decode_image(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert np.asarray(image)[24, 10, 0] > 200


def test_exif_orientation_turns_the_picture_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter to the left when it was taken
    image = decode_image(saved(picture(), "JPEG", exif=exif))
    assert image.size == (48, 64)
    assert np.asarray(image)[5, 24, 0] > 200, "red was left, is now above"


def test_transparency_becomes_white() -> None:
    image = decode_image(saved(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "PNG"))
    assert np.asarray(image).min() == 255


def test_files_are_checked_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "cover.png"
    path.write_bytes(saved(picture(), "PNG"))
    assert load_image(path).size == (64, 48)
    with pytest.raises(UnsafeInput, match="larger than 10 bytes"):
        read_image(path, ImageLimits(max_bytes=10))
    with pytest.raises(UnsafeInput, match=r"'none\.png' cannot be read: No such file"):
        load_image(tmp_path / "none.png")
    fifo = tmp_path / "pipe.png"
    os.mkfifo(fifo)
    with pytest.raises(UnsafeInput, match="not a regular file"):
        load_image(fifo)
    with pytest.raises(InputError, match="max_side is 0, below 1"):
        ImageLimits(max_side=0)


def test_perceptual_hash_is_near_for_a_copy_and_far_for_another_picture() -> None:
    generator = np.random.default_rng(3)
    first, second = (
        Image.fromarray(generator.integers(0, 255, (12, 9, 3), dtype=np.uint8)).resize((180, 240)) for _ in range(2)
    )
    copy = decode_image(saved(first.resize((90, 120)), "JPEG", quality=60))
    assert 0 <= perceptual_hash(first) < 2**64
    assert (perceptual_hash(first) ^ perceptual_hash(copy)).bit_count() <= 6
    assert (perceptual_hash(first) ^ perceptual_hash(second)).bit_count() > 16
