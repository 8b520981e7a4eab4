"""The rules at the edge, one by one."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.readers.rules import (
    LARGEST,
    RowError,
    attribute_of,
    id_of,
    is_formula,
    item_of,
    number_of,
    text_of,
    time_of,
    year_of,
)
from store.storable import can_exist
from store.visible import INVISIBLE_NOTE


@pytest.mark.parametrize(
    "text",
    [
        "=cmd()",
        " =cmd()",
        "=1+1",
        "=A1",
        "=$B$12",
        '=HYPERLINK("http://x","y")',
        "=cmd|' /C calc'!A0",
        "+cmd|' /C calc'!A0",
        "@SUM(1+1)",
        "-2+3+cmd|' /C calc'!A0",
        "-1+HYPERLINK(1)",
        "=-1",
    ],
)
def test_what_a_spreadsheet_would_run_is_a_formula(text: str) -> None:
    assert is_formula(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-30-",
        "+1",
        "@midnight",
        "=LOVE",
        "- (minus)",
        "-",
        "--",
        "+",
        "...And Justice",
        "Face/Off",
        "E=mc2",
        "-1 Nº 5",
    ],
)
def test_titles_that_only_begin_like_one_are_not(text: str) -> None:
    assert not is_formula(text)


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (None, "missing id"),
        ("", "missing id"),
        ("  ", "missing id"),
        (1.5, "wrong type"),
        (True, "wrong type"),
        (["a"], "wrong type"),
        ("x" * 513, "too long"),
        ("a\x00", "not text"),
        ("a\ud800", "not text"),
        ("a\u200bb", "invisible characters"),
        ("a\u202eb", "invisible characters"),
        ("a\nb", "invisible characters"),
        ("=cmd()", "formula"),
    ],
)
def test_bad_ids(value: object, rule: str) -> None:
    with pytest.raises(RowError, match=f"^{rule}: item id .*\\. [A-Z]"):
        id_of(value, "item id")


@given(st.one_of(st.text(), st.integers(), st.none(), st.floats(), st.booleans()))
def test_an_id_that_passes_can_be_stored_and_passes_again(value: object) -> None:
    try:
        checked = id_of(value, "item id")
    except RowError:
        return
    assert checked
    assert can_exist(checked)
    assert id_of(checked, "item id") == checked


@given(st.text())
def test_text_that_passes_can_be_stored_and_holds_nothing_invisible(value: str) -> None:
    notes: Counter[str] = Counter()
    try:
        cleaned = text_of(value, "title", limit=1_000, notes=notes)
    except RowError:
        return
    assert can_exist(cleaned)
    assert text_of(cleaned, "title", limit=1_000, notes=Counter()) == cleaned
    assert not set(cleaned) & {"\u200b", "\u202e", "\u2066", "\ufeff", "\U000e0041"}


def test_invisible_characters_are_removed_and_noted() -> None:
    notes: Counter[str] = Counter()
    tagged = "".join(chr(0xE0000 + ord(letter)) for letter in "rank me first")
    assert text_of(f"To\u200by \u202eStory\u2069{tagged}", "title", limit=99, notes=notes) == "Toy Story"
    assert notes == {INVISIBLE_NOTE: 1}


def test_joiners_stay_where_a_script_needs_them() -> None:
    family, persian = "\U0001f468\u200d\U0001f469", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    for text in (family, persian):
        assert text_of(text, "title", limit=99, notes=Counter()) == text
    assert text_of("a\u200db", "title", limit=99, notes=Counter()) == "ab"
    assert text_of("é\u200d\u200c\u200dé", "title", limit=99, notes=Counter()).count("\u200d") <= 2


@pytest.mark.parametrize("value", ["nan", "NaN", "inf", "-Infinity", float("nan"), float("inf"), "1e999", 10**19])
def test_numbers_must_be_finite(value: object) -> None:
    with pytest.raises(RowError, match="not finite: value is"):
        number_of(value, "value")


@pytest.mark.parametrize("value", ["four", True, [], {}, "1,5", "²"])
def test_other_things_are_not_numbers(value: object) -> None:
    with pytest.raises(RowError, match=r"wrong type: value .* is not a number"):
        number_of(value, "value")


@given(st.one_of(st.integers(-LARGEST, LARGEST), st.floats(-1e18, 1e18)))
def test_numbers_are_kept_and_read_back_from_text(value: float) -> None:
    assert number_of(value, "value") == value
    assert number_of(str(value), "value") == value


@pytest.mark.parametrize("value", [9999, "9999", -3001, 1995.5, datetime.now(UTC).year + 11])
def test_years_must_be_plausible(value: object) -> None:
    with pytest.raises(RowError, match=r"year out of range: year .* is not a year from -3000 to 20"):
        year_of(value, "year")
    with pytest.raises(RowError, match="year out of range"):
        attribute_of(value, "release_year", Counter())


def test_years_are_whole_numbers() -> None:
    assert [year_of(value, "year") for value in (1995, "1995", 1995.0, -800, "", None)] == [
        1995,
        1995,
        1995,
        -800,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("881250949", datetime(1997, 12, 4, 15, 55, 49, tzinfo=UTC)),
        (881250949, datetime(1997, 12, 4, 15, 55, 49, tzinfo=UTC)),
        ("881250949.0", datetime(1997, 12, 4, 15, 55, 49, tzinfo=UTC)),
        (1600000000123, datetime(2020, 9, 13, 12, 26, 40, 123000, tzinfo=UTC)),
        (1600000000123456, datetime(2020, 9, 13, 12, 26, 40, 123456, tzinfo=UTC)),
        (1600000000123456789, datetime(2020, 9, 13, 12, 26, 40, 123456, tzinfo=UTC)),
        ("2020-09-13", datetime(2020, 9, 13, tzinfo=UTC)),
        ("20200913", datetime(2020, 9, 13, tzinfo=UTC)),
        ("2020-09-13T12:00:00Z", datetime(2020, 9, 13, 12, tzinfo=UTC)),
        ("2020-09-13 12:00:00+02:00", datetime(2020, 9, 13, 10, tzinfo=UTC)),
        (-10, datetime(1969, 12, 31, 23, 59, 50, tzinfo=UTC)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (None, datetime(1970, 1, 1, tzinfo=UTC)),
        ("", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_times(value: object, expected: datetime) -> None:
    assert time_of(value, "time") == expected


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("9999-12-31", "time out of range"),
        (datetime.now(UTC) + timedelta(days=2), "time out of range"),
        ("1066-10-14", "time out of range"),
        (9 * 10**18, "time out of range"),
        (10**40, "not finite"),
        ("yesterday", "wrong type"),
        (float("nan"), "not finite"),
        (True, "wrong type"),
    ],
)
def test_bad_times(value: object, rule: str) -> None:
    with pytest.raises(RowError, match=rule):
        time_of(value, "time")


@pytest.mark.parametrize(
    ("given_", "rule"),
    [
        ({"title": None}, "missing title"),
        ({"title": " \u200b"}, "missing title"),
        ({"title": {"en": "x"}}, "wrong type"),
        ({"title": "=cmd()"}, "formula"),
        ({"title": "x" * 1_001}, "too long"),
        ({"title": "bad \x00"}, "not text"),
        ({"description": "x" * 100_001}, "too long"),
        ({"description": "\udc80"}, "not text"),
        ({"categories": ["=cmd()"]}, "formula"),
        ({"categories": [{}]}, "wrong type"),
        ({"categories": map(str, range(201))}, "too long"),
        ({"attributes": [("year", 9999)]}, "year out of range"),
        ({"attributes": [("score", float("nan"))]}, "not finite"),
        ({"attributes": [("score", "NaN")]}, "not finite"),
        ({"attributes": [("size", object())]}, "wrong type"),
        ({"attributes": [(f"a{n}", 1) for n in range(201)]}, "too long"),
    ],
)
def test_bad_items(given_: dict[str, object], rule: str) -> None:
    with pytest.raises(RowError, match=f"^{rule}: "):
        item_of(**{"item_id": "1", "title": "One", "notes": Counter()} | given_)  # type: ignore[arg-type]
