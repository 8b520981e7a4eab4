"""The rules that a row must keep to become an item or an event. A row that breaks one is quarantined with the reason.

- An id or title is missing, an id is not a text or whole number, or holds invisible or control characters.
- A number is NaN or infinite; a year lies before 3000 BC or more than ten years ahead; a time lies before 1900 or more
  than a day ahead.
- Text holds a NUL or half of a surrogate pair (which is also what bytes that are not UTF-8 turn into), or is too long.
- An id, title or category would run as a formula when the data is opened in a spreadsheet: see ``is_formula``.
- A picture lies outside the folder of its file.

Invisible characters in other text (zero-width, bidirectional controls, tags) are removed, and the removal is noted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from store.readers.titles import natural_title
from store.records import AttributeValue, Event, EventKind, Item
from store.schema import EPOCH
from store.storable import ID_LIMIT
from store.visible import INVISIBLE_NOTE, visible

TITLE_LIMIT = 1_000
TEXT_LIMIT = 100_000
CATEGORY_LIMIT = 200
"""Longest title, text and category, characters."""

MOST_CATEGORIES = 200
MOST_ATTRIBUTES = 200

LARGEST = 2**63 - 1
"""Largest number, either side of zero: above it neither database keeps whole numbers exactly."""

FIRST_YEAR = -3000
YEARS_AHEAD = 10
FIRST_TIME = datetime(1900, 1, 1, tzinfo=UTC)
TIME_AHEAD = timedelta(days=1)

_UNSTORABLE = re.compile("[\u0000\ud800-\udfff]")
_CALL = re.compile(r"(?:^|[-+*/&=@(,;])\s*[A-Za-z_][\w.]*\(")
_DDE = re.compile(r"\|.*!")
_OPERATOR = re.compile(r"[-+*/&^<>\"'!]|^\$?[A-Za-z]{1,3}\$?\d+$")
_NOT_FINITE = frozenset({"nan", "NaN", "NAN", "inf", "-inf", "+inf", "Inf", "-Inf", "INF", "Infinity", "-Infinity"})
PICTURE_NOTE = "picture not found"


class RowError(ValueError):
    """A row breaks a rule.

    Args:
        rule: two or three words; rejected rows are counted by it.
        problem: the value received.
        fix: what the owner of the file can do.
    """

    def __init__(self, rule: str, problem: str, fix: str) -> None:
        super().__init__(f"{rule}: {problem}. {fix}")
        self.rule = rule
        self.problem = problem
        self.fix = fix


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would run a cell with this text.

    Of texts that begin with ``= + - @``: those that call a function (``=cmd()``, ``@SUM(1)``, ``-2+HYPERLINK(...)``),
    those in the form of a DDE link (``+x|'/c calc'!A0``), and after ``=`` any with an operator, a quote or a cell's
    name (``=1+1``, ``=A1``). Titles such as ``-30-``, ``+1``, ``@midnight``, ``=LOVE`` and ``- (minus)`` stay.
    """
    text = text.strip()
    if not text or text[0] not in "=+-@":
        return False
    body = text[1:].lstrip()
    if _CALL.search(body) or _DDE.search(body):
        return True
    return text[0] == "=" and bool(_OPERATOR.search(body))


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@lru_cache(maxsize=1 << 17)
def _id(value: str, field: str) -> str:
    text = value.strip()
    if not text:
        raise RowError("missing id", f"{field} is empty", "Give every row an id.")
    if len(text) > ID_LIMIT:
        raise RowError("too long", f"{field} has {len(text):,} characters, above {ID_LIMIT}", "Use shorter ids.")
    if _UNSTORABLE.search(text):
        raise RowError("not text", f"{field} {_shown(text)} has a NUL or half of a surrogate pair", "Remove it.")
    if visible(text) != text or "\n" in text or "\t" in text or "\r" in text:
        raise RowError(
            "invisible characters", f"{field} {_shown(text)} has characters that cannot be seen", "Remove them."
        )
    if is_formula(text):
        raise RowError("formula", f"{field} {_shown(text)} would run in a spreadsheet", "Use another id.")
    return text


