"""What every database must keep alike of what readers say: their verdicts on explanations, and their chats."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from store.chat_pictures import MOST
from store.chats import Share
from store.database import Store
from store.errors import InputError, UnknownItem, UnknownUser
from store.records import Agreement, Event, EventKind, User, Verdict, VerdictCounts

EARLIER, LATER = (datetime(2020, 1, 1, second=second, tzinfo=UTC) for second in (3, 5))


class TestVerdicts:
    def test_they_come_back_newest_first_and_by_user(self, store: Store) -> None:
        store.ensure_user("u")
        store.ensure_user("v")
        first = Verdict("u", "a", "b", agrees=False, time=LATER, snapshot_id="s1")
        second = Verdict("v", "a", None, agrees=True, time=EARLIER, snapshot_id="s2")
        for verdict in (first, second):
            store.add_verdict(verdict)
        assert store.verdicts() == [second, first]
        assert store.verdicts(limit=1) == [second]
        assert store.verdicts(user_id="u") == [first]

    def test_they_are_counted_by_snapshot_and_reason(self, store: Store) -> None:
        assert store.verdict_counts() == VerdictCounts(Agreement("", 0, 0), Agreement("", 0, 0), (), ())
        store.ensure_user("u")
        said = [("b", False, "s1"), ("b", True, "s1"), (None, True, "s2"), ("a", False, "s2"), ("a", False, "s1")]
        said += [(None, False, "s3"), ("c", True, "s3")]
        for because, agrees, snapshot in said:
            store.add_verdict(Verdict("u", "a", because, agrees=agrees, time=LATER, snapshot_id=snapshot))
        titles = {item.item_id: item.title for item in store.items()}
        disputed = Agreement("a", 2, 0, titles["a"]), Agreement("b", 2, 1, titles["b"])
        assert store.verdict_counts() == VerdictCounts(
            whole=Agreement("", 2, 1),
            reasons=Agreement("", 5, 2),
            by_snapshot=(Agreement("s3", 2, 1), Agreement("s1", 3, 1), Agreement("s2", 2, 1)),
            disputed=disputed,
        )
        fewer = store.verdict_counts(snapshots=1, disputed=1)
        assert (len(fewer.by_snapshot), fewer.disputed) == (1, disputed[:1])

    def test_they_need_what_they_name(self, store: Store) -> None:
        store.ensure_user("u")
        good = Verdict("u", "a", "b", agrees=False, time=LATER, snapshot_id="s1")
        with pytest.raises(UnknownUser):
            store.add_verdict(replace(good, user_id="nobody"))
        for change in ({"item_id": "nothing"}, {"because": "nothing"}):
            with pytest.raises(UnknownItem):
                store.add_verdict(replace(good, **change))
        with pytest.raises(InputError):
            store.add_verdict(replace(good, time=datetime(2020, 1, 1)))
        assert store.verdicts() == []


class TestChats:
    def test_a_chat_comes_back_as_it_was_saved_last(self, store: Store) -> None:
        store.ensure_user("u")
        state = {"turns": [{"text": "a \ud800 b \x00 ü", "n": 1.5}], "none": None}
        store.save_chat("c1", "u", "first", {})
        store.save_chat("c1", "u", "second", state)
        chat = store.load_chat("c1")
        assert chat is not None
        assert (chat.chat_id, chat.user_id, chat.title, chat.state) == ("c1", "u", "second", state)
        assert abs(datetime.now(UTC) - chat.updated_at) < timedelta(minutes=1)

    def test_the_newest_come_first(self, store: Store) -> None:
        store.put_users([User("u"), User("v")])
        for chat_id, user in (("c1", "u"), ("c2", "u"), ("c3", "v"), ("c1", "u")):
            store.save_chat(chat_id, user, chat_id, {})
        assert [chat.chat_id for chat in store.chats("u")] == ["c1", "c2"]
        assert [chat.chat_id for chat in store.chats("u", 1)] == ["c1"]
        assert store.chats("nobody") == []

    def test_a_deleted_chat_is_gone(self, store: Store) -> None:
        store.ensure_user("u")
        store.save_chat("c1", "u", "", {})
        store.delete_chat("c1")
        store.delete_chat("c1")
        assert store.load_chat("c1") is None

    def test_a_chat_gets_another_title_and_keeps_its_place(self, store: Store) -> None:
        store.ensure_user("u")
        for chat_id in ("c1", "c2"):
            store.save_chat(chat_id, "u", chat_id, {"n": 1})
        before = store.load_chat("c1")
        store.rename_chat("c1", "another")
        store.rename_chat("c3", "nobody's")
        assert before is not None
        assert store.load_chat("c1") == replace(before, title="another")
        assert [chat.title for chat in store.chats("u")] == ["c2", "another"]
        with pytest.raises(InputError, match="title"):
            store.rename_chat("c1", "a\x00")

    def test_a_chat_is_read_under_its_link_until_that_is_taken_back(self, store: Store) -> None:
        store.ensure_user("u")
        for chat_id in ("c1", "c2"):
            store.save_chat(chat_id, "u", chat_id, {})
        assert store.share_chat("c1", Share("token-1", 3)) == Share("token-1", 3)
        assert store.shared_chat("token-1") == store.load_chat("c1") == store.chats("u")[1]
        assert store.share_chat("c1", Share("token-2", 5)) == Share("token-1", 5), "the link that is out stays"
        store.save_chat("c1", "u", "later", {"n": 2})
        assert [chat.share for chat in store.chats("u")] == [Share("token-1", 5), None]
        assert store.shared_chat("token-2") is None
        assert store.shared_chat("\x00") is None
        store.unshare_chat("c1")
        store.unshare_chat("c1")
        assert store.shared_chat("token-1") is None
        chat = store.load_chat("c1")
        assert chat is not None
        assert chat.share is None
        with pytest.raises(InputError, match="does not exist"):
            store.share_chat("c3", Share("token-3", 1))

    def test_with_a_chat_its_link_is_gone(self, store: Store) -> None:
        store.ensure_user("u")
        store.save_chat("c1", "u", "", {})
        store.share_chat("c1", Share("token", 0))
        store.delete_chat("c1")
        assert store.shared_chat("token") is None
        store.save_chat("c1", "u", "", {})
        chat = store.load_chat("c1")
        assert chat is not None
        assert chat.share is None

    def test_a_chat_needs_a_user_and_a_state_that_is_json(self, store: Store) -> None:
        with pytest.raises(UnknownUser):
            store.save_chat("c1", "nobody", "", {})
        store.ensure_user("u")
        with pytest.raises(InputError, match="state cannot be stored as JSON"):
            store.save_chat("c1", "u", "", {"score": float("nan")})
        with pytest.raises(InputError, match="title"):
            store.save_chat("c1", "u", "\x00", {})

    def test_pictures_are_of_one_chat_and_end_with_it(self, store: Store) -> None:
        store.ensure_user("u")
        for chat_id in ("c1", "c2"):
            store.save_chat(chat_id, "u", "", {})
        store.add_chat_picture("c1", "p", b"\x00\xff picture")
        store.add_chat_picture("c1", "p", b"another under its name")
        assert store.chat_picture("c1", "p") == b"\x00\xff picture"
        assert store.chat_picture("c2", "p") is None
        assert store.chat_picture("c1", "\x00") is None
        store.copy_chat_pictures("c1", "c2")
        store.delete_chat("c1")
        assert store.chat_picture("c1", "p") is None
        assert store.chat_picture("c2", "p") == b"\x00\xff picture"
        with pytest.raises(InputError, match="does not exist"):
            store.add_chat_picture("c1", "p", b"x")
        for number in range(MOST - 1):
            store.add_chat_picture("c2", f"p{number}", b"x")
        with pytest.raises(InputError, match=f"has {MOST} pictures"):
            store.add_chat_picture("c2", "one more", b"x")


def test_titles_of_what_someone_met_stay_known_when_it_is_taken_back(store: Store) -> None:
    store.add_events([Event("u", "a", EventKind.LIKE, EARLIER, key="k"), Event("u", "a", EventKind.VIEW, LATER)])
    titles = {item.item_id: item.title for item in store.items()}
    assert store.met_titles("u") == {"a": titles["a"]}
    store.retract(["k"])
    assert store.met_titles("u") == {"a": titles["a"]}
    with pytest.raises(UnknownUser):
        store.met_titles("nobody")
