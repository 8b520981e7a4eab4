"""Queries on the audit log: who did what, when, to what. Rows are added and never changed.

Each function works inside the transaction of the connection that it is given, so that an act and its row are stored
together or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from store.schema import audit_log, from_micros, to_micros
from store.storable import check_json, check_text


@dataclass(frozen=True)
class AuditEntry:
    """One administrative act.

    Attributes:
        seq: its place in the log; later acts have larger ones.
        time: UTC.
        actor: "key:NAME", "account:LOGIN", or "local:USER" of the machine's own command line.
        act: "keys.create", "users.erase", ...
        target: what it was done to.
        details: what else is worth knowing, never a secret.
    """

    seq: int
    time: datetime
    actor: str
    act: str
    target: str
    details: Mapping[str, Any]


def add(
    connection: sa.Connection, *, actor: str, act: str, target: str, details: Mapping[str, Any] | None = None
) -> None:
    """Write one act down."""
    connection.execute(
        sa.insert(audit_log).values(
            time=to_micros(datetime.now(UTC)),
            actor=check_text(actor, what="actor"),
            act=act,
            target=check_text(target, what="target"),
            details=check_json(dict(details or {}), what="details"),
        )
    )


def newest(connection: sa.Connection, *, limit: int, before: int | None) -> list[AuditEntry]:
    """Acts, newest first; those of before a place in the log where it is given."""
    query = sa.select(audit_log).order_by(audit_log.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(audit_log.c.seq < before)
    return [
        AuditEntry(row.seq, from_micros(row.time), row.actor, row.act, row.target, row.details)
        for row in connection.execute(query)
    ]
