"""A real Chromium at a real server over the small trained service."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from store.assets import default_cache_root
from store.database import Store
from store.records import Item

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE = 30_000
"""Milliseconds until something that should appear counts as missing; not a measure of speed."""

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Site:
    """A server in a process of its own, and the store that it works on."""

    url: str
    home: Path
    store: Store


@pytest.fixture(scope="session")
def site(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """``tastemaker serve`` on a copy of the trained home: these tests publish items and make users."""
    home = tmp_path_factory.mktemp("browser") / "home"
    shutil.copytree(trained_home, home)
    yield from served(home, "/api/v1/health/ready")


@pytest.fixture
def untrained_site(tmp_path: Path) -> Iterator[Site]:
    """``tastemaker serve`` where nothing was ingested or trained."""
    yield from served(tmp_path / "empty", "/api/v1/health/live")


def served(home: Path, answers: str, **variables: str) -> Iterator[Site]:
    """A server on a home, with settings of its own by ``variables`` of the environment."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    environment = {**os.environ, "TASTEMAKER_LLM__BACKEND": "none", "TASTEMAKER_CACHE": str(default_cache_root())}
    environment |= variables
    command = [sys.executable, "-m", "serving.cli", "--home", str(home), "serve", "--port", url.rsplit(":")[-1]]
    log = home.parent / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, env=environment, stdout=output, stderr=output, cwd=Path(__file__).parents[2])
        try:
            wait_until_ready(url + answers, server, log)
            with Store.open(f"sqlite:///{home / 'tastemaker.db'}") as store:
                yield Site(url, home, store)
        finally:
            server.terminate()
            server.wait(timeout=30)


def wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if server.poll() is not None:
            pytest.fail(f"the server ended with {server.returncode}:\n{log.read_text(errors='replace')[-3000:]}")
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url).is_success:
                return
        time.sleep(0.2)
    pytest.fail(f"the server was not ready after two minutes:\n{log.read_text(errors='replace')[-3000:]}")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Chromium for one module: its event loop must not outlive it, other tests have their own."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Visitor:
    """A person at the page."""

    def __init__(self, page: Any, site: Site) -> None:
        self.page = page
        self.site = site
        self.problems: list[str] = []
        self.elsewhere: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", self._note)

    def _note(self, request: Any) -> None:
        if not request.url.startswith((self.site.url, "data:", "blob:")):
            self.elsewhere.append(request.url)

    def open(self, address: str = "/") -> Visitor:
        self.page.goto(self.site.url + address)
        self.page.wait_for_selector("#history .card, #history .turn, #history .problem")
        return self

    def ask(self, text: str) -> None:
        """Type, press Enter, wait for the whole answer."""

        def send() -> None:
            self.page.fill("#message textarea", text)
            self.page.press("#message textarea", "Enter")

        self.during_a_turn(send)

    def during_a_turn(self, act: Callable[[], object]) -> None:
        """Do something that answers with words, and wait until all are there."""
        answered = "() => document.querySelector('#words [data-answered]')?.dataset.answered ?? ''"
        before = self.page.evaluate(answered)
        act()
        self.page.wait_for_function(
            f"before => ![before, ''].includes(({answered})()) || document.querySelector('#words .problem')", arg=before
        )
        assert self.page.locator("#words .problem").all_inner_texts() == []
        self.page.wait_for_selector("#send", state="visible")

    def shown(self) -> list[Item]:
        """Items of the cards of the last answer, as the store has them."""
        ids = self.page.locator("#cards .card").evaluate_all("cards => cards.map(card => card.dataset.itemId)")
        return [self.site.store.item(item_id) for item_id in ids]

    def chips(self) -> list[str]:
        return [text.strip() for text in self.page.locator("#understood .chip span").all_inner_texts()]

    def answer(self) -> str:
        return self.page.locator("#words .said").inner_text()

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name, exact=True).click()
        self.page.wait_for_timeout(300)  # Gradio shows the fields of a tab a moment before it listens to them

    def choose_user(self, name: str) -> None:
        """Type a name into the field of the right pane and take the first suggestion."""
        field = self.page.locator("#who-field")
        field.fill(name)
        self.page.locator("#who [role=option]").filter(has_text=name).first.click()
        self.page.wait_for_function("name => new URL(location).searchParams.get('user') === name", arg=name)


@pytest.fixture
def visitor(chromium: Any, site: Site) -> Iterator[Visitor]:
    """At a desktop."""
    yield from _visit(chromium, site, viewport={"width": 1440, "height": 900})


@pytest.fixture
def phone(chromium: Any, site: Site) -> Iterator[Visitor]:
    """At a phone."""
    yield from _visit(chromium, site, viewport={"width": 375, "height": 812}, has_touch=True, is_mobile=True)


def _visit(chromium: Any, site: Site, **settings: Any) -> Iterator[Visitor]:
    context = chromium.new_context(reduced_motion="reduce", **settings)
    someone = Visitor(context.new_page(), site)
    yield someone
    context.close()
    assert someone.problems == [], "the page threw errors"
    assert someone.elsewhere == [], "the page asked another server"
