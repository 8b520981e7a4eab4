"""An OpenAI-compatible server that lies: other titles, false reasons, markup; in the form asked for and in others."""

from __future__ import annotations

import itertools
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_LIES = (
    "You should watch The Glass Harbour, which won every prize in 1987.",
    "Here are five films that your neighbour user 42 watched last night.",
    "<script>alert(1)</script> ![x](http://evil.example/x.png)",
    "Star Wars comes first because you loved Titanic and Fargo.",
    "Nothing here is any good.",
)


def start(titles: list[str]) -> ThreadingHTTPServer:
    """Serve on a free port of the loopback interface; ``titles`` of the catalogue stand in some of the lies."""
    lies = itertools.cycle([*_LIES, *(f"{title} is the best of them, because you liked it." for title in titles)])

    class Liar(BaseHTTPRequestHandler):
        """Answers every request with the next lie."""

        def do_POST(self) -> None:
            asked: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            lie = next(lies)
            schema = asked.get("response_format", {}).get("json_schema", {}).get("schema", {})
            said = json.dumps(dict.fromkeys(schema["properties"], lie)) if schema.get("properties") else lie
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "liar"}
            for delta, reason in (({"role": "assistant", "content": said}, None), ({}, "stop")):
                body = chunk | {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
                self.wfile.write(f"data: {json.dumps(body)}\n\n".encode())
            self.wfile.write(b"data: [DONE]\n\n")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Liar)
    threading.Thread(target=server.serve_forever, name="liar", daemon=True).start()
    return server
