"""Files of items over the API: hazards.md lines 8, 9, 10, 11, 14, and what bounds the jobs."""

from __future__ import annotations

import csv
import gzip
import io
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from serving import batches as module
from serving.batches import Batches
from serving.http.app import build_api
from serving.service import Service
from serving.settings import LLMSection, Settings
from store.assets import default_cache_root
from tests.serving.conftest import PREFIX
from tests.serving.test_http import png, problem


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return buffer.getvalue()


def sent(api: TestClient, name: str, content: bytes, pictures: bytes | None = None, **fields: Any) -> Any:
    files = {"file": (name, content)} | ({"pictures": ("pictures.zip", pictures)} if pictures else {})
    return api.post("/batches", files=files, data=fields)


def finished(api: TestClient, batch_id: str) -> dict[str, Any]:
    for _ in range(600):
        batch = api.get(f"/batches/{batch_id}").json()
        if batch["stage"] not in ("waiting", "running"):
            return batch
        time.sleep(0.05)
    raise AssertionError(f"{batch} did not end")


def done(api: TestClient, *arguments: Any, **fields: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    response = sent(api, *arguments, **fields)
    assert response.status_code == 202, response.text
    batch = finished(api, response.json()["id"])
    assert batch["stage"] == "done", batch
    return batch, api.get(f"/batches/{batch['id']}/rows").json()


@pytest.fixture(autouse=True)
def _taken_out_again(trained_service: Service) -> Iterator[None]:
    yield
    for item in trained_service.store.items(active=True):
        if item.item_id.startswith("batch-"):
            trained_service.recommender.deactivate(item.item_id)


def test_a_zip_of_table_and_pictures_comes_in(api: TestClient, trained_service: Service) -> None:
    table = "id,title,genres,year,cover\nbatch-1,Star Raiders,Sci-Fi|Action,1997,art/1.png\nbatch-2,Plain,Drama,1990,\n"
    content = zipped(("set/items.csv", table.encode()), ("set/art/1.png", png()))
    batch, rows = done(api, "all.zip", content)
    assert batch["progress"]["counts"] == {"created": 2, "without picture": 0}
    assert batch["progress"]["fraction"] == 1.0
    assert [(row["line"], row["outcome"], row["picture"]) for row in rows] == [(2, "created", ""), (3, "created", "")]
    assert api.get("/items/batch-1/image").headers["content-type"] == "image/jpeg"
    assert trained_service.store.item("batch-1").image.startswith(str(trained_service.pictures.root.resolve()))
    assert trained_service.recommender.search("star raiders", k=1)[0].item_id == "batch-1"
    assert list(trained_service.settings.batches.glob("run-*/*/files")) == [], "what was sent is gone"
    _, rows = done(api, "all.zip", content)
    assert {row["outcome"] for row in rows} == {"unchanged"}


def test_bad_rows_are_reported_and_good_ones_kept(api: TestClient) -> None:
    """hazards.md lines 10 and 14."""
    wide = io.BytesIO()
    Image.new("1", (12_000, 2)).save(wide, "PNG")
    lines = [
        {"item_id": "batch-good", "title": "Good", "image": "wide.png"},
        {"item_id": "batch-cut", "title": "Cut", "image": "cut.png"},
        {"item_id": "batch-svg", "title": "Svg", "image": "x.svg"},
        {"item_id": "batch-out", "title": "Out", "image": "../../../../etc/passwd"},
        {"item_id": "=cmd()", "title": "Formula"},
        {"item_id": "batch-year", "title": "Year", "year": 9999},
    ]
    table = "\n".join(map(json.dumps, lines)) + '\n{"item_id": "batch-nan", "title": "N", "x": Infinity}\nnonsense\n'
    pictures = zipped(("wide.png", wide.getvalue()), ("cut.png", png()[:200]), ("x.svg", b"<svg onload='x()'/>"))
    batch, rows = done(api, "items.jsonl", table.encode(), pictures)
    assert batch["progress"]["counts"] == {"created": 3, "rejected": 5, "without picture": 3}
    assert [row["rule"] for row in rows[3:]] == ["image path", "formula", "year out of range", "not finite", "not JSON"]
    only = api.get(f"/batches/{batch['id']}/rows", params={"only": "without picture", "limit": 2}).json()
    assert [row["item_id"] for row in only] == ["batch-good", "batch-cut"]
    report = api.get(f"/batches/{batch['id']}/report", params={"format": "csv"})
    assert "attachment" in report.headers["content-disposition"]
    table_of = list(csv.DictReader(io.StringIO(report.text)))
    assert len(table_of) == 8
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in table_of for cell in row.values())
    assert api.get(f"/batches/{batch['id']}/report", params={"format": "json"}).json() == rows


