"""The engine in process with the real chat model."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.llm.embedded import EmbeddedLLM, EmbeddedSettings
from agent.llm.protocol import Message, Sampling
from store.assets import AssetCache, default_cache_root
from store.errors import AssetError, BackendError, BackendTimeout

STORY = [Message("user", "Tell me a very long story about a river, in at least two thousand words.")]
SCHEMA = {
    "type": "object",
    "properties": {"pick": {"enum": ["alpha", "beta"]}, "sure": {"type": "boolean"}},
    "required": ["pick", "sure"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def model() -> Path:
    try:
        return AssetCache(default_cache_root()).fetch("chat-model")
    except AssetError as error:
        pytest.skip(f"the chat model cannot be had here: {error.problem.splitlines()[0]}")


@pytest.fixture(scope="module")
def llm(model: Path) -> Iterator[EmbeddedLLM]:
    settings = EmbeddedSettings(slots=1, threads=1, batch=64, sampling=Sampling(temperature=0))
    backend = EmbeddedLLM(model, settings)
    yield backend
    backend.close()


def generating() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "llm-generate"]


def wait_for_engine() -> bool:
    for thread in generating():
        thread.join(timeout=60)
    return not generating()


def test_streams_words(llm: EmbeddedLLM) -> None:
    pieces = list(llm.generate([Message("user", "Say hello.")], max_tokens=12, deadline=120))
    assert 1 < len(pieces) <= 12
    assert any(character.isalpha() for character in "".join(pieces))


def test_a_schema_holds(llm: EmbeddedLLM) -> None:
    reply = json.loads("".join(llm.generate(STORY, schema=SCHEMA, deadline=120)))
    assert reply["pick"] in ("alpha", "beta")
    assert isinstance(reply["sure"], bool)


def test_json_cut_short_is_an_error(llm: EmbeddedLLM) -> None:
    with pytest.raises(BackendError, match="cut at 2 tokens"):
        list(llm.generate(STORY, schema=SCHEMA, max_tokens=2, deadline=120))


def test_what_the_engine_refuses_is_a_backend_error(llm: EmbeddedLLM) -> None:
    with pytest.raises(BackendError, match="exceeds the available context size"):
        list(llm.generate([Message("user", "word " * 5000)], deadline=120))
    with pytest.raises(BackendError, match="refused the request"):
        list(llm.generate(STORY, schema={"type": "nonsense"}, deadline=120))


def test_cancelling_stops_the_engine(llm: EmbeddedLLM) -> None:
    polls = itertools.count()
    assert len(list(llm.generate(STORY, max_tokens=1900, deadline=300, cancelled=lambda: next(polls) >= 3))) <= 3
    assert wait_for_engine(), "the engine goes on for nobody"
    assert list(llm.generate(STORY, max_tokens=1, deadline=120)), "the only slot is free again"


def test_leaving_the_iterator_stops_the_engine(llm: EmbeddedLLM) -> None:
    reply = llm.generate(STORY, max_tokens=1900, deadline=300)
    next(reply)
    reply.close()  # type: ignore[attr-defined]
    assert wait_for_engine()


def test_the_deadline_stops_the_engine_within_the_prompt(llm: EmbeddedLLM) -> None:
    prompt = [Message("user", "A river runs. " * 400)]
    with pytest.raises(BackendTimeout, match="deadline"):
        list(llm.generate(prompt, max_tokens=1, deadline=0.1))
    assert wait_for_engine()


def test_a_caller_without_a_slot_meets_its_deadline(llm: EmbeddedLLM) -> None:
    first = llm.generate(STORY, max_tokens=1900, deadline=300)
    next(first)
    with pytest.raises(BackendTimeout):
        list(llm.generate(STORY, max_tokens=1, deadline=0.2))
    first.close()  # type: ignore[attr-defined]
    assert wait_for_engine()


def test_the_port_of_the_engine_shows_nothing(llm: EmbeddedLLM) -> None:
    list(llm.generate(STORY, max_tokens=1, deadline=120))
    assert llm._engine is not None
    for path in ("/slots", "/props", "/v1/models"):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(llm._engine.listening_address + path, timeout=10)


def test_two_slots_make_two_replies_at_once_and_closing_ends_both(model: Path) -> None:
    llm = EmbeddedLLM(model, EmbeddedSettings(slots=2, threads=1))
    replies = [llm.generate(STORY, max_tokens=1900, deadline=300) for _ in range(2)]
    for reply in replies:
        assert next(reply)
    llm.close()
    for reply in replies:
        with pytest.raises(BackendError, match="closed"):
            list(reply)
    with pytest.raises(BackendError, match="has been closed"):
        next(llm.generate(STORY))


def test_the_process_may_end_while_the_engine_works(model: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from agent.llm.embedded import EmbeddedLLM\n"
        "from agent.llm.protocol import Message\n"
        "llm = EmbeddedLLM(Path(sys.argv[1]))\n"
        "reply = llm.generate([Message('user', 'Tell a long story.')], max_tokens=1500, deadline=300)\n"
        "print(bool(next(reply)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(model)], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
