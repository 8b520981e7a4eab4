"""What every database must do alike."""

from __future__ import annotations

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.database import Store
from store.errors import InputError, UnknownItem, UnknownUser
from store.events import AddResult, event_key
from store.items import PutResult
from store.records import Event, EventKind, Item, Rejected, User

START = datetime(2020, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def view(user: str, item: str, seconds: float = 0, kind: EventKind = EventKind.VIEW, key: str | None = None) -> Event:
    return Event(user, item, kind, at(seconds), key=key)


def pairs(store: Store) -> list[tuple[str, str]]:
    interactions, users, items = store.interactions()
    return [
        (users.external_of(user), items.external_of(item))
        for user, item in zip(interactions.users.tolist(), interactions.items.tolist(), strict=True)
    ]


class TestItems:
    def test_an_item_comes_back_as_it_went_in(self, any_store: Store) -> None:
        item = Item(
            item_id="42",
            title="Alien: Die Rückkehr 👽",
            description="x" * 10_000,
            categories=("Horror", "Sci-Fi"),
            attributes={"year": 1986, "score": 8.4, "cut": False, "cast": ("Weaver", "Biehn"), "note": None, "ü": "ß"},
            image="posters/42.jpg",
            created_at=at(0.123456),
            active=False,
        )
        any_store.put_items([item])
        assert any_store.item("42") == item

    def test_items_keep_the_order_of_their_first_insertion(self, any_store: Store) -> None:
        any_store.put_items([Item("z", "1"), Item("a", "2")])
        any_store.put_items([Item("m", "3"), Item("z", "1, new")])
        assert [item.item_id for item in any_store.items()] == ["z", "a", "m"]
        assert [item.item_id for item in any_store.items(ids=["m", "nowhere", "z", "m"])] == ["z", "m"]

    def test_put_tells_new_changed_and_unchanged_apart(self, store: Store) -> None:
        assert store.put_items([Item("a", "Alpha"), Item("b", "Beta 2"), Item("d", "Delta")]) == PutResult(1, 1, 1)
        assert store.item("b").title == "Beta 2"
        assert store.count_items() == 4

    def test_a_replaced_item_keeps_the_time_of_its_arrival(self, any_store: Store) -> None:
        any_store.put_items([Item("a", "Alpha", created_at=at(0))])
        any_store.put_items([Item("a", "Alpha 2", created_at=at(99))])
        assert any_store.item("a") == Item("a", "Alpha 2", created_at=at(0))

    def test_the_last_of_two_items_with_one_id_counts(self, any_store: Store) -> None:
        assert any_store.put_items([Item("a", "first"), Item("a", "second")]) == PutResult(1, 0, 0)
        assert any_store.item("a").title == "second"

    def test_inactive_items_are_kept_apart(self, store: Store) -> None:
        store.set_active("b", False)
        assert [item.item_id for item in store.items(active=True)] == ["a", "c"]
        assert [item.item_id for item in store.items(active=False)] == ["b"]
        assert (store.count_items(), store.count_items(active=True)) == (3, 2)
        store.set_active("b", True)
        assert store.count_items(active=True) == 3

    def test_the_revision_goes_up_with_every_change_and_only_then(self, store: Store) -> None:
        before = store.items_revision()
        store.put_items([Item("a", "Alpha")])
        store.set_active("a", True)
        store.ensure_user("u")
        assert store.items_revision() == before
        assert store.items_changed_since(before) == []
        store.put_items([Item("d", "Delta"), Item("c", "Gamma 2")])
        middle = store.items_revision()
        assert middle > before
        assert [item.item_id for item in store.items_changed_since(before)] == ["c", "d"]
        store.set_active("a", False)
        assert [(item.item_id, item.active) for item in store.items_changed_since(middle)] == [("a", False)]

    def test_another_process_sees_the_revision(self, store: Store, database_url: str) -> None:
        before = store.items_revision()
        with Store.open(database_url) as other:
            other.put_items([Item("new", "New")])
        assert store.items_revision() > before

    @pytest.mark.parametrize("missing", ["nowhere", "", "a\x00", "\ud800", "x" * 10_000, "A"])
    def test_an_id_that_does_not_exist_is_unknown(self, store: Store, missing: str) -> None:
        with pytest.raises(UnknownItem, match="is not in the catalogue"):
            store.item(missing)
        with pytest.raises(UnknownItem):
            store.set_active(missing, False)
        with pytest.raises(UnknownItem):
            store.add_events([view("u", missing)])
        with pytest.raises(UnknownUser, match="is not in the store"):
            store.user(missing)
        with pytest.raises(UnknownUser):
            store.history(missing)
        assert store.items(ids=[missing]) == []
        assert store.known_items([missing, "a"]) == {"a"}

    @pytest.mark.parametrize(
        ("item", "message"),
        [
            (Item("", "x"), "has 0 characters"),
            (Item("x" * 513, "x"), "has 513 characters"),
            (Item("a\x00b", "x"), "NUL"),
            (Item("a", "\ud800"), "half of a surrogate pair"),
            (Item("a", "x", attributes={"n": float("nan")}), "JSON"),
            (Item("a", "x", attributes={"n": {1, 2}}), "JSON"),  # type: ignore[dict-item]
            (Item("a", "x", created_at=datetime(2020, 1, 1)), "no time zone"),
            (Item(7, "x"), "is not a text"),  # type: ignore[arg-type]
        ],
    )
    def test_what_no_database_can_hold_is_refused_and_nothing_of_the_call_stays(
        self, any_store: Store, item: Item, message: str
    ) -> None:
        with pytest.raises(InputError, match=message):
            any_store.put_items([Item("good", "Good"), item])
        assert any_store.count_items() == 0

    def test_text_that_looks_like_sql_is_text(self, store: Store) -> None:
        for text in ("'; DROP TABLE items; --", '"', "%", "_", "\\", "{}", ":x", "?"):
            store.put_items([Item(text, text)])
            assert store.item(text).title == text
            store.ensure_user(text)
            assert [user.user_id for user in store.users(search=text)].count(text) == 1
        assert [user.user_id for user in store.users(search="%")] == ["%"]


class TestUsers:
    def test_a_user_is_created_once(self, store: Store) -> None:
        created = store.ensure_user("u1", name="Ada")
        assert (created.user_id, created.name) == ("u1", "Ada")
        assert store.ensure_user("u1", name="Bob") == created == store.user("u1")
        assert store.count_users() == 1

    def test_many_users_at_once(self, store: Store) -> None:
        store.ensure_user("u1")
        assert store.put_users([User("u1"), User("u2", "Two"), User("u2", "Twice")]) == 1
        assert store.user("u2").name == "Two"

    def test_the_busiest_come_first_then_by_id(self, store: Store) -> None:
        store.add_events([view("u2", "a"), view("U3", "a"), view("u1", "a"), view("u2", "b"), view("u10", "a")])
        store.ensure_user("idle", name="Uma")
        assert [user.user_id for user in store.users()] == ["u2", "U3", "u1", "u10", "idle"]
        assert [user.user_id for user in store.users(limit=2, offset=1)] == ["U3", "u1"]
        assert [user.user_id for user in store.users(search="u1")] == ["u1", "u10"]
        assert [user.user_id for user in store.users(search="UM")] == ["idle"]
        assert store.count_users(search="u") == 5

    def test_duplicates_and_retractions_do_not_count(self, store: Store) -> None:
        store.add_events([view("x", "a", key="k1"), view("x", "b", key="k2"), view("y", "a")])
        store.add_events([view("y", "a")] * 5)
        assert [user.user_id for user in store.users()] == ["x", "y"]
        store.retract(["k1", "k2"])
        store.retract(["k1", "k2"])
        assert [user.user_id for user in store.users()] == ["y", "x"]

    def test_a_negative_number_of_rows_is_refused_and_a_huge_one_means_all(self, store: Store) -> None:
        store.add_events([view("u", "a")])
        with pytest.raises(InputError, match="is negative"):
            store.users(limit=-1)
        with pytest.raises(InputError, match="is negative"):
            store.history("u", limit=-1)
        assert len(store.users(limit=10**30)) == len(store.history("u", limit=10**30)) == 1


class TestEvents:
    def test_an_event_comes_back_with_its_key(self, store: Store) -> None:
        event = Event("u", "a", EventKind.RATING, at(0.000001), 4.5, "click-1")
        assert store.add_events([event]) == AddResult(1, 0)
        assert store.history("u") == [event]

    def test_the_same_event_twice_is_one_row(self, store: Store) -> None:
        event = view("u", "a")
        assert store.add_events([event, event]) == AddResult(1, 1)
        assert store.add_events([event]) == AddResult(0, 1)
        assert len(store.history("u")) == 1
        assert store.history("u")[0].key == event_key(event)

    @pytest.mark.parametrize(
        "other",
        [
            view("v", "a"),
            view("u", "b"),
            view("u", "a", 0.000001),
            view("u", "a", kind=EventKind.CLICK),
            view("u", "a", key="own"),
        ],
    )
    def test_events_that_differ_in_anything_are_two(self, store: Store, other: Event) -> None:
        assert store.add_events([view("u", "a"), other]) == AddResult(2, 0)

    def test_the_key_decides_not_the_rest(self, store: Store) -> None:
        assert store.add_events([view("u", "a", key="k"), view("u", "b", 9, key="k")]) == AddResult(1, 1)
        assert [event.item_id for event in store.history("u")] == ["a"]

    def test_an_unknown_item_leaves_nothing(self, store: Store) -> None:
        many = [view("u", "a", second) for second in range(5_000)]
        with pytest.raises(UnknownItem, match="'nowhere'"):
            store.add_events([*many, view("u", "nowhere")])
        assert store.count_users() == 0

    @pytest.mark.parametrize(
        "value", [float("nan"), float("inf"), -float("inf"), 10**400], ids=["nan", "inf", "-inf", "int"]
    )
    def test_values_must_be_finite(self, store: Store, value: float) -> None:
        with pytest.raises(InputError, match="not a finite number"):
            store.add_events([Event("u", "a", EventKind.RATING, at(0), value)])

    def test_history_is_by_time_and_then_by_arrival(self, store: Store) -> None:
        store.add_events([view("u", "c", 5), view("u", "b", 5), view("u", "a", 1), view("v", "a", 3)])
        assert [event.item_id for event in store.history("u")] == ["a", "c", "b"]
        assert [event.item_id for event in store.history("u", limit=2)] == ["c", "b"]
        assert store.history("u", limit=0) == []

    def test_what_many_callers_did_at_once_is_all_there_and_one_mistake_is_its_callers_own(self, store: Store) -> None:
        def add(number: int) -> AddResult | Exception:
            item = "nowhere" if number % 10 == 3 else "ab"[number % 2]
            events = [view(f"u{number % 7}", "a", number, key=f"first-{number}"), view("v", item, key=f"k{number}")]
            try:
                return store.add_live(events)
            except UnknownItem as error:
                return error

        with ThreadPoolExecutor(16) as pool:
            results = list(pool.map(add, range(100)))
        wrong = [number for number, result in enumerate(results) if isinstance(result, UnknownItem)]
        assert wrong == list(range(3, 100, 10))
        assert all(result == AddResult(2, 0) for number, result in enumerate(results) if number not in wrong)
        found = {event.key for user in store.users() for event in store.history(user.user_id)}
        right = set(range(100)) - set(wrong)
        assert found == {f"k{number}" for number in right} | {f"first-{number}" for number in right}
        assert store.add_live([view("v", "a", key="k0")]) == AddResult(0, 1)

    def test_a_version_of_a_reader_changes_with_all_they_do(self, store: Store) -> None:
        store.ensure_user("u")
        versions = [store.reader_version("u")]
        for event in (view("u", "a", key="1"), view("u", "b", key="2")):
            store.add_events([event])
            versions.append(store.reader_version("u"))
        store.retract(["1"])
        versions.append(store.reader_version("u"))
        store.add_events([view("u", "a", 5)])
        versions.append(store.reader_version("u"))
        assert len(set(versions)) == 5
        store.add_events([view("someone-else", "a"), view("u", "b", key="2")])
        assert store.reader_version("u") == versions[-1]
        with pytest.raises(UnknownUser):
            store.reader_version("nobody")
        assert store.moment() == (store.items_revision(), store.newest_event())

    def test_retracted_events_are_gone_for_good(self, store: Store) -> None:
        store.add_events([view("u", "a", key="k1"), view("u", "b", 1, key="k2")])
        assert store.retract(["k1", "nothing", "k1", "\x00"]) == 1
        assert store.retract(["k1"]) == 0
        assert [event.item_id for event in store.history("u")] == ["b"]
        assert pairs(store) == [("u", "b")]
        assert store.add_events([view("u", "a", key="k1")]) == AddResult(0, 1)
        assert [event.item_id for event in store.history("u")] == ["b"]

    def test_readers_of_an_item_by_their_newest_word_on_it(self, store: Store) -> None:
        before = store.newest_event()
        store.add_events(
            [
                view("u", "a"),
                Event("v", "a", EventKind.LIKE, at(2)),
                Event("w", "a", EventKind.LIKE, at(1)),
                Event("w", "a", EventKind.DISLIKE, at(5)),
                Event("x", "a", EventKind.SKIP, at(6)),
                view("y", "a", key="oops"),
            ]
        )
        assert store.newest_event() > before
        assert store.items_met_since(before) == {"a"}
        assert store.items_met_since(store.newest_event()) == set()
        store.retract(["oops"])
        assert set(store.readers(["a", "b"])["a"]) == {"u", "v"}
        assert "b" not in store.readers(["a", "b"])
        store.add_events([Event("w", "a", EventKind.LIKE, at(7))])
        assert store.readers(["a"], limit=1) == {"a": ["w"]}, "the newest come first"

    def test_histories_of_many_are_those_of_each(self, store: Store) -> None:
        store.add_events([view("u", "b", 2), view("v", "a", 1), view("u", "a", 1), view("u", "c", 2, key="oops")])
        before = store.newest_event()
        store.retract(["oops"])
        found = store.histories(["u", "v", "nobody", "\x00"])
        assert found == {"u": store.history("u"), "v": store.history("v")}
        assert store.histories([]) == {}
        assert store.users_since(before) == set()
        store.add_events([view("v", "b", 0)])
        assert store.users_since(before) == {"v"}

    def test_times_before_1970_and_far_zones(self, store: Store) -> None:
        old = Event("u", "a", EventKind.VIEW, datetime(1901, 2, 3, 4, 5, 6, 7, tzinfo=UTC))
        store.add_events([old])
        assert store.history("u")[0].time == old.time


class TestInteractions:
    def test_maps_hold_every_user_and_every_active_item(self, store: Store) -> None:
        store.add_events([view("u2", "c"), view("u1", "a")])
        store.ensure_user("u3")
        store.set_active("b", False)
        interactions, users, items = store.interactions()
        assert list(users.external) == ["u2", "u1", "u3"]
        assert list(items.external) == ["a", "c"]
        assert (interactions.num_users, interactions.num_items) == (3, 2)
        assert interactions.users.tolist() == [1, 2]
        assert interactions.items.tolist() == [2, 1]

    def test_only_positive_events_on_active_items_count(self, store: Store) -> None:
        for number, kind in enumerate(EventKind):
            store.add_events([view(f"{kind}", "a", number, kind)])
        store.add_events([view("x", "b")])
        store.set_active("b", False)
        assert sorted(pairs(store)) == [(kind, "a") for kind in sorted(["rating", "view", "click", "purchase", "like"])]

    def test_a_dislike_takes_the_pair_out_until_it_is_liked_again(self, store: Store) -> None:
        store.add_events([view("u", "a", 0), view("u", "b", 1), view("v", "a", 0)])
        store.add_events([view("u", "a", 2, EventKind.DISLIKE, key="no")])
        assert pairs(store) == [("u", "b"), ("v", "a")]
        store.add_events([view("u", "a", 3, EventKind.LIKE)])
        assert pairs(store) == [("u", "a"), ("u", "b"), ("u", "a"), ("v", "a")]
        store.add_events([view("u", "a", 4, EventKind.DISLIKE, key="no again"), view("u", "a", 5)])
        assert pairs(store) == [("u", "b"), ("v", "a")]
        store.retract(["no", "no again"])
        assert pairs(store).count(("u", "a")) == 3

    def test_what_is_set_aside_is_out_until_it_is_taken_back(self, store: Store) -> None:
        store.add_events([view("u", "a"), view("u", "b"), view("u", "a", 9, EventKind.SET_ASIDE, key="aside")])
        assert pairs(store) == [("u", "b")]
        assert store.readers(["a", "b"]) == {"a": [], "b": ["u"]}
        store.retract(["aside"])
        assert sorted(pairs(store)) == [("u", "a"), ("u", "b")]

    def test_order_is_by_user_then_time_then_arrival(self, store: Store) -> None:
        store.add_events([view("u", "c", 0.5), view("v", "a", 0), view("u", "b", 0.25), view("u", "a", 0.5)])
        interactions, _, _ = store.interactions()
        assert pairs(store) == [("u", "b"), ("u", "c"), ("u", "a"), ("v", "a")]
        assert interactions.times.tolist() == [int(START.timestamp())] * 4

    def test_an_empty_store_has_empty_arrays(self, any_store: Store) -> None:
        interactions, users, items = any_store.interactions()
        assert (len(interactions), len(users), len(items)) == (0, 0, 0)
        assert interactions.users.dtype == np.int64

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.lists(
            st.tuples(st.sampled_from("uvw"), st.sampled_from("abc"), st.sampled_from(EventKind), st.integers(0, 5)),
            max_size=25,
        )
    )
    def test_interactions_agree_with_a_naive_reading(
        self, store: Store, rows: list[tuple[str, str, EventKind, int]]
    ) -> None:
        store.retract([event.key or "" for user in store.users() for event in store.history(user.user_id)])
        run = f"{datetime.now(UTC).timestamp()} "
        events = [
            Event(user, item, kind, at(second), key=f"{run}{number}")
            for number, (user, item, kind, second) in enumerate(rows)
        ]
        store.add_events(events)
        opinions = {}
        by_user = defaultdict(list)
        for event in sorted(events, key=lambda event: event.time):
            if event.kind in (EventKind.LIKE, EventKind.DISLIKE, EventKind.SET_ASIDE):
                opinions[event.user_id, event.item_id] = event.kind
            if event.kind.positive:
                by_user[event.user_id].append(event.item_id)
        _, users, _ = store.interactions()
        expected = [
            (user, item)
            for user in users.external
            for item in by_user[user]
            if opinions.get((user, item)) in (None, EventKind.LIKE)
        ]
        assert pairs(store) == expected