def test_a_formula_in_a_report_is_inert(api: TestClient) -> None:
    """A rejected row begins with what it was rejected for."""
    batch, _ = done(api, "items.csv", b"id,title\n=1+1,Sum\n")
    text = api.get(f"/batches/{batch['id']}/report").text
    assert ",'=1+1" in text or ",\"'=1+1" in text


def link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("cover.png")
    entry.external_attr = 0o120777 << 16
    return entry


@pytest.mark.parametrize(
    ("entries", "detail"),
    [
        ([("items.csv", b"id\nx\n"), ("../../evil.png", b"x")], "would land outside its folder"),
        ([("items.csv", b"id\nx\n"), ("/etc/evil.png", b"x")], "would land outside its folder"),
        ([("items.csv", b"id\nx\n"), (link(), b"/etc/passwd")], "is a link or device"),
        ([("items.csv", b"id\nx\n"), ("bomb.png", b"\0" * 60_000_000)], "expands"),
        ([("a.csv", b"id\n1\n"), ("b.csv", b"id\n2\n")], "holds 2 tables, not one"),
        ([("1.png", b"x")], "holds 0 tables, not one"),
    ],
    ids=["slip", "absolute", "link", "bomb", "two tables", "no table"],
)
def test_bad_archives_are_refused_whole(
    api: TestClient, trained_service: Service, entries: list[Any], detail: str
) -> None:
    """hazards.md lines 9 and 11."""
    assert detail in problem(sent(api, "all.zip", zipped(*entries)), 422)["detail"]
    assert list(trained_service.settings.batches.rglob("evil*")) == []


@pytest.mark.parametrize(
    ("name", "content", "detail"),
    [
        ("items.exe", b"MZ", "cannot be read as a batch"),
        ("items.csv", b"name,colour\nx,red\n", "among them no id"),
        ("events.csv", b"user_id,item_id\n1,2\n", "0 files of items and 1 of events"),
        ("items.parquet", b"PAR1 not really PAR1", "cannot be read as Parquet"),
        ("all.zip", b"not a zip", "cannot be read as a zip archive"),
        ("items.jsonl.gz", gzip.compress(b'{"item_id": "batch-gz", "title": "' + b"a" * 60_000_000 + b'"}'), "expands"),
        ("../../items.exe", b"", "cannot be read as a batch"),
    ],
)
def test_files_that_are_no_batch_are_refused(api: TestClient, name: str, content: bytes, detail: str) -> None:
    assert detail in problem(sent(api, name, content), 422)["detail"]


def test_a_name_with_a_path_stays_in_its_folder(api: TestClient, trained_service: Service) -> None:
    """hazards.md line 9."""
    batch = sent(api, "../../../../batch-evil.csv", b"id,title\nbatch-path,Path\n", start="false").json()
    (found,) = Path(trained_service.settings.home).rglob("*evil*")
    assert found.parent.parent.name == batch["id"]


def test_addresses_are_not_fetched_unless_it_is_switched_on(api: TestClient) -> None:
    """hazards.md line 8: the default sends nothing."""
    _, rows = done(api, "items.csv", b"id,title,image\nbatch-url,Url,http://169.254.169.254/latest/x.png\n")
    assert rows[0]["outcome"] == "created"
    assert "fetching is off" in rows[0]["picture"]


