"""Backup and restore of a home: what comes back, and what is refused."""

from __future__ import annotations

import io
import json
import shutil
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.query import Query
from serving.backup import back_up, restore
from serving.cli import app
from serving.service import Service
from serving.settings import LLMSection, Settings
from store.database import Store
from store.errors import InputError, TastemakerError
from store.records import Item


def settings(home: Path) -> Settings:
    return Settings(home=home, llm=LLMSection(backend="none"))


@pytest.fixture(scope="module")
def home(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained home with a picture of its own."""
    home = Path(shutil.copytree(trained_home, tmp_path_factory.mktemp("backup") / "home"))
    buffer = io.BytesIO()
    Image.new("RGB", (80, 120), "teal").save(buffer, "PNG")
    with Service.open(settings(home)) as service:
        path = service.pictures.keep(buffer.getvalue())
        service.store.put_items([Item("with-picture", "Teal", image=str(path))])
    return home


@pytest.fixture(scope="module")
def backup(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("files") / "backup.tar"
    back_up(settings(home), file)
    return file


def test_a_restored_home_recommends_what_the_old_one_did(home: Path, backup: Path, tmp_path: Path) -> None:
    restore(settings(tmp_path / "new"), backup)
    with Service.open(settings(home)) as old, Service.open(settings(tmp_path / "new")) as new:
        users = [user.user_id for user in old.store.users(limit=5)]
        assert len(users) == 5
        for user in users:
            query = Query(user_id=user, k=10)
            answers = [service.recommender.recommend(query).items for service in (old, new)]
            first, second = ([(found.item.item_id, found.score, found.channels) for found in one] for one in answers)
            assert first == second
        picture = new.store.item("with-picture").image
        assert picture is not None
        assert Path(picture).is_relative_to((tmp_path / "new").resolve())
        assert Path(picture).read_bytes() == Path(str(old.store.item("with-picture").image)).read_bytes()


def test_the_command_line_does_both(home: Path, tmp_path: Path) -> None:
    run = CliRunner()
    file = tmp_path / "deep" / "backup.tar"
    done = run.invoke(app, ["--home", str(home), "backup", str(file), "--json"])
    assert done.exit_code == 0, done.output
    contents = json.loads(done.stdout)
    with Store.open(settings(home).database) as store:
        assert contents["rows"]["items"] == store.count_items()
    done = run.invoke(app, ["--home", str(tmp_path / "new"), "restore", str(file)])
    assert done.exit_code == 0, done.output
    assert contents["snapshot_id"] in done.stdout
    again = run.invoke(app, ["--home", str(tmp_path / "new"), "restore", str(file)])
    assert again.exit_code == 2


def test_only_the_owner_reads_a_backup(backup: Path) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600


def test_a_home_of_which_nothing_was_trained(tmp_path: Path) -> None:
    with Store.open(settings(tmp_path / "home").database) as store:
        store.put_items([Item("a", "Alpha")])
    contents = back_up(settings(tmp_path / "home"), tmp_path / "backup.tar")
    assert contents.snapshot_id is None
    restore(settings(tmp_path / "new"), tmp_path / "backup.tar")
    with Store.open(settings(tmp_path / "new").database) as store:
        assert [item.item_id for item in store.items()] == ["a"]


def test_a_file_is_not_written_over(home: Path, backup: Path) -> None:
    before = backup.read_bytes()
    with pytest.raises(InputError, match="exists already"):
        back_up(settings(home), backup)
    assert backup.read_bytes() == before


def test_a_failing_backup_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "tastemaker.db").write_text("This is no database. " * 50)
    with pytest.raises(TastemakerError, match="not a database"):
        back_up(settings(tmp_path / "home"), tmp_path / "files" / "backup.tar")
    assert list((tmp_path / "files").iterdir()) == []


def test_a_filled_home_is_refused_and_stays(backup: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="is not empty"):
        restore(settings(tmp_path / "new"), backup)
    assert (tmp_path / "new" / "notes.txt").read_text() == "mine"


def test_an_empty_folder_is_filled(backup: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    assert restore(settings(tmp_path / "new"), backup).snapshot_id
    assert (tmp_path / "new" / "snapshots" / "CURRENT").exists()


def flipped(content: bytes) -> bytes:
    """With one bit of a trained array changed."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        (entry,) = (entry for entry in archive if entry.name.endswith("/sasrec.safetensors"))
    place = entry.offset_data + entry.size // 2
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (flipped, r"damaged: snapshots/.*/sasrec.safetensors"),
        (lambda content: content[: len(content) // 2], "cannot be read as a backup|cut short"),
        (lambda content: content[: content.rindex(b"backup.json")], "cut short|cannot be read"),
        (lambda _: b"no archive", "cannot be read as a backup"),
    ],
    ids=["flipped", "half", "no-contents", "no-archive"],
)
def test_a_damaged_backup_is_refused_and_leaves_nothing(backup: Path, tmp_path: Path, damage, message: str) -> None:
    file = tmp_path / "backup.tar"
    file.write_bytes(damage(backup.read_bytes()))
    with pytest.raises(InputError, match=message):
        restore(settings(tmp_path / "new"), file)
    assert [path.name for path in tmp_path.iterdir()] == ["backup.tar"]


def entries(name: str) -> Iterator[tarfile.TarInfo]:
    """A file, a link and a device of one name."""
    for kind in (tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE):
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, "/etc/passwd"
        yield entry


@pytest.mark.parametrize(
    "entry",
    [
        *entries("../outside.txt"),
        *entries("/tmp/outside.txt"),
        *entries("pictures/../../outside.txt"),
        *list(entries("pictures/link"))[1:],
        *entries("settings.toml"),
    ],
    ids=lambda entry: f"{entry.name}-{entry.type.decode()}",
)
def test_what_would_land_elsewhere_is_refused(tmp_path: Path, entry: tarfile.TarInfo) -> None:
    with tarfile.open(tmp_path / "evil.tar", "w") as archive:
        archive.addfile(entry)
    with pytest.raises(InputError, match="which no backup does"):
        restore(settings(tmp_path / "a" / "new"), tmp_path / "evil.tar")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "evil.tar"]


def test_a_backup_of_another_format_is_refused(backup: Path, tmp_path: Path) -> None:
    with tarfile.open(backup) as archive:
        contents = json.loads(archive.extractfile("backup.json").read()) | {"format": 2}  # type: ignore[union-attr]
    content = json.dumps(contents).encode()
    entry = tarfile.TarInfo("backup.json")
    entry.size = len(content)
    with tarfile.open(tmp_path / "later.tar", "w") as archive:
        archive.addfile(entry, io.BytesIO(content))
    with pytest.raises(InputError, match="format 2, this program reads 1") as raised:
        restore(settings(tmp_path / "new"), tmp_path / "later.tar")
    assert "version of Tastemaker that made it" in raised.value.fix
