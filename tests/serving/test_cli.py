"""The command line on a real service, through the same entry as the installed program."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from PIL import Image
from pydantic import BaseModel
from typer.testing import CliRunner

from graph.training import LightGCNTask
from rankers.checkpoint import Checkpoints
from rankers.sasrec_training import SASRecTask
from serving.cli import app
from serving.commands.run import prepare
from serving.service import Service
from serving.settings import LLMSection, Settings
from store.assets import default_cache_root
from store.database import Store
from store.locks import FileLock
from store.records import Impression

DOCUMENT = Path(__file__).parents[2] / "docs" / "cli.md"


pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def home(trained_home: Path, tmp_path: Path) -> Path:
    """A copy of the trained home that a test may change."""
    return Path(shutil.copytree(trained_home, tmp_path / "home"))


TITLES = ("Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta", "Eta", "Theta", "Iota", "Kappa", "Lambda", "Mu")


def write_catalogue(folder: Path) -> Path:
    """12 items and 24 users who walk along the alphabet, as two tables."""
    folder.mkdir()
    (folder / "items.csv").write_text("item_id,title\n" + "".join(f"{title[:2]},{title}\n" for title in TITLES))
    rows = [f"u{u},{TITLES[(u + step) % 12][:2]},{1000 + step}\n" for u in range(24) for step in range(5)]
    (folder / "events.csv").write_text("user_id,item_id,timestamp\n" + "".join(rows))
    return folder


@pytest.fixture
def tiny_home(tmp_path: Path, small_movielens: object) -> Path:
    """A home with a catalogue so small that it is trained on in a second; skipped where there are no assets."""
    run(tmp_path / "tiny", "ingest", str(write_catalogue(tmp_path / "tiny-catalogue")))
    return tmp_path / "tiny"


def run(home: Path, *arguments: str, stdin: str | None = None, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["--home", str(home), *arguments], input=stdin, catch_exceptions=False)
    assert result.exit_code == code, result.stderr
    if code:
        assert "Traceback" not in result.stderr
        return result.stderr
    return result.stdout


def run_json(home: Path, *arguments: str) -> Any:
    return json.loads(run(home, *arguments, "--json"))


def test_asking(home: Path) -> None:
    answer = run_json(home, "recommend", "--user", "1", "-k", "3")
    assert [one["rank"] for one in answer["items"]] == [1, 2, 3]
    first = answer["items"][0]["item"]
    shown = run(home, "recommend", "--user", "1", "-k", "3")
    assert first["item_id"] in shown
    assert answer["snapshot_id"] in shown
    assert len(run_json(home, "recommend", "--history", "50", "--history", "172", "-k", "4")["items"]) == 4

    assert len(run_json(home, "similar", "50", "-k", "2")) == 2
    assert run_json(home, "search", "star", "wars")[0]["item_id"] == "50"
    assert "Star Wars" in run(home, "search", "star wars")

    explanation = run_json(home, "explain", first["item_id"], "--user", "1")
    assert explanation["item"]["item_id"] == first["item_id"]
    strongest = explanation["contributions"][0]["item"]
    what_if = run_json(home, "explain", first["item_id"], "--user", "1", "--without", strongest["item_id"])
    assert what_if["baseline_score"] == pytest.approx(explanation["score"], abs=1e-4)
    assert "Adds to the score" in run(home, "explain", first["item_id"], "--user", "1")
    assert run_json(home, "explain", first["item_id"], "--everyone")["item"]["item_id"] == first["item_id"]
    assert "It is owed to" in run(home, "explain", first["item_id"], "--everyone")
    taste = run_json(home, "explain", "--user", "1")
    assert sum(group["size"] for group in taste["groups"]) == taste["history"]
    assert "Leads to" in run(home, "explain", "--user", "1")


def test_an_explanation_in_words(home: Path) -> None:
    item = run_json(home, "recommend", "--user", "1", "-k", "1")["items"][0]["item"]
    explain = ("explain", item["item_id"], "--user", "1")
    line, paragraph, account = (run(home, *explain, "--style", style) for style in ("line", "paragraph", "full"))
    assert line.count("\n") == 1
    assert paragraph.startswith(f"{item['title']} stands at place 1 of ")
    assert "What the score is made of\n" in account
    assert run(home, *explain, "--language", "zh").startswith(f"“{item['title']}”在")
    reworded = run(home, *explain, "--paraphrase")
    assert reworded.startswith(paragraph)
    assert "of these sentences are the model's." in reworded
    words = run_json(home, *explain, "--style", "line")["words"]
    assert (words["style"], words["language"], words["text"]) == ("line", "en", line.rstrip("\n"))
    assert "words" not in run_json(home, *explain)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("recommend", "--user", "nobody"), "Error: user 'nobody' is not in the store. Create the user first"),
        (("explain", "50", "--style", "poem"), "Error: style 'poem' is none of line, paragraph, full"),
        (("explain", "50", "--language", "tlh"), "Error: language 'tlh' is none of en, zh"),
        (("explain", "50", "--style", "full", "--paraphrase"), "Error: style 'full' is not paraphrased"),
        (("similar", "no-such-item"), "Error: item 'no-such-item' is not in the catalogue"),
        (("recommend", "-k", "0"), "Error: k is 0, not a whole number from 1 to 1000"),
        (("ingest", "no-such-file.csv"), "Error: "),
        (("onboard", "--title", " "), "Error: the title is empty"),
        (("onboard", "--title", "x", "--id", "50"), "Error: item '50' exists: 'Star Wars"),
        (("onboard", "--title", "x", "--attribute", "year"), "Error: attribute 'year' has no name or no '='"),
        (("onboard", "--title", "x", "--image", "missing.jpg"), "Error: picture 'missing.jpg' cannot be read"),
        (("snapshots", "promote", "../x"), "Error: '../x' is not a snapshot id"),
        (("assets", "fetch", "no-such-asset"), "Error: 'no-such-asset' is not an asset"),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_code_2(home: Path, arguments: tuple[str, ...], message: str) -> None:
    error = run(home, *arguments, code=2).strip()
    assert message in error
    assert len(error.splitlines()) == 1


def test_a_wrong_setting_is_one_line_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASTEMAKER_PORT", "70000")
    assert "Error: setting port" in run(tmp_path, "recommend", code=2)


def test_before_training_the_command_that_helps_is_named(tmp_path: Path) -> None:
    error = run(tmp_path / "new", "recommend", code=2)
    assert "Error: nothing has been trained yet. Run `tastemaker train`" in error
    assert run_json(tmp_path / "new", "snapshots", "list") == []


def test_ingest_sets_bad_rows_aside_and_repeats_nothing(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("item_id,title,year\na,Alpha,1999\nb,Beta,2001\n,No id,2000\n")
    (tmp_path / "events.csv").write_text("user_id,item_id,timestamp\nu,a,1000\nu,b,2000\nu,zzz,3000\n,a,4000\n")
    paths = (str(tmp_path / "items.csv"), str(tmp_path / "events.csv"))
    done = run_json(tmp_path / "home", "ingest", *paths)
    assert (done["items_inserted"], done["events_added"]) == (2, 2)
    assert done["rejected"] >= 2
    assert sum(done["reasons"].values()) == done["rejected"]
    again = run_json(tmp_path / "home", "ingest", *paths)
    assert (again["items_inserted"], again["events_added"], again["duplicates"]) == (0, 0, 2)
    run(tmp_path / "home", "ingest", *paths)


def test_the_map_and_the_launches(home: Path, tmp_path: Path) -> None:
    run(home, "onboard", "--title", "Zanzibar Lighthouse", "--category", "Drama", "--id", "z-1")
    shown = run(home, "map", "--out", str(tmp_path / "map.html"))
    assert "301 items, 1 of them new" in shown
    assert "Zanzibar Lighthouse" in (tmp_path / "map.html").read_text(encoding="utf-8")
    points = run_json(home, "map")["points"]
    assert [point["item"]["item_id"] for point in points if point["is_new"]] == ["z-1"]
    assert "there is no file to draw into" in run(home, "map", code=2)
    with Store.open(f"sqlite:///{home / 'tastemaker.db'}") as store:
        store.add_impressions([Impression("z-1", "1", 2, datetime.now(UTC), "s", "api")])
    (row,) = run_json(home, "launches", "--plot", str(tmp_path / "launches.html"))["items"]
    assert row["traffic"]["impressions"] == 1
    assert "Zanzibar" in run(home, "launches")
    assert (tmp_path / "launches.html").exists()


def test_onboarding_previews_publishes_and_recommends_at_once(home: Path, tmp_path: Path) -> None:
    Image.effect_noise((64, 64), 40).save(tmp_path / "poster.png")
    arguments = ("onboard", "--title", "Zanzibar Lighthouse", "--description", "A tale of the sea.", "--id", "z-1")
    arguments += ("--category", "Drama", "--attribute", "year=2026", "--attribute", "studio=Kestrel")
    arguments += ("--attribute", 'cast=["A", "B"]', "--image", str(tmp_path / "poster.png"))
    draft = run_json(home, *arguments, "--no-publish")
    assert draft["published"] is False
    assert draft["preview"]["neighbours"]
    assert "is not in the catalogue" in run(home, "similar", "z-1", code=2)
    published = run_json(home, *arguments)
    assert published["item"]["attributes"] == {"year": 2026, "studio": "Kestrel", "cast": ["A", "B"]}
    assert Path(published["item"]["image"]).parent == (home / "pictures").resolve()
    assert run_json(home, "search", "zanzibar")[0]["item_id"] == "z-1"
    again = ("onboard", "--title", "Zanzibar Lighthouse", "--description", "A tale of the sea.", "--category", "Drama")
    assert "Looks like Zanzibar Lighthouse" in run(home, *again, "--no-publish")


def test_a_file_comes_in_with_a_report_and_a_second_time_changes_nothing(home: Path, tmp_path: Path) -> None:
    Image.new("RGB", (60, 90), "teal").save(tmp_path / "one.png")
    table, report = tmp_path / "new.csv", tmp_path / "report.csv"
    table.write_text("sku,title,image\nf-1,The First File,one.png\nf-2,Second,gone.png\n,Nameless,\n", "utf-8")
    done = run_json(home, "onboard-file", str(table), "--report", str(report))
    assert done == {"rows": 3, "created": 2, "rejected": 1, "without picture": 1}
    with report.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["outcome"] for row in rows] == ["created", "created", "rejected"]
    assert rows[2]["rule"] == "missing id"
    assert run_json(home, "search", "the", "first", "file", "-k", "1")[0]["item_id"] == "f-1"
    assert "2 unchanged, 1 rejected" in run(home, "onboard-file", str(table), "--no-fetch-pictures")
    assert "is neither .csv nor .json" in run(home, "onboard-file", str(table), "--report", "report.xls", code=2)


def test_understanding_reads_lines_and_prints_objects(home: Path) -> None:
    lines = "something like Fargo but newer, no horror\nthree comedies from the 80s\n"
    out = run(home, "understand", "--json", stdin=lines).splitlines()
    first, second = (json.loads(line) for line in out)
    assert set(first) == {
        "intent",
        "items_like",
        "items_unlike",
        "attributes_in",
        "attributes_out",
        "people_in",
        "people_out",
        "year_from",
        "year_to",
        "count",
        "critiques",
        "mood",
        "refers_to",
    }
    assert [item["item_id"] for item in first["items_like"]] == ["100"]
    assert first["attributes_out"] == ["Horror"]
    assert (second["year_from"], second["year_to"], second["count"]) == (1980, 1989, 3)
    assert second["attributes_in"] == ["Comedy"]


def test_an_odd_line_is_understood_as_anything_is(home: Path) -> None:
    odd = (
        b"",
        b"a comedy " * 2_000,
        "\U0001f3ac\u200b comedies \u202e please".encode(),
        b"comedies\x00\x1b[31m\rplease",
    )
    odd += (b"\xff\xfe comedies", b'{"intent": "undo", "count": 3}', b"[1, 2", b"\xed\xa0\x80")
    result = CliRunner().invoke(app, ["--home", str(home), "understand"], input=b"\n".join(odd) + b"\n")
    assert result.exit_code == 0, result.stderr
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(found) == len(odd)
    assert all(found[place]["attributes_in"] == ["Comedy"] for place in (1, 2, 3, 4))
    assert (found[0]["intent"], found[0]["attributes_in"], found[0]["mood"]) == ("small_talk", [], "")


def test_training_makes_a_snapshot_and_an_older_one_can_be_promoted(tiny_home: Path) -> None:
    home = tiny_home
    run(home, "train", "--epochs", "1")
    (before,) = run_json(home, "snapshots", "list")
    trained = run_json(home, "train", "--epochs", "1", "--seed", "3", "--curves", str(home / "curves"))
    assert list((home / "curves").rglob("events.out.tfevents.*"))
    assert trained["config"]["epochs"] == 1
    assert trained["metrics"]["pipeline:ndcg@10"] > 0
    newest, oldest = run_json(home, "snapshots", "list")
    assert (newest["snapshot_id"], newest["in_service"]) == (trained["snapshot_id"], True)
    assert (oldest["snapshot_id"], oldest["in_service"]) == (before["snapshot_id"], False)
    run(home, "snapshots", "promote", before["snapshot_id"])
    assert run_json(home, "recommend")["snapshot_id"] == before["snapshot_id"]
    assert before["snapshot_id"] in run(home, "snapshots", "list")


class Killed(Exception):
    """Stands for kill -9, which tests/rankers/test_checkpoint.py does in earnest."""


def test_a_killed_training_goes_on_where_it_was(tiny_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Counter[str] = Counter()
    death: list[int] = []

    def counted(task: type[LightGCNTask] | type[SASRecTask]) -> None:
        compute = task.loss

        def loss(self: Any, batch: Any) -> Any:
            calls[self.name] += 1
            if self.name == "sasrec" and calls[self.name] in death:
                raise Killed
            return compute(self, batch)

        monkeypatch.setattr(task, "loss", loss)

    counted(LightGCNTask)
    counted(SASRecTask)
    monkeypatch.setattr(Checkpoints, "due", lambda self, seconds: True)
    whole = run_json(tiny_home, "train", "--epochs", "3")
    steps = dict(calls)
    calls.clear()
    death.append(3)
    with pytest.raises(Killed):
        run(tiny_home, "train", "--epochs", "3")
    saved = tiny_home / "snapshots" / "checkpoints"
    assert sorted(path.name for path in (saved / "choose").iterdir()) == ["lightgcn.safetensors", "sasrec.safetensors"]
    death.clear()
    resumed = run_json(tiny_home, "train", "--epochs", "3")
    calls["sasrec"] -= 1  # the one that died
    assert dict(calls) == steps
    assert resumed["metrics"] == whole["metrics"]
    weights = {name: file["sha256"] for name, file in resumed["files"].items()}
    assert weights == {name: file["sha256"] for name, file in whole["files"].items()}
    assert not saved.exists()


@pytest.mark.slow
def test_two_processes_train_together(tiny_home: Path) -> None:
    alone = run_json(tiny_home, "train", "--epochs", "3")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "-m", "serving.cli"]
    done = subprocess.run(
        [*launcher, "--home", str(tiny_home), "train", "--epochs", "3", "--json"],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    together = json.loads(done.stdout)  # one process speaks
    assert together["snapshot_id"] == run_json(tiny_home, "recommend")["snapshot_id"]
    assert together["data_hash"] == alone["data_hash"]
    for scorer in ("lightgcn", "transition", "popularity"):  # SASRec draws other dropout masks
        name = f"{scorer}:ndcg@10"
        assert together["metrics"][name] == pytest.approx(alone["metrics"][name], abs=0.01)


def test_two_trainings_at_once_the_second_says_who_trains(home: Path) -> None:
    with FileLock(home / "snapshots" / "training.lock", purpose="training"):
        error = run(home, "train", "--epochs", "1", code=2)
    assert re.search(r"Error: training cannot start: .* is held by process \d+ on .* \(training, since ", error)


def test_evaluate_writes_a_report(tiny_home: Path, tmp_path: Path) -> None:
    report = run_json(tiny_home, "evaluate", "--epochs", "1", "--out", str(tmp_path / "report"))
    assert "pipeline" in {system["name"] for system in report["systems"]}
    assert (tmp_path / "report" / "report.html").stat().st_size > 10_000
    assert json.loads((tmp_path / "report" / "report.json").read_text())


def test_doctor_and_assets(home: Path) -> None:
    checks = {check["name"]: check for check in run_json(home, "doctor")}
    assert checks["snapshot"]["level"] == checks["database"]["level"] == "ok"
    assert "300 items" in checks["database"]["found"]
    assert "python" in run(home, "doctor")
    names = {asset["name"] for asset in run_json(home, "assets", "list")}
    assert {"text-encoder", "movielens-100k"} <= names
    assert "text-encoder" in run(home, "assets", "list")
    assert Path(run_json(home, "assets", "fetch", "text-encoder")["text-encoder"]).is_dir()
    assert run_json(home, "assets", "verify", "text-encoder") == {"text-encoder": "verified"}


def test_doctor_fails_where_something_is_broken(home: Path) -> None:
    next((home / "snapshots").glob("*/sasrec.safetensors")).write_bytes(b"")
    result = CliRunner().invoke(app, ["--home", str(home), "doctor", "--json"])
    assert result.exit_code == 1
    (broken,) = (check for check in json.loads(result.stdout) if check["level"] == "failure")
    assert broken["name"] == "snapshot"
    assert "tastemaker train" in broken["fix"]


def test_a_second_demo_reuses_everything(tmp_path: Path, trained_home: Path) -> None:
    catalogue = write_catalogue(tmp_path / "catalogue")
    settings = Settings(home=tmp_path / "demo", cache=default_cache_root(), llm=LLMSection(backend="fake"))

    def start() -> str | None:
        with Service.open(settings) as service:
            prepare(service, catalogue, epochs=1)
            return service.snapshots.current_id()

    first = start()
    assert first is not None
    assert start() == first
    with (catalogue / "events.csv").open("a") as events:
        events.write("u0,Mu,9000\n")
    second = start()
    assert second != first
    for file in (settings.snapshots / str(second)).glob("*.safetensors"):
        file.write_bytes(b"")
    assert start() == second  # the one before serves
    shutil.rmtree(settings.snapshots)
    assert start() not in (None, first, second)


def every_command() -> Iterator[tuple[str, Any]]:
    """Full name and command, groups opened."""

    def walk(prefix: str, command: Any) -> Iterator[tuple[str, Any]]:
        if hasattr(command, "commands"):
            for name, child in command.commands.items():
                yield from walk(f"{prefix} {name}", child)
        else:
            yield prefix, command

    yield from walk("tastemaker", typer.main.get_command(app))


@pytest.mark.parametrize(("name", "command"), list(every_command()), ids=[name for name, _ in every_command()])
def test_every_command_and_option_is_documented(name: str, command: Any) -> None:
    sections = re.split(r"^###? ", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    section = next((text for text in sections if re.match(rf"`{re.escape(name)}[ `]", text)), None)
    assert section is not None, f"docs/cli.md has no section on `{name}`"
    common = next(text for text in sections if text.startswith("Ask"))
    for parameter in command.params:
        for option in (flag for flag in parameter.opts if flag.startswith("--")):
            assert f"`{option}" in section or f"`{option}" in common, f"{name}: {option} is not documented"


def test_every_setting_is_documented() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    names: list[str] = []
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            names += [f"{name}__{part}" for part in field.annotation.model_fields]
        else:
            names.append(name)
    assert [name for name in names if f"`TASTEMAKER_{name.upper()}`" not in text] == []
