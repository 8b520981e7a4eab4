"""What a request asked, without the ids that its path holds: for metrics and the log."""

from __future__ import annotations

from starlette.types import Scope

from serving.http.responses import PREFIX


def route_of(scope: Scope) -> str:
    """The route's pattern: ids in paths would make a metric of their own each, and tell who did what."""
    if not scope["path"].startswith("/api/"):
        return "page"
    return getattr(scope.get("route"), "path", "unmatched").removeprefix(PREFIX)
