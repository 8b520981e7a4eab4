"""How figures are written, on the page and by the command line."""

from __future__ import annotations


def signed(value: float, digits: int = 3) -> str:
    """A number with its sign, with a true minus."""
    return f"{value:+.{digits}f}".replace("-", "\N{MINUS SIGN}")


def percent(share: float, digits: int = 0) -> str:
    """A share 0..1 in percent, with at least one digit below 1%; what is not nothing never reads as 0."""
    if 0 < share < 0.0005:
        return "<0.1%"
    return f"{100 * share:.{digits if share >= 0.01 or share <= 0 else max(digits, 1)}f}%"