class TestDataHash:
    def test_equal_data_has_an_equal_hash_whatever_happened_before(self, store: Store) -> None:
        store.add_events([view("u", "a", 1), view("v", "b", 2)])
        before = store.data_hash()
        assert len(before) == 64
        store.add_events([view("u", "c", 3, key="k")])
        assert store.data_hash() != before
        store.retract(["k"])
        assert store.data_hash() == before
        store.put_items([Item("a", "Alpha")])
        assert store.data_hash() == before

    @pytest.mark.parametrize("change", ["title", "active", "user", "event", "attribute"])
    def test_every_change_that_training_can_see_changes_it(self, store: Store, change: str) -> None:
        before = store.data_hash()
        match change:
            case "title":
                store.put_items([Item("a", "Other")])
            case "active":
                store.set_active("a", False)
            case "user":
                store.ensure_user("new")
            case "event":
                store.add_events([view("u", "a")])
            case "attribute":
                store.put_items([Item("a", "Alpha", attributes={"year": 1999})])
        assert store.data_hash() != before

    def test_it_is_the_same_in_every_database(self, store: Store) -> None:
        store.add_events([Event("u", "a", EventKind.RATING, at(1), 3.5), view("v", "b", 2)])
        assert store.data_hash() == "94c236705556b958e2d4db98511b8722201c88b251fc8ff6c3dc694eb6635c73"


