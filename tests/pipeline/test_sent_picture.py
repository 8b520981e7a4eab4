"""Items that look like a picture that was sent: a channel of the ranking, and a reason of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.notes import NO_PICTURE_ENCODER, NO_PICTURES
from pipeline.query import Constraints, Facet, Query
from pipeline.recommender import Recommender
from pipeline.sent_picture import looked_at
from serving.service import Service
from store.errors import UnsafeInput
from store.records import Item
from tests.conftest import service_settings
from tests.posters import photographed, saved_poster

POSTERS = 12


@pytest.fixture(scope="module")
def service(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """No item of this catalogue has a picture."""
    home = Path(shutil.copytree(trained_home, tmp_path_factory.mktemp("sent") / "home"))
    with Service.open(service_settings(home)) as opened:
        yield opened


@pytest.fixture(scope="module")
def pictured(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    """With a few items that have posters."""
    folder = tmp_path_factory.mktemp("posters")
    kinds = ("Comedy", "Drama")
    service.recommender.publish_all(
        [
            Item(f"p{n}", f"Poster {n}", "A new film.", (kinds[n % 2],), {"year": 1990}, image=saved_poster(folder, n))
            for n in range(POSTERS)
        ]
    )
    return service.recommender


def test_without_pictures_the_answer_is_as_before_and_says_so(
    service: Service,
) -> None:
    with_picture = service.recommender.recommend(Query(user_id="1", picture=photographed(0), k=10))
    without = service.recommender.recommend(Query(user_id="1", k=10))
    assert [one.item.item_id for one in with_picture.items] == [one.item.item_id for one in without.items]
    assert with_picture.notes == (NO_PICTURES,)
    assert with_picture.degraded == ()
    explained = service.recommender.explain(
        Query(user_id="1", picture=photographed(0)), with_picture.items[0].item.item_id
    )
    assert NO_PICTURES in explained.notes
    assert "picture" not in explained.channels


def test_the_item_of_a_photographed_poster_comes_first(pictured: Recommender) -> None:
    for number in range(POSTERS):
        answer = pictured.recommend(Query(user_id="1", picture=photographed(number), k=5))
        first = answer.items[0]
        assert first.item.item_id == f"p{number}"
        assert "picture" in [reason.kind for reason in first.reasons][:2]
        assert 0.5 < first.channels["picture"].raw <= 1.0
        assert answer.notes == ()


def test_contributions_sum_and_items_without_a_picture_are_neither_favoured_nor_punished(
    pictured: Recommender,
) -> None:
    answer = pictured.recommend(Query(user_id="1", picture=photographed(0), k=100))
    for one in answer.items:
        total = sum(channel.contribution for channel in one.channels.values())
        assert one.score == pytest.approx(total, rel=1e-4, abs=1e-4)
        if one.item.image is None:
            assert one.channels["picture"].contribution == 0.0
            assert "picture" not in [reason.kind for reason in one.reasons]


def test_constraints_hold_whatever_it_looks_like(pictured: Recommender) -> None:
    comedy = Constraints(include=(frozenset({Facet("category", "Comedy")}),))
    answer = pictured.recommend(Query(history=(), picture=photographed(1), constraints=comedy, k=20))
    assert all("Comedy" in one.item.categories for one in answer.items)
    assert "p1" not in [one.item.item_id for one in answer.items]


def test_an_explanation_has_the_picture_as_a_channel(pictured: Recommender) -> None:
    query = Query(user_id="1", picture=photographed(3), k=10)
    shown = pictured.recommend(query).items[0]
    explained = pictured.explain(query, shown.item.item_id)
    assert explained.rank == 1
    assert explained.score == pytest.approx(shown.score, rel=1e-4)
    assert explained.channels["picture"].contribution == pytest.approx(shown.channels["picture"].contribution, rel=1e-4)
    assert "picture" in {reason.kind for reason in explained.reasons}


def test_what_is_sent_is_kept_in_no_cache(service: Service, pictured: Recommender) -> None:
    cache = service.encoder._cache
    assert cache is not None
    before = len(cache)
    pictured.recommend(Query(user_id="1", picture=photographed(4)))
    assert len(cache) == before


class _Eyes:
    """An encoder of which only the picture side is asked."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def encode_picture(self, data: bytes) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def test_an_encoder_that_fails_or_is_not_there_leaves_the_picture_out(pictured: Recommender) -> None:
    state = pictured.state
    assert looked_at(b"", state, _Eyes(None)) == looked_at(b"", state, _Eyes(RuntimeError("never asked")))  # pyright: ignore[reportArgumentType]
    assert looked_at(b"x", state, _Eyes(None)).notes == (NO_PICTURE_ENCODER,)  # pyright: ignore[reportArgumentType]
    failed = looked_at(b"x", state, _Eyes(RuntimeError("out of memory")))  # pyright: ignore[reportArgumentType]
    assert failed.direction is None
    assert failed.degraded == ("image_encoder",)
    direction = np.ones(3, dtype=np.float32)
    assert looked_at(b"x", state, _Eyes(direction)).direction is direction  # pyright: ignore[reportArgumentType]


def test_what_cannot_be_decoded_is_refused(pictured: Recommender) -> None:
    with pytest.raises(UnsafeInput, match="not JPEG"):
        pictured.recommend(Query(user_id="1", picture=b"<svg/>"))
