"""What no row may contain, whoever writes it: text that a database cannot hold, numbers that are none, local times."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import TypeVar

from store.errors import InputError

ID_LIMIT = 512
"""Longest id, characters."""

Json = TypeVar("Json")


def check_id(value: object, *, what: str) -> str:
    """An id is a text of 1 to ``ID_LIMIT`` characters that any database can hold."""
    if not isinstance(value, str):
        raise InputError(f"{what} {value!r} is not a text", fix="Pass ids as strings.")
    if not 0 < len(value) <= ID_LIMIT:
        shown = f"{value[:20]!r}..." if value else "''"
        raise InputError(f"{what} {shown} has {len(value)} characters, not 1 to {ID_LIMIT}", fix="Use another id.")
    return check_text(value, what=what)


def check_text(value: str, *, what: str) -> str:
    """PostgreSQL holds no NUL, and no encoding holds half of a surrogate pair."""
    if not isinstance(value, str):
        raise InputError(f"{what} {value!r} is not a text", fix="Pass a string.")
    if not can_exist(value):
        raise InputError(
            f"{what} {value[:40]!a} contains a NUL or half of a surrogate pair",
            fix="Remove that character; it is not text.",
        )
    return value


def check_json(value: Json, *, what: str) -> Json:
    """Only what JSON can say: no NaN, no infinity, no objects of other kinds."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"{what} cannot be stored as JSON: {error}", fix="Use texts, finite numbers, true, false, null."
        ) from error
    return value


def check_number(value: float | None, *, what: str) -> float | None:
    """Finite, or None."""
    if value is None:
        return None
    if -sys.float_info.max <= value <= sys.float_info.max:  # NaN compares as false
        return float(value)
    raise InputError(f"{what} {str(value)[:20]} is not a finite number", fix="Leave it out, or send a number.")


def check_time(value: datetime, *, what: str) -> datetime:
    """A time without a zone could mean any of 40 moments."""
    if value.tzinfo is None:
        raise InputError(f"{what} {value.isoformat()} has no time zone", fix="Pass an aware datetime, such as UTC.")
    return value


def can_exist(value: object) -> bool:
    """Whether a database could hold this as text at all; what it could not, no query needs to look for."""
    if not isinstance(value, str) or "\x00" in value:
        return False
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
