"""llama.cpp in process, through xllamacpp: the default backend.

The engine always opens a port on the loopback interface beside its in-process calls. Nobody is meant to use it, so it
gets a random key and its endpoints that show prompts are off.
"""

from __future__ import annotations

import atexit
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xllamacpp.xllamacpp import CommonParams, Server

from agent.llm.protocol import DEADLINE, MAX_TOKENS, Cancelled, JsonSchema, Message, Sampling
from agent.llm.streaming import PieceStream
from store.errors import BackendError, InputError


@dataclass(frozen=True)
class EmbeddedSettings:
    """Settings of the engine.

    Attributes:
        context: tokens of prompt and reply together, per slot.
        slots: replies made at the same time; further callers wait within their deadline.
        threads: CPU threads.
        batch: prompt tokens between two looks at deadline and cancellation.
        gpu_layers: layers on the GPU, where the installed wheel has one; 0 is CPU only.
        sampling: how tokens are drawn.
    """

    context: int = 2_048
    slots: int = 2
    threads: int = 2
    batch: int = 128
    gpu_layers: int = 0
    sampling: Sampling = field(default_factory=Sampling)

    def __post_init__(self) -> None:
        for name in ("context", "slots", "threads", "batch"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)!r}, not a positive number", fix="Use 1 or more.")
        if self.batch > self.context:
            raise InputError(
                f"batch {self.batch} is larger than the context of {self.context} tokens", fix="Use a smaller batch."
            )


class EmbeddedLLM:
    """A GGUF model in this process.

    The model loads in a background thread, begun by the constructor; a call that comes before it is there waits within
    its deadline. A prompt prefix that was used before (the system message) is not computed again.

    Args:
        model: path of the GGUF file.
        settings: engine settings.
    """

    def __init__(self, model: Path, settings: EmbeddedSettings | None = None) -> None:
        self.name = f"embedded:{model.stem}"
        self._model = model
        self._settings = settings = settings or EmbeddedSettings()
        self._engine: Server | None = None
        self._load_error: BackendError | None = None
        self._loaded = threading.Event()
        self._free_slots = threading.Semaphore(settings.slots)
        self._running: set[PieceStream] = set()
        self._lock = threading.Lock()
        self._closed = False
        # The process aborts if it exits while the engine makes tokens in a daemon thread.
        atexit.register(self.close)
        threading.Thread(target=self._load, name="llm-load", daemon=True).start()

    @property
    def ready(self) -> bool:
        """Whether the model has been loaded."""
        return self._engine is not None

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
        stream = PieceStream(name=self.name, deadline=deadline, cancelled=cancelled)
        with self._lock:
            self._refuse_if_closed()
            self._running.add(stream)
        body = self._body(messages, schema=schema, max_tokens=max_tokens)
        # A daemon thread, joined through the slots by close(): the engine's call can't be left while it waits for C++.
        threading.Thread(target=self._run, args=(body, stream), name="llm-generate", daemon=True).start()
        yield from stream.read()

    def close(self) -> None:
        """See ``LLM.close``. Returns when the engine has stopped."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for stream in running:
            stream.stop()
        self._loaded.wait()
        for _ in range(self._settings.slots):
            self._free_slots.acquire()
        self._engine = None
        for _ in range(self._settings.slots):
            self._free_slots.release()
        atexit.unregister(self.close)

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise BackendError(f"{self.name} has been closed", fix="Build a new backend.")

    def _load(self) -> None:
        try:
            if not self._model.is_file():
                raise BackendError(f"model {str(self._model)!r} is not a file", fix="Run `tastemaker assets`.")
            self._engine = Server(self._parameters())
        except BackendError as error:
            self._load_error = error
        except (RuntimeError, ValueError) as error:
            self._load_error = BackendError(
                f"the engine can't load {str(self._model)!r}: {error}", fix="Check that it is a whole GGUF file."
            )
        finally:
            self._loaded.set()

    def _parameters(self) -> CommonParams:
        settings = self._settings
        parameters = CommonParams()
        parameters.model.path = str(self._model)
        parameters.n_ctx = settings.context * settings.slots
        parameters.n_parallel = settings.slots
        parameters.n_batch = parameters.n_ubatch = settings.batch
        parameters.n_gpu_layers = settings.gpu_layers
        parameters.cpuparams.n_threads = settings.threads
        parameters.cpuparams_batch.n_threads = settings.threads
        parameters.cache_prompt = True
        parameters.cache_ram_mib = 0  # each slot keeps its own last prompt; no further gigabytes beside that
        parameters.warmup = False
        parameters.verbosity = -1
        parameters.api_keys = [secrets.token_urlsafe(32)]
        parameters.endpoint_slots = False
        parameters.endpoint_props = False
        parameters.ui = False
        return parameters

    def _body(self, messages: Sequence[Message], *, schema: JsonSchema | None, max_tokens: int) -> dict[str, Any]:
        sampling = self._settings.sampling
        body: dict[str, Any] = {
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "max_tokens": max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
            "stream": True,
            "return_progress": True,  # so that the callback, the only place to stop the engine, runs during the prompt
        }
        if schema is not None:
            body["response_format"] = {"type": "json_schema", "json_schema": {"schema": dict(schema)}}
        return body

    def _run(self, body: dict[str, Any], stream: PieceStream) -> None:
        holds_slot = False
        error: BackendError | None = None
        try:
            self._loaded.wait(stream.seconds_left)
            holds_slot = self._acquire_slot(stream)
            if holds_slot and not stream.stopped:
                error = self._complete(body, stream)
        finally:
            if holds_slot:
                self._free_slots.release()
            with self._lock:
                self._running.discard(stream)
            if self._closed and error is None and stream.stopped:
                error = BackendError(f"{self.name} was closed while it worked", fix="Build a new backend.")
            stream.finish(error or (stream.timeout_error() if not stream.seconds_left else None))

    def _acquire_slot(self, stream: PieceStream) -> bool:
        # Waits here and not in the engine's own queue, which can't be left.
        while not stream.stopped:
            if self._free_slots.acquire(timeout=min(0.1, stream.seconds_left) or 0.1):
                return True
        return False

    def _complete(self, body: dict[str, Any], stream: PieceStream) -> BackendError | None:
        engine = self._engine
        if engine is None:
            return self._load_error or BackendError(f"{self.name} has been closed", fix="Build a new backend.")
        failures: list[BackendError] = []
        constrained = "response_format" in body

        def on_chunk(chunk: Mapping[str, Any]) -> bool:
            if "error" in chunk:
                failures.append(_refused(self.name, chunk["error"].get("message", "no reason given")))
                return True
            for choice in chunk.get("choices", ()):
                piece = choice.get("delta", {}).get("content")
                if piece:
                    stream.put(piece)
                if constrained and choice.get("finish_reason") == "length":
                    failures.append(
                        BackendError(
                            f"{self.name} was cut at {body['max_tokens']} tokens, within its JSON",
                            fix="Allow more tokens.",
                        )
                    )
            return stream.stopped

        try:
            engine.handle_chat_completions(body, on_chunk)
        except (RuntimeError, ValueError) as error:
            return _refused(self.name, str(error))
        return failures[0] if failures else None


def _refused(name: str, reason: str) -> BackendError:
    return BackendError(f"{name} refused the request: {reason[:300]}", fix="Shorten the prompt or correct the schema.")


def wait_until_ready(llm: EmbeddedLLM, *, seconds: float) -> bool:
    """Wait for the model to load; False where it has not within ``seconds``."""
    ends = time.monotonic() + seconds
    while not llm.ready and time.monotonic() < ends:
        time.sleep(0.02)
    return llm.ready