def test_switched_on_it_refuses_addresses_of_this_network(
    api: TestClient, trained_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """hazards.md line 8, with the fetcher that the service uses."""
    from store.fetching import fetch_all

    monkeypatch.setattr(trained_service.batches, "_fetch", fetch_all)
    hosts = ("169.254.169.254", "127.0.0.1", "10.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0x7f000001")
    table = "id,title,image\n" + "".join(f"batch-u{n},U,http://{host}/x.png\n" for n, host in enumerate(hosts))
    _, rows = done(api, "items.csv", table.encode())
    assert len(rows) == len(hosts)
    for row in rows:
        assert row["outcome"] == "created"
        assert "does not lead to the public internet" in row["picture"]


def test_columns_can_be_named_and_looked_at_first(api: TestClient, trained_service: Service) -> None:
    response = sent(
        api, "items.csv", b"code,label\nbatch-c,Named\n", column=["item_id=code", "title=label"], start="false"
    )
    batch = response.json()
    assert response.headers["location"] == f"/api/v1/batches/{batch['id']}"
    assert batch["stage"] == "read"
    assert batch["columns"] == {"item_id": "code", "title": "label"}
    assert batch["sample"][0]["item"]["title"] == "Named"
    assert trained_service.store.known_items(["batch-c"]) == set()
    assert api.post(f"/batches/{batch['id']}/start").status_code == 202
    assert finished(api, batch["id"])["progress"]["counts"]["created"] == 1
    assert "has no '='" in problem(sent(api, "items.csv", b"id\n1\n", column=["sku"]), 422)["detail"]


def test_columns_are_mapped_before_it_begins(api: TestClient) -> None:
    table = b"article,what,when\nbatch-m,Mapped,1994\nbatch-n,Next,1995\n"
    detail = problem(sent(api, "items.csv", table), 422)["detail"]
    assert "among them no id" in detail, "a batch that is to begin at once needs an id"
    batch = sent(api, "items.csv", table, start="false").json()
    assert (batch["columns"], batch["names"], batch["sample"]) == ({}, ["article", "what", "when"], [])
    assert batch["raw"][0] == ["batch-m", "Mapped", "1994"]
    path = f"/batches/{batch['id']}"
    assert "among them no id" in problem(api.post(f"{path}/start"), 422)["detail"]
    mapped = api.put(f"{path}/columns", json={"columns": {"item_id": "article", "title": "what"}}).json()
    assert mapped["columns"] == {"item_id": "article", "title": "what"}
    first = mapped["sample"][0]["item"]
    assert (first["item_id"], first["title"], first["attributes"]) == ("batch-m", "Mapped", {"when": 1994})
    mapped = api.put(f"{path}/columns", json={"columns": {"title": None, "year": "when"}}).json()
    assert mapped["columns"] == {"item_id": "article", "year": "when"}
    assert mapped["sample"][0]["item"]["title"] == "batch-m"
    for columns, says in (
        ({"colour": "what"}, "items have no field"),
        ({"title": "nothing"}, "has no column 'nothing'"),
        ({"title": "a\0"}, "NUL"),
        ({}, "at least 1"),
    ):
        assert says in problem(api.put(f"{path}/columns", json={"columns": columns}), 422)["detail"]
    assert api.post(f"{path}/start").status_code == 202
    assert finished(api, batch["id"])["progress"]["counts"]["created"] == 2
    assert "already" in problem(api.put(f"{path}/columns", json={"columns": {"title": "what"}}), 422)["detail"]
    problem(api.put("/batches/nothing/columns", json={"columns": {"title": "what"}}), 404)


def test_columns_that_no_text_can_name_are_left_out(api: TestClient) -> None:
    """hazards.md line 14: a header with halves of surrogate pairs, cells with NaN and bytes that are no text."""
    table = b'what,\xff\xfe,other\n"x\xff",1,NaN\n'
    batch = sent(api, "items.csv", table, start="false").json()
    assert (batch["names"], batch["raw"]) == (["what", "other"], [["x?", "NaN"]])


def test_a_batch_can_be_stopped(api: TestClient) -> None:
    batch = sent(api, "items.csv", b"id,title\nbatch-s,Stopped\n", start="false").json()
    assert api.delete(f"/batches/{batch['id']}").status_code == 204
    assert api.get(f"/batches/{batch['id']}").json()["stage"] == "stopped"
    assert api.post(f"/batches/{batch['id']}/start").json()["stage"] == "stopped"


def test_jobs_are_bounded(api: TestClient, trained_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """hazards.md line 7: neither waiting batches nor old results grow without end."""
    monkeypatch.setattr(module, "KEPT", 3)
    ids = [sent(api, "items.csv", b"id,title\nbatch-k,K\n", start="false").json()["id"] for _ in range(5)]
    assert [batch["id"] for batch in api.get("/batches").json()] == ids[:1:-1]
    problem(api.get(f"/batches/{ids[0]}"), 404)
    assert not list(trained_service.settings.batches.glob(f"run-*/{ids[0]}"))
    monkeypatch.setattr(module, "WAITING", 0)
    assert "wait already" in problem(api.post(f"/batches/{ids[-1]}/start"), 503)["detail"]


def test_a_file_that_is_too_large_is_refused_while_it_arrives(trained_service: Service) -> None:
    small = trained_service.settings.model_copy(update={"max_batch_bytes": 20_000})
    before = trained_service.settings
    trained_service.settings = small
    try:
        with TestClient(build_api(trained_service), base_url=PREFIX) as client:
            problem(sent(client, "items.csv", b"id,title\n" + b"x" * 200_000), 413)
    finally:
        trained_service.settings = before


def test_nothing_is_taken_in_before_training(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", cache=default_cache_root(), llm=LLMSection(backend="none"))
    with Service.open(settings) as service, TestClient(build_api(service), base_url=PREFIX) as client:
        problem(sent(client, "items.csv", b"id,title\n1,One\n"), 503)


def test_what_a_killed_process_left_is_removed(tmp_path: Path, trained_service: Service) -> None:
    left = tmp_path / "run-dead" / "batch" / "files"
    left.mkdir(parents=True)
    first = Batches(tmp_path, trained_service, fetching=False)
    second = Batches(tmp_path, trained_service, fetching=False)
    assert not left.exists()
    assert len(list(tmp_path.glob("run-*"))) == 2, "that of a process that lives stays"
    first.close()
    second.close()
    assert list(tmp_path.glob("run-*")) == []
