"""How commands speak: results to standard output, progress and warnings to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from pydantic_core import to_jsonable_python
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from serving.service import Service
from serving.settings import Settings
from store.assets import AssetProgress

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def stdout() -> Console:
    """For results."""
    return Console(highlight=False)


def stderr() -> Console:
    """For everything that is not a result."""
    return Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """One JSON value, indented for people and complete for programs."""
    sys.stdout.write(json.dumps(to_jsonable_python(value), indent=2, ensure_ascii=False) + "\n")


def print_json_line(value: Any) -> None:
    """One JSON value on one line, at once."""
    sys.stdout.write(json.dumps(to_jsonable_python(value), ensure_ascii=False) + "\n")
    sys.stdout.flush()


def settings_of(context: typer.Context) -> Settings:
    """The settings that the program was started with."""
    return context.find_root().obj


@contextmanager
def opened(context: typer.Context) -> Iterator[Service]:
    """The service for the length of one command; fetches show their progress."""
    with fetching() as on_asset, Service.open(settings_of(context), on_asset=on_asset) as service:
        yield service


@contextmanager
def stages() -> Iterator[Callable[[str, float], None]]:
    """Shows long work as one bar per stage; told of a stage's name and the share of it that is done.

    Stages follow one another: the next one's beginning is the end of those before. Where nobody watches, as in a log,
    each stage's beginning is a line.
    """
    tasks: dict[str, TaskID] = {}
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = stderr()
    with Progress(*columns, console=console) as progress:

        def report(stage: str, share: float) -> None:
            if stage not in tasks:
                for earlier in tasks.values():
                    progress.update(earlier, completed=1.0)
                tasks[stage] = progress.add_task(stage, total=1.0)
                if not console.is_terminal:
                    console.print(f"{stage} ...")
            progress.update(tasks[stage], completed=share)

        yield report


@contextmanager
def fetching() -> Iterator[Callable[[AssetProgress], None]]:
    """Shows downloads; nothing is drawn where nothing is fetched."""
    progress = Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=stderr())
    tasks: dict[tuple[str, str], TaskID] = {}

    def report(fetch: AssetProgress) -> None:
        key = (fetch.name, fetch.source)
        if key not in tasks:
            progress.start()
            tasks[key] = progress.add_task(f"Fetching {fetch.name}", total=fetch.total)
        progress.update(tasks[key], completed=fetch.done, total=fetch.total)
        if fetch.done >= fetch.total and all(task.finished for task in progress.tasks):
            progress.stop()  # frees the terminal for the bars of the work that follows

    try:
        yield report
    finally:
        if tasks:  # stopping what never began would print empty lines
            progress.stop()
