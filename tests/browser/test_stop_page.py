"""An answer whose words take long is stopped by its button and by Escape; the cards stay, the chat goes on."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def slow_model() -> Iterator[str]:
    """A language model that never says anything; its address."""
    over = threading.Event()

    class Silent(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            over.wait(60)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    over.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def site(trained_home: Path, slow_model: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server whose words come from that model."""
    home = Path(shutil.copytree(trained_home, tmp_path_factory.mktemp("slow") / "home"))
    yield from served(
        home,
        "/api/v1/health/ready",
        TASTEMAKER_LLM__BACKEND="openai",
        TASTEMAKER_LLM__MODEL="silent",
        TASTEMAKER_LLM__BASE_URL=slow_model,
    )


@pytest.mark.parametrize("way", ["button", "Escape"])
def test_an_answer_is_stopped(visitor: Any, way: str) -> None:
    page = visitor.open("/?user=3").page
    page.fill("#message textarea", "comedy")
    page.press("#message textarea", "Enter")
    page.wait_for_selector("#cards .card")
    page.wait_for_selector("#stop", state="visible")
    assert not page.locator("#send").is_visible()
    if way == "button":
        page.click("#stop")
    else:
        page.keyboard.press("Escape")
    page.wait_for_selector("#send", state="visible")
    page.wait_for_selector("#words .said:not(.wait)")
    assert not page.locator("#stop").is_visible()
    assert page.locator("#words [aria-busy=true]").count() == 0
    assert all("Comedy" in item.categories for item in visitor.shown())
    assert visitor.chips() == ["Comedy"]
    page.fill("#message textarea", "no romance")
    page.press("#message textarea", "Enter")
    page.wait_for_function("() => document.querySelectorAll('#understood .chip').length === 2")
    assert visitor.chips() == ["Comedy", "not: Romance"]
