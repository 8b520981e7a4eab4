"""The command line: `tastemaker COMMAND`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from serving import logs
from serving.commands import ask, catalogue, data, identity, inspection, items, operate, people, run
from serving.commands.output import stderr
from serving.settings import load_settings
from store.errors import TastemakerError

USAGE_ERROR = 2


class CommandGroup(TyperGroup):
    """Says this project's own errors in one line instead of a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except TastemakerError as error:
            stderr().print(f"[bold red]Error:[/] {_plain(error)}", soft_wrap=True)
            raise typer.Exit(USAGE_ERROR) from None


app = typer.Typer(
    name="tastemaker",
    cls=CommandGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Recommendations that you can talk to, for items from their first day, with the evidence behind each.",
)


@app.callback()
def _settings(
    context: typer.Context,
    home: Annotated[
        Path | None, typer.Option(help="Folder of the database and the models.", envvar="TASTEMAKER_HOME")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what happens to standard error.")] = False,
) -> None:
    settings = load_settings(home=home, log_level="info" if verbose else None)
    logs.configure(settings.log_format, settings.log_level)
    context.obj = settings


for command in (data.ingest, data.train, data.tune, data.evaluate):
    app.command(rich_help_panel="Data and models")(command)
for command in (ask.recommend, ask.similar, ask.search, ask.explain, ask.understand, items.onboard, items.onboard_file):
    app.command(rich_help_panel="Ask")(command)
app.command("map", rich_help_panel="Ask")(catalogue.map_catalogue)
app.command(rich_help_panel="Ask")(catalogue.launches)
for command in (inspection.contrast, inspection.audit):
    app.command(rich_help_panel="Ask")(command)
for command in (run.demo, run.serve, run.mcp):
    app.command(rich_help_panel="Run")(command)
for command in (operate.doctor, operate.backup, operate.restore):
    app.command(rich_help_panel="Operate")(command)
app.add_typer(operate.assets, name="assets", rich_help_panel="Operate")
operate.snapshots.command("compare")(inspection.compare_snapshots)
app.add_typer(operate.snapshots, name="snapshots", rich_help_panel="Operate")
app.add_typer(identity.accounts, name="accounts", rich_help_panel="Operate")
app.command("audit-log", rich_help_panel="Operate")(identity.audit_log)
app.add_typer(people.users, name="users", rich_help_panel="Operate")
app.add_typer(identity.keys, name="keys", rich_help_panel="Operate")


def main() -> None:
    """Entry point of the installed command."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    app()


def _plain(error: TastemakerError) -> str:
    return str(error).replace("[", r"\[")


if __name__ == "__main__":
    main()
