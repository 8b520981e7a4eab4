"""Commands that ask the models: recommend, similar, search, explain, understand."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from pydantic_core import to_jsonable_python
from rich.table import Column, Table

from agent.explaining.telling import STYLES, Told, checked_style
from agent.explaining.voices import LANGUAGES
from agent.request import RangeRef, Request
from pipeline.catalogue import Catalogue
from pipeline.query import Facet, Query, Recommendations
from serving.commands.evidence import show_evidence
from serving.commands.output import AsJson, opened, print_json, print_json_line, stdout
from serving.service import Service
from serving.wording import in_words
from store.errors import InputError, SnapshotError
from store.records import Item

K = Annotated[int, typer.Option("--k", "-k", help="How many, 1 to 1,000.")]
History = Annotated[
    list[str] | None, typer.Option("--history", help="Item of an explicit history; repeat, oldest first.")
]
User = Annotated[str | None, typer.Option("--user", "-u", help="Whose stored history to use.")]


def recommend(
    context: typer.Context,
    user: User = None,
    history: History = None,
    like: Annotated[list[str] | None, typer.Option(help="Something like this item; repeat for more.")] = None,
    taste: Annotated[
        list[str] | None,
        typer.Option(help="What someone without a history likes, as ATTRIBUTE=VALUE: category=Crime. Repeat for more."),
    ] = None,
    text: Annotated[str, typer.Option(help="Mood or topic in words.")] = "",
    k: K = 10,
    as_json: AsJson = False,
) -> None:
    """Recommend items to a user, to an explicit history, or to someone of whom nothing is known."""
    query = Query(
        user_id=user,
        history=tuple(history) if history else None,
        seeds=tuple(like or ()),
        tastes=frozenset(_facet(written) for written in taste or ()),
        text=text,
        k=k,
    )
    with opened(context) as service:
        answer = service.recommender.recommend(query)
    if as_json:
        print_json(answer)
    else:
        _show_recommendations(answer)


def _facet(written: str) -> Facet:
    attribute, equals, value = written.partition("=")
    if not (attribute and equals and value):
        raise InputError(f"taste {written!r} is no ATTRIBUTE=VALUE", fix="Write it as in category=Crime.")
    return Facet(attribute, value)


def similar(
    context: typer.Context,
    item: Annotated[str, typer.Argument(help="Id of an item.")],
    k: K = 10,
    as_json: AsJson = False,
) -> None:
    """Items close to one item, by behaviour and content."""
    with opened(context) as service:
        neighbours = service.recommender.similar(item, k=k)
    if as_json:
        print_json(neighbours)
        return
    table = Table(Column("Id", overflow="fold"), "Title", "Similarity", "Shares", "In common")
    for neighbour in neighbours:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in neighbour.shares.items())
        table.add_row(
            neighbour.item.item_id,
            neighbour.item.title,
            f"{neighbour.similarity:.3f}",
            shares,
            ", ".join(neighbour.shared_values),
        )
    stdout().print(table)


def search(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(help="Words of a title or a text.")],
    k: K = 10,
    as_json: AsJson = False,
) -> None:
    """Find items by words: titles first, then content."""
    with opened(context) as service:
        found = service.recommender.search(" ".join(words), k=k)
    if as_json:
        print_json(found)
        return
    table = Table(Column("Id", overflow="fold"), "Title", "Categories")
    for item in found:
        table.add_row(item.item_id, item.title, ", ".join(item.categories))
    stdout().print(table)


def explain(
    context: typer.Context,
    item: Annotated[str | None, typer.Argument(help="Id of an item; without it, the taste of a reader.")] = None,
    user: User = None,
    history: History = None,
    without: Annotated[
        list[str] | None, typer.Option(help="History item to leave out, for a what-if; repeat for more.")
    ] = None,
    also: Annotated[
        list[str] | None, typer.Option(help="Item to read as if it had just been met; repeat for more.")
    ] = None,
    snapshot: Annotated[
        str | None, typer.Option(help="Id of the models to answer by, of those that are kept; else those in service.")
    ] = None,
    everyone: Annotated[bool, typer.Option("--everyone", help="Who gets the item, instead of one reader.")] = False,
    style: Annotated[
        str | None,
        typer.Option(help=f"In words instead of tables: {', '.join(STYLES)}. Other options of words: paragraph."),
    ] = None,
    language: Annotated[str | None, typer.Option(help=f"Of the words: {', '.join(LANGUAGES)}.")] = None,
    paraphrase: Annotated[
        bool, typer.Option("--paraphrase", help="The language model words the paragraph, where its sentences hold.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Why an item stands where it stands, with the evidence; or what the models know of an item or of a reader."""
    query = Query(
        user_id=user,
        history=tuple(history) if history else None,
        without=frozenset(without or ()),
        also=tuple(also or ()),
    )
    if item is None and (everyone or not (user or history)):
        raise InputError("there is no item to explain", fix="Name one, or give --user or --history for their taste.")
    wordy = style is not None or language is not None or paraphrase
    if wordy and (item is None or everyone):
        raise InputError(
            "only the explanation of an item for a reader has words", fix="Leave out the options of words."
        )
    told = None
    with opened(context) as service:
        recommender = service.recommender_over(snapshot)
        if item is None:
            answer = recommender.taste(query)
        elif everyone:
            answer = recommender.item_profile(item)
        else:
            answer = explanation = recommender.explain(query, item)
            if wordy:
                told = in_words(
                    service,
                    explanation,
                    style=checked_style(style or "paragraph"),
                    language=language or LANGUAGES[0],
                    by_model=paraphrase,
                )
    if as_json:
        print_json(to_jsonable_python(answer) | ({"words": told} if told else {}))
    elif told is not None:
        _show_words(told)
    else:
        show_evidence(answer)


