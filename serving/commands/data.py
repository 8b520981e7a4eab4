"""Commands that fill the store and train: ingest, train, tune, evaluate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from serving.commands.output import AsJson, opened, print_json, stages, stderr, stdout
from store.ingest import IngestProgress, IngestReport
from store.ingest import ingest as ingest_files
from store.readers.columns import given_column
from store.readers.folder import open_dataset
from store.snapshots import Snapshot

if TYPE_CHECKING:
    from pipeline.training_settings import TrainingSettings

Epochs = Annotated[int | None, typer.Option(min=1, help="Most epochs of a model; it stops earlier by itself.")]
Seed = Annotated[int, typer.Option(help="Of everything random.")]


def ingest(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Files or folders of items and events.")],
    column: Annotated[
        list[str] | None,
        typer.Option(help="FIELD=COLUMN, where a column's name does not say what it holds. Repeat for more."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read items and events into the store; bad rows are set aside with their reasons, good ones are never lost."""
    columns = dict(given_column(text) for text in column or ())
    dataset = open_dataset(*paths, columns=columns)
    with opened(context) as service, stages() as report:
        done = ingest_files(service.store, dataset, on_progress=ingest_progress(report))
    if as_json:
        print_json(done)
    else:
        show_ingest(done)


def train(
    context: typer.Context,
    epochs: Epochs = None,
    seed: Seed = 0,
    curves: Annotated[Path | None, typer.Option(help="Folder for TensorBoard curves.")] = None,
    precision: Annotated[
        Literal["float32", "bfloat16"], typer.Option(help="Of the matrix products; bfloat16 is for a GPU.")
    ] = "float32",
    translate: Annotated[
        bool, typer.Option("--compile", help="Translate the models by torch.compile; for long trainings on a GPU.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train all models on the store and put the snapshot in service; a killed training goes on where it was.

    Under `torchrun -m serving.cli train` several processes train together.
    """
    from store.processes import joined

    settings = training_settings(epochs=epochs, seed=seed, curves=curves, precision=precision, translate=translate)
    with joined() as processes:
        if not processes.first:
            from pipeline.epoch_models import assist

            assist(settings, processes)
            return
        with opened(context) as service, stages() as report:
            snapshot = service.train(settings, on_progress=report, processes=processes)
    if as_json:
        print_json({"snapshot_id": snapshot.id, **snapshot.manifest.model_dump(mode="json")})
    else:
        show_snapshot(snapshot)


def tune(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="New folder for the encoder.")],
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the pairs.")] = 3,
    device: Annotated[str, typer.Option(help="torch device; on a CPU it takes minutes for 1,000 items.")] = "cpu",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Fine-tune the text encoder on what people met together; written only where it finds held-out ones better."""
    from encoders.fine_tuning import FineTuningSettings
    from pipeline.tuning import tune_text_encoder

    with opened(context) as service, stages() as report:
        settings = FineTuningSettings(epochs=epochs, device=device, seed=seed)
        tuned = tune_text_encoder(service.store, service.text_model, out, settings, on_progress=report)
    if as_json:
        print_json({**asdict(tuned), "helped": tuned.helped, "folder": str(out) if tuned.helped else None})
        return
    console = stdout()
    console.print(
        f"{tuned.pairs:,} pairs. Of the neighbours of {tuned.judges:,} held-out items their texts found "
        f"{tuned.before:.1%} before, {', '.join(f'{value:.1%}' for value in tuned.values)} after each epoch."
    )
    if tuned.helped:
        console.print(f"Set TASTEMAKER_TEXT_ENCODER={out} and train again.")
    else:
        console.print("It did not help, so nothing was written.")


def evaluate(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Folder for report.html and report.json.")] = Path("runs/evaluation"),
    epochs: Epochs = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Measure the pipeline and each of its parts on held-out events; writes report.html and report.json."""
    from evaluation.run import evaluate_catalogue

    settings = training_settings(epochs=epochs, seed=seed, curves=None)
    with opened(context) as service, stages() as progress:
        report = evaluate_catalogue(service.store, service.encoder, settings, out, on_progress=progress)
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    table = Table("System", f"ndcg@{report.cut}", "", f"recall@{report.cut}", f"coverage@{report.cut}")
    for system in report.systems:
        ndcg = system.metrics[f"ndcg@{report.cut}"]
        table.add_row(
            system.name,
            f"{ndcg.mean:.4f}",
            f"{ndcg.low:.4f} to {ndcg.high:.4f}",
            f"{system.metrics[f'recall@{report.cut}'].mean:.4f}",
            f"{system.coverage:.1%}",
        )
    stdout().print(table)
    if report.faithfulness is not None:
        found = report.faithfulness
        stdout().print(
            f"Without the {found.cited} history items that an explanation cites, a score falls by "
            f"{found.comprehensiveness.mean:.1%}, without random ones by {found.chance.mean:.1%} "
            f"({found.readers:,} readers).",
            soft_wrap=True,
        )
    stdout().print(f"{out / 'report.html'}")


def training_settings(
    *,
    epochs: int | None,
    seed: int,
    curves: Path | None,
    precision: Literal["float32", "bfloat16"] = "float32",
    translate: bool = False,
) -> TrainingSettings:
    """Settings of a run; the defaults but for what was given."""
    from pipeline.training_settings import TrainingSettings

    given = TrainingSettings(seed=seed, precision=precision, compile=translate, log_dir=curves)
    return given if epochs is None else replace(given, epochs=epochs)


def ingest_progress(report: Callable[[str, float], None]) -> Callable[[IngestProgress], None]:
    """The progress of an ingest as one stage."""
    return lambda progress: report("Ingesting", progress.fraction)


def show_ingest(done: IngestReport) -> None:
    """What an ingest did, in a few lines."""
    console = stderr()
    console.print(
        f"Items: {done.items_inserted:,} new, {done.items_updated:,} changed, {done.items_unchanged:,} unchanged. "
        f"Events: {done.events_added:,} new, {done.duplicates:,} known. {done.seconds:.1f} s."
    )
    if done.rejected:
        console.print(f"[yellow]{done.rejected:,} rows were set aside:[/]")
        for reason, count in done.reasons.items():
            console.print(f"  {count:,} x {reason}")
    for note, count in done.notes.items():
        console.print(f"  {count:,} x {note}")


def show_snapshot(snapshot: Snapshot) -> None:
    """A new snapshot with its validation figures."""
    table = Table("Validation", "")
    for name, value in sorted(snapshot.manifest.metrics.items(), key=lambda pair: pair[1]):
        table.add_row(name, f"{value:.4f}")
    stderr().print(table)
    stderr().print(f"Snapshot {snapshot.id} is in service.")
