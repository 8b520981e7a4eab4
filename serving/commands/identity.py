"""Commands on who may come in: keys, accounts, and the log of what administrators did."""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.table import Table

from serving.commands.output import AsJson, opened, print_json, stderr, stdout
from serving.identity.principal import Scope

accounts = typer.Typer(no_args_is_help=True, help="Logins of people for the page: add, list, passwd, disable, enable.")
keys = typer.Typer(no_args_is_help=True, help="Keys of machines for the API: create, list, revoke.")

Login = Annotated[str, typer.Argument(help="What they type.")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


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


@accounts.command("add")
def add_account(
    context: typer.Context,
    login: Login,
    user: Annotated[str | None, typer.Option(help="Id of the user that it is of.")] = None,
    admin: Annotated[bool, typer.Option("--admin", help="May do everything, for everyone.")] = False,
    password_stdin: PasswordStdin = False,
) -> None:
    """Make a login; asks for its password."""
    with opened(context) as service:
        account = service.identity.accounts.add(
            login, _password(password_stdin), user_id=user, is_admin=admin, by=local_actor()
        )
    stdout().print(f"{account.login} can log in.", soft_wrap=True)


@accounts.command("list")
def list_accounts(context: typer.Context, as_json: AsJson = False) -> None:
    """All logins."""
    with opened(context) as service:
        found = service.identity.accounts.list()
    if as_json:
        print_json(found)
        return
    table = Table("Login", "User", "Administrator", "Made", "State")
    for account in found:
        state = "disabled" if account.disabled_at else ""
        admin = "yes" if account.is_admin else ""
        table.add_row(account.login, account.user_id or "", admin, f"{account.created_at:%Y-%m-%d}", state)
    stdout().print(table)


@accounts.command("passwd")
def change_password(context: typer.Context, login: Login, password_stdin: PasswordStdin = False) -> None:
    """Give a login another password; whoever is logged in has to log in again."""
    with opened(context) as service:
        service.identity.accounts.change_password(login, _password(password_stdin), by=local_actor())
    stdout().print(f"{login} has another password.", soft_wrap=True)


@accounts.command("disable")
def disable_account(context: typer.Context, login: Login) -> None:
    """Shut a login, from its next request on."""
    with opened(context) as service:
        service.identity.accounts.set_disabled(login, True, by=local_actor())
    stdout().print(f"{login} is disabled.", soft_wrap=True)


@accounts.command("enable")
def enable_account(context: typer.Context, login: Login) -> None:
    """Open a login again."""
    with opened(context) as service:
        service.identity.accounts.set_disabled(login, False, by=local_actor())
    stdout().print(f"{login} can log in.", soft_wrap=True)


def audit_log(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Newest so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """What administrators did, newest first."""
    with opened(context) as service:
        found = service.store.identity.audit_log(limit=limit)
    if as_json:
        print_json(found)
        return
    table = Table("Time (UTC)", "Who", "What", "To", "Details")
    for entry in found:
        details = ", ".join(f"{name}: {value}" for name, value in entry.details.items())
        table.add_row(f"{entry.time:%Y-%m-%d %H:%M:%S}", entry.actor, entry.act, entry.target, details)
    stdout().print(table)


def _password(from_stdin: bool) -> str:
    """Typed twice, or a line of standard input: never an argument, which every user of a machine can read."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    return typer.prompt("Password", hide_input=True, confirmation_prompt=True)
