"""Pictures from outside: checked before they are decoded, upright, RGB."""

from __future__ import annotations

import io
import stat
from dataclasses import dataclass
from pathlib import Path

import imagehash
from PIL import Image, ImageOps, UnidentifiedImageError

from store.errors import InputError, UnsafeInput

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
"""Decoders that are offered a file; all others (TIFF, SVG, PSD, EPS ...) never see it."""


@dataclass(frozen=True)
class ImageLimits:
    """What is refused before anything is decoded.

    Attributes:
        max_bytes: size of the file.
        max_pixels: width x height.
        max_side: pixels of the longer side.
    """

    max_bytes: int = 10_000_000
    max_pixels: int = 25_000_000
    max_side: int = 10_000

    def __post_init__(self) -> None:
        for name in ("max_bytes", "max_pixels", "max_side"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}, below 1", fix=f"Give {name} a number >= 1.")


def read_image(path: Path, limits: ImageLimits | None = None) -> bytes:
    """Bytes of a picture file, not decoded.

    Raises:
        UnsafeInput: no regular file, or larger than ``max_bytes``.
    """
    limits = limits or ImageLimits()
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UnsafeInput(f"picture {path.name!r} is not a regular file", fix="Give the path of a picture file.")
        with path.open("rb") as stream:
            data = stream.read(limits.max_bytes + 1)
    except OSError as error:
        raise UnsafeInput(
            f"picture {path.name!r} cannot be read: {error.strerror}", fix="Check the path and its permissions."
        ) from error
    if len(data) > limits.max_bytes:
        raise UnsafeInput(
            f"picture {path.name!r} is larger than {limits.max_bytes:,} bytes", fix="Give a smaller picture."
        )
    return data


def decode_image(data: bytes, limits: ImageLimits | None = None) -> Image.Image:
    """Decode a picture: first frame, turned upright by its EXIF tag, transparency on white, RGB.

    Raises:
        UnsafeInput: not one of ``FORMATS``, too many pixels, truncated or broken.
    """
    limits = limits or ImageLimits()
    if len(data) > limits.max_bytes:
        raise UnsafeInput(f"the picture has {len(data):,} bytes, more than {limits.max_bytes:,}", fix="Shrink it.")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)  # reads the header only
    except Image.DecompressionBombError as error:
        raise UnsafeInput(f"the picture is a decompression bomb: {error}", fix="Give a smaller picture.") from error
    except UnidentifiedImageError:
        raise UnsafeInput(
            f"the picture is not {', '.join(FORMATS[:-1])} or {FORMATS[-1]}", fix="Convert it to JPEG or PNG."
        ) from None
    except Exception as error:  # decoders raise whatever a broken header leads them to
        raise _broken(error) from error
    width, height = image.size
    if width * height > limits.max_pixels or max(width, height) > limits.max_side:
        raise UnsafeInput(
            f"the picture has {width:,} x {height:,} pixels, more than {limits.max_pixels:,} or a side above "
            f"{limits.max_side:,}",
            fix="Give a smaller picture.",
        )
    try:
        image.load()
        upright = ImageOps.exif_transpose(image)
        if upright.has_transparency_data:
            upright = upright.convert("RGBA")
            white = Image.new("RGBA", upright.size, "white")
            upright = Image.alpha_composite(white, upright)
        return upright.convert("RGB")
    except Exception as error:  # as above: a file from outside must never end more than its own decoding
        raise _broken(error) from error


def load_image(path: Path, limits: ImageLimits | None = None) -> Image.Image:
    """``decode_image`` of ``read_image``."""
    return decode_image(read_image(path, limits), limits)


def clean_copy(data: bytes, *, side: int, limits: ImageLimits | None = None) -> bytes:
    """A picture as a JPEG of what it shows: no metadata, no second file hidden in it, at most ``side`` pixels a side.

    Raises:
        UnsafeInput: as ``decode_image``.
    """
    picture = decode_image(data, limits)
    picture.thumbnail((side, side))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def perceptual_hash(image: Image.Image) -> int:
    """64-bit DCT hash; near-duplicates differ in few bits (``(a ^ b).bit_count()``, up to about 10 of 64)."""
    return int(str(imagehash.phash(image)), 16)


def _broken(error: Exception) -> UnsafeInput:
    return UnsafeInput(f"the picture is truncated or broken: {error}", fix="Save the picture again and retry.")
