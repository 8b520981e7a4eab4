"""Routes that read: recommend, similar, search, explain."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Query as Parameter

from agent.explaining.telling import Style
from agent.explaining.voices import LANGUAGES
from pipeline.explanation import ContentMatch
from pipeline.item_profile import ItemProfile
from pipeline.query import Constraints, Query, Recommendations
from serving.http.guards import Metrics
from serving.http.requests import ExplainIn, QueryIn, SearchIn, SimilarIn, VerdictIn
from serving.http.responses import ExplanationInWords, FoundItems, SimilarItems, public
from serving.http.wiring import Id, K, MetricsOf, ServiceOf
from serving.service import Service
from serving.wording import in_words
from store.errors import InputError
from store.records import Verdict, VerdictCounts

router = APIRouter(tags=["recommend"])

Words = Annotated[str, Parameter(min_length=1, max_length=1_000)]


@router.get("/recommend", response_model=Recommendations)
def recommend_user(service: ServiceOf, metrics: MetricsOf, user_id: Id | None = None, k: K = 10) -> Any:
    """Items for a user, best first; without one, for someone of whom nothing is known."""
    return _recommend(service, metrics, Query(user_id=user_id, k=k))


@router.post("/recommend", response_model=Recommendations)
def recommend(service: ServiceOf, metrics: MetricsOf, body: QueryIn) -> Any:
    """Items for a user or an explicit history, steered by words, examples and constraints."""
    return _recommend(service, metrics, body.query())


@router.get("/similar", response_model=SimilarItems)
def similar_to(service: ServiceOf, item_id: Id, k: K = 10) -> Any:
    """Items close to one item by behaviour and content."""
    return _similar(service, item_id, k, Constraints())


@router.post("/similar", response_model=SimilarItems)
def similar(service: ServiceOf, body: SimilarIn) -> Any:
    """The same, among items that meet constraints."""
    return _similar(service, body.item_id, body.k, body.constraints.constraints())


@router.get("/search", response_model=FoundItems)
def search_words(service: ServiceOf, text: Words, k: K = 10) -> Any:
    """Items by words: titles first, then content."""
    return public(FoundItems(service.recommender.search(text, k=k)))


@router.post("/search", response_model=FoundItems)
def search(service: ServiceOf, body: SearchIn) -> Any:
    """The same, among items that meet constraints."""
    found = service.recommender.search(body.text, k=body.k, constraints=body.constraints.constraints())
    return public(FoundItems(found))


@router.post("/explain", response_model=ExplanationInWords)
def explain(
    service: ServiceOf,
    body: ExplainIn,
    style: Annotated[Style | None, Parameter(description="How much of it in ``words``; none without it.")] = None,
    language: Annotated[str, Parameter(description=f"Of the words: {', '.join(LANGUAGES)}.")] = LANGUAGES[0],
    paraphrase: Annotated[bool, Parameter(description="The language model words the paragraph.")] = False,
) -> Any:
    """Why an item stands where it stands, all that is known; ``without`` and ``also`` of the query ask what-if.

    An answer of before comes again with its ``snapshot_id``, as long as that is kept, and with ``until``, the time of
    the answer; the first request for a snapshot that is not in service takes seconds.

    With ``style`` also in words, as a line, a paragraph or a full account. With ``paraphrase`` a paragraph's sentences
    are the language model's where they hold; each says whether it is.
    """
    if style is None and (paraphrase or language != LANGUAGES[0]):
        raise InputError("language and paraphrase are of words, and no style is given", fix="Give a style.")
    explanation = service.recommender_over(body.snapshot_id).explain(body.query.query(), body.item_id)
    told = None
    if style is not None:
        told = in_words(service, explanation, style=style, language=language, by_model=paraphrase)
    return public(explanation) | {"words": public(told)}


@router.post("/explain/verdicts", response_model=Verdict, status_code=201)
def note_verdict(service: ServiceOf, body: VerdictIn) -> Any:
    """Note what a reader says of an explanation; ``set_aside`` also takes the reason out of their profile."""
    return public(service.verdicts.note(**dict(body), snapshot_id=service.recommender.snapshot_id))


@router.get("/explain/verdicts", response_model=list[Verdict])
def verdicts(
    service: ServiceOf, user_id: Id | None = None, limit: Annotated[int, Parameter(ge=1, le=10_000)] = 100
) -> Any:
    """What readers said of explanations, newest first."""
    return public(service.store.verdicts(user_id=user_id, limit=limit))


@router.get("/explain/verdicts/counts", response_model=VerdictCounts)
def verdict_counts(service: ServiceOf) -> Any:
    """The same in numbers: of all, by snapshot, and the history items that were most often said to be no reason."""
    return public(service.store.verdict_counts())


@router.get("/explain/content", response_model=ContentMatch)
def match_contents(service: ServiceOf, item_id: Id, other_id: Id) -> Any:
    """What of two items' texts and pictures makes them alike: words and phrases add up to the cosine of the texts."""
    return public(service.recommender.content_match(item_id, other_id))


@router.get("/explain/item", response_model=ItemProfile)
def profile_item(service: ServiceOf, item_id: Id) -> Any:
    """Who gets an item, by taste, and which of their items it is owed to. The first request takes seconds."""
    return public(service.recommender.item_profile(item_id))


def _recommend(service: Service, metrics: Metrics, query: Query) -> Any:
    answer = service.recommender.recommend(query)
    if not query.is_what_if:  # that is not shown to anyone as a recommendation
        service.note_shown(query.user_id, answer.items, source="api")
    for part in answer.degraded:
        metrics.degraded.labels(part).inc()
    return public(answer)


def _similar(service: Service, item_id: str, k: int, constraints: Constraints) -> Any:
    return public(SimilarItems(item_id, service.recommender.similar(item_id, k=k, constraints=constraints)))
