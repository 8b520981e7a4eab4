"""The OpenAI-compatible backend against a real HTTP server on the loopback interface."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from agent.llm.openai_server import OpenAIServerLLM, ServerSettings
from agent.llm.protocol import Message
from store.errors import BackendError, BackendTimeout

PROMPT = [Message("system", "s"), Message("user", "u")]
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


@dataclass
class Server:
    """What the server shall do, and what it saw."""

    mode: str = "words"
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    disconnected: threading.Event = field(default_factory=threading.Event)
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    """Answers as its server's state says."""

    state: Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.state.requests.append(json.loads(body))
        self.state.keys.append(self.headers.get("Authorization"))
        try:
            getattr(self, self.state.mode)()
        except OSError:
            self.state.disconnected.set()

    def start(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()

    def chunk(self, text: str | None) -> None:
        data = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m"}
        data["choices"] = [{"index": 0, "delta": {"content": text}, "finish_reason": None}]
        self.wfile.write(f"data: {json.dumps(data)}\n\n".encode())
        self.wfile.flush()

    def words(self) -> None:
        self.start()
        for text in (None, "Good ", "evening", "."):
            self.chunk(text)
        self.wfile.write(b"data: [DONE]\n\n")

    def json_reply(self) -> None:
        self.start()
        for text in ('{"a"', ": 1}"):
            self.chunk(text)
        self.wfile.write(b"data: [DONE]\n\n")

    def hang(self) -> None:
        self.state.disconnected.wait(20)

    def hang_midway(self) -> None:
        self.start()
        while True:
            self.chunk("more ")
            time.sleep(0.02)

    def status_500(self) -> None:
        self.send_response(500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def rubbish(self) -> None:
        self.start()
        self.wfile.write(b"data: {{{ not json\n\n")

    def no_choices(self) -> None:
        self.start()
        self.wfile.write(b'data: {"choices": 7}\n\n')


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    http = ThreadingHTTPServer(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"state": state}))
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{http.server_port}/v1"
    yield state
    state.disconnected.set()
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def llm(server: Server) -> Iterator[OpenAIServerLLM]:
    backend = OpenAIServerLLM(ServerSettings(base_url=server.url, model="m", api_key="k"))
    yield backend
    backend.close()


def test_streams_pieces_and_sends_what_was_asked(server: Server, llm: OpenAIServerLLM) -> None:
    assert list(llm.generate(PROMPT, max_tokens=7)) == ["Good ", "evening", "."]
    sent = server.requests[0]
    assert sent["messages"] == [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
    assert (sent["max_tokens"], sent["stream"], sent["model"]) == (7, True, "m")
    assert "response_format" not in sent
    assert server.keys == ["Bearer k"]


def test_a_schema_goes_out_as_response_format(server: Server, llm: OpenAIServerLLM) -> None:
    server.mode = "json_reply"
    assert json.loads("".join(llm.generate(PROMPT, schema=SCHEMA))) == {"a": 1}
    assert server.requests[0]["response_format"]["json_schema"]["schema"] == SCHEMA


def test_a_server_that_passes_over_the_schema_is_an_error(llm: OpenAIServerLLM) -> None:
    with pytest.raises(BackendError, match="what is not a reply"):
        list(llm.generate(PROMPT, schema=SCHEMA))


@pytest.mark.parametrize("mode", ["hang", "hang_midway"])
def test_a_hanging_server_meets_the_deadline(server: Server, llm: OpenAIServerLLM, mode: str) -> None:
    server.mode = mode
    with pytest.raises(BackendTimeout, match=r"deadline of 0\.3 s"):
        list(llm.generate(PROMPT, deadline=0.3))


def test_cancelling_closes_the_connection(server: Server, llm: OpenAIServerLLM) -> None:
    server.mode = "hang_midway"
    polls = itertools.count()
    assert len(list(llm.generate(PROMPT, deadline=60, cancelled=lambda: next(polls) >= 3))) <= 3
    assert server.disconnected.wait(10), "the server goes on making tokens for nobody"


def test_leaving_the_iterator_closes_the_connection(server: Server, llm: OpenAIServerLLM) -> None:
    server.mode = "hang_midway"
    reply = llm.generate(PROMPT, deadline=60)
    next(reply)
    reply.close()  # type: ignore[attr-defined]
    assert server.disconnected.wait(10)


@pytest.mark.parametrize(
    ("mode", "message"), [("status_500", "status 500"), ("rubbish", "not a reply"), ("no_choices", "not a reply")]
)
def test_a_broken_server_is_a_backend_error(server: Server, llm: OpenAIServerLLM, mode: str, message: str) -> None:
    server.mode = mode
    with pytest.raises(BackendError, match=message):
        list(llm.generate(PROMPT, deadline=10))


def test_nobody_listening_is_a_backend_error() -> None:
    llm = OpenAIServerLLM(ServerSettings(base_url="http://127.0.0.1:9/v1", model="m", api_key="topsecret"))
    with pytest.raises(BackendError, match="could not be reached") as failure:
        list(llm.generate(PROMPT, deadline=10))
    assert "topsecret" not in str(failure.value)
    llm.close()


def test_closing_ends_a_reply_in_progress(server: Server) -> None:
    llm = OpenAIServerLLM(ServerSettings(base_url=server.url, model="m"))
    server.mode = "hang_midway"
    reply = llm.generate(PROMPT, deadline=60)
    next(reply)
    llm.close()
    with pytest.raises(BackendError, match="closed while it worked"):
        list(reply)
