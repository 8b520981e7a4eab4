"""Routes that take answers apart: two items, two snapshots, what an item hangs on, audits of all lists."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from fastapi import Path as InPath
from fastapi import Query as Parameter

from agent.explaining.voices import LANGUAGES
from pipeline.snapshot_comparison import SnapshotComparison
from serving.audit_files import audit_file
from serving.audits import AuditRun
from serving.http.requests import AuditIn, ContrastIn, ExplainIn, QueryIn, SnapshotComparisonIn
from serving.http.responses import ContrastInWords, RemovalInWords, SnapshotSummary, TasteInWords, public
from serving.http.wiring import ServiceOf
from serving.wording import contrast_in_words, removal_in_words, taste_in_words

router = APIRouter(tags=["inspect"])

InLanguage = Annotated[str | None, Parameter(description=f"Of ``words``: {', '.join(LANGUAGES)}; no words without it.")]
AuditId = Annotated[str, InPath(min_length=1, max_length=40)]


@router.post("/explain/contrast", response_model=ContrastInWords)
def contrast(service: ServiceOf, body: ContrastIn, language: InLanguage = None) -> Any:
    """Why one item stands before another for one reader: the difference by channel and by history item."""
    found = service.recommender.contrast(body.query.query(), body.item_id, body.other_id)
    told = None if language is None else contrast_in_words(service.recommender, found, language=language)
    return public(found) | {"words": public(told)}


@router.post("/explain/removal", response_model=RemovalInWords)
def smallest_removal(service: ServiceOf, body: ExplainIn, language: InLanguage = None) -> Any:
    """The fewest history items without which an item is not among the ``query.k`` best by score.

    It takes seconds. ``is_smallest`` says whether it is proven that fewer do not suffice.
    """
    recommender = service.recommender_over(body.snapshot_id)
    found = recommender.smallest_removal(body.query.query(), body.item_id)
    told = None if language is None else removal_in_words(recommender, found, body.item_id, language=language)
    return public(found) | {"words": public(told)}


@router.post("/explain/taste", response_model=TasteInWords)
def taste(service: ServiceOf, body: QueryIn, language: InLanguage = None) -> Any:
    """A reader's history in groups that lie together, and which of the recommendations each of them drives."""
    found = service.recommender.taste(body.query())
    told = None if language is None else taste_in_words(found, language=language)
    return public(found) | {"words": public(told)}


@router.get("/snapshots", response_model=list[SnapshotSummary])
def snapshots(service: ServiceOf) -> Any:
    """The snapshots that are kept, newest first, and which one is in service."""
    serving = service.recommender.snapshot_id
    return [
        SnapshotSummary(one.id, one.manifest.created, one.id == serving, dict(one.manifest.metrics))
        for one in service.snapshots.list()
    ]


@router.post("/snapshots/compare", response_model=SnapshotComparison)
def compare_snapshots(service: ServiceOf, body: SnapshotComparisonIn) -> Any:
    """One reader under two snapshots: both lists, what entered, left and moved, and where one item stands in each.

    The first request for a snapshot that is not in service takes seconds: it is loaded, and kept until another one is.
    """
    found = service.compare_snapshots(body.query.query(), first=body.first, second=body.second, item_id=body.item_id)
    return public(found)


@router.get("/audits/groups", response_model=dict[str, int])
def groups(service: ServiceOf) -> Any:
    """Categories that can be audited for: how many readers have each as their favourite."""
    return service.favourites()


@router.post("/audits", status_code=202, response_model=AuditRun)
def start_audit(service: ServiceOf, body: AuditIn) -> Any:
    """Begin an audit of the lists of everyone, of a sample or of a group, or give the one that was made already."""
    return public(service.audits.start(body.group(), k=body.k, again=body.again))


@router.get("/audits/{audit_id}", response_model=AuditRun)
def read_audit(service: ServiceOf, audit_id: AuditId) -> Any:
    """How far an audit is, and what it found once it is done."""
    return public(service.audits.get(audit_id))


@router.delete("/audits/{audit_id}", status_code=204)
def stop_audit(service: ServiceOf, audit_id: AuditId) -> Response:
    """End an audit that runs or waits."""
    service.audits.stop(audit_id)
    return Response(status_code=204)


@router.get("/audits/{audit_id}/report", response_class=Response)
def audit_report(
    service: ServiceOf,
    audit_id: AuditId,
    form: Annotated[Literal["html", "json", "png"], Parameter(alias="format")] = "html",
) -> Response:
    """An audit as a file. A picture needs Chrome or Chromium and kaleido on the service's machine."""
    content, media_type = audit_file(service.audits.get(audit_id), form)
    headers = {"Content-Disposition": f'attachment; filename="audit-{audit_id}.{form}"'}
    return Response(content, media_type=media_type, headers=headers)