def id_of(value: object, field: str) -> str:
    """An id as text: strings as they are, whole numbers as their digits."""
    if isinstance(value, str):
        return _id(value, field)
    if value is None:
        raise RowError("missing id", f"{field} is missing", "Give every row an id.")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise RowError("wrong type", f"{field} {_shown(value)} is neither text nor a whole number", "Write it as text.")


def text_of(value: object, field: str, *, limit: int, notes: Counter[str]) -> str:
    """A text of at most ``limit`` characters, without invisible ones; None is ''."""
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(number_of(value, field))
    if not isinstance(value, str):
        raise RowError("wrong type", f"{field} {_shown(value)} is not text", "Write it as text.")
    if len(value) > limit:
        raise RowError("too long", f"{field} has {len(value):,} characters, above {limit:,}", "Shorten it.")
    if _UNSTORABLE.search(value):
        raise RowError("not text", f"{field} {_shown(value)} has a NUL or half of a surrogate pair", "Write UTF-8.")
    shown = visible(value)
    if shown != value:
        notes[INVISIBLE_NOTE] += 1
    return shown.strip()


def number_of(value: object, field: str) -> int | float | None:
    """A finite number; whole ones as int. None and '' are None."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        raise RowError("wrong type", f"{field} {value} is not a number", "Write a number.")
    try:
        whole = isinstance(value, int) or (isinstance(value, str) and value.strip().lstrip("+-").isdecimal())
        number = int(value) if whole else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise RowError("wrong type", f"{field} {_shown(value)} is not a number", "Write a number.") from None
    if not -LARGEST <= number <= LARGEST:  # NaN compares as false
        raise RowError("not finite", f"{field} is {_shown(value)}", "Leave it out where it is not known.")
    return number


def year_of(value: object, field: str) -> int | None:
    """A plausible year; None and '' are None."""
    number = number_of(value, field)
    if number is None:
        return None
    last = datetime.now(UTC).year + YEARS_AHEAD
    if number != int(number) or not FIRST_YEAR <= number <= last:
        raise RowError(
            "year out of range",
            f"{field} {_shown(value)} is not a year from {FIRST_YEAR} to {last}",
            "Correct it, or leave it out.",
        )
    return int(number)


def time_of(value: object, field: str) -> datetime:
    """A moment: seconds, milli-, micro- or nanoseconds since 1970 (told apart by their size), or ISO 8601.

    A time without zone is UTC. A missing time is 1970-01-01: such events count by their order of arrival.
    """
    if value is None or value == "":
        return EPOCH
    if isinstance(value, str) and (not value.isdecimal() or len(value) == len("20260131")):
        moment = _from_text(value, field)
    elif isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    else:
        moment = _from_number(value, field)
    if not FIRST_TIME <= moment <= datetime.now(UTC) + TIME_AHEAD:
        raise RowError(
            "time out of range",
            f"{field} {_shown(value)} lies before {FIRST_TIME.year} or in the future",
            "Correct it, or leave it out.",
        )
    return moment


def _from_number(value: object, field: str) -> datetime:
    number = number_of(value, field)
    assert number is not None
    for limit, per_second in ((1e11, 1), (1e14, 1_000), (1e17, 1_000_000)):
        if abs(number) < limit:
            return EPOCH + timedelta(microseconds=round(number * (1_000_000 // per_second)))
    return EPOCH + timedelta(microseconds=number // 1_000)


def _from_text(value: str, field: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return _from_number(value, field)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def categories_of(values: Iterable[object], notes: Counter[str]) -> tuple[str, ...]:
    """Cleaned, without blanks and repeats."""
    cleaned = dict.fromkeys(text_of(value, "category", limit=CATEGORY_LIMIT, notes=notes) for value in values)
    cleaned.pop("", None)
    if len(cleaned) > MOST_CATEGORIES:
        raise RowError("too long", f"the item has {len(cleaned)} categories, above {MOST_CATEGORIES}", "Keep the best.")
    for category in cleaned:
        if is_formula(category):
            raise RowError("formula", f"category {_shown(category)} would run in a spreadsheet", "Rename it.")
    return tuple(cleaned)


def attribute_of(value: object, field: str, notes: Counter[str]) -> AttributeValue:
    """A JSON value that the store keeps; what names itself a year must be one."""
    if field == "year" or field.endswith(("_year", "Year")):
        return year_of(value, field)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return number_of(value, field)
    if isinstance(value, (list, tuple)):
        return tuple(text_of(entry, field, limit=TEXT_LIMIT, notes=notes) for entry in value)
    text = text_of(value, field, limit=TEXT_LIMIT, notes=notes)
    if text in _NOT_FINITE:
        raise RowError("not finite", f"{field} is {text}", "Leave it out where it is not known.")
    return text


def item_of(
    *,
    item_id: object,
    title: object,
    notes: Counter[str],
    description: object = None,
    categories: Iterable[object] = (),
    attributes: Iterable[tuple[str, object]] = (),
    image: str | None = None,
    created_at: datetime | None = None,
    active: bool = True,
) -> Item:
    """An item that keeps all rules.

    Raises:
        RowError: it does not.
    """
    checked_id = id_of(item_id, "item id")
    name = natural_title(text_of(title, "title", limit=TITLE_LIMIT, notes=notes))
    if not name:
        raise RowError("missing title", f"item {_shown(checked_id)} has no title", "Give every item a title.")
    if is_formula(name):
        raise RowError("formula", f"title {_shown(name)} would run in a spreadsheet", "Rename it.")
    kept = {}
    for field, value in attributes:
        checked = attribute_of(value, field, notes)
        if checked is not None and checked not in ("", ()):
            kept[text_of(field, "attribute name", limit=CATEGORY_LIMIT, notes=notes)] = checked
    if len(kept) > MOST_ATTRIBUTES:
        raise RowError("too long", f"the item has {len(kept)} attributes, above {MOST_ATTRIBUTES}", "Keep the best.")
    return Item(
        item_id=checked_id,
        title=name,
        description=text_of(description, "description", limit=TEXT_LIMIT, notes=notes),
        categories=categories_of(categories, notes),
        attributes=kept,
        image=image,
        created_at=created_at or datetime.now(UTC),
        active=active,
    )


def event_of(
    *,
    user_id: object,
    item_id: object,
    time: object,
    value: object = None,
    kind: EventKind = EventKind.RATING,
    key: object = None,
) -> Event:
    """An event that keeps all rules.

    Raises:
        RowError: it does not.
    """
    return Event(
        user_id=id_of(user_id, "user id"),
        item_id=id_of(item_id, "item id"),
        kind=kind,
        time=time_of(time, "time"),
        value=number_of(value, "value"),
        key=None if key is None or key == "" else id_of(key, "event key"),
    )


def image_of(value: object, folder: Path, notes: Counter[str]) -> str | None:
    """Path of a picture that lies in the folder of its file or below; None where there is none.

    Links are followed before the check. A picture that does not exist is left out and noted.
    """
    text = text_of(value, "image", limit=TEXT_LIMIT, notes=notes)
    if not text:
        return None
    root = folder.resolve()
    try:
        path = (root / text).resolve()
        inside = path.is_relative_to(root)
        exists = inside and path.is_file()
    except OSError as error:
        raise RowError("image path", f"{_shown(text)} cannot be looked up ({error.strerror})", "Correct it.") from None
    if not inside:
        raise RowError(
            "image path", f"{_shown(text)} lies outside the folder of the file", "Put pictures beside the file."
        )
    if not exists:
        notes[PICTURE_NOTE] += 1
        return None
    return str(path)
