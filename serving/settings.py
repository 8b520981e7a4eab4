"""All settings of the service: environment, then ``tastemaker.toml``, then defaults."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from serving.logs import Form, Level
from store.assets import default_cache_root
from store.errors import InputError

CONFIG_VARIABLE = "TASTEMAKER_CONFIG"
"""Names another settings file than ``tastemaker.toml`` in the working directory."""


class LLMSection(BaseModel):
    """Which model writes the words of a chat.

    Attributes:
        backend: "embedded" runs a GGUF in this process, "transformers" a hub id, "openai" asks any compatible server,
            "fake" is deterministic, "none" leaves the words to templates.
        model: GGUF path, hub id, or the server's name for the model; empty takes the bundled one ("embedded").
        base_url: of the server, up to and including "/v1".
        api_key: of the server.
        slots: replies made at the same time ("embedded").
        threads: CPU threads ("embedded").
        context: tokens of prompt and reply together ("embedded").
        device: torch device ("transformers").
        understanding: whether the model also fills in requests; models below a billion parameters are at chance there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    backend: Literal["embedded", "transformers", "openai", "fake", "none"] = "embedded"
    model: str = ""
    base_url: str = ""
    api_key: SecretStr = SecretStr("none")
    slots: Annotated[int, Field(ge=1, le=64)] = 2
    threads: Annotated[int, Field(ge=1, le=256)] = 2
    context: Annotated[int, Field(ge=512, le=131_072)] = 2_048
    device: str = "cpu"
    understanding: bool = False


class VoiceSection(BaseModel):
    """Which model hears what readers say into a microphone.

    Attributes:
        model: folder of a transformers model for automatic speech recognition, such as Whisper; empty is off.
        longest: seconds of a recording.
        deadline: seconds until its words have to be there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = ""
    longest: Annotated[float, Field(ge=1, le=30)] = 30.0
    deadline: Annotated[float, Field(gt=0, le=600)] = 30.0


class IdentitySection(BaseModel):
    """Who may come in, and for how long.

    Attributes:
        enabled: whether requests need a key or a login; without, the service listens on loopback only.
        idle_hours: without a request, after which a login is over.
        session_hours: after which it is over in any case.
        login_failures: of one login, after which the next attempt has to wait.
        address_failures: the same for all logins from one address.
        first_wait_seconds: the wait, doubled by each further failure.
        longest_wait_seconds: which it never exceeds.
        trusted_proxies: addresses of proxies whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = False
    idle_hours: Annotated[float, Field(gt=0)] = 12
    session_hours: Annotated[float, Field(gt=0)] = 168
    login_failures: Annotated[int, Field(ge=1, le=1_000)] = 5
    address_failures: Annotated[int, Field(ge=1, le=100_000)] = 20
    first_wait_seconds: Annotated[float, Field(gt=0)] = 30
    longest_wait_seconds: Annotated[float, Field(gt=0)] = 900
    trusted_proxies: tuple[str, ...] = ("127.0.0.1",)


class Settings(BaseSettings):
    """Settings of one service. Each is also an environment variable: ``TASTEMAKER_PORT``, ``TASTEMAKER_LLM__BACKEND``.

    Attributes:
        home: folder of the database, the snapshots and uploaded pictures.
        database_url: SQLAlchemy URL; None is an SQLite file in ``home``.
        cache: folder of fetched models and data sets, shared by all projects of a user.
        offline: fetch nothing.
        log_format: lines for people, or one JSON object a line for programs.
        log_level: the least that is logged; None is "info" as JSON, where each request is a line, and "warning" else.
        host: address to listen on.
        port: TCP port.
        allowed_origins: other origins whose pages may send requests: "https://shop.example".
        max_body_bytes: largest request body; pictures and batches have their own limits.
        threads: of one request's arithmetic. Requests share the cores already; with two clients or more, more
            threads than one make all of them slower.
        max_requests: of the API under way at once; further ones are told to come again.
        max_turns: of chats under way at once, likewise.
        max_batch_bytes: largest request with a file of items, pictures included.
        fetch_pictures: whether addresses in a file of items are fetched. Off by default: without identity, whoever
            reaches the port could make this machine send requests.
        keep_snapshots: how many of the newest snapshots stay.
        text_encoder: hub id or path of a SentenceTransformer; empty takes the bundled one.
        image_encoder: hub id or path of a CLIP or SigLIP model; empty takes the bundled one.
        refresh_seconds: how often a running service looks for a newer snapshot.
        impressions: whether it is noted what was shown to whom; it goes with the user.
        impression_days: how long that is kept.
        new_item_share: of the places of all lists, kept for trying new items out; needs ``impressions``.
    """

    model_config = SettingsConfigDict(
        env_prefix="TASTEMAKER_", env_nested_delimiter="__", extra="forbid", frozen=True, validate_default=True
    )

    home: Path = Path(".tastemaker")
    database_url: str | None = None
    cache: Path = Field(default_factory=default_cache_root)
    offline: bool = False
    log_format: Form = "console"
    log_level: Level | None = None
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 7860
    allowed_origins: tuple[str, ...] = ()
    max_body_bytes: Annotated[int, Field(ge=1_024)] = 1_000_000
    threads: Annotated[int, Field(ge=1, le=1_024)] = 1
    max_requests: Annotated[int, Field(ge=1, le=10_000)] = 32
    max_turns: Annotated[int, Field(ge=1, le=1_000)] = 16
    max_batch_bytes: Annotated[int, Field(ge=1_024)] = 256_000_000
    fetch_pictures: bool = False
    keep_snapshots: Annotated[int, Field(ge=1)] = 3
    text_encoder: str = ""
    image_encoder: str = ""
    refresh_seconds: Annotated[float, Field(gt=0)] = 2.0
    impressions: bool = True
    impression_days: Annotated[int, Field(ge=1, le=3_650)] = 90
    new_item_share: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    llm: LLMSection = LLMSection()
    voice: VoiceSection = VoiceSection()
    identity: IdentitySection = IdentitySection()

    @model_validator(mode="after")
    def _trials_need_impressions(self) -> Self:
        if self.new_item_share > 0 and not self.impressions:
            raise ValueError("new_item_share above 0 needs impressions: what was tried out would never be known")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = Path(os.environ.get(CONFIG_VARIABLE, "tastemaker.toml"))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=file)

    @property
    def database(self) -> str:
        """URL of the database, whichever way it was set."""
        return self.database_url or f"sqlite:///{self.home / 'tastemaker.db'}"

    @property
    def snapshots(self) -> Path:
        return self.home / "snapshots"

    @property
    def batches(self) -> Path:
        return self.home / "batches"

    @property
    def pictures(self) -> Path:
        return self.home / "pictures"


def load_settings(**overrides: object) -> Settings:
    """Settings of this process.

    Args:
        overrides: settings that win over environment and file; None stands for "not given".

    Raises:
        InputError: a setting breaks a rule, or one does not exist.
    """
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"setting {where}: {first['msg']}", fix=f"Correct it in the environment or in {_config_name()}."
        ) from None
    except ValueError as error:  # TOML that cannot be read, JSON in a variable that cannot be
        raise InputError(f"the settings cannot be read: {error}", fix=f"Correct {_config_name()}.") from None


def _config_name() -> str:
    return os.environ.get(CONFIG_VARIABLE, "tastemaker.toml")
