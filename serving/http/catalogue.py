"""Routes on items: create, read, update, deactivate, preview, pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, HTTPException, Response, UploadFile
from fastapi import Path as InPath
from fastapi.responses import FileResponse

from encoders.images import ImageLimits
from pipeline.query import Preview
from serving.http.requests import ItemIn, ItemPatch
from serving.http.responses import public
from serving.http.wiring import ServiceOf
from store.errors import UnknownItem
from store.records import Item

router = APIRouter(tags=["items"])

ItemKey = Annotated[str, InPath(min_length=1, max_length=512)]
MAX_PICTURE_BYTES = ImageLimits().max_bytes


@router.post("/items", status_code=201, response_model=Item, responses={409: {"description": "The id is taken"}})
def create(service: ServiceOf, body: ItemIn) -> Any:
    """Publish an item: it can be recommended from the next request on, without training."""
    recommender = service.recommender
    try:
        recommender.item(body.item_id)
    except UnknownItem:
        return public(recommender.publish(body.item()))
    raise HTTPException(409, f"item {body.item_id!r} exists; PATCH it instead")


@router.post("/items/preview", response_model=Preview)
def preview(service: ServiceOf, body: ItemIn) -> Any:
    """What publishing a draft would do: nearest items, near-duplicates, who would get it. Stores nothing."""
    return public(service.recommender.preview(body.item()))


@router.get("/items/{item_id:path}/image", response_class=FileResponse)
def picture(service: ServiceOf, item_id: ItemKey) -> FileResponse:
    """An item's picture."""
    item = service.recommender.item(item_id)
    if item.image is None or not Path(item.image).is_file():
        raise HTTPException(404, f"item {item_id!r} has no picture")
    # Sniffing or scripts inside a picture must never run with this service's origin.
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'"}
    return FileResponse(item.image, headers=headers)


@router.put("/items/{item_id:path}/image", response_model=Item)
def upload_picture(
    service: ServiceOf, item_id: ItemKey, file: Annotated[UploadFile, File(description="JPEG, PNG or WebP.")]
) -> Any:
    """Give an item a picture. One that cannot be read safely is refused, and the item stays as it was."""
    item = service.recommender.item(item_id)
    path = service.pictures.keep(file.file.read(MAX_PICTURE_BYTES + 1))
    return public(service.recommender.publish(replace(item, image=str(path))))


@router.get("/items/{item_id:path}", response_model=Item)
def read(service: ServiceOf, item_id: ItemKey) -> Any:
    """One item."""
    return public(service.recommender.item(item_id))


@router.patch("/items/{item_id:path}", response_model=Item)
def update(service: ServiceOf, item_id: ItemKey, body: ItemPatch) -> Any:
    """Change some fields of an item."""
    recommender = service.recommender
    changes = {name: value for name, value in body if name in body.model_fields_set and value is not None}
    return public(recommender.publish(replace(recommender.item(item_id), **changes)))


@router.delete("/items/{item_id:path}", status_code=204)
def deactivate(service: ServiceOf, item_id: ItemKey) -> Response:
    """Take an item out of every answer. It is kept, and a PATCH with ``active`` true brings it back."""
    service.recommender.deactivate(item_id)
    return Response(status_code=204)
