"""The service as a whole: snapshots that come, go and break; the page; the server."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from serving.models import llm_settings
from serving.server import listen
from serving.service import Service
from serving.settings import LLMSection, Settings
from store.assets import default_cache_root
from store.errors import BusyError, InputError
from store.snapshots import Snapshot

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(trained_home: Path, tmp_path: Path) -> Settings:
    """Settings over a copy of the trained home."""
    home = shutil.copytree(trained_home, tmp_path / "home")
    return Settings(home=home, cache=default_cache_root(), port=0, refresh_seconds=0.05, llm=LLMSection(backend="fake"))


def copy_of(service: Service) -> Snapshot:
    """A newer snapshot with the same models."""
    current = service.snapshots.current()
    assert current is not None
    names = [name.split(".") for name in current.manifest.files]
    return service.snapshots.write(
        arrays={name: current.arrays(name) for name, kind in names if kind == "safetensors"},
        documents={name: current.document(name) for name, kind in names if kind == "json"},
        config=current.manifest.config,
        data_hash=current.manifest.data_hash,
        metrics=current.manifest.metrics,
    )


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def test_a_running_service_takes_a_newer_snapshot_and_passes_over_a_broken_one(settings: Settings) -> None:
    with Service.open(settings) as service:
        first = service.recommender.snapshot_id
        service.watch()
        second = copy_of(service)
        eventually(lambda: service.recommender.snapshot_id == second.id)
        service.promote(first)
        assert service.recommender.snapshot_id == first
        third = copy_of(service)
        eventually(lambda: service.recommender.snapshot_id == third.id)


def test_a_damaged_snapshot_file_lets_the_previous_one_serve_and_says_so(settings: Settings) -> None:
    with Service.open(settings) as service:
        first = service.recommender.snapshot_id
        second = copy_of(service)
    weights = second.path / "lightgcn.safetensors"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(bytes(content))
    with Service.open(settings) as service:
        readiness = service.readiness()
        assert readiness.ready
        assert readiness.snapshot_id == first
        assert readiness.degraded == ("snapshot",)
        assert second.id in readiness.problems[0]
        assert service.recommender.recommend


def test_a_chat_model_that_cannot_be_had_leaves_the_words_to_templates(settings: Settings, tmp_path: Path) -> None:
    offline = settings.model_copy(
        update={"cache": tmp_path / "empty", "offline": True, "llm": LLMSection(backend="embedded")}
    )
    with Service.open(offline) as service:
        assert service.llm is None
        assert service.readiness().degraded == ("llm",)


def test_without_a_text_encoder_intents_are_left_to_the_rules(settings: Settings, tmp_path: Path) -> None:
    with Service.open(settings) as service:
        assert service.intents is not None
    alone = settings.model_copy(update={"cache": tmp_path / "empty", "offline": True})
    with Service.open(alone) as service:
        assert service.intents is None


def test_the_llm_section_becomes_the_agents_settings() -> None:
    section = LLMSection(backend="openai", base_url="http://x/v1", api_key="sk-1", model="m")  # type: ignore[arg-type]
    made = llm_settings(section, model=section.model)
    assert (made.backend, made.model, made.base_url, made.api_key) == ("openai", "m", "http://x/v1", "sk-1")
    assert "sk-1" not in repr(made)


def test_status_has_what_the_page_shows(trained_service: Service) -> None:
    status = trained_service.status()
    assert status["ready"]
    assert status["counts"]["items"] >= 300
    assert status["metrics"]["pipeline:ndcg@10"] > 0
    assert status["snapshots"][0]["id"] == status["snapshot_id"]


def test_a_taken_port_and_a_wrong_host_are_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(BusyError, match=rf"port {port} of 127\.0\.0\.1 cannot be used.*--port"):
            listen("127.0.0.1", port)
    with pytest.raises(InputError, match="is not an address"):
        listen("no such host", 0)


@pytest.fixture
def served(settings: Settings, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Address and process of the installed program over a copy of the trained home."""
    command = [sys.executable, "-m", "serving.cli", "--home", str(settings.home), "serve", "--port", "0"]
    environment = os.environ | {"TASTEMAKER_LLM__BACKEND": "fake", "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment) as process:
        assert process.stderr is not None
        said = ""
        try:
            while (found := re.search(r"Tastemaker is at (\S+)", said)) is None:
                line = process.stderr.readline()
                assert line, f"the server ended: {said}"
                said += line
            yield found[1], process
        finally:
            process.kill()


def test_the_page_and_the_api_are_on_one_server(served: tuple[str, subprocess.Popen[str]]) -> None:
    address, _ = served
    assert httpx.get(f"{address}/api/v1/health/ready").json()["ready"]
    page = httpx.get(address)
    assert page.status_code == 200
    assert "Tastemaker" in page.text
    assert httpx.get(f"{address}/docs").status_code == 200
    evil = {"Origin": "http://evil.example"}
    assert httpx.post(f"{address}/gradio_api/queue/join", json={}, headers=evil).status_code == 403
    for path in ("/etc/passwd", "../../etc/passwd", "serving/service.py"):
        assert httpx.get(f"{address}/gradio_api/file={path}").status_code in (403, 404)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_end_it_in_order(served: tuple[str, subprocess.Popen[str]], stop: signal.Signals) -> None:
    _, process = served
    process.send_signal(stop)
    assert process.wait(30) == 0
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
