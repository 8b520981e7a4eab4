"""Files that survive a power cut: flushed to the disk before anything relies on them."""

from __future__ import annotations

import os
from pathlib import Path


def write_through(path: Path, content: bytes) -> None:
    """Write a file and wait until the disk has it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def flush_folder(path: Path) -> None:
    """Wait until the disk has the names in a folder."""
    if os.name == "nt":  # Windows flushes folders by itself and cannot open them
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, content: bytes) -> None:
    """Give a file new content: whoever is killed at any moment leaves the old one or the new one, whole."""
    pending = path.with_name(f".partial-{path.name}")
    write_through(pending, content)
    pending.replace(path)
    flush_folder(path.parent)
