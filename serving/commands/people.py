"""Commands on one user's data: export, erase."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from pydantic_core import to_jsonable_python

from serving.commands.identity import local_actor
from serving.commands.output import AsJson, opened, print_json, stdout

users = typer.Typer(no_args_is_help=True, help="One user's data: export, erase.")

UserId = Annotated[str, typer.Argument(help="Id of the user.")]


@users.command("export")
def export_user(
    context: typer.Context,
    user_id: UserId,
    out: Annotated[Path | None, typer.Option(help="File to write; standard output without it.")] = None,
) -> None:
    """All that is stored of a user, as JSON: events, impressions, verdicts, chats, logins."""
    with opened(context) as service:
        found = service.export_user(user_id, by=local_actor())
    if out is None:
        print_json(found)
        return
    out.write_text(json.dumps(to_jsonable_python(found), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    stdout().print(f"{out}", soft_wrap=True)


@users.command("erase")
def erase_user(
    context: typer.Context,
    user_id: UserId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a user, in the store and in the snapshots that are kept. It cannot be taken back."""
    if not yes:
        typer.confirm(f"Erase user {user_id} with everything of theirs?", abort=True)
    with opened(context) as service:
        erased = service.erase_user(user_id, by=local_actor())
    if as_json:
        print_json(erased)
        return
    stdout().print(
        f"User {user_id} is erased: {erased.events:,} events, {erased.chats:,} chats, {erased.impressions:,} "
        f"impressions, {erased.verdicts:,} verdicts, {erased.accounts:,} logins; "
        f"snapshots cleaned: {erased.snapshots}.",
        soft_wrap=True,
    )
