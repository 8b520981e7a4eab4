"""Recordings over HTTP: their words come back and nothing is said in the chat; what is too much is refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from serving.http.app import build_api
from serving.http.chat import MAX_RECORDING_BYTES
from serving.http.problems import MEDIA_TYPE
from serving.service import Service
from serving.settings import Settings, VoiceSection
from store.errors import InputError
from tests.conftest import service_settings
from tests.serving.conftest import PREFIX
from tests.speech import save_whisper, wav


@pytest.fixture(scope="module")
def hearing(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The API of a trained service with a model of speech, which takes 2 seconds at most."""
    folder = tmp_path_factory.mktemp("hearing")
    shutil.copytree(trained_home, folder / "home")
    voice = VoiceSection(model=str(save_whisper(folder / "whisper")), longest=2)
    settings = service_settings(folder / "home").model_copy(update={"voice": voice})
    with (
        Service.open(settings) as service,
        TestClient(build_api(service), base_url=PREFIX, raise_server_exceptions=False) as client,
    ):
        yield client


def opened(client: TestClient) -> str:
    view = client.post("/chats", json={"user_id": f"speaker-{uuid4().hex[:8]}"}).json()
    return f"/chats/{view['chat_id']}"


def speak(client: TestClient, chat: str, content: bytes) -> Any:
    return client.post(f"{chat}/speech", files={"file": ("speech.wav", content, "audio/wav")})


def problem_of(answer: Any, status: int) -> str:
    assert answer.status_code == status
    assert answer.headers["content-type"] == MEDIA_TYPE
    return answer.json()["detail"]


def test_words_come_back_and_nothing_is_said_in_the_chat(hearing: TestClient) -> None:
    chat = opened(hearing)
    answer = speak(hearing, chat, wav(1.5, rate=48_000))
    assert answer.status_code == 200
    assert answer.json()["text"]
    assert hearing.get(chat).json()["messages"] == []


def test_what_breaks_a_bound_is_refused(hearing: TestClient) -> None:
    chat = opened(hearing)
    assert "cannot be read" in problem_of(speak(hearing, chat, b"\x1aE\xdf\xa3webm"), 422)
    assert "more than 2" in problem_of(speak(hearing, chat, wav(3.0)), 422)
    assert f"{MAX_RECORDING_BYTES:,}" in problem_of(speak(hearing, chat, b"\0" * (MAX_RECORDING_BYTES + 1)), 413)
    assert "bytes" in problem_of(speak(hearing, chat, b"\0" * 11_000_000), 413)
    assert "there is no chat" in problem_of(speak(hearing, "/chats/nobodys", wav()), 404)
    assert "file" in problem_of(hearing.post(f"{chat}/speech"), 422)


def test_words_that_take_too_long_are_told_so(hearing: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    app: Any = hearing.app
    listener = app.state.service.listener
    monkeypatch.setattr(listener, "settings", listener.settings.__class__(listener.settings.model, deadline=1e-6))
    answer = speak(hearing, opened(hearing), wav())
    assert "not there after" in problem_of(answer, 503)
    assert answer.headers["retry-after"]


def test_without_a_model_nothing_is_heard(api: TestClient, chat: str) -> None:
    answer = speak(api, chat, wav())
    assert "no model of speech" in problem_of(answer, 422)
    assert "TASTEMAKER_VOICE__MODEL" in answer.json()["fix"]


def test_a_setting_that_names_no_model_is_told_at_the_start(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", voice=VoiceSection(model=str(tmp_path)))
    with Service.open(settings) as service, pytest.raises(InputError, match="holds no model of speech"):
        build_api(service)
