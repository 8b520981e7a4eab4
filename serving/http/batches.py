"""Routes on files of new items: send one, follow it, read the report on its rows."""

from __future__ import annotations

import shutil
import tempfile
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Query, Response, UploadFile
from fastapi import Path as InPath
from fastapi.responses import StreamingResponse

from pipeline.onboarding import RowReport
from serving.batch_files import Upload
from serving.batches import Batch
from serving.http.requests import ColumnsIn
from serving.http.responses import PREFIX, public
from serving.http.wiring import ServiceOf
from serving.reports import as_csv, as_json
from store.errors import NoIdColumn
from store.readers.columns import given_column

router = APIRouter(tags=["batches"])

BatchId = Annotated[str, InPath(min_length=1, max_length=64)]
Only = Annotated[
    Literal["created", "updated", "unchanged", "rejected", "without picture"] | None,
    Query(description="Only rows with this outcome, or those whose item was kept without its picture."),
]
MOST_ROWS = 1_000


@router.post("/batches", status_code=202, response_model=Batch)
def send(
    service: ServiceOf,
    response: Response,
    file: Annotated[UploadFile, File(description="CSV, TSV, JSON lines or Parquet, gzipped or not; or a zip.")],
    pictures: Annotated[UploadFile | None, File(description="A zip of the pictures that the table names.")] = None,
    column: Annotated[list[str] | None, Form(description="FIELD=COLUMN, where a name does not say it.")] = None,
    start: Annotated[bool, Form(description="Begin at once, or only show the first rows as they are read.")] = True,
) -> Any:
    """Bring in many items. Good rows are published and can be recommended as they come; bad ones stop nothing."""
    batches = service.batches
    columns = dict(given_column(text) for text in column or ())
    with tempfile.TemporaryDirectory(dir=service.settings.batches) as folder:
        uploads = [_saved(upload, Path(folder) / str(n)) for n, upload in enumerate((file, pictures)) if upload]
        batch = batches.receive(uploads, columns=columns)
    if start:
        try:
            batch = batches.start(batch.id)
        except NoIdColumn:  # nobody was told its id, so nobody can map its columns
            batches.drop(batch.id)
            raise
    response.headers["Location"] = f"{PREFIX}/batches/{batch.id}"
    return public(batch)


@router.get("/batches", response_model=list[Batch])
def listed(service: ServiceOf) -> Any:
    """The last batches, newest first."""
    return public(service.batches.list())


@router.get("/batches/{batch_id}", response_model=Batch)
def read(service: ServiceOf, batch_id: BatchId) -> Any:
    """How far a batch is."""
    return public(service.batches.get(batch_id))


@router.put("/batches/{batch_id}/columns", response_model=Batch)
def map_columns(service: ServiceOf, batch_id: BatchId, body: ColumnsIn) -> Any:
    """Say which columns hold what, before it begins; answers with the first rows as they are read now."""
    return public(service.batches.map_columns(batch_id, {name: column or "" for name, column in body.columns.items()}))


@router.post("/batches/{batch_id}/start", status_code=202, response_model=Batch)
def start_one(service: ServiceOf, batch_id: BatchId) -> Any:
    """Begin with one that was only looked at."""
    return public(service.batches.start(batch_id))


@router.delete("/batches/{batch_id}", status_code=204)
def stop(service: ServiceOf, batch_id: BatchId) -> Response:
    """End a batch early; what was published stays. Sent again, the file goes on where it was."""
    service.batches.stop(batch_id)
    return Response(status_code=204)


@router.get("/batches/{batch_id}/rows", response_model=list[RowReport])
def rows(
    service: ServiceOf,
    batch_id: BatchId,
    only: Only = None,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 100,
) -> Any:
    """What became of each row, in the order of the file."""
    return list(islice(service.batches.rows(batch_id, only=only), offset, offset + limit))


@router.get("/batches/{batch_id}/report", response_class=StreamingResponse)
def report(
    service: ServiceOf,
    batch_id: BatchId,
    only: Only = None,
    form: Annotated[Literal["csv", "json"], Query(alias="format")] = "csv",
) -> StreamingResponse:
    """The report as a file."""
    found = service.batches.rows(batch_id, only=only)
    body, kind = (as_csv(found), "text/csv") if form == "csv" else (as_json(found), "application/json")
    headers = {"Content-Disposition": f'attachment; filename="report-{batch_id}.{form}"'}
    return StreamingResponse(body, media_type=f"{kind}; charset=utf-8", headers=headers)


def _saved(upload: UploadFile, path: Path) -> Upload:
    with path.open("wb") as target:
        shutil.copyfileobj(upload.file, target)
    return Upload(upload.filename or "", path)
