"""Whether the service can do its work, in a record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Readiness:
    """Whether recommendations can be had now.

    Attributes:
        ready: a snapshot serves and the database answers.
        snapshot_id: the models in service.
        degraded: what cannot run: "llm", "snapshot".
        problems: why, each with its fix.
    """

    ready: bool
    snapshot_id: str | None
    degraded: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
