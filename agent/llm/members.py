"""Asks a model for one JSON object of strings and hands on each of them as soon as it is whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from agent.llm.protocol import LLM, Cancelled, JsonSchema, Message
from store.errors import BackendError


def members(
    llm: LLM,
    prompt: Sequence[Message],
    choices: Mapping[str, Sequence[str]],
    *,
    max_tokens: int,
    deadline: float,
    cancelled: Cancelled | None = None,
) -> Iterator[tuple[str, str]]:
    """(name, value) of the object's members, in order.

    A value that is picked is handed on as soon as what was written of it begins no other one: a sentence is thirty
    tokens, and its first word tells which one it is.

    Args:
        choices: name -> the values that the model may pick among; none for a string of its own. A server that passes
            over the schema may send anything: whoever picks must look whether the value was offered.

    Raises:
        BackendError: the model failed, or what it sent is not the object.
    """
    reply = ""
    waiting = list(choices)
    pieces = llm.generate(
        prompt, schema=_schema(choices), max_tokens=max_tokens, deadline=deadline, cancelled=cancelled
    )
    for piece in pieces:
        reply += piece
        while waiting and (value := _value_of(reply, waiting[0], choices[waiting[0]])) is not None:
            yield waiting.pop(0), value
        if not waiting:
            return
    if waiting and not (cancelled is not None and cancelled()):
        raise BackendError(f"{llm.name} sent {reply[:80]!r}, not the JSON it was asked for", fix="Use another model.")


def _schema(choices: Mapping[str, Sequence[str]]) -> JsonSchema:
    return {
        "type": "object",
        "properties": {
            name: {"type": "string", "enum": list(values)} if values else {"type": "string"}
            for name, values in choices.items()
        },
        "required": list(choices),
        "additionalProperties": False,
    }


def _value_of(reply: str, name: str, offered: Sequence[str]) -> str | None:
    """Value of a member: whole, or begun as only one of the offered ones begins; None where it is open yet."""
    whole = _string_of(reply, name)
    if whole is not None or not offered:
        return whole
    begun = re.search(rf'"{re.escape(name)}"\s*:\s*"((?:[^"\\]|\\.)+)$', reply)
    fitting = [value for value in offered if begun and json.dumps(value, ensure_ascii=False)[1:].startswith(begun[1])]
    return fitting[0] if len(fitting) == 1 else None


def _string_of(reply: str, name: str) -> str | None:
    """Value of one member of a JSON object that may still be growing; None where it is not whole yet."""
    found = re.search(rf'"{re.escape(name)}"\s*:\s*("(?:[^"\\]|\\.)*")', reply)
    try:
        return json.loads(found.group(1)) if found else None
    except json.JSONDecodeError:
        return ""
