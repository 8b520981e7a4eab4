"""What is said with a picture: the words that point at it are taken away, the rest is a request like any other."""

from __future__ import annotations

import re

from agent.request import Intent, Request

_THING = r"(?:poster|picture|image|photo|photograph|cover|drawing|artwork|style|look|design|one)"
_IT = rf"(?:(?:this|that|these)(?: {_THING})?|(?:the|my) {_THING}|it)"
_WHAT = r"(?:something|anything|some|others?|more|items?|things?|films?|movies?|ones?)"
_ALIKE = r"(?:like|similar to|close to|resembl(?:es?|ing)|match(?:es|ing)|as (?:in|on)|in the (?:style|look|mood) of)"
_POINTING = (
    # "something that looks a bit like this poster", "more like this", "in the style of the picture"
    rf"(?:\b{_WHAT} )?(?:\b(?:that|which) )?(?:\b(?:looks?|looking|feels?|is|are) )?(?:\b(?:a bit|just|exactly|very) )?"
    rf"\b{_ALIKE} {_IT}\b(?: (?:looks?|does|is))?",
    # "what film is this?", "which one is this from"
    rf"\b(?:what|which|whose|who|where)\b[^,.;!?]*\b(?:is|are|was) {_IT}\b(?: from)?",
    rf"\b(?:find|search(?: for)?|look (?:for|up)|identify|recogni[sz]e) {_IT}\b",
    rf"\bhere(?: is|'s) (?:a|the|my) {_THING}\b",
    # 像这张海报一样的, 跟这个类似的, 这是什么电影
    r"(?:看起来|看上去)?(?:跟|和|与|像|类似于?)(?:这|那)(?:个|张|幅|部|样)?(?:海报|图片|图|照片|封面|画)?"
    r"(?:很|有点|比较)?(?:一样|相似|类似|相近|相像|差不多|那样|这样)?的?",
    r"(?:这|那)(?:个|张|幅|部)?(?:海报|图片|图|照片|封面|画)?是(?:什么|哪)[^，。？！]*",
)
_AT_PICTURE = re.compile("|".join(_POINTING), re.IGNORECASE)
_FIRST = re.compile(
    r"^(?:[\s,.;:!?，。；：！？]|(?:but|and|only|just|though|但是?|不过|只要|而且)(?=[\s,，]|[^\x00-\x7f]))+",
    re.IGNORECASE,
)
_LEAVING = re.compile(
    rf"\b(?:forget|ignore|drop|remove|leave out|never mind|without)(?: about)? (?:the|this|that|my) {_THING}\b"
    r"|(?:忘掉|忽略|去掉|不要管|别管|不看)(?:这|那)?(?:个|张|幅)?(?:海报|图片|图|照片|封面|画)",
    re.IGNORECASE,
)


def beside_picture(text: str) -> str:
    """What a message says beside "like this": "something like this poster but a comedy" says "a comedy"."""
    rest = _FIRST.sub("", _AT_PICTURE.sub(" ", text))
    return " ".join(rest.split()) if re.search(r"\w", rest) else ""


def looking_like(picture: str, request: Request) -> Request:
    """A request with a picture: whoever sends one looks for items, whatever the words around it are alike to."""
    named = request.items_like or request.items_unlike
    if request.intent.wishes and (named or request.intent != Intent.SIMILAR):
        return request.model_copy(update={"picture": picture})
    if request.intent == Intent.FEEDBACK and named:
        return request.model_copy(update={"picture": picture})
    kept = {name: getattr(request, name) for name in ("facets_in", "facets_out", "ranges", "people_in", "people_out")}
    return Request(intent=Intent.RECOMMEND, picture=picture, items_like=request.items_like, count=request.count, **kept)


def leaves_picture(text: str) -> bool:
    """Whether a message takes the picture of before back."""
    return _LEAVING.search(text) is not None


def without_leaving(text: str) -> str:
    """The rest of such a message."""
    rest = _FIRST.sub("", _LEAVING.sub(" ", text))
    return " ".join(rest.split()) if re.search(r"\w", rest) else ""