class TestQuarantine:
    def test_rows_are_kept_once_whatever_is_in_them(self, store: Store) -> None:
        bad = Rejected("items.jsonl", 3, "not text: \ud800", "a\x00b" + "x" * 5_000)
        assert store.quarantine([bad, bad]) == 1
        assert store.quarantine([bad]) == 0
        (kept,) = store.quarantined()
        assert (kept.source, kept.line, kept.reason) == ("items.jsonl", 3, "not text: \\ud800")
        assert kept.row.startswith("a\\x00bxxx")
        assert len(kept.row) == 2_000

    def test_by_source_and_number(self, store: Store) -> None:
        store.quarantine(Rejected(f"f{number % 2}", number, "bad", "row") for number in range(10))
        assert [row.line for row in store.quarantined(source="f1", limit=3)] == [1, 3, 5]
        assert store.count_quarantined() == 10


class TestProcessesAndThreads:
    def test_what_was_acknowledged_is_there_after_opening_again(self, store: Store, database_url: str) -> None:
        store.add_events([view("u", "a")])
        store.close()
        with Store.open(database_url) as again:
            assert len(again.history("u")) == 1

    def test_threads_write_and_read_at_once(self, store: Store) -> None:
        failures: list[BaseException] = []

        def work(thread: int) -> None:
            try:
                for number in range(20):
                    store.add_events([view(f"u{thread}", "a", number), view("shared", "b", number)])
                    store.put_items([Item(f"{thread}-{number}", "New")])
                    assert len(store.history(f"u{thread}")) == number + 1
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert store.count_items() == 3 + 80
        assert len(store.history("shared")) == 20
        assert store.users(limit=1)[0].user_id == "shared"
