"""A local model that turns recordings into words."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from agent.hearing.recording import samples_of
from agent.plain_text import clean
from agent.tokens import MAX_CHARACTERS
from store.errors import BackendError, BackendTimeout, BusyError, InputError

_WAITING = 2
"""Recordings that wait while one is listened to; more are refused at once."""


@dataclass(frozen=True)
class ListenerSettings:
    """How recordings are listened to.

    Attributes:
        model: folder of a transformers model for automatic speech recognition, such as Whisper.
        longest: seconds of a recording, 1..30.
        deadline: seconds until its words have to be there, and that it waits for others at most.
    """

    model: Path
    longest: float = 30.0
    deadline: float = 30.0

    def __post_init__(self) -> None:
        if not 1 <= self.longest <= 30:
            raise InputError(f"longest is {self.longest}, outside 1..30", fix="Models hear up to 30 seconds at once.")
        if self.deadline <= 0:
            raise InputError(f"deadline is {self.deadline}, not above 0", fix="Use a number of seconds, such as 30.")


class Listener:
    """One model, one recording at a time. Loads with the first one. Safe to call from several threads.

    Raises:
        InputError: the folder is none.
        UnsafeInput: its weights could run code.
    """

    def __init__(self, settings: ListenerSettings) -> None:
        from encoders.weights import refuse_pickles

        if not (settings.model / "config.json").is_file():
            raise InputError(
                f"{settings.model} holds no model of speech",
                fix="Set TASTEMAKER_VOICE__MODEL to the folder of one, with config.json and model.safetensors.",
            )
        refuse_pickles(settings.model)
        self.settings = settings
        self._pipeline: Any = None
        self._busy = threading.Lock()
        self._places = threading.BoundedSemaphore(1 + _WAITING)

    def heard(self, content: bytes) -> str:
        """The words of a WAV file, one line; "" where there are none.

        Raises:
            UnsafeInput: see ``samples_of``.
            BusyError: too many are waiting.
            BackendTimeout: it took longer than the deadline.
            BackendError: the model cannot be loaded, or failed.
        """
        with self._place():
            model = self._loaded()
            rate = int(model.feature_extractor.sampling_rate)
            samples = samples_of(content, rate=rate, longest=self.settings.longest)
            began = monotonic()
            try:
                said = model({"raw": samples, "sampling_rate": rate}, **self._limits(model))["text"]
            except (ValueError, RuntimeError, IndexError, TypeError) as error:
                raise BackendError(f"the model of speech failed: {error}", fix="Type the message instead.") from error
            if monotonic() - began > self.settings.deadline:
                raise BackendTimeout(
                    f"the words were not there after {self.settings.deadline:g} seconds",
                    fix="Say less at once, or type the message.",
                )
        return clean(str(said), limit=MAX_CHARACTERS)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise BusyError(f"{1 + _WAITING} recordings are being listened to", fix="Try again in a few seconds.")
        try:
            if not self._busy.acquire(timeout=self.settings.deadline):
                raise BusyError("another recording is being listened to", fix="Try again in a few seconds.")
            try:
                yield
            finally:
                self._busy.release()
        finally:
            self._places.release()

    def _limits(self, model: Any) -> dict[str, Any]:
        """Of what writes token by token, which looks at the clock in between; others read a recording in one pass."""
        if not model.model.can_generate():
            return {}
        return {"generate_kwargs": {"max_time": self.settings.deadline}}

    def _loaded(self) -> Any:
        if self._pipeline is None:
            from transformers import pipeline
            from transformers.utils.logging import disable_progress_bar

            disable_progress_bar()  # it draws over ours, for work of a moment
            try:
                self._pipeline = pipeline(
                    "automatic-speech-recognition",
                    model=str(self.settings.model),
                    device="cpu",
                    model_kwargs={"use_safetensors": True},
                )
            except (OSError, ValueError, KeyError, RuntimeError) as error:
                raise BackendError(
                    f"the model of speech in {self.settings.model} cannot be loaded: {error}",
                    fix="Check TASTEMAKER_VOICE__MODEL: a folder as save_pretrained writes it, tokenizer included.",
                ) from error
        return self._pipeline
