"""Commands that run the service: serve, demo, mcp."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from serving.commands.data import ingest_progress, show_ingest, show_snapshot, training_settings
from serving.commands.output import fetching, settings_of, stages, stderr
from serving.server import run
from serving.service import Service
from serving.settings import Settings
from store.errors import InputError, SnapshotError
from store.ingest import ingest
from store.readers.folder import Dataset, open_dataset

Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(min=0, max=65_535, help="TCP port.")]


def serve(context: typer.Context, host: Host = None, port: Port = None) -> None:
    """Serve the page and the API."""
    settings = _settings(context, host, port)
    with fetching() as on_asset, Service.open(settings, on_asset=on_asset) as service:
        run(service, announce=_announce(time.perf_counter()))


def mcp(
    context: typer.Context,
    user: Annotated[
        str | None, typer.Option("--user", "-u", help="Whom the tools serve; others' histories are refused then.")
    ] = None,
    allow_writes: Annotated[bool, typer.Option(help="Also tools that store events and items.")] = False,
) -> None:
    """Offer the service to a language model as tools (Model Context Protocol, over standard input and output)."""
    try:
        from serving.mcp_server import build
    except ModuleNotFoundError as error:
        raise InputError(
            f"tools need the package {error.name!r}, which is not installed", fix='Install it: pip install -e ".[mcp]"'
        ) from error
    with fetching() as on_asset, Service.open(settings_of(context), on_asset=on_asset) as service:
        service.warm()
        service.watch()
        build(service, user_id=user, writes=allow_writes).run()


def demo(
    context: typer.Context,
    data: Annotated[Path | None, typer.Option(help="Folder of your own catalogue; MovieLens-100K without it.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Most epochs of a model.")] = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Everything from nothing: fetch, ingest, train, serve. A second start reuses all of it."""
    began = time.perf_counter()
    settings = _settings(context, host, port)
    settings = settings.model_copy(update={"home": settings.home / _folder(data)})
    with fetching() as on_asset, Service.open(settings, on_asset=on_asset) as service:
        prepare(service, data, epochs=epochs)
        stderr().print(f"For other commands on this catalogue: tastemaker --home {settings.home} ...")
        run(service, announce=_announce(began))


def prepare(service: Service, data: Path | None, *, epochs: int | None) -> None:
    """Fetch, ingest and train, unless the snapshot in service was trained after these very files were ingested."""
    folder = data or service.assets.fetch("movielens-100k", on_progress=service.on_asset)
    if service.settings.llm.backend == "embedded" and not service.settings.llm.model:
        _ = service.llm  # fetched now, with a progress bar, instead of during the first chat
    dataset = open_dataset(folder)
    digest = digest_of(dataset)
    marker = service.settings.home / "demo.json"
    if _prepared(service, marker, digest):
        stderr().print(f"{folder} is ingested and trained on.")
        return
    with stages() as report:
        done = ingest(service.store, dataset, on_progress=ingest_progress(report))
    show_ingest(done)
    settings = training_settings(epochs=epochs, seed=0, curves=None)
    with stages() as report:
        snapshot = service.train(settings, on_progress=report)
    show_snapshot(snapshot)
    marker.write_text(json.dumps({"data": digest, "snapshot": snapshot.id}), encoding="utf-8")


def digest_of(dataset: Dataset) -> str:
    """SHA-256 over the files of a data set."""
    digest = hashlib.sha256()
    for file in (*dataset.items, *dataset.events):
        with file.path.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _prepared(service: Service, marker: Path, digest: str) -> bool:
    """Written last, the marker says that everything before it was finished."""
    try:
        known = json.loads(marker.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    try:
        return known.get("data") == digest and service.snapshots.current() is not None
    except SnapshotError as error:
        stderr().print(f"[yellow]Training again: {error.problem}.[/]")
        return False


def _settings(context: typer.Context, host: str | None, port: int | None) -> Settings:
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    return settings_of(context).model_copy(update=given)


def _folder(data: Path | None) -> str:
    """Each demo catalogue has a home of its own, so that it mixes with no other."""
    if data is None:
        return "demo"
    path = data.resolve()
    return f"demo-{path.name}-{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


def _announce(began: float) -> Callable[[str], None]:
    def announce(address: str) -> None:
        seconds = time.perf_counter() - began
        stderr().print(f"[bold green]Tastemaker is at {address}[/] (ready after {seconds:.0f} s). Ctrl-C stops it.")

    return announce
