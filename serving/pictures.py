"""Pictures that people upload: checked before they are decoded, and kept as what they show, not as they came."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from pathlib import Path

from encoders.images import decode_image

KEPT_SIDE = 1_024
"""Longest side of what is kept, in pixels: encoders look at 224 and cards show 360."""


class PictureFolder:
    """Uploaded pictures under one folder, named by their content: the same picture twice is one file."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def keep(self, content: bytes) -> Path:
        """Check a picture and keep a clean copy: no metadata, no second file hidden in it.

        Raises:
            UnsafeInput: too large, too many pixels, not a picture of an allowed format, or cut off.
        """
        picture = decode_image(content)
        picture.thumbnail((KEPT_SIDE, KEPT_SIDE))
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=90)
        cleaned = buffer.getvalue()
        path = self.root.resolve() / f"{hashlib.sha256(cleaned).hexdigest()[:32]}.jpg"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, pending = tempfile.mkstemp(dir=path.parent, suffix=".part")
            with os.fdopen(descriptor, "wb") as file:
                file.write(cleaned)
                file.flush()
                os.fsync(file.fileno())
            Path(pending).replace(path)
        return path
