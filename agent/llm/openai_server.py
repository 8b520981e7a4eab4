"""Any OpenAI-compatible server by base URL: vLLM, llama.cpp's server, Ollama, a hosted one."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import openai

from agent.llm.protocol import DEADLINE, MAX_TOKENS, Cancelled, JsonSchema, Message, Sampling
from agent.llm.streaming import PieceStream
from store.errors import BackendError, InputError


@dataclass(frozen=True)
class ServerSettings:
    """Settings of a server.

    Attributes:
        base_url: up to and including "/v1".
        model: the server's name for the model.
        api_key: never shown in ``repr``; servers at home take any text.
        sampling: how tokens are drawn.
    """

    base_url: str
    model: str
    api_key: str = field(default="none", repr=False)
    sampling: Sampling = field(default_factory=Sampling)

    def __post_init__(self) -> None:
        if not self.base_url.startswith(("http://", "https://")):
            raise InputError(
                f"base URL {self.base_url!r} has no http:// or https://", fix="Write http://127.0.0.1:8000/v1."
            )
        if not self.model:
            raise InputError("the model's name is empty", fix="Name a model that the server lists under /models.")


class OpenAIServerLLM:
    """A model behind HTTP. One event loop thread serves all calls; stopping a call closes its connection at once,
    which tells the server to stop as well."""

    def __init__(self, settings: ServerSettings) -> None:
        self.name = f"openai:{settings.model}"
        self._settings = settings
        self._closed = False
        self._client = openai.AsyncOpenAI(base_url=settings.base_url, api_key=settings.api_key, max_retries=0)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="llm-http", daemon=True)
        self._thread.start()

    def generate(
        self,
        messages: Sequence[Message],
        *,
        schema: JsonSchema | None = None,
        max_tokens: int = MAX_TOKENS,
        deadline: float = DEADLINE,
        cancelled: Cancelled | None = None,
    ) -> Iterator[str]:
        """See ``LLM.generate``."""
        if self._closed:
            raise BackendError(f"{self.name} has been closed", fix="Build a new backend.")
        stream = PieceStream(name=self.name, deadline=deadline, cancelled=cancelled)
        request = self._request(messages, schema=schema, max_tokens=max_tokens)
        work = asyncio.run_coroutine_threadsafe(
            self._complete(request, stream, constrained=schema is not None), self._loop
        )
        try:
            yield from stream.read()
        finally:
            work.cancel()

    def close(self) -> None:
        """See ``LLM.close``."""
        if self._closed:
            return
        self._closed = True
        asyncio.run_coroutine_threadsafe(self._shut_down(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    async def _shut_down(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._client.close()

    def _request(self, messages: Sequence[Message], *, schema: JsonSchema | None, max_tokens: int) -> dict[str, Any]:
        sampling = self._settings.sampling
        request: dict[str, Any] = {
            "model": self._settings.model,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "max_tokens": max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
            "stream": True,
        }
        if schema is not None:
            request["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "reply", "schema": dict(schema), "strict": True},
            }
        return request

    async def _complete(self, request: dict[str, Any], stream: PieceStream, *, constrained: bool) -> None:
        try:
            async with asyncio.timeout(stream.seconds_left):
                reply = await self._client.chat.completions.create(**request)
                text = ""
                async with reply:
                    async for chunk in reply:
                        piece = chunk.choices[0].delta.content if chunk.choices else None
                        if piece:
                            text += piece
                            stream.put(piece)
            # Some servers pass over response_format without a word.
            if constrained:
                json.loads(text)
            stream.finish()
        except TimeoutError:
            stream.finish(stream.timeout_error())
        except asyncio.CancelledError:
            stream.finish(BackendError(f"{self.name} was closed while it worked", fix="Build a new backend."))
            raise
        except openai.APIStatusError as error:
            stream.finish(self._failed(f"answered with status {error.status_code}"))
        except openai.OpenAIError as error:
            # The message may quote headers; the kind of error says enough.
            stream.finish(self._failed(f"could not be reached ({type(error).__name__})"))
        except Exception as error:  # whatever a server may send; the reader must hear of the end
            stream.finish(self._failed(f"sent what is not a reply ({type(error).__name__})"))

    def _failed(self, what: str) -> BackendError:
        return BackendError(
            f"the server at {self._settings.base_url} {what}",
            fix="Check its address, its key, the model's name, and that it supports response_format.",
        )
