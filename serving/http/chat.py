"""Routes of the dialogue. A turn is a stream of server-sent events."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException
from fastapi import Path as InPath
from fastapi.responses import StreamingResponse

from agent.turns import ChatView
from serving.http.requests import ChatIn, FeedbackIn, MessageIn
from serving.http.responses import PREFIX, public
from serving.http.streams import RESPONSE, stream
from serving.http.wiring import ServiceOf

router = APIRouter(tags=["chat"], prefix="/chats")

Key = Annotated[str, InPath(min_length=1, max_length=200)]


def _existing(service: ServiceOf, chat_id: Key) -> str:
    if service.store.load_chat(chat_id) is None:
        raise HTTPException(404, f"there is no chat {chat_id!r}; open one with POST {PREFIX}/chats")
    return chat_id


ChatKey = Annotated[str, Depends(_existing)]


@router.post("", response_model=ChatView)
def open_chat(service: ServiceOf, body: ChatIn) -> Any:
    """A new chat, or an old one of this user. The user is created where there is none."""
    return public(service.dialogues.open(body.user_id, chat_id=body.chat_id))


@router.get("/{chat_id}", response_model=ChatView)
def view(service: ServiceOf, chat_id: ChatKey) -> Any:
    """All that a page needs to draw a chat."""
    return public(service.dialogues.view(chat_id))


@router.post("/{chat_id}/messages", responses=RESPONSE, response_class=StreamingResponse)
async def say(service: ServiceOf, chat_id: ChatKey, body: MessageIn) -> StreamingResponse:
    """Say something; the answer streams: the understood request, cards, words."""
    return await stream(lambda: service.dialogues.respond(chat_id, body.text))


@router.post("/{chat_id}/feedback", response_model=ChatView)
def feedback(service: ServiceOf, chat_id: ChatKey, body: FeedbackIn) -> Any:
    """Like or dislike a card; it counts from the next recommendation on."""
    return public(service.dialogues.feedback(chat_id, body.item_id, body.kind))


@router.post("/{chat_id}/retry", responses=RESPONSE, response_class=StreamingResponse)
async def retry(service: ServiceOf, chat_id: ChatKey) -> StreamingResponse:
    """Answer the last question again, in place of its answer; opinions that were given since then count."""
    return await stream(lambda: service.dialogues.retry(chat_id))


@router.post("/{chat_id}/undo", responses=RESPONSE, response_class=StreamingResponse)
async def undo(service: ServiceOf, chat_id: ChatKey) -> StreamingResponse:
    """Take the last turn or feedback back."""
    return await stream(lambda: service.dialogues.undo(chat_id))


@router.post("/{chat_id}/chips", responses=RESPONSE, response_class=StreamingResponse)
async def add_chip(service: ServiceOf, chat_id: ChatKey, body: MessageIn) -> StreamingResponse:
    """Add a constraint in words ("no horror") and answer again."""
    return await stream(lambda: service.dialogues.add_chip(chat_id, body.text))


@router.delete("/{chat_id}/chips/{key:path}", responses=RESPONSE, response_class=StreamingResponse)
async def remove_chip(service: ServiceOf, chat_id: ChatKey, key: Key) -> StreamingResponse:
    """Take one constraint back and answer again."""
    return await stream(lambda: service.dialogues.remove_chip(chat_id, key))
