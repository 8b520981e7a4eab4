"""Audits in the background: one at a time, stopped when asked, refused where too many wait; and their figures."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from evaluation.audit import Group
from pipeline.explanation import Contrast
from pipeline.lists import ReaderLists
from pipeline.query import ChannelScore
from serving.audits import WAITING, Audits, UnknownAudit
from serving.background import UNDER_WAY, Stage
from serving.ui import inspection_charts
from serving.ui.theme import channel_colour, channel_label
from store.database import Store
from store.errors import BusyError
from store.records import Item


class Slow:
    """A recommender that gives its first lists when it may."""

    snapshot_id = "s"
    state: Any = None

    def __init__(self) -> None:
        self.may = threading.Event()

    def lists(self, user_ids: Sequence[str], *, k: int, batch_size: int) -> Iterator[ReaderLists]:
        assert self.may.wait(timeout=60)
        yield ReaderLists(self.state, (np.array([1]),), np.array([[1]]))


@pytest.fixture
def slow(sqlite_store: Store) -> Iterator[tuple[Slow, Audits]]:
    for user in range(WAITING + 2):
        sqlite_store.ensure_user(str(user))
    recommender = Slow()
    audits = Audits(sqlite_store, lambda: recommender)  # type: ignore[arg-type, return-value]
    yield recommender, audits
    recommender.may.set()
    audits.close()


def of(user: int) -> Group:
    return Group(user_ids=(str(user),))


def until(audits: Audits, run_id: str, *stages: Stage) -> Stage:
    for _ in range(600):
        stage = audits.get(run_id).stage
        if stage in stages:
            return stage
        time.sleep(0.05)
    raise AssertionError(stage)


def test_one_runs_others_wait_and_too_many_are_refused(slow: tuple[Slow, Audits]) -> None:
    _, audits = slow
    first = audits.start(of(0))
    until(audits, first.id, Stage.RUNNING)
    waiting = [audits.start(of(user)) for user in range(1, WAITING + 1)]
    assert {audits.get(run.id).stage for run in waiting} == {Stage.WAITING}
    assert audits.start(of(1)).id == waiting[0].id, "what waits already is not queued again"
    with pytest.raises(BusyError, match=f"{WAITING} audits wait already"):
        audits.start(of(WAITING + 1))


def test_an_audit_is_stopped_and_can_be_started_again(slow: tuple[Slow, Audits]) -> None:
    recommender, audits = slow
    run = audits.start(of(0))
    until(audits, run.id, Stage.RUNNING)
    audits.stop(run.id)
    recommender.may.set()
    assert until(audits, run.id, Stage.STOPPED, Stage.DONE, Stage.FAILED) is Stage.STOPPED
    assert audits.start(of(0)).stage in UNDER_WAY


def test_another_k_is_another_audit(slow: tuple[Slow, Audits]) -> None:
    _, audits = slow
    assert audits.start(of(0), k=5).id != audits.start(of(0), k=10).id
    with pytest.raises(UnknownAudit, match="is not known"):
        audits.get("no-such-audit")


def score(contribution: float) -> ChannelScore:
    return ChannelScore(0.0, contribution, None)


def test_a_contrast_is_drawn_by_channel_in_its_colour() -> None:
    contrast = Contrast(Item("a", "A"), Item("b", "B"), 0.3, {"lightgcn": 0.5, "popularity": -0.2, "text": 1e-6}, {})
    (bars,) = inspection_charts.contrast_by_channel(contrast).data
    assert list(bars.x) == [-0.2, 0.5]
    assert list(bars.y) == [channel_label("popularity"), channel_label("lightgcn")]
    assert list(bars.marker.color) == [channel_colour("popularity"), channel_colour("lightgcn")]


def test_standings_leave_out_what_cannot_be_seen() -> None:
    rows = [("one", {"lightgcn": score(0.5), "text": score(1e-6)}), ("two", {"popularity": score(-0.2)})]
    figure = inspection_charts.standings(rows)
    assert {bar.name: list(bar.x) for bar in figure.data} == {
        channel_label("lightgcn"): [0.5, 0.0],
        channel_label("popularity"): [0.0, -0.2],
    }
