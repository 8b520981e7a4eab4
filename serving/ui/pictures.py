"""Thumbnails as data URIs: the page needs no file endpoint, so no path can be asked for."""

from __future__ import annotations

import base64
import io
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock

import structlog
from PIL import Image

from store.errors import TastemakerError
from store.records import Item

log = structlog.get_logger(__name__)

LoadImage = Callable[[Path], Image.Image]
"""Decodes one picture; raises ``UnsafeInput`` on what must not be decoded."""


class Pictures:
    """Small copies of the items' pictures.

    Args:
        load: the safe loader of the encoders.
        side: longest side in pixels.
        capacity: thumbnails kept, about 20 kB each.
    """

    def __init__(self, load: LoadImage, *, side: int = 360, capacity: int = 512) -> None:
        self._load = load
        self._side = side
        self._capacity = capacity
        self._kept: OrderedDict[tuple[str, int], str | None] = OrderedDict()
        self._lock = Lock()

    def thumbnail(self, item: Item) -> str | None:
        """A data URI, or None where there is no picture or it cannot be decoded."""
        if item.image is None:
            return None
        path = Path(item.image)
        try:
            key = (str(path), path.stat().st_mtime_ns)
        except OSError:
            return None
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        uri = self._encode(path)
        with self._lock:
            self._kept[key] = uri
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)
        return uri

    def _encode(self, path: Path) -> str | None:
        try:
            picture = self._load(path).convert("RGB")
        except (TastemakerError, OSError, ValueError) as error:
            log.warning("picture_not_shown", path=str(path), error=str(error))
            return None
        picture.thumbnail((self._side, self._side))
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=82)
        return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
