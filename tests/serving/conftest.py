"""Clients of the API over the small trained service."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import structlog
from fastapi.testclient import TestClient

from serving.http.app import build_api
from serving.service import Service
from serving.settings import IdentitySection, LLMSection, Settings
from store.assets import default_cache_root
from tests.conftest import service_settings

PREFIX = "http://testserver/api/v1"


@pytest.fixture(scope="session")
def api(trained_service: Service) -> Iterator[TestClient]:
    """The API of the shared trained service."""
    with TestClient(build_api(trained_service), base_url=PREFIX, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def guarded_service(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service as ``trained_service``, with identity on. Give new keys and accounts names of their own."""
    home = tmp_path_factory.mktemp("guarded") / "home"
    shutil.copytree(trained_home, home)
    settings = service_settings(home).model_copy(update={"identity": IdentitySection(enabled=True)})
    with Service.open(settings) as service:
        yield service


@pytest.fixture
def chat(api: TestClient) -> str:
    """Path of a new chat of a new user."""
    view = api.post("/chats", json={"user_id": f"chatter-{uuid4().hex[:8]}"}).json()
    return f"/chats/{view['chat_id']}"


@pytest.fixture
def untrained(tmp_path: Path) -> Iterator[TestClient]:
    """The API of a service with an empty store."""
    settings = Settings(home=tmp_path / "empty", cache=default_cache_root(), llm=LLMSection(backend="none"))
    with (
        Service.open(settings) as service,
        TestClient(build_api(service), base_url=PREFIX, raise_server_exceptions=False) as client,
    ):
        yield client


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A command line without the developer's settings, and with the deterministic LLM."""
    monkeypatch.chdir(tmp_path)  # no tastemaker.toml of the developer's
    monkeypatch.setenv("TASTEMAKER_LLM__BACKEND", "fake")
    yield
    structlog.reset_defaults()
