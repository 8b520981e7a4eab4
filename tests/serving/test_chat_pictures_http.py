"""Pictures sent to a chat over HTTP: found by what they look like, reachable through their chat only, refused where
hostile."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from serving.http.problems import MEDIA_TYPE
from serving.service import Service
from store.records import Item
from tests.posters import photographed, saved_poster
from tests.serving.test_chat_http import events, say, shown

SEEDS = (100, 101, 102)


@pytest.fixture(scope="module")
def posters(trained_service: Service, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Items with posters in the shared catalogue."""
    folder = tmp_path_factory.mktemp("posters")
    trained_service.recommender.publish_all(
        [
            Item(f"poster-{seed}", f"Poster {seed}", "A film.", ("Comedy",), {}, image=saved_poster(folder, seed))
            for seed in SEEDS
        ]
    )


def send(api: TestClient, chat: str, content: bytes) -> Any:
    return api.post(f"{chat}/pictures", files={"file": ("poster.jpg", content, "image/jpeg")})


def bomb() -> bytes:
    """A PNG of 60,000 x 60,000 pixels in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    side = (60_000).to_bytes(4, "big")
    header = chunk(b"IHDR", side + side + b"\x08\x02\x00\x00\x00")
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1_000)) + chunk(b"IEND", b"")


@pytest.mark.usefixtures("posters")
def test_something_that_looks_like_this_poster(api: TestClient, chat: str) -> None:
    for seed in SEEDS:
        sent = send(api, chat, photographed(seed))
        assert sent.status_code == 201
        body = {"picture": sent.json()["name"], "text": "" if seed == SEEDS[0] else "something that looks like this"}
        turn = dict(events(api.post(f"{chat}/messages", json=body)))
        assert shown(turn)[0]["item_id"] == f"poster-{seed}"
        assert turn["cards"]["cards"][0]["reason"]
        kinds = [reason["kind"] for reason in turn["cards"]["cards"][0]["recommendation"]["reasons"]]
        assert "picture" in kinds
        chip = turn["understood"]["chips"][-1]
        assert (chip["kind"], chip["picture"]) == ("picture", sent.json()["name"])
        api.post(f"{chat}/undo")


@pytest.mark.usefixtures("posters")
def test_words_with_a_picture_constrain(api: TestClient, chat: str) -> None:
    name = send(api, chat, photographed(SEEDS[0])).json()["name"]
    turn = dict(events(api.post(f"{chat}/messages", json={"text": "like this but a drama", "picture": name})))
    assert all("Drama" in item["categories"] for item in shown(turn))
    assert [chip["label"] for chip in turn["understood"]["chips"]] == ["Drama", "looks like your picture"]


def test_a_picture_is_reached_through_its_chat_only(api: TestClient, chat: str) -> None:
    sent = send(api, chat, photographed(1)).json()
    got = api.get(sent["path"].removeprefix("/api/v1"))
    assert got.status_code == 200
    assert got.headers["content-type"] == "image/jpeg"
    assert got.headers["cache-control"] == "no-store"
    assert got.headers["x-content-type-options"] == "nosniff"
    with Image.open(io.BytesIO(got.content)) as picture:
        assert picture.format == "JPEG"
    other = api.post("/chats", json={"user_id": "someone-else"}).json()["chat_id"]
    for path in (f"/chats/{other}/pictures/{sent['name']}", f"{chat}/pictures/..%2F..%2Fetc%2Fpasswd"):
        assert api.get(path).status_code == 404
    said = api.post(f"/chats/{other}/messages", json={"text": "like this", "picture": sent["name"]})
    assert said.status_code == 422
    assert said.headers["content-type"] == MEDIA_TYPE
    assert api.delete(chat).status_code == 204
    assert api.get(f"{chat}/pictures/{sent['name']}").status_code == 404


def test_hostile_files_are_refused_and_the_chat_goes_on(api: TestClient, chat: str) -> None:
    whole = photographed(2)
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    for content, said in (
        (bomb(), "decompression bomb"),
        (whole[: len(whole) // 2], "truncated or broken"),
        (svg, "not JPEG"),
        (b"", "not JPEG"),
        (b"MZ" + bytes(100), "not JPEG"),
    ):
        refused = send(api, chat, content)
        assert refused.status_code == 422
        assert said in refused.json()["detail"]
        assert refused.json()["fix"]
    assert send(api, chat, bytes(11_000_000)).status_code == 413
    assert api.post(f"{chat}/pictures", json={"file": "x"}).status_code == 422
    assert send(api, "/chats/nowhere", whole).status_code == 404
    assert api.post(f"{chat}/messages", json={"picture": "no-such-picture"}).status_code == 422
    assert api.post(f"{chat}/messages", json={}).status_code == 422
    assert shown(say(api, chat, "comedies"))


def test_a_written_out_chat_has_its_pictures_and_a_shared_one_does_not(api: TestClient, chat: str) -> None:
    name = send(api, chat, photographed(3)).json()["name"]
    events(api.post(f"{chat}/messages", json={"picture": name}))
    assert list(api.get(f"{chat}/export").json()["pictures"]) == [name]
    token = api.put(f"{chat}/share").json()["token"]
    assert api.get(f"/shared/{token}").json()["pictures"] == {}
    assert api.get(f"/shared/{token}/pictures/{name}").status_code == 404


def test_openapi_describes_it(api: TestClient) -> None:
    paths = api.get("http://testserver/openapi.json").json()["paths"]
    route = paths["/api/v1/chats/{chat_id}/pictures"]["post"]
    assert "multipart/form-data" in route["requestBody"]["content"]
    assert "/api/v1/chats/{chat_id}/pictures/{name}" in paths


def test_pictures_lie_in_the_database_and_nowhere_else(api: TestClient, chat: str, trained_service: Service) -> None:
    folder = Path(trained_service.settings.home)
    before = {path for path in folder.rglob("*") if path.is_file()}
    send(api, chat, photographed(5))
    assert {path for path in folder.rglob("*") if path.is_file()} - before <= {
        folder / f"tastemaker.db{ending}" for ending in ("-wal", "-shm")
    }
