"""Titles as people say them: catalogues that are sorted by title put the article behind it."""

from __future__ import annotations

import re

_ARTICLES = "The|A|An|Les|La|Le|L'|Un|Une|Il|Lo|Gli|El|Los|Las|Der|Die|Das|Den|Det|Os|As"
_ARTICLE_BEHIND = re.compile(rf"^(?P<name>[^()]+), (?P<article>{_ARTICLES})(?P<rest>\s*[:(].*)?$")
_ARTICLE_INSIDE = re.compile(rf"\((?P<name>[^()]+), (?P<article>{_ARTICLES})\)")


def natural_title(title: str) -> str:
    """Put the article back in front: "Postino, Il" is "Il Postino", in parentheses and before a colon too."""
    title = _ARTICLE_INSIDE.sub(lambda match: f"({_joined(match['article'], match['name'])})", title.strip())
    match = _ARTICLE_BEHIND.match(title)
    return _joined(match["article"], match["name"]) + (match["rest"] or "") if match else title


def _joined(article: str, name: str) -> str:
    return f"{article}{name}" if article.endswith("'") else f"{article} {name}"
