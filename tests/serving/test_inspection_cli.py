"""`contrast`, `audit` and `snapshots compare` on a real service, through the entry of the installed program."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serving import audit_files
from serving.cli import app

pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture(scope="module")
def home(twice_trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(twice_trained_home, tmp_path_factory.mktemp("inspect") / "home"))


def run(home: Path, *arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["--home", str(home), *arguments], catch_exceptions=False)
    assert result.exit_code == code, result.stderr
    return result.stderr if code else result.stdout


def test_contrast(home: Path) -> None:
    found = json.loads(run(home, "contrast", "50", "181", "--user", "1", "--json"))
    assert found["difference"] == pytest.approx(sum(found["channels"].values()), abs=1e-4)
    shown = run(home, "contrast", "50", "181", "--user", "1")
    assert f"{found['difference']:+.3f}" in shown
    assert "Speaks for" in shown
    assert "is not in the catalogue" in run(home, "contrast", "50", "nope", code=2)


def test_audit_of_named_users_with_a_page(home: Path, tmp_path: Path) -> None:
    (tmp_path / "users.txt").write_text("1\n2\n\n13\n")
    arguments = ("audit", "--users", str(tmp_path / "users.txt"), "--k", "5")
    found = json.loads(run(home, *arguments, "--html", str(tmp_path / "audit.html"), "--json"))
    assert (found["readers"], found["k"], found["group"]) == (3, 5, "3 named users")
    assert "<!doctype html>" in (tmp_path / "audit.html").read_text(encoding="utf-8")
    shown = run(home, *arguments)
    assert "Coverage" in shown
    assert f"{found['listed']['gini']:.3f}" in shown


def test_audit_of_a_sample_of_those_who_favour_a_category(home: Path) -> None:
    found = json.loads(run(home, "audit", "--category", "Drama", "--sample", "5", "--seed", "3", "--json"))
    assert found["readers"] == 5
    assert found["group"] == "readers who favour Drama, a sample of up to 5"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--category", "Nope"), "Error: category 'Nope' is not in the catalogue"),
        (("--users", "missing.txt"), "Error: 'missing.txt' cannot be read"),
        (("--k", "0"), "Error: k is 0, not a whole number from 1 to 1000"),
    ],
)
def test_a_wrong_audit_is_one_line(home: Path, arguments: tuple[str, ...], message: str) -> None:
    assert message in run(home, "audit", *arguments, code=2)


def test_a_file_without_ids_and_one_with_an_unknown_user(home: Path, tmp_path: Path) -> None:
    (tmp_path / "users.txt").write_text("\n")
    assert "holds no user id" in run(home, "audit", "--users", str(tmp_path / "users.txt"), code=2)
    (tmp_path / "users.txt").write_text("nobody-here\n")
    assert "user 'nobody-here' is not in the store" in run(
        home, "audit", "--users", str(tmp_path / "users.txt"), code=2
    )


def test_snapshots_compare(home: Path) -> None:
    snapshots = json.loads(run(home, "snapshots", "list", "--json"))
    found = json.loads(run(home, "snapshots", "compare", "--user", "1", "--item", "50", "--json"))
    assert {found["first"], found["second"]} == {one["snapshot_id"] for one in snapshots}
    shown = run(home, "snapshots", "compare", "--user", "1", "--item", "50")
    assert "entered" in shown
    assert "by score" in shown


def test_where_pictures_cannot_be_drawn_the_missing_part_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    audit_files.missing_for_pictures.cache_clear()
    monkeypatch.setattr(audit_files, "find_spec", lambda name: None)
    assert "pip install kaleido" in audit_files.missing_for_pictures()
    audit_files.missing_for_pictures.cache_clear()
