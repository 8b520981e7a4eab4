"""Any causal language model that transformers can load, by hub id or local path."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import llguidance
import llguidance.hf
import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.cache_utils import DynamicCache

from agent.llm.protocol import DEADLINE, MAX_TOKENS, Cancelled, JsonSchema, Message, Sampling
from agent.llm.streaming import PieceStream
from store.errors import BackendError


@dataclass(frozen=True)
class TransformersSettings:
    """Settings of a transformers model.

    Attributes:
        model: hub id or path of a folder.
        device: torch device.
        dtype: torch dtype's name, "auto" takes the checkpoint's.
        sampling: how tokens are drawn.
    """

    model: str
    device: str = "cpu"
    dtype: str = "auto"
    sampling: Sampling = field(default_factory=Sampling)


class TransformersLLM:
    """A model in this process, one reply at a time. Loads on the first call, in the thread that makes the reply."""

    def __init__(self, settings: TransformersSettings) -> None:
        self.name = f"transformers:{settings.model}"
        self._settings = settings
        self._model: Any = None
        self._tokenizer: Any = None
        self._grammar_tokenizer: Any = None
        self._busy = threading.Lock()
        self._closed = threading.Event()

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
        if self._closed.is_set():
            raise BackendError(f"{self.name} has been closed", fix="Build a new backend.")
        stream = PieceStream(name=self.name, deadline=deadline, cancelled=cancelled)
        threading.Thread(
            target=self._run, args=(tuple(messages), schema, max_tokens, stream), name="llm-generate", daemon=True
        ).start()
        yield from stream.read()

    def close(self) -> None:
        """See ``LLM.close``. Returns when the model has stopped."""
        self._closed.set()
        with self._busy:
            self._model = self._tokenizer = self._grammar_tokenizer = None

    def _run(
        self, messages: tuple[Message, ...], schema: JsonSchema | None, max_tokens: int, stream: PieceStream
    ) -> None:
        try:
            while not self._busy.acquire(timeout=0.1):
                if stream.stopped:
                    stream.finish(None if stream.seconds_left else stream.timeout_error())
                    return
            try:
                self._complete(messages, schema=schema, max_tokens=max_tokens, stream=stream)
            finally:
                self._busy.release()
            stream.finish(None if stream.seconds_left else stream.timeout_error())
        except BackendError as error:
            stream.finish(error)
        except Exception as error:  # the reader must hear of the end, whatever it was
            stream.finish(BackendError(f"{self.name} failed: {error}", fix="Check the model's id or path."))

    def _load(self) -> None:
        if self._model is not None:
            return
        self._tokenizer = AutoTokenizer.from_pretrained(self._settings.model)
        model: Any = AutoModelForCausalLM.from_pretrained(self._settings.model, dtype=self._settings.dtype)
        self._model = model.to(self._settings.device).eval()

    @torch.inference_mode()
    def _complete(
        self, messages: tuple[Message, ...], *, schema: JsonSchema | None, max_tokens: int, stream: PieceStream
    ) -> None:
        self._load()
        tokenizer = self._tokenizer
        matcher = None if schema is None else self._matcher(schema)
        ends = _end_tokens(self._model, tokenizer)
        generator = torch.Generator().manual_seed(self._settings.sampling.seed)
        tokens = self._prompt(messages)
        cache = DynamicCache(config=self._model.config)
        made: list[int] = []
        shown = ""
        for _ in range(max_tokens):
            if stream.stopped or self._closed.is_set():
                return
            logits = self._model(tokens, past_key_values=cache, use_cache=True).logits[0, -1].float().cpu()
            if matcher is not None:
                _mask_logits(logits, matcher)
            token = _draw(logits, self._settings.sampling, generator)
            if matcher is not None:
                matcher.consume_token(token)
            if token in ends:
                break
            made.append(token)
            text = tokenizer.decode(made, skip_special_tokens=True)
            # A half-made UTF-8 character decodes to a replacement mark until its last byte is there.
            if not text.endswith("\ufffd") and len(text) > len(shown):
                stream.put(text[len(shown) :])
                shown = text
            if matcher is not None and matcher.is_stopped():
                break
            tokens = torch.tensor([[token]], device=self._settings.device)
        if matcher is not None and not matcher.is_accepting() and not matcher.is_stopped():
            raise BackendError(f"{self.name} was cut at {max_tokens} tokens, within its JSON", fix="Allow more tokens.")

    def _prompt(self, messages: tuple[Message, ...]) -> torch.Tensor:
        """Token ids [1, L]."""
        if self._tokenizer.chat_template is None:
            text = "\n".join(message.content for message in messages) + "\n"
            ids = self._tokenizer(text, return_tensors="pt")["input_ids"]
        else:
            chat = [{"role": message.role, "content": message.content} for message in messages]
            ids = self._tokenizer.apply_chat_template(
                chat, add_generation_prompt=True, return_tensors="pt", return_dict=True
            )["input_ids"]
        return ids.to(self._settings.device)

    def _matcher(self, schema: JsonSchema) -> llguidance.LLMatcher:
        if self._grammar_tokenizer is None:
            self._grammar_tokenizer = llguidance.hf.from_tokenizer(self._tokenizer)
        matcher = llguidance.LLMatcher(
            self._grammar_tokenizer, llguidance.LLMatcher.grammar_from_json_schema(dict(schema))
        )
        if matcher.is_error():
            raise BackendError(f"the schema is not understood: {matcher.get_error()[:300]}", fix="Correct the schema.")
        return matcher


def _end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    configured = model.generation_config.eos_token_id
    ends = configured if isinstance(configured, list) else [configured]
    return frozenset(token for token in (*ends, tokenizer.eos_token_id) if token is not None)


def _mask_logits(logits: torch.Tensor, matcher: llguidance.LLMatcher) -> None:
    """Take the tokens that the grammar forbids out of ``logits`` [V], in place."""
    allowed = np.zeros(logits.numel(), dtype=bool)
    bits = np.unpackbits(np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8), bitorder="little")
    known = min(bits.size, allowed.size)  # a model may have more rows than its tokenizer has tokens
    allowed[:known] = bits[:known]
    logits[torch.from_numpy(~allowed)] = float("-inf")


def _draw(logits: torch.Tensor, sampling: Sampling, generator: torch.Generator) -> int:
    """One token from ``logits`` [V]: nucleus sampling (Holtzman et al. 2020, section 3.1)."""
    if sampling.temperature == 0:
        return int(logits.argmax())
    probabilities, order = torch.softmax(logits / sampling.temperature, dim=-1).sort(descending=True)
    outside = probabilities.cumsum(0) - probabilities >= sampling.top_p
    probabilities[outside] = 0.0
    return int(order[torch.multinomial(probabilities, 1, generator=generator)])
