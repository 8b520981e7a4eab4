"""Fake, breaker, factory and the hand-over of pieces."""

from __future__ import annotations

import threading
import time

import pytest

from agent.llm.breaker import Breaker, BreakerSettings
from agent.llm.embedded import EmbeddedLLM, EmbeddedSettings
from agent.llm.factory import LLMSettings, build
from agent.llm.fake import FakeLLM, first_valid
from agent.llm.openai_server import ServerSettings
from agent.llm.protocol import Message, Sampling
from agent.llm.streaming import PieceStream
from store.errors import BackendError, BackendTimeout, InputError

PROMPT = [Message("user", "hello")]


def test_pieces_of_the_fake_join_to_its_reply() -> None:
    assert "".join(FakeLLM(["One  two.\nThree. "]).generate(PROMPT)) == "One  two.\nThree. "


def test_the_fake_gives_its_replies_in_turn() -> None:
    fake = FakeLLM(["a", "b"])
    assert ["".join(fake.generate(PROMPT)) for _ in range(3)] == ["a", "b", "a"]
    assert fake.prompts[0] == tuple(PROMPT)


def test_first_valid_fills_what_a_schema_requires() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"enum": ["x", "y"]},
            "b": {"type": "array", "items": {"type": "integer", "minimum": 3}, "minItems": 2},
            "c": {"type": "string"},
            "d": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
            "e": {"const": 7},
        },
        "required": ["a", "b", "d", "e"],
    }
    assert first_valid(schema) == {"a": "x", "b": [3, 3], "d": False, "e": 7}


def test_the_fake_hangs_until_the_deadline_or_the_cancellation() -> None:
    with pytest.raises(BackendTimeout, match=r"hung for 0\.05 s"):
        list(FakeLLM(mode="hang").generate(PROMPT, deadline=0.05))
    assert list(FakeLLM(mode="hang").generate(PROMPT, deadline=60, cancelled=lambda: True)) == []


def test_a_closed_backend_refuses() -> None:
    fake = FakeLLM()
    fake.close()
    with pytest.raises(BackendError, match="has been closed"):
        list(fake.generate(PROMPT))


def test_breaker_opens_after_failures_in_a_row_and_closes_after_a_success() -> None:
    now = [0.0]
    fake = FakeLLM(mode="error")
    breaker = Breaker(fake, BreakerSettings(failures=2, cooldown=10), clock=lambda: now[0])
    for _ in range(2):
        with pytest.raises(BackendError, match="as told to"):
            list(breaker.generate(PROMPT))
    assert breaker.open
    with pytest.raises(BackendError, match="skipped after 2 failures"):
        list(breaker.generate(PROMPT))
    assert len(fake.prompts) == 2, "an open breaker asks nothing"

    now[0] = 11
    with pytest.raises(BackendError, match="as told to"):
        list(breaker.generate(PROMPT))
    assert breaker.open, "one failed trial opens it again"

    now[0] = 22
    fake.mode = "obedient"
    assert list(breaker.generate(PROMPT))
    assert not breaker.open
    assert list(breaker.generate(PROMPT))


def test_breaker_lets_one_trial_through_at_a_time() -> None:
    now = [0.0]
    fake = FakeLLM(mode="error")
    breaker = Breaker(fake, BreakerSettings(failures=1, cooldown=10), clock=lambda: now[0])
    with pytest.raises(BackendError):
        list(breaker.generate(PROMPT))
    now[0], fake.mode = 11, "obedient"
    trial = breaker.generate(PROMPT)
    next(trial)
    with pytest.raises(BackendError, match="skipped"):
        next(breaker.generate(PROMPT))


def test_an_abandoned_reply_is_no_failure() -> None:
    breaker = Breaker(FakeLLM(["a b c"]), BreakerSettings(failures=1))
    reply = breaker.generate(PROMPT)
    next(reply)
    reply.close()  # type: ignore[attr-defined]
    assert not breaker.open


def test_stream_stops_its_producer_when_the_reader_leaves() -> None:
    stream = PieceStream(name="x", deadline=60, cancelled=None)
    stream.put("a")
    reader = stream.read()
    assert next(reader) == "a"
    assert not stream.stopped
    reader.close()  # type: ignore[attr-defined]
    assert stream.stopped


def test_stream_ends_quietly_on_cancellation_and_loudly_on_the_deadline() -> None:
    cancel = threading.Event()
    stream = PieceStream(name="x", deadline=60, cancelled=cancel.is_set)
    threading.Timer(0.05, cancel.set).start()
    assert list(stream.read()) == []
    late = PieceStream(name="x", deadline=0.05, cancelled=None)
    with pytest.raises(BackendTimeout, match=r"x did not finish within its deadline of 0\.05 s"):
        list(late.read())
    assert late.stopped


def test_factory_builds_what_the_settings_name() -> None:
    assert build(LLMSettings(backend="none")) is None
    fake = build(LLMSettings(backend="fake"))
    assert fake is not None
    assert "".join(fake.generate(PROMPT)) == "Tell me what you are in the mood for."
    server = build(LLMSettings(backend="openai", model="m", base_url="http://127.0.0.1:1/v1", api_key="secret"))
    assert server is not None
    assert server.name == "openai:m"
    server.close()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: LLMSettings(backend="gpt"), "'gpt' is none of embedded, transformers, openai, fake, none"),  # type: ignore[arg-type]
        (lambda: LLMSettings(backend="openai"), "'openai' has no model"),
        (lambda: ServerSettings(base_url="localhost", model="m"), "'localhost' has no http"),
        (lambda: ServerSettings(base_url="http://x", model=""), "name is empty"),
        (lambda: Sampling(temperature=3), "temperature 3 is outside"),
        (lambda: Sampling(top_p=0), "top_p 0 is outside"),
        (lambda: EmbeddedSettings(slots=0), "slots is 0"),
        (lambda: EmbeddedSettings(batch=4096), "batch 4096 is larger"),
        (lambda: BreakerSettings(failures=0), "breaker of 0 failures"),
    ],
)
def test_settings_say_what_is_wrong(wrong, message: str) -> None:
    with pytest.raises(InputError, match=message):
        wrong()


def test_secrets_are_not_shown() -> None:
    assert "hunter2" not in repr(LLMSettings(backend="fake", api_key="hunter2"))
    assert "hunter2" not in repr(ServerSettings(base_url="http://x", model="m", api_key="hunter2"))


def test_a_missing_or_broken_model_file_is_a_backend_error(tmp_path) -> None:
    missing = EmbeddedLLM(tmp_path / "none.gguf")
    with pytest.raises(BackendError, match="is not a file"):
        list(missing.generate(PROMPT, deadline=20))
    missing.close()
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    llm = EmbeddedLLM(broken)
    with pytest.raises(BackendError, match="can't load"):
        list(llm.generate(PROMPT, deadline=20))
    llm.close()
    with pytest.raises(BackendError, match="has been closed"):
        list(llm.generate(PROMPT))


def test_building_does_not_wait_for_the_model(tmp_path) -> None:
    started = time.monotonic()
    llm = EmbeddedLLM(tmp_path / "none.gguf")
    assert time.monotonic() - started < 5
    llm.close()
