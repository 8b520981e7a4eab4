"""A file of items through the page; hazards.md lines 8 to 11 and 14 where the page takes files."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_onboard_page import poster
from tests.browser.test_page_layout import assert_fits

pytestmark = pytest.mark.browser


def opened(someone: Any) -> Any:
    page = someone.open().page
    someone.tab("Onboard")
    someone.tab("A file")
    page.wait_for_selector("#batch-board .hint")
    return page


def drop(page: Any, *files: Path) -> None:
    page.locator("#batch-files input[type=file]").set_input_files(list(files))


def archive(path: Path, table: str, **pictures: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("items.csv", table)
        for name, content in pictures.items():
            opened.writestr(f"{name}.png", content)
    return path


TABLE = (
    "sku,title,genres,year,image\n"
    "{0}-1,The Salt Mine,Drama,1996,good.png\n"
    "{0}-2,<b>Bold</b> <img src=x onerror=alert(1)>,Drama,1996,cut.png\n"
    "{0}-3,=cmd(),Drama,1996,\n"
    ",Nameless,Drama,1996,\n"
    "{0}-5,Far Away,Drama,1996,http://169.254.169.254/x.png\n"
)


@pytest.mark.parametrize("width", ["visitor", "phone"])
def test_a_file_is_shown_started_and_reported(width: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    someone = request.getfixturevalue(width)
    page = opened(someone)
    assert_fits(page)
    whole = poster(tmp_path / "good.png").read_bytes()
    drop(page, archive(tmp_path / "all.zip", TABLE.format(width), good=whole, cut=whole[:200]))
    page.wait_for_selector("#batch-board .sample")
    assert page.locator("#column-item_id").input_value() == "sku"
    assert page.locator("#column-description").input_value() == ""
    assert page.locator(".sample tbody tr").count() == 5
    assert page.locator(".sample tbody img, .sample tbody b").count() == 0, "text of a file stays text"
    assert "fetching is off" in page.locator("#batch-board .amber").inner_text()
    assert_fits(page)
    page.click("#batch-board [data-event=begin]")
    page.wait_for_selector("#batch-board .report[data-stage=done]")
    assert page.locator("#batch-board .rows li").count() == 5
    assert_fits(page)
    page.click("#batch-board .filter[data-only=rejected]")
    page.wait_for_function("() => document.querySelectorAll('#batch-board .rows li').length === 2")
    assert "would run in a spreadsheet" in page.locator("#batch-board .rows").inner_text()
    page.click("#batch-board .filter[data-only='without picture']")
    page.wait_for_function("() => /cut|broken|truncated/.test(document.querySelector('#batch-board .rows').innerText)")
    with page.expect_download() as download:
        page.click("#batch-board a[href$='format=csv']")
    assert "missing id" in Path(download.value.path()).read_text(encoding="utf-8")
    stored = someone.site.store.items(ids=[f"{width}-{n}" for n in range(1, 6)])
    assert [item.item_id for item in stored] == [f"{width}-1", f"{width}-2", f"{width}-5"]
    assert [item.image is not None for item in stored] == [True, False, False]
    page.click("#batch-board [data-event=look]")
    assert "all.zip" in page.wait_for_selector("#batch-board .recent").inner_text()


@pytest.mark.parametrize("width", ["visitor", "phone"])
def test_columns_are_mapped_where_their_names_say_nothing(
    width: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    someone = request.getfixturevalue(width)
    page = opened(someone)
    table = tmp_path / "stock.csv"
    table.write_text(f"article,what <b>,when,shelf\nmap-{width},The Long Bridge,1996,B4\n", "utf-8")
    drop(page, table)
    page.wait_for_selector("#batch-board .as-it-stands")
    assert "Which column holds the id?" in page.locator("#batch-board .amber").inner_text()
    assert page.locator("#batch-board [data-event=begin]").is_disabled()
    assert page.locator(".as-it-stands b").count() == 0, "text of a file stays text"
    assert_fits(page)
    page.get_by_label("id", exact=True).select_option("article")
    page.wait_for_selector("#batch-board .sample")
    page.get_by_label("title", exact=True).select_option("what <b>")
    page.wait_for_selector(".mapping > .note:not(:has-text('what <b>'))")
    page.get_by_label("year", exact=True).select_option("when")
    page.wait_for_selector(".sample td:has-text('year 1996')")
    assert "shelf" in page.locator(".mapping > .note").inner_text()
    assert page.locator("#column-title").input_value() == "what <b>"
    assert_fits(page)
    page.click("#batch-board [data-event=begin]")
    page.wait_for_selector("#batch-board .report[data-stage=done]")
    stored = someone.site.store.item(f"map-{width}")
    assert (stored.title, stored.attributes) == ("The Long Bridge", {"year": 1996, "shelf": "B4"})


def test_a_column_that_is_chosen_while_another_is_on_its_way_is_not_lost(visitor: Any, tmp_path: Path) -> None:
    page = opened(visitor)
    table = tmp_path / "fast.csv"
    table.write_text("article,what,when,kind\nfast-1,The Long Bridge,1996,Drama\n", "utf-8")
    drop(page, table)
    page.wait_for_selector("#batch-board .as-it-stands")
    chosen = {"item_id": "article", "title": "what", "year": "when", "categories": "kind"}
    page.evaluate(
        """chosen => Object.entries(chosen).forEach(([field, column]) => {
          const choice = document.getElementById(`column-${field}`);
          choice.value = column;
          choice.dispatchEvent(new Event("change", { bubbles: true }));
        })""",
        chosen,
    )
    page.wait_for_function(
        """chosen => Object.entries(chosen).every(([field, column]) => {
          const option = document.querySelector(`#column-${field} option[selected]`);
          return option?.value === column;
        })""",
        arg=chosen,
    )
    assert "The Long Bridge" in page.locator(".sample").inner_text()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("../evil.png", "outside its folder"),
        ("bomb.png", "expands"),
        ("link.png", "is a link or device"),
    ],
)
def test_a_bad_archive_is_refused_and_the_next_file_is_taken(
    visitor: Any, tmp_path: Path, name: str, says: str
) -> None:
    page = opened(visitor)
    path = tmp_path / "bad.zip"
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    if name.startswith("link"):
        entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as bad:
        bad.writestr("items.csv", "id,title\n1,One\n")
        bad.writestr(entry, b"\0" * (60_000_000 if name.startswith("bomb") else 10))
    drop(page, path)
    assert says in page.wait_for_selector("#batch-board .problem").inner_text()
    assert_fits(page)
    (tmp_path / "good.csv").write_text("id,title\npage-after,After\n", "utf-8")
    drop(page, tmp_path / "good.csv")
    page.wait_for_selector("#batch-board .sample")
    assert not list(visitor.site.home.rglob("evil*"))


def test_a_file_of_something_else_is_said(visitor: Any, tmp_path: Path) -> None:
    page = opened(visitor)
    drop(page, poster(tmp_path / "picture.png"))
    assert "cannot be read as a batch" in page.wait_for_selector("#batch-board .problem").inner_text()
    page.click("#batch-board [data-event=look]")
    page.wait_for_selector("#batch-board .hint")
