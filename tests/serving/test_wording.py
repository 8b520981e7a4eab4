"""An explanation in the words that a request asks for, with what the store knows of its reader."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from agent.llm.fake import FakeLLM
from pipeline.explanation import Explanation
from pipeline.query import Query, Reason
from serving.service import Service
from serving.wording import in_words
from store.errors import InputError
from store.records import Event, EventKind

STAR_WARS, FARGO = "50", "100"


@pytest.fixture(scope="module")
def explained(trained_service: Service) -> Explanation:
    """Star Wars because of Fargo, for a reader whom the store does not know yet."""
    recommender = trained_service.recommender
    explanation = recommender.explain(Query(history=(FARGO,)), STAR_WARS)
    return dataclasses.replace(explanation, reasons=(Reason("history", (recommender.item(FARGO),)),))


def test_liking_is_said_once_it_is_known(trained_service: Service, explained: Explanation) -> None:
    user_id = f"reader-{uuid4().hex[:8]}"
    trained_service.store.ensure_user(user_id)
    theirs = dataclasses.replace(explained, user_id=user_id)
    said = []
    for day, kind in enumerate((EventKind.CLICK, EventKind.LIKE, EventKind.DISLIKE), start=1):
        trained_service.store.add_events([Event(user_id, FARGO, kind, datetime(2026, 1, day, tzinfo=UTC))])
        said.append(in_words(trained_service, theirs, style="line").text)
    history, liked = "goes with Fargo from your history", "because you liked Fargo"
    assert said == [history, liked, history]
    assert in_words(trained_service, explained, style="line").text == history


def test_the_model_words_a_paragraph_and_nothing_else(
    trained_service: Service, explained: Explanation, monkeypatch: pytest.MonkeyPatch
) -> None:
    worded = in_words(trained_service, explained, style="paragraph", by_model=True)
    assert all(sentence.by_model for sentence in worded.passages[0].sentences)
    for style in ("line", "full"):
        with pytest.raises(InputError, match=f"style '{style}' is not paraphrased"):
            in_words(trained_service, explained, style=style, by_model=True)
    template = in_words(trained_service, explained, style="paragraph")
    for absent in (None, FakeLLM(mode="error")):
        monkeypatch.setattr(trained_service, "_llm", absent)
        monkeypatch.setattr(trained_service, "_llm_built", True)
        told = in_words(trained_service, explained, style="paragraph", by_model=True)
        assert told == dataclasses.replace(template, degraded=("llm",))