def _show_words(told: Told) -> None:
    console = stdout()
    for passage in told.passages:
        if passage.heading:
            console.print(f"\n[bold]{passage.heading}[/]")
        for sentence in passage.sentences:
            console.print(sentence.text, markup=False, soft_wrap=True)
    by_model = sum(sentence.by_model for passage in told.passages for sentence in passage.sentences)
    if by_model:
        console.print(f"\n{by_model} of these sentences are the model's.")
    for part in told.degraded:
        console.print(f"went on without: {part}")


def _show_recommendations(answer: Recommendations) -> None:
    table = Table(
        "", "Id", "Title", "Score", "Because of", title=f"Snapshot {answer.snapshot_id}", title_justify="left"
    )
    for one in answer.items:
        reason = one.reasons[0] if one.reasons else None
        because = f"{reason.kind}: {_names(reason.items) or ', '.join(reason.values)}" if reason else ""
        table.add_row(str(one.rank), one.item.item_id, one.item.title, f"{one.score:.3f}", because.rstrip(": "))
    stdout().print(table)
    for note in (*answer.notes, *(f"went on without: {part}" for part in answer.degraded)):
        stdout().print(note)


def _names(items: tuple[Item, ...]) -> str:
    return ", ".join(item.title for item in items[:2])


def understand(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line; the only format.")] = True,
) -> None:
    """Read requests from standard input, one a line, each a first turn; print each as understood, one JSON a line.

    Whatever a line holds, an object is printed for it: bytes that are no UTF-8 are passed over, and of a very long line
    the beginning is read.
    """
    from agent.tokens import MAX_CHARACTERS
    from agent.understanding import Understander

    with opened(context) as service:
        catalogue = Catalogue(service.store.items(active=True))
        intents = service.intents
        popularity = _popularity(service)
    items = {item.item_id: item for item in catalogue.items}
    understander = Understander.over(catalogue, intents=intents, popularity=popularity)
    # As bytes: a carriage return within a line ends none.
    for line in sys.stdin.buffer:
        text = line.decode("utf-8", errors="replace").replace("\ufffd", " ").strip()
        print_json_line(understood(understander.understand(text[:MAX_CHARACTERS]), items))


def _popularity(service: Service) -> Mapping[str, int]:
    """By item, to choose among namesakes; nothing where nothing has been trained."""
    try:
        return service.recommender.vocabulary().popularity
    except SnapshotError:
        return {}


def understood(request: Request, items: Mapping[str, Item]) -> dict[str, object]:
    """A request as flat JSON: values, titles and years by name."""

    def named(ids: Sequence[str]) -> list[dict[str, str]]:
        return [{"item_id": item_id, "title": items[item_id].title} for item_id in ids]

    years = next((found for found in request.ranges if found.attribute == "year"), RangeRef(attribute="year"))
    return {
        "intent": request.intent,
        # Where items are asked about, these are the items: there is no other place for them.
        "items_like": named((*request.items_like, *(request.refers_to if request.intent.asks else ()))),
        # What is known already is not to be shown again: nothing else is said of it here.
        "items_unlike": named((*request.items_unlike, *(request.seen if request.intent.wishes else ()))),
        "attributes_in": [facet.value for group in request.facets_in for facet in group],
        "attributes_out": [facet.value for facet in request.facets_out],
        "people_in": (*request.people_in, *request.people_either),
        "people_out": request.people_out,
        "year_from": None if years.low is None else round(years.low),
        "year_to": None if years.high is None else round(years.high),
        "count": request.count,
        "critiques": request.critiques,
        "mood": request.mood.removesuffix(" ".join(request.people_either)).strip(),
        "refers_to": request.references,
    }
