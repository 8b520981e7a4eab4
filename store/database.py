"""The store: items, users, events, chats and the quarantine in SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from store import audit_log, chat_pictures, chats, events, impressions, items, people, training_data, verdicts
from store.chats import ChatRecord, Share
from store.engine import Engine
from store.errors import InputError
from store.events import AddResult
from store.identity import IdentityStore
from store.ids import IdMap, ItemId, UserId
from store.impressions import Shown
from store.interactions import Interactions
from store.items import Change, PutResult
from store.people import Erased, UserExport
from store.records import Event, Impression, Item, ReaderVersion, Rejected, User, Verdict, VerdictCounts
from store.together import Together

MOST_ROWS = 2**31
"""A larger limit means no limit: databases count rows in 64 bits, Python does not."""

LIVE = 64
"""Callers whose events are written at a time, at most."""


class Store:
    """All that is known, in one database. Safe to call from several threads; several processes may open one database.

    Every method is one transaction: what returned is durable, what raised left nothing. Ids that do not exist raise
    ``UnknownItem`` or ``UnknownUser``; values that no database can hold (NUL, half of a surrogate pair, NaN, a time
    without zone) raise ``InputError``; a database that is locked, full, read-only or gone raises ``StoreError``.
    Reads never wait for writes.

    Attributes:
        identity: keys, accounts, sessions, and the audit log.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._live = Together(self._add_each, most=LIVE)
        self.identity = IdentityStore(engine)

    @classmethod
    def open(cls, url: str) -> Store:
        """Open a database, creating it or bringing it to this version's schema where needed.

        Args:
            url: ``sqlite:///relative/path``, ``sqlite:////absolute/path`` or ``postgresql://user:password@host/name``.
        """
        engine = Engine(url)
        try:
            engine.migrate()
        except BaseException:
            engine.close()
            raise
        return cls(engine)

    @property
    def url(self) -> str:
        """Where the data lies, without the password."""
        return self._engine.url.render_as_string(hide_password=True)

    def close(self) -> None:
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # Items

    def put_items(self, items_: Iterable[Item]) -> PutResult:
        """Insert items, or replace those with the same id. Of two items with one id in one call the last one counts.

        A replaced item keeps its place in the order and the time at which it first arrived.
        """
        with self._engine.write() as connection:
            return items.put(connection, items_)

    def item_changes(self, items_: Iterable[Item]) -> dict[str, Change]:
        """What ``put_items`` would do with each item, by id; stores nothing."""
        with self._engine.read() as connection:
            return items.changes(connection, items_)

    def item(self, item_id: str) -> Item:
        """Raises ``UnknownItem``."""
        with self._engine.read() as connection:
            return items.one(connection, item_id)

    def items(self, *, ids: Sequence[str] | None = None, active: bool | None = None) -> list[Item]:
        """Items in the order of their first insertion.

        Args:
            ids: only these; those that do not exist are left out.
            active: only items that are active, or only those that are not.
        """
        with self._engine.read() as connection:
            return items.many(connection, ids, active)

    def set_active(self, item_id: str, active: bool) -> None:
        """Bring an item into the recommendations or take it out. Raises ``UnknownItem``."""
        with self._engine.write() as connection:
            items.set_active(connection, item_id, active)

    def count_items(self, *, active: bool | None = None) -> int:
        with self._engine.read() as connection:
            return items.count(connection, active)

    def items_revision(self) -> int:
        """Goes up whenever any process changes an item; cheap enough to ask before every request."""
        with self._engine.read() as connection:
            return items.revision(connection)

    def moment(self) -> tuple[int, int]:
        """``items_revision`` and ``newest_event`` of one moment, for the price of either."""
        with self._engine.read() as connection:
            return events.moment(connection)

    def items_changed_since(self, revision: int) -> list[Item]:
        """Items that were inserted, replaced, activated or deactivated after a revision, in order of insertion."""
        with self._engine.read() as connection:
            return items.changed_since(connection, revision)

    def known_items(self, ids: Iterable[str]) -> set[str]:
        """Those of the ids that are in the store."""
        with self._engine.read() as connection:
            return items.known(connection, ids)

    # Users

    def ensure_user(self, user_id: str, *, name: str = "") -> User:
        """The user with this id, created if there is none. An existing user keeps their name."""
        with self._engine.write() as connection:
            return events.ensure_user(connection, user_id, name)

    def put_users(self, users: Iterable[User]) -> int:
        """Create those users who do not exist yet; returns how many these were."""
        with self._engine.write() as connection:
            return events.put_users(connection, users)

    def user(self, user_id: str) -> User:
        """Raises ``UnknownUser``."""
        with self._engine.read() as connection:
            return events.user(connection, user_id)

    def users(self, *, search: str = "", limit: int = 50, offset: int = 0) -> list[User]:
        """Users with the most events first, then by id.

        Args:
            search: part of the id or name, in upper or lower case (letters beyond ASCII: as written, on SQLite).
        """
        with self._engine.read() as connection:
            return events.busiest_users(connection, search, _rows(limit), _rows(offset))

    def count_users(self, *, search: str = "") -> int:
        with self._engine.read() as connection:
            return events.count_users(connection, search)

    def export_user(self, user_id: str) -> UserExport:
        """All that is stored of one user. Raises ``UnknownUser``."""
        with self._engine.read() as connection:
            return people.export(connection, user_id)

    def erase_user(self, user_id: str, *, by: str) -> Erased:
        """Delete a user with their events, impressions, verdicts, chats, links and logins, and note who did it.

        Trained models hold more of them: see ``pipeline.erasing``.

        Raises:
            UnknownUser: there is no such user.
        """
        with self._engine.write() as connection:
            erased = people.erase(connection, user_id)
            audit_log.add(connection, actor=by, act="users.erase", target=user_id, details=asdict(erased))
            return erased

    # Events

    def add_events(self, events_: Iterable[Event]) -> AddResult:
        """Store events, all or none; one whose key is stored already is passed over. Creates missing users.

        Raises:
            UnknownItem: an event's item does not exist; nothing is stored then.
        """
        with self._engine.write() as connection:
            return events.add(connection, events_)

    def add_live(self, events_: Sequence[Event]) -> AddResult:
        """As ``add_events``, of many callers at once: those who wait for the disk at the same time share one write.

        Raises:
            UnknownItem: an event's item does not exist; nothing of this caller is stored then.
        """
        # PostgreSQL has many writers, and joins their writes to the disk itself.
        return self._live.ask(events_) if self._engine.one_writer else self.add_events(events_)

    def _add_each(self, callers: Sequence[Sequence[Event]]) -> list[AddResult | Exception]:
        with self._engine.write() as connection:
            return events.add_each(connection, callers)

    def history(self, user_id: str, *, limit: int | None = None) -> list[Event]:
        """What a user did and did not take back, oldest first; equal times in their order of arrival.

        Args:
            limit: only the newest so many.

        Raises:
            UnknownUser: there is no such user.
        """
        with self._engine.read() as connection:
            return events.history(connection, user_id, None if limit is None else _rows(limit))

    def reader_version(self, user_id: str) -> ReaderVersion:
        """Whether a user did anything since. Raises ``UnknownUser``."""
        with self._engine.read() as connection:
            return events.reader_version(connection, user_id)

    def met_titles(self, user_id: str) -> dict[str, str]:
        """External id -> title of all items that a user ever had an event on, also one that was taken back."""
        with self._engine.read() as connection:
            return events.met_titles(connection, user_id)

    def histories(self, user_ids: Iterable[str]) -> dict[str, list[Event]]:
        """As ``history``, of many users at once; those without events, or unknown, are left out."""
        with self._engine.read() as connection:
            return events.histories(connection, user_ids)

    def newest_event(self) -> int:
        """A number that grows with every event; 0 where there is none."""
        with self._engine.read() as connection:
            return events.newest(connection)

    def items_met_since(self, event: int) -> set[str]:
        """Ids of the items of all events after that one.

        Args:
            event: from ``newest_event``.
        """
        with self._engine.read() as connection:
            return events.items_met_since(connection, event)

    def users_since(self, event: int) -> set[str]:
        """Ids of the users of all events after that one.

        Args:
            event: from ``newest_event``.
        """
        with self._engine.read() as connection:
            return events.users_since(connection, event)

    def readers(self, item_ids: Iterable[str], *, limit: int = 1_000) -> dict[str, list[str]]:
        """Who took to each item and did not change their mind, newest first; items without events are left out.

        Args:
            limit: of one item's events, the newest of which are read.
        """
        with self._engine.read() as connection:
            return events.readers(connection, item_ids, _rows(limit))

    def retract(self, keys: Sequence[str]) -> int:
        """Take events back: they no longer count anywhere. Returns how many there were; unknown keys are passed over.

        A retracted event keeps its key, so that a repeated delivery does not bring it back.
        """
        with self._engine.write() as connection:
            return events.retract(connection, keys)

    def interactions(self) -> tuple[Interactions, IdMap[UserId], IdMap[ItemId]]:
        """All that models train on.

        Positive events on active items, without retracted ones. A user's dislike takes all of their events with that
        item out, until they like it again, and so does setting it aside.

        Returns:
            The interactions; the map of all users; the map of all active items, in order of first insertion.
        """
        with self._engine.read() as connection:
            return training_data.interactions(connection)

    def data_hash(self) -> str:
        """SHA-256 over items, users and events that count, as hexadecimal digits: equal data, equal hash.

        Leaves out what training cannot see: row numbers, idempotency keys, times of insertion, retracted events.
        """
        with self._engine.read() as connection:
            return training_data.data_hash(connection)

    # Impressions

    def add_impressions(self, impressions_: Sequence[Impression]) -> int:
        """Note what was shown; impressions of unknown items or users are passed over. Returns how many were kept."""
        with self._engine.write() as connection:
            return impressions.add(connection, impressions_)

    def forget_impressions(self, *, before: datetime) -> int:
        """Delete those that are older; returns how many these were."""
        with self._engine.write() as connection:
            return impressions.forget(connection, before)

    def shown(self, item_ids: Iterable[str]) -> list[Shown]:
        """How often items were shown and clicked, by item and by day since it arrived; none for those never shown."""
        with self._engine.read() as connection:
            return impressions.by_day(connection, item_ids)

    # Verdicts on explanations

    def add_verdict(self, verdict: Verdict) -> None:
        """Note what a reader said of an explanation.

        Raises:
            UnknownUser: there is no such user.
            UnknownItem: nor item.
        """
        with self._engine.write() as connection:
            verdicts.add(connection, verdict)

    def verdicts(self, *, user_id: str | None = None, limit: int = 1_000) -> list[Verdict]:
        """What was said of explanations, by everyone or one user, newest first."""
        with self._engine.read() as connection:
            return verdicts.newest(connection, user_id, _rows(limit))

    def verdict_counts(self, *, snapshots: int = 6, disputed: int = 5) -> VerdictCounts:
        """What everyone said of explanations in numbers: the newest snapshots, the most disputed history items."""
        with self._engine.read() as connection:
            return verdicts.counted(connection, snapshots=_rows(snapshots), disputed=_rows(disputed))

    # Chats

    def save_chat(self, chat_id: str, user_id: str, title: str, state: Mapping[str, Any]) -> None:
        """Store a chat, in place of its earlier state. ``state`` is JSON. Raises ``UnknownUser``."""
        with self._engine.write() as connection:
            chats.save(connection, chat_id, user_id, title, state)

    def load_chat(self, chat_id: str) -> ChatRecord | None:
        with self._engine.read() as connection:
            return chats.load(connection, chat_id)

    def chats(self, user_id: str, limit: int = 50) -> list[ChatRecord]:
        """A user's chats, newest first; empty for a user who does not exist."""
        with self._engine.read() as connection:
            return chats.newest(connection, user_id, _rows(limit))

    def delete_chat(self, chat_id: str) -> None:
        """Nothing happens where there is none."""
        with self._engine.write() as connection:
            chats.delete(connection, chat_id)

    def rename_chat(self, chat_id: str, title: str) -> None:
        """Nothing happens where there is none."""
        with self._engine.write() as connection:
            chats.rename(connection, chat_id, title)

    def share_chat(self, chat_id: str, link: Share) -> Share:
        """Let whoever has a link read a chat up to a turn. A chat keeps the token that it was first shared with.

        Returns:
            The link that holds from now on.

        Raises:
            InputError: there is no such chat.
        """
        with self._engine.write() as connection:
            return chats.share(connection, chat_id, link)

    def unshare_chat(self, chat_id: str) -> None:
        """Nobody may read it any more; nothing happens where nobody could."""
        with self._engine.write() as connection:
            chats.unshare(connection, chat_id)

    def shared_chat(self, token: str) -> ChatRecord | None:
        with self._engine.read() as connection:
            return chats.shared(connection, token)

    def add_chat_picture(self, chat_id: str, name: str, content: bytes) -> None:
        """Keep a picture that was sent in a chat, until the chat is deleted.

        Raises:
            InputError: there is no such chat, or it has as many as it may.
        """
        with self._engine.write() as connection:
            if chats.load(connection, chat_id) is None:
                raise InputError(f"chat {chat_id[:60]!r} does not exist", fix="Open a chat first.")
            chat_pictures.add(connection, chat_id, name, content)

    def chat_picture(self, chat_id: str, name: str) -> bytes | None:
        """A picture of this chat; None where it has none of that name, whatever other chats have."""
        with self._engine.read() as connection:
            return chat_pictures.get(connection, chat_id, name)

    def copy_chat_pictures(self, chat_id: str, other_id: str) -> None:
        """Give a new chat the pictures of another one."""
        with self._engine.write() as connection:
            chat_pictures.copy(connection, chat_id, other_id)

    # Quarantine

    def quarantine(self, rows: Iterable[Rejected]) -> int:
        """Keep rejected rows with their reasons. Returns how many were new: the same row twice is kept once."""
        with self._engine.write() as connection:
            return chats.quarantine_rows(connection, rows)

    def quarantined(self, *, source: str | None = None, limit: int = 100) -> list[Rejected]:
        """Rejected rows in their order of arrival."""
        with self._engine.read() as connection:
            return chats.quarantined(connection, source, _rows(limit))

    def count_quarantined(self) -> int:
        with self._engine.read() as connection:
            return chats.count_quarantined(connection)


def _rows(count: int) -> int:
    if count < 0:
        raise InputError(f"a number of rows of {count} is negative", fix="Ask for 0 or more.")
    return min(count, MOST_ROWS)
