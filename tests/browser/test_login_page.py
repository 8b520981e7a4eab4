"""The page behind its login, in a real browser: who may come in, what they see, and that they can leave."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from serving.identity.identity import Identity
from serving.settings import IdentitySection
from store.database import Store
from tests.browser.conftest import Site, Visitor, served

pytestmark = pytest.mark.browser
PASSWORD = "a long enough password"

Enter = Callable[[str], Visitor]


@pytest.fixture(scope="module")
def guarded_site(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("guarded") / "home"
    shutil.copytree(trained_home, home)
    with Store.open(f"sqlite:///{home / 'tastemaker.db'}") as store:
        accounts = Identity(store.identity, IdentitySection()).accounts
        reader = store.users(limit=1)[0].user_id
        accounts.add("ada", PASSWORD, user_id=reader, by="test")
        accounts.add("chief", PASSWORD, user_id=None, is_admin=True, by="test")
    yield from served(home, "/api/v1/health/ready", TASTEMAKER_IDENTITY__ENABLED="true")


@pytest.fixture(params=[{"width": 1280, "height": 900}, {"width": 375, "height": 812}], ids=["desktop", "phone"])
def enter(request: pytest.FixtureRequest, chromium: Any, guarded_site: Site) -> Iterator[Enter]:
    """Log somebody in, in a browser of their own."""
    contexts: list[Any] = []
    visitors: list[Visitor] = []

    def log_in(login: str) -> Visitor:
        contexts.append(chromium.new_context(viewport=request.param, reduced_motion="reduce"))
        visitors.append(Visitor(contexts[-1].new_page(), guarded_site))
        page = visitors[-1].page
        page.goto(guarded_site.url)
        page.fill("input[name=login]", login)
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_selector("#history .card, #history .turn")
        return visitors[-1]

    yield log_in
    for context in contexts:
        context.close()
    assert [problem for visitor in visitors for problem in visitor.problems] == []


def tabs(visitor: Visitor) -> list[str]:
    """Names of the tabs that can be seen, in the row and in the menu of those for which it has no room."""
    more = visitor.page.get_by_role("button", name="More tabs")
    if more.is_visible():
        more.click()
    row = visitor.page.locator("#tabs > .tab-wrapper")
    return row.locator("[role=tab]:visible, .overflow-dropdown button:visible").all_inner_texts()


def test_a_reader_chats_as_themself_and_sees_no_tab_that_is_not_theirs(enter: Enter) -> None:
    visitor = enter("ada")
    visitor.page.wait_for_function("() => document.querySelector('#tabs').parentElement.querySelector('style')")
    assert tabs(visitor) == ["Chat", "Why"]
    visitor.page.keyboard.press("Escape")
    visitor.ask("a comedy please")
    assert visitor.shown()
    assert all("Comedy" in item.categories for item in visitor.shown())


def test_an_administrator_sees_all(enter: Enter) -> None:
    visitor = enter("chief")
    assert tabs(visitor) == ["Chat", "Onboard", "Why", "Status"]


def test_who_leaves_is_asked_again(enter: Enter) -> None:
    page = enter("ada").page
    page.get_by_role("button", name="Log out").click()
    page.wait_for_selector("input[name=password]")
    page.goto(page.url.partition("/login")[0])
    page.wait_for_selector("input[name=password]")
    page.fill("input[name=login]", "ada")
    page.fill("input[name=password]", "not the password")
    page.press("input[name=password]", "Enter")
    page.wait_for_selector(".problem")
    assert page.locator("input[name=password]").is_visible()
