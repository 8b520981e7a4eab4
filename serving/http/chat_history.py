"""Routes on whole chats: titles, branches, links, exports."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Response
from fastapi import Path as InPath
from pydantic.dataclasses import dataclass

from agent.chat_history import ChatLine, ReadableChat
from agent.messages import as_markdown
from agent.turns import ChatView
from serving.http.chat import ChatKey
from serving.http.requests import BranchIn, TitleIn
from serving.http.responses import public
from serving.http.wiring import Id, ServiceOf

SHARED = "/shared/"
"""Path of the page that a link leads to, before its token."""

router = APIRouter(tags=["chat"])

Token = Annotated[str, InPath(min_length=1, max_length=200)]


@dataclass(frozen=True)
class ShareLink:
    """Who knows it may read the chat."""

    token: str
    path: str


@router.get("/chats", response_model=list[ChatLine])
def chats(service: ServiceOf, user_id: Id) -> Any:
    """A user's chats, newest first."""
    return public(service.dialogues.history.chats(user_id))


@router.patch("/chats/{chat_id}", response_model=ChatView)
def rename(service: ServiceOf, chat_id: ChatKey, body: TitleIn) -> Any:
    """Give a chat another title."""
    service.dialogues.history.rename(chat_id, body.title)
    return public(service.dialogues.view(chat_id))


@router.delete("/chats/{chat_id}", status_code=204)
def delete(service: ServiceOf, chat_id: ChatKey) -> Response:
    """Delete a chat and its link. Opinions that were given in it stay in the profile; take those back on their own."""
    service.dialogues.history.delete(chat_id)
    return Response(status_code=204)


@router.post("/chats/{chat_id}/branch", status_code=201, response_model=ChatView)
def branch(service: ServiceOf, chat_id: ChatKey, body: BranchIn) -> Any:
    """A new chat that begins as this one was before a message; say there what should stand in its place.

    Opinions that were given after the message are taken back, in both chats.
    """
    dialogues = service.dialogues
    return public(dialogues.view(dialogues.history.branch(chat_id, body.place)))


@router.put("/chats/{chat_id}/share", response_model=ShareLink)
def share(service: ServiceOf, chat_id: ChatKey) -> Any:
    """Let whoever has the link read what was said so far. Shared again, the same link shows what came since."""
    token = service.dialogues.history.share(chat_id)
    return ShareLink(token, f"{SHARED}{token}")


@router.delete("/chats/{chat_id}/share", status_code=204)
def unshare(service: ServiceOf, chat_id: ChatKey) -> Response:
    """Take the link back; from then on it leads nowhere."""
    service.dialogues.history.unshare(chat_id)
    return Response(status_code=204)


@router.get("/shared/{token}", response_model=ReadableChat)
def shared(service: ServiceOf, response: Response, token: Token) -> Any:
    """What a link leads to: questions, answers and cards; no user, no profile, no opinions."""
    found = service.dialogues.history.shared(token)
    if found is None:
        raise HTTPException(404, "this link leads nowhere: it was taken back, or it is cut short")
    response.headers["Cache-Control"] = "no-store"
    return public(found)


@router.get("/chats/{chat_id}/export", response_model=ReadableChat)
def export(
    service: ServiceOf,
    response: Response,
    chat_id: ChatKey,
    form: Annotated[Literal["json", "markdown"], Query(alias="format")] = "json",
) -> Any:
    """A chat as a file: what was said and shown, without the profile."""
    chat = service.dialogues.history.written_out(chat_id)
    name = f"chat-{chat_id[:8]}.{'json' if form == 'json' else 'md'}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if form == "markdown":
        text = as_markdown(chat.title, chat.messages)
        return Response(text, media_type="text/markdown; charset=utf-8", headers=headers)
    response.headers.update(headers)
    return public(chat)
