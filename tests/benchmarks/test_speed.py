"""The machinery of the speed benchmark, with a peer that needs nothing but Python."""

from __future__ import annotations

import gzip
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.harness import table
from benchmarks.lists import as_interactions, read_lists
from benchmarks.speed import __main__ as command
from benchmarks.speed import environments, lightgcn
from benchmarks.speed.contest import PEERS, Own, Peer, PeerError, PeerPlan, Taken, contest, interleaved
from benchmarks.speed.environments import PeerEnvironment
from benchmarks.speed.index import overlap
from benchmarks.speed.machine import Machine
from benchmarks.speed.metrics import popular_rankings
from benchmarks.speed.topk import plain_torch
from graph.bipartite import BipartiteGraph

PEER = """
import os
from protocol import serve

def prepare(settings):
    print("a library prints while it loads")
    if settings.get("fails"):
        raise ValueError("the data is not there")
    def run():
        print("and while it works")
        if settings.get("dies"):
            os._exit(3)
        return {"seconds": settings["seconds"], "check": [1.0, settings["found"]]}
    return run, {"steps": 4, "threads": settings["threads"]}

serve(prepare)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "protocol.py").write_text((PEERS / "protocol.py").read_text())
    path = tmp_path / "peer.py"
    path.write_text(PEER)
    return path


@pytest.fixture
def peer(script: Path):
    opened: list[Peer] = []

    def start(**settings: object) -> Peer:
        settings = {"seconds": 2.0, "found": 5.0, **settings}
        opened.append(Peer("theirs", (sys.executable, script), settings, {"loss": "bpr"}))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def test_a_peer_answers_between_the_prints_of_its_libraries(peer: Callable[..., Peer]) -> None:
    theirs = peer()
    assert theirs.facts["steps"] == 4
    assert theirs.facts["loss"] == "bpr"
    assert [theirs.run(), theirs.run()] == [Taken(2.0, (1.0, 5.0))] * 2


def test_a_peer_that_cannot_prepare_says_why(peer: Callable[..., Peer]) -> None:
    with pytest.raises(PeerError, match="ValueError: the data is not there"):
        peer(fails=True)


def test_a_peer_that_dies_is_an_error_and_no_hang(peer: Callable[..., Peer]) -> None:
    theirs = peer(dies=True)
    with pytest.raises(PeerError, match="theirs ended without an answer to 'run'"):
        theirs.run()


def test_the_protocol_times_the_run_and_not_what_it_reports_afterwards(monkeypatch) -> None:
    spec = importlib.util.spec_from_file_location("protocol", PEERS / "protocol.py")
    assert spec is not None
    assert spec.loader is not None
    protocol = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(protocol)
    clock = [10.0, 12.5]
    monkeypatch.setattr(protocol.time, "perf_counter", lambda: clock.pop(0))
    answer = protocol.timed(lambda: lambda: {"check": [float(len(clock))]})
    assert answer == {"seconds": 2.5, "check": [0.0]}


def test_contenders_take_turns_after_a_run_that_does_not_count() -> None:
    order: list[str] = []
    both = [Own(name, lambda name=name: order.append(name)) for name in "ab"]
    taken = interleaved(both, rounds=2)
    assert order == list("ababab")
    assert {name: len(runs) for name, runs in taken.items()} == {"a": 2, "b": 2}


class Slow(Own):
    """Takes the seconds it is told to."""

    def __init__(self, name: str, seconds: list[float], check: tuple[float, ...] = ()) -> None:
        super().__init__(name, lambda: None)
        self.seconds, self.check = iter([0.0, *seconds]), check

    def run(self) -> Taken:
        return Taken(next(self.seconds), self.check)


def test_rows_hold_medians_spreads_and_ratios() -> None:
    ours = Slow("ours", [1.0, 2.0, 3.0], (1.0, 2.0))
    same, other = Slow("same", [6.0, 8.0, 4.0], (1.0, 2.00001)), Slow("other", [2.0, 2.0, 2.0], (1.0, 2.1))
    rows = contest(ours, [same, other], rounds=3, only_built=True, work=lambda seconds: {"bound": "python"})
    assert rows[0] == {"name": "ours", "seconds": 2.0, "spread": 1.0, "runs": 3, "bound": "python"}
    assert rows[1] == {"name": "same", "seconds": 6.0, "spread": 4 / 6, "ratio": 3.0, "runs": 3, "agrees": True}
    assert (rows[2]["ratio"], rows[2]["agrees"]) == (1.0, False)
    header, *lines = table(rows).splitlines()
    assert header.split() == ["name", "seconds", "spread", "runs", "bound", "ratio", "agrees"]
    assert lines[1].split() == ["same", "6", "0.6667", "3", "-", "3", "True"]


def test_a_peer_that_is_not_installed_is_said_to_be_missing(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TASTEMAKER_CACHE", str(tmp_path))
    absent = PeerPlan("theirs", PeerEnvironment("nothing", ("nothing==1",)), "none.py", {})
    rows = contest(Slow("ours", [1.0]), [absent], rounds=1, only_built=True)
    assert rows[1] == {"name": "theirs", "missing": "not installed"}


def test_an_environment_is_found_by_what_is_in_it(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TASTEMAKER_CACHE", str(tmp_path))
    one, same = PeerEnvironment("p", ("a==1", "b==2")), PeerEnvironment("p", ("a==1", "b==2"))
    others = (PeerEnvironment("p", ("a==1", "b==3")), PeerEnvironment("p", ("a==1",), alone=("b==2",)))
    assert one.folder == same.folder
    assert one.folder.parent == tmp_path / "peers"
    assert len({one.folder, *(other.folder for other in others)}) == 3


def test_an_interrupted_build_is_made_anew(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TASTEMAKER_CACHE", str(tmp_path))
    ran: list[list[str]] = []
    monkeypatch.setattr(
        environments.subprocess, "run", lambda command, **_: ran.append([str(part) for part in command])
    )
    environment = PeerEnvironment("p", ("a==1",), alone=("b==2",))
    environment.folder.mkdir(parents=True)
    (environment.folder / "half").touch()
    assert not environment.is_built
    with pytest.raises(FileNotFoundError):  # the fake made no folder to put the mark into
        environment.build()
    assert [line[-1] for line in ran[1:]] == ["a==1", "b==2"]
    assert "--no-deps" in ran[2]
    environment.folder.mkdir()
    (environment.folder / ".finished").touch()
    ran.clear()
    environment.build()
    assert not ran


def test_rows_have_distinct_names() -> None:
    names = [name for rows, _ in command.TESTS for name in rows]
    assert len(names) == len(set(names))


def test_an_unknown_row_ends_the_program(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="row 'speed_of_light' is not known"):
        command.main(["--data", str(tmp_path), "--only", "speed_of_light"])


def test_shares_of_the_bounds() -> None:
    machine = Machine(memory_gb_s=20.0, cache_gb_s=80.0, gflop_s=200.0)
    assert machine.moved(4.0, 0.5) == {"bound": "memory", "share_of_bound": 0.4, "gb_s": 8.0}
    assert machine.moved(4.0, 0.5, cached=True)["share_of_bound"] == 0.1
    assert machine.computed(100.0, 2.0) == {"bound": "compute", "share_of_bound": 0.25, "gflop_s": 50.0}


def test_lists_are_numbered_from_one(tmp_path: Path) -> None:
    path = tmp_path / "train.txt.gz"
    path.write_bytes(gzip.compress(b"0 0 2\n1\n2 1 1\n"))
    users, lists = zip(*read_lists(path, first=0), strict=True)
    assert users == (0, 1, 2)
    assert [items.tolist() for items in lists] == [[1, 3], [], [2, 2]]
    interactions = as_interactions(lists, num_items=3)
    assert interactions.users.tolist() == [1, 1, 3, 3]
    assert interactions.history(3).tolist() == [2, 2]


def test_the_peer_s_product_is_ours() -> None:
    lists = [np.array(items) for items in ([1, 2], [2, 3, 4], [1])]
    graph = BipartiteGraph(as_interactions(lists, num_items=5))
    users, items = torch.randn(4, 3), torch.randn(6, 3)
    for ours, theirs in zip(graph(users, items), lightgcn.CooGraph(graph)(users, items), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_plain_torch_sums_the_best_unseen_scores() -> None:
    users = torch.eye(2)
    items = torch.cat((torch.zeros(1, 2), torch.arange(1.0, 31.0)[:, None].repeat(1, 2)))
    # User 1 has seen items 30 and 29, user 2 nothing.
    total = plain_torch(users, items, torch.tensor([0, 2, 2]), torch.tensor([30, 29]))
    assert total == sum(range(9, 29)) + sum(range(11, 31))


def test_rankings_name_no_item_twice_and_hold_some_relevant_ones() -> None:
    counts = np.array([0.0, *np.arange(1.0, 101.0)])
    relevant = [np.array([item]) for item in range(1, 31)]
    ranked = popular_rankings(relevant, counts, seed=0)
    assert ranked.shape == (30, 20)
    assert all(len(set(row)) == 20 for row in ranked.tolist())
    assert all(relevant[query][0] in ranked[query] for query in range(0, 30, 3))
    assert ranked.min() >= 1


def test_overlap_is_a_share_in_any_order() -> None:
    assert overlap(np.array([[3, 2], [5, 9]]), np.array([[2, 3], [5, 6]])) == 0.75
