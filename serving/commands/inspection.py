"""Commands that take answers apart: contrast, audit; and two snapshots for one reader."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from evaluation.audit import Audit, AuditSettings, Compared, Group
from evaluation.intervals import Interval
from pipeline.explanation import Contrast
from pipeline.query import Query
from pipeline.snapshot_comparison import Move, SnapshotComparison
from serving.audit_files import content_of
from serving.commands.ask import History, K, User
from serving.commands.output import AsJson, opened, print_json, stages, stdout
from serving.service import Service
from serving.wording import contrast_in_words
from store.errors import InputError

STRONGEST = 10
"""History items of a table; ``--json`` has all."""


def contrast(
    context: typer.Context,
    item: Annotated[str, typer.Argument(help="Id of an item.")],
    other: Annotated[str, typer.Argument(help="Id of another one.")],
    user: User = None,
    history: History = None,
    as_json: AsJson = False,
) -> None:
    """Why one item stands before another: the difference of their scores by channel and by history item."""
    query = Query(user_id=user, history=tuple(history) if history else None)
    with opened(context) as service:
        found = service.recommender.contrast(query, item, other)
        if as_json:
            print_json(found)
        else:
            _show_contrast(found, service)


def audit(
    context: typer.Context,
    users: Annotated[Path | None, typer.Option(help="File of user ids, one a line: only their lists.")] = None,
    category: Annotated[str | None, typer.Option(help="Only readers whose favourite category this is.")] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="At most so many of them, drawn at random.")] = None,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
    k: K = 10,
    html: Annotated[Path | None, typer.Option(help="Also write a page with figures.")] = None,
    png: Annotated[Path | None, typer.Option(help="Also draw the figures; needs Chrome or Chromium.")] = None,
    as_json: AsJson = False,
) -> None:
    """What is recommended, as a whole, against what the same readers chose: exposure, concentration, calibration."""
    group = Group(user_ids=_ids_in(users) if users else None, category=category, sample=sample, seed=seed)
    settings = AuditSettings(k=Query(k=k).k)
    with opened(context) as service, ExitStack() as shown:
        from evaluation.audit_readers import audit_group

        recommender = service.recommender  # before the bar: the first use may show one of its own
        report = shown.enter_context(stages())
        found = audit_group(
            recommender,
            service.store,
            group,
            settings=settings,
            on_readers=lambda done, total: report("Making the lists", done / max(total, 1)),
        )
    if html is not None:
        html.write_bytes(content_of(found, "html"))
    if png is not None:
        png.write_bytes(content_of(found, "png"))
    if as_json:
        print_json(found)
    else:
        _show_audit(found)


def compare_snapshots(
    context: typer.Context,
    first: Annotated[str | None, typer.Option(help="Id; the newest that is not in service without it.")] = None,
    second: Annotated[str | None, typer.Option(help="Id; the one in service without it.")] = None,
    user: User = None,
    history: History = None,
    item: Annotated[str | None, typer.Option(help="Id of an item to follow.")] = None,
    k: K = 10,
    as_json: AsJson = False,
) -> None:
    """One reader under two snapshots: what enters the list, what leaves it, what moves."""
    query = Query(user_id=user, history=tuple(history) if history else None, k=k)
    with opened(context) as service:
        found = service.compare_snapshots(query, first=first, second=second, item_id=item)
    if as_json:
        print_json(found)
    else:
        _show_snapshots(found)


def _ids_in(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name!r} cannot be read: {error}", fix="Give a text file, one id a line.") from None
    ids = tuple(line.strip() for line in lines if line.strip())
    if not ids:
        raise InputError(f"{path.name!r} holds no user id", fix="Write one id a line.")
    return ids


def _show_contrast(found: Contrast, service: Service) -> None:
    stdout().print(
        f"[bold]{found.item.title}[/] against [bold]{found.other.title}[/]: score {found.difference:+.3f}",
        soft_wrap=True,
    )
    stdout().print(contrast_in_words(service.recommender, found).text, markup=False, soft_wrap=True)
    channels = Table("Channel", "Difference")
    for name, value in sorted(found.channels.items(), key=lambda pair: -abs(pair[1])):
        channels.add_row(name, f"{value:+.3f}")
    stdout().print(channels)
    strongest = sorted(found.history.items(), key=lambda pair: -abs(pair[1]))[:STRONGEST]
    if strongest:
        items = Table("History item", "Speaks for", "By")
        for known, (_, value) in zip(service.recommender.items([one for one, _ in strongest]), strongest, strict=True):
            items.add_row(known.title, found.item.title if value > 0 else found.other.title, f"{abs(value):.3f}")
        stdout().print(items)


def _show_audit(found: Audit) -> None:
    console = stdout()
    console.print(
        f"[bold]{found.group}[/]: {found.readers:,} readers, the first {found.k} places, snapshot {found.snapshot_id}",
        soft_wrap=True,
    )
    console.print(
        f"Coverage {found.coverage:.1%} of {found.items:,} items. Gini {found.listed.gini:.3f}, weighted by "
        f"place {found.weighted.gini:.3f}, in their histories {found.history.gini:.3f}.",
        soft_wrap=True,
    )
    means = Table("Mean over readers", "Histories", "Lists", "Weighted by place", "Lists minus histories")
    means.add_row("popularity, % of readers", *_cells(found.popularity, 100, 1))
    means.add_row("novelty, bits", *_cells(found.novelty, 1, 2))
    means.add_row("new items, %", *_cells(found.new, 100, 1))
    console.print(means)
    for head, shares in (("Decile (1: least met)", found.deciles), ("Category", found.categories)):
        if not shares:
            continue
        table = Table(head, Column("Items", justify="right"), "Histories, %", "Lists, %", "Weighted, %", "Difference")
        for share in shares:
            table.add_row(share.label, f"{share.items:,}", *_cells(share.share, 100, 1))
        console.print(table)
    if found.calibration is not None:
        one = found.calibration
        console.print(
            f"Calibration {_cell(one.listed, 1, 3)} nats (0: calibrated); drawn from their histories "
            f"{_cell(one.drawn, 1, 3)}, the most met items {_cell(one.popular, 1, 3)}.",
            soft_wrap=True,
        )


def _cells(found: Compared, scale: float, digits: int) -> tuple[str, str, str, str]:
    return (
        _cell(found.history, scale, digits),
        _cell(found.listed, scale, digits),
        _cell(found.weighted, scale, digits),
        _cell(found.excess, scale, digits, sign="+"),
    )


def _cell(found: Interval, scale: float, digits: int, *, sign: str = "") -> str:
    form = f"{sign}.{digits}f"
    return f"{scale * found.mean:{form}} ({scale * found.low:{form}} to {scale * found.high:{form}})"


def _show_snapshots(found: SnapshotComparison) -> None:
    console = stdout()
    table = Table("", "Title", "Before", "After", title=f"{found.first} to {found.second}", title_justify="left")
    for move in found.moves:
        table.add_row(
            _what(move), move.item.title, _place(move.before, move.score_before), _place(move.after, move.score_after)
        )
    console.print(table)
    console.print(
        f"{len(found.entered)} entered, {len(found.left)} left, {len(found.moved)} moved, {len(found.stayed)} stayed. "
        "Places in brackets are by score, before the rerank."
    )
    if found.item is not None:
        for snapshot, standing in zip((found.first, found.second), found.item, strict=True):
            place = f"place {standing.rank} by score, as if it had not been met" if standing.rank else "no place"
            console.print(f"{standing.item.title} in {snapshot}: {place} ({standing.score:+.3f})", soft_wrap=True)


def _what(move: Move) -> str:
    if move.before is None:
        return "entered"
    if move.after is None:
        return "left"
    return "moved" if move.before != move.after else ""


def _place(listed: int | None, by_score: int | None) -> str:
    return str(listed) if listed is not None else f"({by_score})" if by_score is not None else ""
