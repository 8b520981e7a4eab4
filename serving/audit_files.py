"""An audit as a file: a page, JSON, or a picture where something here can draw one."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic_core import to_jsonable_python

from serving.background import Stage
from store.errors import InputError

if TYPE_CHECKING:
    from evaluation.audit import Audit
    from serving.audits import AuditRun

Form = Literal["html", "json", "png"]
FORMS: tuple[Form, ...] = ("html", "json", "png")

_TYPES = {"html": "text/html; charset=utf-8", "json": "application/json", "png": "image/png"}


def audit_file(run: AuditRun, form: Form) -> tuple[bytes, str]:
    """The file of an audit that is done, and its media type.

    Raises:
        InputError: it is not done, or there is nothing to draw pictures with.
    """
    if run.audit is None or run.stage is not Stage.DONE:
        raise InputError(f"audit {run.id} is {run.stage.value}, not done", fix="Wait for it, or start it again.")
    return content_of(run.audit, form), _TYPES[form]


def content_of(audit: Audit, form: Form) -> bytes:
    """One form of an audit. Raises ``InputError`` where there is nothing to draw pictures with."""
    # Plotly takes a second to import, and most requests draw nothing.
    from evaluation.audit_plots import overview
    from evaluation.audit_report import render_audit
    from serving.ui.catalogue_charts import write_figure

    if form == "html":
        return render_audit(audit).encode()
    if form == "json":
        return json.dumps(to_jsonable_python(audit), indent=2, ensure_ascii=False).encode()
    with tempfile.TemporaryDirectory(prefix="tastemaker-audit-") as folder:
        path = Path(folder) / "audit.png"
        write_figure(overview(audit), path)
        return path.read_bytes()


@cache
def missing_for_pictures() -> str:
    """What pictures still need on this machine; "" where they can be drawn."""
    if find_spec("kaleido") is None:
        return "kaleido (`pip install kaleido`) and Chrome or Chromium"
    if find_spec("choreographer") is None:  # before version 1, kaleido brought a browser of its own
        return ""
    from choreographer.browsers.chromium import Chromium

    return "" if Chromium.find_browser(skip_local=False) else "Chrome or Chromium"
