"""Checks that every command in README.md and docs/ exists as it is written: `python -m tests.documents`."""

from __future__ import annotations

import re
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

import click
import typer

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(?:sh|bash|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[str]:
    """Command lines of the shell blocks; output, comments and continuation lines are put right."""
    lines: list[str] = []
    for block in BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            line = line.removeprefix("$ ").split(" # ")[0].strip()
            if line and not line.startswith("#"):
                lines.append(line)
    return lines


def problem(line: str) -> str | None:
    """What is wrong with one command line, or None."""
    words = shlex.split(re.split(r"[|<>]", line)[0])
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words.pop(0)
    if not words:
        return None
    program, *arguments = words
    if program == "make":
        return _make_problem(arguments)
    if program.endswith("python") and arguments[:1] == ["-m"]:
        return None if find_spec(arguments[1]) else f"there is no module {arguments[1]}"
    if program.endswith("tastemaker"):
        return _cli_problem(arguments)
    return None


def _make_problem(arguments: list[str]) -> str | None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    unknown = [word for word in arguments if "=" not in word and word not in targets]
    return f"the Makefile has no target {unknown[0]}" if unknown else None


def _cli_problem(arguments: list[str]) -> str | None:
    from serving.cli import app

    command = typer.main.get_command(app)
    context = click.Context(command, info_name="tastemaker")
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        name, *arguments = arguments
        found = command.get_command(context, name)
        if found is None:
            return f"tastemaker has no command {name!r}"
        command, context = found, click.Context(found, info_name=name, parent=context)
    try:
        command.make_context(command.name, arguments, resilient_parsing=True)
    except click.UsageError as error:
        return error.format_message()
    return None


def main() -> int:
    """Print every wrong command; the number of them is the exit code."""
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    wrong = checked = 0
    for document in documents:
        for line in commands(document.read_text(encoding="utf-8")):
            checked += 1
            if found := problem(line):
                wrong += 1
                print(f"{document.relative_to(ROOT)}: {line}: {found}")  # noqa: T201
    print(f"{checked} commands in {len(documents)} documents, {wrong} wrong")  # noqa: T201
    return wrong


if __name__ == "__main__":
    sys.exit(main())
