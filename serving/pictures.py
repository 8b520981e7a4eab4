"""Pictures that people upload: checked before they are decoded, and kept as what they show, not as they came."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event

from encoders.images import clean_copy, read_image
from store.errors import UnsafeInput
from store.fetching import fetch_all
from store.records import IMAGE_URL, Item

KEPT_SIDE = 1_024
"""Longest side of what is kept, in pixels: encoders look at 224 and cards show 360."""
FETCHED_TOGETHER = 32
"""Addresses between two looks at whether anyone still waits."""
NOT_FETCHED = (
    "Its picture is an address, and fetching is off: set TASTEMAKER_FETCH_PICTURES=true (on the command line "
    "--fetch-pictures), or upload the pictures."
)

Fetch = Callable[[Sequence[str]], Mapping[str, bytes | UnsafeInput]]


class PictureFolder:
    """Uploaded pictures under one folder, named by what they came as: the same picture twice is one file."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def keep(self, content: bytes, *, url: str = "") -> Path:
        """Check a picture and keep a clean copy: no metadata, no second file hidden in it.

        Args:
            content: a picture file.
            url: where it was fetched; it is found by that then.

        Raises:
            UnsafeInput: too large, too many pixels, not a picture of an allowed format, or cut off.
        """
        path = self._of_url(url) if url else self.root.resolve() / f"{_digest(content)}.jpg"
        if path.exists():
            return path
        picture = clean_copy(content, side=KEPT_SIDE)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, pending = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(descriptor, "wb") as file:
            file.write(picture)
            file.flush()
            os.fsync(file.fileno())
        Path(pending).replace(path)
        return path

    def kept(self, url: str) -> Path | None:
        """What was fetched from there before."""
        path = self._of_url(url)
        return path if path.exists() else None

    def _of_url(self, url: str) -> Path:
        return self.root.resolve() / f"url-{_digest(url.encode('utf-8'))}.jpg"


class ItemPictures:
    """Pictures of many items, from files beside a table or from addresses in it; implements ``PictureSource``.

    Args:
        folder: where fetched and uploaded pictures stay.
        copied: whether files beside the table are kept there too, because they will be gone; else they stay in place.
        fetch: gets addresses; None leaves them as they are.
    """

    def __init__(self, folder: PictureFolder, *, copied: bool, fetch: Fetch | None = fetch_all) -> None:
        self._folder = folder
        self._copied = copied
        self._fetch = fetch
        self._closed = Event()

    def close(self) -> None:
        self._closed.set()

    def gather(self, items: Sequence[Item]) -> list[tuple[Item, str]]:
        urls = dict.fromkeys(url for item in items if (url := _url(item)))
        found = {url: path for url in urls if (path := self._folder.kept(url))}
        problems = self._fetched([url for url in urls if url not in found], found)
        return [self._one(item, found, problems) for item in items]

    def _one(self, item: Item, found: Mapping[str, Path], problems: Mapping[str, str]) -> tuple[Item, str]:
        if (url := _url(item)) in found:
            attributes = {name: value for name, value in item.attributes.items() if name != IMAGE_URL}
            return replace(item, image=str(found[url]), attributes=attributes), ""
        if url:
            return item, problems[url]
        if item.image is None or not self._copied:
            return item, ""
        try:
            return replace(item, image=str(self._folder.keep(read_image(Path(item.image))))), ""
        except UnsafeInput as error:
            return replace(item, image=None), str(error)

    def _fetched(self, urls: Sequence[str], found: dict[str, Path]) -> dict[str, str]:
        """Adds to ``found``; returns what is wrong with the others."""
        if self._fetch is None:
            return dict.fromkeys(urls, NOT_FETCHED)
        problems: dict[str, str] = {}
        for start in range(0, len(urls), FETCHED_TOGETHER):
            some = urls[start : start + FETCHED_TOGETHER]
            if self._closed.is_set():
                problems |= dict.fromkeys(some, "It was not fetched: the batch was stopped.")
                continue
            for url, content in self._fetch(some).items():
                try:
                    if isinstance(content, UnsafeInput):
                        raise content
                    found[url] = self._folder.keep(content, url=url)
                except UnsafeInput as error:
                    problems[url] = str(error)
        return problems


def _url(item: Item) -> str:
    value = item.attributes.get(IMAGE_URL)
    return value if isinstance(value, str) else ""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
