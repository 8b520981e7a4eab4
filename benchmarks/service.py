"""Times of the service in one process, and an audit of sampled answers, on a trained catalogue.

    python -m benchmarks.service --home .tastemaker/demo            a table
    python -m benchmarks.service --home .tastemaker/demo --json     one JSON object
    python -m benchmarks.service --home .tastemaker/demo --quick    a tenth of the samples

Rows: ``recommend`` (top 10 of a stored user), ``explain``, ``similar``, ``search``, ``preview`` of a draft, ``publish``
(until it can be had), ``chat_cards`` and ``chat_first_words`` (from a request to its cards and to the first piece
of text). ``answers`` counts, over the sampled chats, what an audit of the texts finds: items named that were not among
the cards, claims that the evidence lacks. It writes into the catalogue: work on a copy of the home that you serve.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agent.answering import liked_items
from agent.grounding import Grounder, audit
from agent.turns import Cards, Finished, Understood, Words
from evaluation.results import this_environment
from pipeline.query import Query, Vocabulary
from serving.service import Service
from serving.settings import load_settings
from store.records import Item


def percentiles(name: str, milliseconds: Sequence[float]) -> dict[str, Any]:
    """One row of times."""
    return {
        "name": name,
        "count": len(milliseconds),
        "p50_ms": round(float(np.percentile(milliseconds, 50)), 1),
        "p99_ms": round(float(np.percentile(milliseconds, 99)), 1),
    }


def timed(name: str, work: Callable[[int], object], *, count: int) -> dict[str, Any]:
    """Times of a piece of work; the first call, which loads what is loaded late, is not counted."""
    work(0)
    taken: list[float] = []
    for number in range(count):
        started = time.perf_counter()
        work(number)
        taken.append(1_000 * (time.perf_counter() - started))
    return percentiles(name, taken)


def pipeline_rows(service: Service, *, count: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Everything but the chat."""
    recommender = service.recommender
    users = [user.user_id for user in service.store.users(limit=10_000)]
    items = list(recommender.vocabulary().titles)
    chosen_users = chance.choices(users, k=count)
    chosen_items = chance.choices(items, k=count)
    titles = [recommender.item(item_id).title for item_id in chosen_items]
    yield timed("recommend", lambda n: recommender.recommend(Query(user_id=chosen_users[n])), count=count)
    few = max(count // 5, 1)
    yield timed("explain", lambda n: recommender.explain(Query(user_id=chosen_users[n]), chosen_items[n]), count=few)
    yield timed("similar", lambda n: recommender.similar(chosen_items[n]), count=count)
    yield timed("search", lambda n: recommender.search(titles[n]), count=few)
    drafts = [_draft(recommender.item(item_id), number) for number, item_id in enumerate(chosen_items[:few])]
    yield timed("preview", lambda n: recommender.preview(drafts[n]), count=few)
    yield timed("publish", lambda n: recommender.publish(drafts[n]), count=few)
    for draft in drafts:
        recommender.deactivate(draft.item_id)


def _draft(like: Item, number: int) -> Item:
    """A new item with the content of a real one."""
    title = f"{like.title}: The Draft"
    return Item(f"draft-{number}", title, like.description, like.categories, like.attributes, like.image)


def requests(vocabulary: Vocabulary, *, count: int, chance: random.Random) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Sampled first turns in the catalogue's own words, with the ids of the items that they name."""
    values = list(next(iter(vocabulary.facets.values()), {"anything": 1}))[:12]
    named = sorted(vocabulary.popularity, key=lambda item: -vocabulary.popularity[item])[:200]
    for number in range(count):
        first, second = chance.sample(values, 2) if len(values) > 1 else (values[0], values[0])
        item_id = chance.choice(named)
        like = f"something like {vocabulary.titles.get(item_id, first)}"
        yield (
            (f"{first}, please", ()),
            (f"{first} but no {second}", ()),
            (like, (item_id,)),
            (f"{like}, but no {second}", (item_id,)),
            ("surprise me", ()),
        )[number % 5]


def chat_rows(service: Service, *, count: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Times of first turns, and what an audit of their texts finds."""
    dialogues, recommender = service.dialogues, service.recommender
    vocabulary = recommender.vocabulary()
    grounder = Grounder(vocabulary)
    users = [user.user_id for user in service.store.users(limit=10_000)]
    cards_after: list[float] = []
    words_after: list[float] = []
    violations: list[str] = []
    without_reason = by_template = 0
    _answer(service, dialogues.open(chance.choice(users)).chat_id, "surprise me")
    for utterance, asked in requests(vocabulary, count=count, chance=chance):
        user_id = chance.choice(users)
        turn = _answer(service, dialogues.open(user_id).chat_id, utterance)
        cards_after.append(turn["cards_after"])
        words_after.append(turn["words_after"])
        by_template += "llm" in turn["degraded"]
        without_reason += sum(not card.reason for card in turn["cards"])
        found = audit(
            turn["text"],
            turn["cards"],
            grounder,
            liked=liked_items((event.item_id, event.kind) for event in service.store.history(user_id)),
            asked=recommender.items(asked),
            texts=(utterance, *turn["chips"]),
        )
        violations += [f"{utterance!r}: {violation}" for violation in found]
    yield percentiles("chat_cards", cards_after)
    yield percentiles("chat_first_words", words_after)
    yield {
        "name": "answers",
        "count": count,
        "violations": len(violations),
        "cards_without_reason": without_reason,
        "by_template": by_template,
        "found": violations[:10],
    }


def _answer(service: Service, chat_id: str, utterance: str) -> dict[str, Any]:
    """One turn with its times in milliseconds."""
    started = time.perf_counter()
    turn: dict[str, Any] = {"cards": (), "text": "", "chips": (), "cards_after": 0.0, "words_after": 0.0}
    for event in service.dialogues.respond(chat_id, utterance):
        after = 1_000 * (time.perf_counter() - started)
        match event:
            case Understood():
                turn["chips"] = tuple(chip.label for chip in event.chips)
            case Cards():
                turn |= {"cards": event.cards, "cards_after": after}
            case Words():
                turn["words_after"] = turn["words_after"] or after
                turn["text"] += event.text
            case Finished():
                turn["degraded"] = event.degraded
    return turn


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True, help="home of a trained service")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path, help="also write the JSON object to this file")
    options = parser.parse_args(arguments)
    count = 20 if options.quick else 200
    chance = random.Random(options.seed)
    with Service.open(load_settings(home=options.home)) as service:
        service.warm()
        rows = [
            *pipeline_rows(service, count=count, chance=chance),
            *chat_rows(service, count=count // 2, chance=chance),
        ]
        environment = this_environment(options.seed).model_dump(mode="json") | {
            "llm": getattr(service.llm, "name", None)
        }
    result = {"benchmark": "service", "rows": rows, "environment": environment}
    if options.out is not None:
        options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if options.json:
        print(json.dumps(result))
        return
    for row in rows:
        print("   ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
