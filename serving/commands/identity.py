"""Commands on who may come in: keys."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.table import Table

from serving.commands.output import AsJson, opened, print_json, stderr, stdout
from serving.identity.principal import Scope

keys = typer.Typer(no_args_is_help=True, help="Keys of machines for the API: create, list, revoke.")


def local_actor() -> str:
    """Who sits at this machine, as the audit log has it."""
    try:
        return f"local:{getpass.getuser()}"
    except (KeyError, OSError):  # no such user id: as in many containers
        return "local"


@keys.command("create")
def create_key(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it may do; each holds those before it. read without any.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=36_500, help="After which it expires; never without.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, this once: only its digest is kept."""
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    with opened(context) as service:
        key, token = service.identity.keys.create(name, scope or [Scope.READ], by=local_actor(), expires_at=expires_at)
    if as_json:
        print_json({"key": token, "prefix": key.prefix, "scopes": key.scopes, "expires_at": key.expires_at})
        return
    stderr().print("It is shown this once. Send it as `Authorization: Bearer KEY`.")
    stdout().print(token, soft_wrap=True)


@keys.command("list")
def list_keys(context: typer.Context, as_json: AsJson = False) -> None:
    """All keys, oldest first, without their secrets."""
    with opened(context) as service:
        found = service.identity.keys.list()
    if as_json:
        print_json(found)
        return
    table = Table("Prefix", "Name", "Scopes", "Made", "Last used", "State")
    now = datetime.now(UTC)
    for key in found:
        state = "revoked" if key.revoked_at else "valid" if key.valid(now) else "expired"
        if key.expires_at and state == "valid":
            state = f"until {key.expires_at:%Y-%m-%d}"
        used = f"{key.used_at:%Y-%m-%d %H:%M}" if key.used_at else "never"
        table.add_row(key.prefix, key.name, " ".join(key.scopes), f"{key.created_at:%Y-%m-%d}", used, state)
    stdout().print(table)


@keys.command("revoke")
def revoke_key(context: typer.Context, prefix: Annotated[str, typer.Argument(help="As `keys list` shows it.")]) -> None:
    """Shut a key, from its next request on."""
    with opened(context) as service:
        key = service.identity.keys.revoke(prefix, by=local_actor())
    stdout().print(f"{key.name} ({key.prefix}) is revoked.", soft_wrap=True)
