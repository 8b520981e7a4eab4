"""Text of items, people and messages stays text, wherever the page shows it."""

from __future__ import annotations

from typing import Any

import pytest

from store.records import Item

pytestmark = pytest.mark.browser

PAYLOADS = (
    '<img src=x onerror="window.pwned=1">',
    "<script>window.pwned=2</script>",
    '"><svg onload="window.pwned=3">',
    "${window.pwned=4}`;window.pwned=5;`",
    "{{#with this}}{{constructor}}{{/with}}",
    '<a href="javascript:window.pwned=6">press</a>',
    "![remote](https://example.invalid/pixel.png)",
)


@pytest.fixture(scope="module")
def trapped(site: Any) -> list[str]:
    """Items whose every text is a payload."""
    ids = []
    for n, payload in enumerate(PAYLOADS):
        item = Item(f"trap-{n}", f"Trap {n} {payload}", f"{payload} " * 3, ("Western",), {"year": 1997})
        site.store.put_items([item])
        ids.append(item.item_id)
    return ids


def assert_inert(page: Any) -> None:
    page.wait_for_timeout(300)
    assert page.evaluate("() => window.pwned") is None
    assert page.locator("#tabs script, #tabs a[href^=javascript], #tabs img:not(.photo)").count() == 0


def test_items_in_the_chat_and_in_why(visitor: Any, trapped: list[str]) -> None:
    page = visitor.open("/?user=1").page
    visitor.ask("western from 1997")
    shown = {item.item_id for item in visitor.shown()} & set(trapped)
    assert shown, "the test must see a hostile item to say anything"
    assert_inert(page)
    card = page.locator(f'#cards .card[data-item-id="{min(shown)}"]')
    card.locator("[data-kind=like]").click()
    page.wait_for_selector("#profile .rows .name:has-text('Trap')")
    assert_inert(page)
    card.locator("[data-event=say]").click()
    page.wait_for_selector("#send", state="visible")
    card = page.locator("#cards .card:has-text('Trap')").first
    card.locator("[data-event=why]").click()
    page.wait_for_selector(".why-head:has-text('Trap')")
    page.wait_for_selector("#why-channels .js-plotly-plot")
    assert_inert(page)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_messages(visitor: Any, payload: str) -> None:
    page = visitor.open("/?user=2").page
    visitor.ask(payload)
    plain = payload.replace("`", "'")  # as the dialogue writes quotes
    assert page.locator("#history .asked").last.inner_text().replace("`", "'").endswith(plain)
    assert_inert(page)
    page.reload()
    page.wait_for_selector("#history .turn")
    assert page.locator("#history .asked").last.inner_text().replace("`", "'").endswith(plain)
    assert_inert(page)


@pytest.mark.parametrize("payload", PAYLOADS[:3])
def test_names_of_users(visitor: Any, payload: str) -> None:
    page = visitor.open().page
    visitor.choose_user(payload)
    assert_inert(page)
    visitor.ask("crime")
    assert_inert(page)
    visitor.tab("Why")
    page.locator("#why-user-field").fill(payload[:8])
    page.wait_for_selector("#why-user [role=option]")
    assert_inert(page)


def test_a_draft_while_it_is_typed(visitor: Any) -> None:
    page = visitor.open().page
    visitor.tab("Onboard")
    for payload in PAYLOADS:
        page.locator("#onboard-title input, #onboard-title textarea").first.fill(payload)
        page.locator("#onboard-text textarea").fill(payload * 3)
        page.wait_for_selector("#onboard-preview .draft")
        assert_inert(page)


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=../../../../etc/passwd",
        "/gradio_api/file=%2e%2e%2f%2e%2e%2fetc/passwd",
        "/gradio_api/file=tastemaker.toml",
        "/static/..%2f..%2f..%2fetc/passwd",
    ],
)
def test_no_file_of_the_machine_is_served(site: Any, path: str) -> None:
    httpx = pytest.importorskip("httpx")
    answer = httpx.get(site.url + path)
    assert answer.status_code in (403, 404)
    assert "root:" not in answer.text


def test_the_database_is_not_served(site: Any) -> None:
    httpx = pytest.importorskip("httpx")
    for file in (site.home / "tastemaker.db", site.home / "pictures"):
        assert httpx.get(f"{site.url}/gradio_api/file={file}").status_code in (403, 404)
