"""Routes of the dialogue. A turn is a stream of server-sent events."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, File, HTTPException, Response, UploadFile
from fastapi import Path as InPath
from fastapi.responses import StreamingResponse
from pydantic.dataclasses import dataclass

from agent.turns import ChatView
from serving.http.catalogue import MAX_PICTURE_BYTES
from serving.http.requests import ChatIn, FeedbackIn, MessageIn, WishIn
from serving.http.responses import PREFIX, public
from serving.http.streams import RESPONSE, stream
from serving.http.wiring import ServiceOf
from store.errors import InputError

router = APIRouter(tags=["chat"], prefix="/chats")

PICTURE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""It is someone's own: kept by no cache, shown on no other site."""


@dataclass(frozen=True)
class SentPicture:
    """A picture of a chat: what to say with a message, and where to see it."""

    name: str
    path: str


@dataclass(frozen=True)
class Spoken:
    """What was heard in a recording."""

    text: str


MAX_RECORDING_BYTES = 6_000_000
"""Half a minute of two channels at 48,000 samples a second."""

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
    """Say something; the answer streams: the understood request, cards, words.

    With ``picture``, the name of one that was sent to this chat, it asks for items that look like it.
    """
    return await stream(lambda: service.dialogues.respond(chat_id, body.text, picture=body.picture))


@router.post("/{chat_id}/pictures", status_code=201, response_model=SentPicture)
def attach(
    service: ServiceOf,
    chat_id: ChatKey,
    file: Annotated[UploadFile, File(description="JPEG, PNG, WebP, GIF or BMP; at most 10 MB and 25 megapixels.")],
) -> Any:
    """Send a picture to a chat; say its name with a message. What it shows is kept, without metadata.

    It can be reached through this chat only, and is deleted with it. One that cannot be read safely is refused.
    """
    name = service.dialogues.attach(chat_id, file.file.read(MAX_PICTURE_BYTES + 1))
    return SentPicture(name, f"{PREFIX}/chats/{quote(chat_id, safe='')}/pictures/{name}")


@router.get("/{chat_id}/pictures/{name}", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
def picture(service: ServiceOf, chat_id: ChatKey, name: Key) -> Response:
    """A picture of this chat."""
    found = service.dialogues.picture(chat_id, name)
    if found is None:
        raise HTTPException(404, f"chat {chat_id!r} has no picture {name!r}")
    return Response(found, media_type="image/jpeg", headers=PICTURE_HEADERS)


@router.post("/{chat_id}/speech", response_model=Spoken)
def hear(
    service: ServiceOf,
    chat_id: ChatKey,
    file: Annotated[UploadFile, File(description="WAV: PCM, 16 bits, one or two channels; at most 30 s and 6 MB.")],
) -> Any:
    """The words of a recording, which says nothing in the chat yet: send them as a message. It is not kept.

    Only where a model of speech is set (``TASTEMAKER_VOICE__MODEL``).
    """
    if service.listener is None:
        raise InputError("no model of speech is set here", fix="Set TASTEMAKER_VOICE__MODEL to the folder of one.")
    content = file.file.read(MAX_RECORDING_BYTES + 1)
    if len(content) > MAX_RECORDING_BYTES:
        raise HTTPException(413, f"the recording has more than {MAX_RECORDING_BYTES:,} bytes; say less at once")
    return Spoken(service.listener.heard(content))


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
async def add_chip(service: ServiceOf, chat_id: ChatKey, body: WishIn) -> StreamingResponse:
    """Add a constraint in words ("no horror") and answer again."""
    return await stream(lambda: service.dialogues.add_chip(chat_id, body.text))


@router.delete("/{chat_id}/chips/{key:path}", responses=RESPONSE, response_class=StreamingResponse)
async def remove_chip(service: ServiceOf, chat_id: ChatKey, key: Key) -> StreamingResponse:
    """Take one constraint back and answer again."""
    return await stream(lambda: service.dialogues.remove_chip(chat_id, key))
