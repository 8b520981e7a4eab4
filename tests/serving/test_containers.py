"""The container files cannot be run everywhere: what they say is compared with what the rest of the repository says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from pydantic import TypeAdapter
from typer.main import get_command

from serving.cli import app as command_line
from serving.http.operations import router as operations
from serving.http.responses import PREFIX
from serving.server import require_identity
from serving.settings import Settings
from store.errors import InputError
from tests.documents import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def _instructions() -> list[tuple[str, str]]:
    """(instruction, arguments) of the Dockerfile, comments left out and continued lines joined."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ")
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def _of(name: str) -> list[str]:
    return [arguments for instruction, arguments in _instructions() if instruction == name]


def _image_environment() -> dict[str, str]:
    return dict(word.split("=", 1) for arguments in _of("ENV") for word in shlex.split(arguments))


def _compose_environment() -> dict[str, str]:
    """What the app gets where nothing is set but the password: `${NAME:-default}` as compose reads it."""
    environment = SERVICES["app"]["environment"]
    return {
        name: re.sub(r"\$\{\w+:(?:-(\w*)|\?[^}]*)\}", lambda found: found[1] or "", value)
        for name, value in environment.items()
    }


def _pip_install(text: str) -> tuple[str, set[str]]:
    """(constraints file, extras) of the one `pip install --editable` in a text."""
    (found,) = re.findall(r"pip install .*--constraint (\S+) --editable \"\.\[([\w,]+)\]\"", text)
    return found[0], set(found[1].split(","))


def test_the_image_installs_what_make_installs_without_the_tools_of_developers() -> None:
    constraints, extras = _pip_install((ROOT / "Makefile").read_text(encoding="utf-8"))
    assert _pip_install(DOCKERFILE) == (constraints, extras - {"dev"})
    assert "dev" in extras
    assert (ROOT / constraints).is_file()


def test_the_image_starts_the_program_that_make_starts() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (started,) = re.findall(r"^\t\$\(BIN\)/(\w+) demo", makefile, re.MULTILINE)
    assert _of("ENTRYPOINT") == [json.dumps([started])]
    command = json.loads(_of("CMD")[-1])
    assert command == SERVICES["app"]["command"] == ["serve"]
    assert command[0] in get_command(command_line).commands  # type: ignore[attr-defined]
    assert f"{_of('WORKDIR')[0]}/.venv/bin" in _image_environment()["PATH"].split(":")


def test_both_stages_have_the_python_that_the_project_asks_for() -> None:
    images = {arguments.split()[0] for arguments in _of("FROM")}
    (version,) = {re.fullmatch(r"python:3\.(\d+)-slim", image)[1] for image in images}  # type: ignore[index]
    (least,) = re.findall(r'requires-python = ">=3\.(\d+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert int(version) >= int(least)


def test_the_build_leaves_out_no_file_that_it_copies_packages_from() -> None:
    ignored = {line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] != "#"}
    needed = {"app.py", "pyproject.toml", "constraints.txt", "README.md", "LICENSE"}
    packages = {folder.parent.name for folder in ROOT.glob("*/__init__.py")} - {"tests"}
    assert {"serving", "store"} <= packages
    assert not ignored & (needed | packages)
    assert {".git", ".venv", ".env", ".tastemaker"} <= ignored


@pytest.mark.parametrize("environment", [_image_environment(), _compose_environment()], ids=["image", "compose"])
def test_every_variable_is_a_setting_and_its_value_is_allowed(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # no tastemaker.toml of the developer's
    ours = {name: value for name, value in environment.items() if name.startswith("TASTEMAKER_")}
    assert ours
    for name, value in ours.items():
        fields: dict[str, Any] = dict(Settings.model_fields)
        *sections, last = name.removeprefix("TASTEMAKER_").lower().split("__")
        for section in sections:
            fields = fields[section].annotation.model_fields
        assert last in fields, name
        monkeypatch.setenv(name, value)
    settings = Settings()
    require_identity(settings)
    assert settings.identity.enabled


def test_without_identity_the_image_would_refuse_to_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (_image_environment() | {"TASTEMAKER_IDENTITY__ENABLED": "false"}).items():
        if name.startswith("TASTEMAKER_"):
            monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match="identity is off"):
        require_identity(Settings())


def test_the_health_check_asks_a_route_that_exists_on_the_port_that_is_listened_on() -> None:
    (check,) = _of("HEALTHCHECK")
    program = json.loads(check.partition(" CMD ")[2])
    compile(program[2], "HEALTHCHECK", "exec")
    (address,) = re.findall(r"'(http://[^']+)'", program[2])
    url = urlsplit(address)
    assert url.path in {f"{PREFIX}{route.path}" for route in operations.routes}  # type: ignore[attr-defined]
    port = _image_environment()["TASTEMAKER_PORT"]
    assert str(url.port) == port == _of("EXPOSE")[0]
    assert SERVICES["app"]["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_the_image_does_not_run_as_root_and_what_it_writes_lies_in_volumes() -> None:
    environment = _image_environment()
    assert _of("USER") == ["tastemaker"]
    written = {environment["TASTEMAKER_HOME"], environment["TASTEMAKER_CACHE"]}
    assert set(json.loads(_of("VOLUME")[0])) == written
    app = SERVICES["app"]
    assert {volume.split(":")[1] for volume in app["volumes"]} == written
    assert environment["HOME"] in app["tmpfs"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_container_is_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "/tmp" in service["tmpfs"]
    assert {volume.split(":")[0] for volume in service["volumes"]} <= set(COMPOSE["volumes"])
    assert set(service["networks"]) <= set(COMPOSE["networks"])


def test_the_database_is_out_of_reach_and_its_password_is_not_in_the_file() -> None:
    database, app = SERVICES["database"], SERVICES["app"]
    assert "ports" not in database
    assert COMPOSE["networks"]["back"]["internal"] is True
    assert database["networks"] == ["back"]
    url = urlsplit(app["environment"]["TASTEMAKER_DATABASE_URL"].replace(":?set POSTGRES_PASSWORD", ""))
    assert (url.hostname, url.path) == ("database", f"/{database['environment']['POSTGRES_DB']}")
    assert (url.username, url.password) == (database["environment"]["POSTGRES_USER"], "${POSTGRES_PASSWORD}")
    assert database["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")


def test_the_proxy_that_is_believed_is_the_gateway_of_the_network() -> None:
    (network,) = COMPOSE["networks"]["front"]["ipam"]["config"]
    proxies = TypeAdapter(list[str]).validate_json(
        SERVICES["app"]["environment"]["TASTEMAKER_IDENTITY__TRUSTED_PROXIES"]
    )
    assert proxies == [network["gateway"]]
