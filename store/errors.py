"""The error tree.

    TastemakerError
    |-- InputError            what the caller sent breaks a rule            HTTP 422
    |   |-- UnknownUser       no such user                                  HTTP 404
    |   |-- UnknownItem       no such item                                  HTTP 404
    |   |-- UnknownSnapshot   no such snapshot is kept                      HTTP 404
    |   |-- UnusableSnapshot  the one that was named cannot be read         HTTP 409
    |   |-- NoIdColumn        a table without a column of ids               HTTP 422
    |   |-- UnsafeInput       refused before it was decoded or fetched      HTTP 422
    |   |-- Unauthenticated   nobody that is known asks                     HTTP 401
    |   |-- Forbidden         whoever asks may not                          HTTP 403
    |   `-- TooManyAttempts   logging in has to wait                        HTTP 429
    |-- StoreError            the database cannot do it now                 HTTP 503
    |-- AssetError            a model or data set could not be had
    |-- SnapshotError
    |   |-- NoSnapshot        nothing has been trained yet                  HTTP 503
    |   |-- CorruptSnapshot   a file does not match its hash
    |   `-- SnapshotSchema    written by another schema version
    |-- TrainingError         the data cannot be trained on
    |-- BusyError             another process holds the lock                HTTP 503
    `-- BackendError          a model of words or of speech failed          HTTP 503
        `-- BackendTimeout    it took too long; chats go on without either

Every message states the value received, the rule that it broke, and the fix.
"""

from __future__ import annotations


class TastemakerError(Exception):
    """Root of everything that this project raises on purpose.

    Args:
        problem: the value received and the rule that it broke, as one sentence.
        fix: what the reader can do about it.
    """

    status = 500

    def __init__(self, problem: str, *, fix: str) -> None:
        super().__init__(f"{problem.rstrip('.')}. {fix}")
        self.problem = problem
        self.fix = fix


class InputError(TastemakerError):
    """What the caller sent breaks a rule."""

    status = 422


class UnknownUser(InputError):
    """No user has this id."""

    status = 404

    def __init__(self, user_id: object) -> None:
        super().__init__(
            f"user {user_id!r} is not in the store",
            fix="Create the user first, or pass an explicit history instead of a user.",
        )


class UnknownItem(InputError):
    """No item has this id."""

    status = 404

    def __init__(self, item_id: object) -> None:
        super().__init__(
            f"item {item_id!r} is not in the catalogue",
            fix="Check the id with a search, or add the item first.",
        )


class UnknownSnapshot(InputError):
    """No snapshot of this id is kept."""

    status = 404

    def __init__(self, snapshot_id: str) -> None:
        super().__init__(
            f"snapshot {snapshot_id[:80]!r} is not among those that are kept",
            fix="`tastemaker snapshots list` shows them; TASTEMAKER_KEEP_SNAPSHOTS says how many stay.",
        )


class UnusableSnapshot(InputError):
    """A snapshot was asked for by its id and cannot be read; the one in service goes on."""

    status = 409


class NoIdColumn(InputError):
    """No column of a table is known to hold ids of items; a mapping may name it."""


class UnsafeInput(InputError):
    """Refused before it was decoded, unpacked or fetched."""


class Unauthenticated(InputError):
    """Nobody that is known asks."""

    status = 401


class Forbidden(InputError):
    """Whoever asks is known and may not do this."""

    status = 403


class TooManyAttempts(InputError):
    """Logging in has to wait: too many attempts failed.

    Attributes:
        retry_after: whole seconds until the next attempt is looked at.
    """

    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            "too many attempts to log in have failed", fix=f"Try again in {max(1, -(-retry_after // 60))} min."
        )
        self.retry_after = retry_after


class StoreError(TastemakerError):
    """The database cannot do this now."""

    status = 503


class AssetError(TastemakerError):
    """A model or data set could not be had from any of its sources."""


class SnapshotError(TastemakerError):
    """A snapshot cannot be used."""

    status = 503


class NoSnapshot(SnapshotError):
    """Nothing has been trained yet."""


class CorruptSnapshot(SnapshotError):
    """A snapshot file does not match the hash in its manifest."""


class SnapshotSchema(SnapshotError):
    """A snapshot was written by another schema version."""


class TrainingError(TastemakerError):
    """The data cannot be trained on."""


class BusyError(TastemakerError):
    """Another process holds the lock that this work needs."""

    status = 503


class BackendError(TastemakerError):
    """A model of words, written or spoken, failed."""

    status = 503


class BackendTimeout(BackendError):
    """It did not answer within its deadline."""
