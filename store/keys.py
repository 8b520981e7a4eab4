"""Queries on API keys. The store holds the digest of a key's secret, never the secret.

Each function works inside the transaction of the connection that it is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store.errors import InputError
from store.schema import api_keys, from_micros, to_micros
from store.storable import can_exist, check_text, check_time


@dataclass(frozen=True)
class ApiKey:
    """A key of a machine, without its secret.

    Attributes:
        prefix: the part that is shown, by which it is found.
        name: what it is for.
        scopes: what it may do: "read", "write", "admin".
        created_at, expires_at, revoked_at: UTC; None where it does not expire, or is not revoked.
        used_at: when it was last used, to within a minute; None where it never was.
    """

    prefix: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    used_at: datetime | None = None

    def valid(self, now: datetime) -> bool:
        """Whether it opens anything at that time."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def add(connection: sa.Connection, key: ApiKey, digest: str) -> None:
    """Store a new key with the digest of its secret."""
    expires_at = None if key.expires_at is None else to_micros(check_time(key.expires_at, what="expires_at"))
    connection.execute(
        sa.insert(api_keys).values(
            prefix=key.prefix,
            digest=digest,
            name=check_text(key.name, what="name"),
            scopes=list(key.scopes),
            created_at=to_micros(check_time(key.created_at, what="created_at")),
            expires_at=expires_at,
        )
    )


def every(connection: sa.Connection) -> list[ApiKey]:
    """All keys, revoked ones too, oldest first."""
    return [_key(row) for row in connection.execute(sa.select(api_keys).order_by(api_keys.c.seq))]


def find(connection: sa.Connection, prefix: str) -> tuple[ApiKey, str] | None:
    """The key of a prefix and the digest of its secret."""
    if not can_exist(prefix):
        return None
    row = connection.execute(sa.select(api_keys).where(api_keys.c.prefix == prefix)).one_or_none()
    return None if row is None else (_key(row), row.digest)


def note_used(connection: sa.Connection, prefix: str, at: datetime) -> None:
    """Remember when a key was last used."""
    connection.execute(sa.update(api_keys).where(api_keys.c.prefix == prefix).values(used_at=to_micros(at)))


def revoke(connection: sa.Connection, prefix: str, at: datetime) -> ApiKey:
    """From now on the key opens nothing; one that is revoked stays so.

    Raises:
        InputError: there is no such key.
    """
    known = find(connection, prefix)
    if known is None:
        raise InputError(f"there is no key {prefix[:40]!r}", fix="`tastemaker keys list` shows them.")
    if known[0].revoked_at is None:
        connection.execute(sa.update(api_keys).where(api_keys.c.prefix == prefix).values(revoked_at=to_micros(at)))
    return known[0]


def _key(row: sa.Row) -> ApiKey:
    return ApiKey(
        row.prefix,
        row.name,
        tuple(row.scopes),
        from_micros(row.created_at),
        *(None if micros is None else from_micros(micros) for micros in (row.expires_at, row.revoked_at, row.used_at)),
    )
