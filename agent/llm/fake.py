"""A deterministic stand-in for a language model: tests use it by default, and it can misbehave on purpose."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from agent.llm.protocol import DEADLINE, MAX_TOKENS, Cancelled, JsonSchema, Message
from store.errors import BackendError, BackendTimeout

FakeMode = Literal["obedient", "hang", "error", "late_error", "rubbish", "invents", "script"]

_RUBBISH = "}{\x00 \u202e[[[ asdf \ud83e\udd16 ))) null null"
_REPLIES: Mapping[str, str] = {
    "rubbish": _RUBBISH,
    "invents": "You should watch The Glass Harbour, which won every prize in 1987.",
    "script": '<script>alert(1)</script> ![x](http://evil.example/x.png) <a href="javascript:alert(1)">here</a>',
}


@dataclass
class FakeLLM:
    """Replies from a script, by rule, or badly.

    Attributes:
        replies: given one after the other, then again from the first; they win over every mode but hang and error.
        mode: "obedient" answers a schema with its first valid value and a free prompt with its quoted draft;
            "hang" never answers; "error" fails at once and "late_error" after a piece; "rubbish" breaks any schema;
            "invents" names what does not exist; "script" sends HTML.
        prompts: what it was asked, for tests to look at.
    """

    replies: Sequence[str] = ()
    mode: FakeMode = "obedient"
    name: str = "fake"
    prompts: list[tuple[Message, ...]] = field(default_factory=list)
    closed: bool = False

    def generate(
        self,
        messages: Sequence[Message],
        *,
        schema: JsonSchema | None = None,
        max_tokens: int = MAX_TOKENS,
        deadline: float = DEADLINE,
        cancelled: Cancelled | None = None,
    ) -> Iterator[str]:
        """See ``LLM.generate``. Pieces are words with the space before them."""
        self.prompts.append(tuple(messages))
        failure = BackendError("the fake failed, as told to", fix="Use mode='obedient'.")
        if self.closed:
            raise BackendError("the fake has been closed", fix="Build a new backend.")
        if self.mode == "error":
            raise failure
        if self.mode == "hang":
            yield from self._hang(deadline=deadline, cancelled=cancelled)
            return
        pieces = re.findall(r"\s*\S+\s*$|\s*\S+", self._reply(messages, schema))
        for piece in pieces[:max_tokens]:
            if cancelled is not None and cancelled():
                return
            yield piece
            if self.mode == "late_error":
                raise failure

    def close(self) -> None:
        """See ``LLM.close``."""
        self.closed = True

    def _hang(self, *, deadline: float, cancelled: Cancelled | None) -> Iterator[str]:
        ends = time.monotonic() + deadline
        while time.monotonic() < ends:
            if cancelled is not None and cancelled():
                return
            time.sleep(min(0.02, deadline))
        yield from ()
        raise BackendTimeout(f"the fake hung for {deadline:g} s, as told to", fix="Use mode='obedient'.")

    def _reply(self, messages: Sequence[Message], schema: JsonSchema | None) -> str:
        if self.replies:
            return self.replies[(len(self.prompts) - 1) % len(self.replies)]
        if self.mode in _REPLIES:
            return _REPLIES[self.mode]
        if schema is not None:
            return json.dumps(first_valid(schema), ensure_ascii=False)
        draft = re.search(r"Draft: (.+)", messages[-1].content) if messages else None
        return draft.group(1) if draft else "Tell me what you are in the mood for."


def first_valid(schema: JsonSchema) -> Any:
    """The first value that a JSON schema allows: first enum member, empty list, shortest text, lowest number."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "default" in schema:
        return schema["default"]
    if "anyOf" in schema:
        return first_valid(schema["anyOf"][0])
    kind = schema.get("type")
    if kind == "object":
        required = schema.get("required", ())
        return {name: first_valid(part) for name, part in schema.get("properties", {}).items() if name in required}
    if kind == "array":
        return [first_valid(schema["items"])] * schema.get("minItems", 0)
    simple: Mapping[Any, Any] = {
        "string": "x" * schema.get("minLength", 0),
        "integer": schema.get("minimum", 0),
        "number": schema.get("minimum", 0),
        "boolean": False,
    }
    return simple.get(kind)
