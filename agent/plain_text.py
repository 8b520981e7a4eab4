"""Text from outside, made safe to look at: no controls, no direction marks, no invisible characters."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Unicode categories: controls, format (zero-width, bidi, tags), surrogates, private use, unassigned."""


def clean(text: str, *, limit: int | None = None) -> str:
    """One line of visible text: NFC, white space collapsed, invisible characters gone, at most ``limit`` characters."""
    visible = "".join(
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", text)
        if character.isspace() or unicodedata.category(character) not in _INVISIBLE
    )
    line = re.sub(r" +", " ", visible).strip()
    return line if limit is None or len(line) <= limit else line[: limit - 1].rstrip() + "…"
