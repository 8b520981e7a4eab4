"""What a reader says of an explanation is kept, and takes a reason out of their profile where they wish."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from agent.answering import liked_items
from agent.profile import profile_of
from encoders.images import load_image
from pipeline.query import Query
from serving.http.responses import public
from serving.service import Service
from serving.ui.pictures import Pictures
from serving.ui.render import Renderer
from serving.ui.status import StatusTab
from store.errors import InputError, UnknownUser
from store.records import Event, EventKind

LIKED = ("50", "172", "181", "100")


@pytest.fixture
def reader(trained_service: Service) -> str:
    """Someone who liked four films."""
    user_id = f"reader-{uuid4().hex[:8]}"
    start = datetime.now(UTC) - timedelta(hours=1)
    trained_service.store.add_events(
        Event(user_id, item_id, EventKind.LIKE, start + timedelta(minutes=n)) for n, item_id in enumerate(LIKED)
    )
    return user_id


def explained_by(service: Service, reader: str) -> set[str]:
    top = service.recommender.recommend(Query(user_id=reader, k=1)).items[0].item.item_id
    return {part.item.item_id for part in service.recommender.explain(Query(user_id=reader), top).contributions}


def test_what_is_set_aside_speaks_for_nobody_until_it_is_brought_back(trained_service: Service, reader: str) -> None:
    service, aside = trained_service, LIKED[0]
    before = service.recommender.recommend(Query(user_id=reader, k=10)).items
    service.verdicts.set_aside(reader, aside)
    service.verdicts.set_aside(reader, aside)  # again: nothing happens
    assert list(service.verdicts.aside(reader)) == [aside]
    assert explained_by(service, reader) == set(LIKED[1:])
    after = service.recommender.recommend(Query(user_id=reader, k=50)).items
    assert [found.score for found in after[:10]] != [found.score for found in before]
    assert aside not in {found.item.item_id for found in after}, "it was met all the same"
    assert "dislike" not in after[0].channels, "nor is it disliked"

    events = service.store.history(reader)
    items = {item.item_id: item for item in service.recommender.items(LIKED)}
    assert aside not in {
        item.item_id for item in (*profile_of(events, items).likes, *profile_of(events, items).dislikes)
    }
    assert liked_items((event.item_id, event.kind) for event in events) == frozenset(LIKED[1:])

    assert service.verdicts.bring_back(reader, aside)
    assert not service.verdicts.bring_back(reader, aside)
    assert explained_by(service, reader) == set(LIKED)


def test_a_later_like_brings_it_back(trained_service: Service, reader: str) -> None:
    trained_service.verdicts.set_aside(reader, LIKED[1])
    trained_service.store.add_events([Event(reader, LIKED[1], EventKind.LIKE, datetime.now(UTC))])
    assert trained_service.verdicts.aside(reader) == {}
    assert explained_by(trained_service, reader) == set(LIKED)


def test_a_batch_leaves_out_what_was_set_aside(trained_service: Service, reader: str) -> None:
    trained_service.verdicts.set_aside(reader, LIKED[0])
    alone = trained_service.recommender.recommend(Query(user_id=reader, k=10)).items
    together = dict(trained_service.recommender.recommend_all(k=10))[reader]
    assert [found.item.item_id for found in together] == [found.item.item_id for found in alone]


def test_a_verdict_is_noted_with_the_models_that_explained(trained_service: Service, reader: str) -> None:
    noted = trained_service.verdicts.note(
        user_id=reader, item_id="127", because=LIKED[0], agrees=False, snapshot_id="snap", set_aside=True
    )
    assert trained_service.store.verdicts(user_id=reader) == [noted]
    assert list(trained_service.verdicts.aside(reader)) == [LIKED[0]]


def test_only_a_reason_that_is_none_can_be_set_aside(trained_service: Service, reader: str) -> None:
    for because, agrees in ((None, False), (LIKED[0], True)):
        with pytest.raises(InputError, match="set_aside goes with"):
            trained_service.verdicts.note(
                user_id=reader, item_id="127", because=because, agrees=agrees, snapshot_id="snap", set_aside=True
            )
    with pytest.raises(UnknownUser):
        trained_service.verdicts.set_aside("nobody-at-all", LIKED[0])
    assert trained_service.store.verdicts(user_id=reader) == []


def test_status_shows_what_readers_say(trained_service: Service, reader: str) -> None:
    tab = StatusTab(trained_service, Renderer(Pictures(load_image)))
    for because, agrees in ((None, True), (LIKED[1], False), (LIKED[1], False), (LIKED[1], False)):
        trained_service.verdicts.note(
            user_id=reader, item_id="127", because=because, agrees=agrees, snapshot_id="a snapshot"
        )
    page, counts = tab.draw(), trained_service.store.verdict_counts()
    assert "What readers say of explanations" in page
    assert f"{counts.reasons.agreed / counts.reasons.said:.2f} ({counts.reasons.said})" in page
    assert f"{counts.disputed[0].against} of {counts.disputed[0].said}" in page
    assert trained_service.recommender.item(counts.disputed[0].name).title in page
    assert 'title="snapshot a snapshot"' in page


def test_over_http(api: TestClient, trained_service: Service, reader: str) -> None:
    body = {"user_id": reader, "item_id": "127", "because": LIKED[0], "agrees": False, "set_aside": True}
    answer = api.post("/explain/verdicts", json=body)
    assert answer.status_code == 201, answer.text
    listed = api.get("/explain/verdicts", params={"user_id": reader}).json()
    assert listed == [answer.json()]
    assert listed[0]["snapshot_id"] == trained_service.recommender.snapshot_id
    assert list(trained_service.verdicts.aside(reader)) == [LIKED[0]]
    counts = api.get("/explain/verdicts/counts").json()
    assert counts == public(trained_service.store.verdict_counts())
    assert counts["reasons"]["said"] > counts["reasons"]["agreed"]
    assert LIKED[0] in {one["name"] for one in counts["disputed"]}
    assert api.post("/explain/verdicts", json=body | {"because": "no such item"}).status_code == 404
    assert api.post("/explain/verdicts", json=body | {"agrees": "maybe"}).status_code == 422
