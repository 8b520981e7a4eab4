"""Commands for whoever operates the service: doctor, backup, restore, assets, snapshots."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from serving.backup import Contents, back_up
from serving.backup import restore as restore_home
from serving.commands.output import AsJson, fetching, opened, print_json, settings_of, stderr, stdout
from serving.doctor import Check, Level, examine
from store.assets import AssetCache
from store.snapshots import SnapshotStore

assets = typer.Typer(no_args_is_help=True, help="Models and data sets from outside: list, fetch, verify.")
snapshots = typer.Typer(no_args_is_help=True, help="Trained models: list, promote.")

_MARKS = {Level.OK: "[green]ok[/]", Level.WARNING: "[yellow]warning[/]", Level.FAILURE: "[red]failure[/]"}

Names = Annotated[list[str] | None, typer.Argument(help="Names of assets; all of them without any.")]


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Report versions, cores, memory, assets, database, snapshots and known bad combinations; exit 1 on a failure."""
    checks: list[Check] = []
    console = stdout()
    for check in examine(settings_of(context)):
        checks.append(check)
        if not as_json:
            console.print(f"{_MARKS[check.level]}\t{check.name}: {check.found}", soft_wrap=True)
            if check.fix and check.level is not Level.OK:
                console.print(f"\t{check.fix}", soft_wrap=True)
    if as_json:
        print_json(checks)
    if any(check.level is Level.FAILURE for check in checks):
        raise typer.Exit(1)


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="To write; it must not exist.")],
    as_json: AsJson = False,
) -> None:
    """Write the rows of the database, the snapshot in service and the pictures into one file; the service may run."""
    with stderr().status("backing up") as status:
        contents = back_up(settings_of(context), file, on_file=lambda name: status.update(f"backing up {name}"))
    _say(contents, f"{file}: {file.stat().st_size / 1e6:,.1f} MB", as_json)
    if contents.elsewhere:
        stderr().print(
            f"{contents.elsewhere:,} items have pictures outside the home, such as those of a fetched data set: "
            "these are not part of the backup.",
            soft_wrap=True,
        )


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="That `tastemaker backup` wrote.", exists=True, dir_okay=False)],
    as_json: AsJson = False,
) -> None:
    """Make a home from a backup, with the database that the settings name; both must be empty."""
    settings = settings_of(context)
    with stderr().status("restoring") as status:
        contents = restore_home(settings, file, on_file=lambda name: status.update(f"restoring {name}"))
    _say(contents, f"{settings.home} is restored", as_json)


def _say(contents: Contents, done: str, as_json: bool) -> None:
    if as_json:
        print_json(contents)
        return
    rows = ", ".join(f"{count:,} {table}" for table, count in contents.rows.items() if count)
    stdout().print(f"{done}: {rows or 'no rows'}; {contents.snapshot_id or 'no snapshot'}", soft_wrap=True)


@assets.command("list")
def list_assets(context: typer.Context, as_json: AsJson = False) -> None:
    """What can be fetched, and what is there."""
    cache = _cache(context)
    rows = [{"name": asset.name, "title": asset.title, "licence": asset.licence} for asset in cache.assets.values()]
    statuses = {name: cache.status(name) for name in cache.assets}
    if as_json:
        print_json([{**row, "status": statuses[row["name"]]} for row in rows])
        return
    table = Table("Name", "What", "MB", "State", "Licence")
    for row in rows:
        status = statuses[row["name"]]
        state = "verified" if status.verified else "damaged" if status.present else "not fetched"
        table.add_row(row["name"], row["title"], f"{status.size / 1e6:.0f}", state, row["licence"])
    stdout().print(table)


@assets.command("fetch")
def fetch_assets(context: typer.Context, names: Names = None, as_json: AsJson = False) -> None:
    """Fetch and verify; what is there already stays."""
    cache = _cache(context)
    paths = {}
    for name in names or list(cache.assets):
        with fetching() as on_asset:
            paths[name] = str(cache.fetch(name, on_progress=on_asset))
        if not as_json:
            stdout().print(f"{name}: {paths[name]}", soft_wrap=True)
    if as_json:
        print_json(paths)


@assets.command("verify")
def verify_assets(context: typer.Context, names: Names = None, as_json: AsJson = False) -> None:
    """Hash every file again; fails on the first that is missing or damaged."""
    cache = _cache(context)
    verified = names or list(cache.assets)
    for name in verified:
        cache.verify(name)
        if not as_json:
            stdout().print(f"{name}: verified")
    if as_json:
        print_json(dict.fromkeys(verified, "verified"))


@snapshots.command("list")
def list_snapshots(context: typer.Context, as_json: AsJson = False) -> None:
    """All snapshots, newest first, and which one serves."""
    store = _snapshots(context)
    current = store.current_id()
    found = store.list()
    if as_json:
        print_json(
            [
                {"snapshot_id": one.id, "in_service": one.id == current, **one.manifest.model_dump(mode="json")}
                for one in found
            ]
        )
        return
    table = Table(Column("Id", no_wrap=True), "In service", "Code", "Pipeline ndcg@10")
    for one in found:
        figure = one.manifest.metrics.get("pipeline:ndcg@10")
        table.add_row(
            one.id,
            "yes" if one.id == current else "",
            one.manifest.code_version,
            "" if figure is None else f"{figure:.4f}",
        )
    stdout().print(table)


@snapshots.command("promote")
def promote_snapshot(
    context: typer.Context, snapshot_id: Annotated[str, typer.Argument(help="As `snapshots list` shows it.")]
) -> None:
    """Put a snapshot in service; a running service takes it within seconds."""
    with opened(context) as service:
        snapshot = service.promote(snapshot_id)
    stdout().print(f"{snapshot.id} is in service.")


def _cache(context: typer.Context) -> AssetCache:
    settings = settings_of(context)
    return AssetCache(settings.cache, offline=settings.offline)


def _snapshots(context: typer.Context) -> SnapshotStore:
    settings = settings_of(context)
    return SnapshotStore(settings.snapshots, keep=settings.keep_snapshots)
