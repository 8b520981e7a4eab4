"""Two planted catalogues and a recommender small enough to be checked by eye."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from agent.dialogue import Dialogues
from agent.understanding import Understander
from pipeline.explanation import Contribution, Explanation
from pipeline.query import (
    Constraints,
    Facet,
    Neighbour,
    Preview,
    Query,
    Reason,
    Recommendation,
    Recommendations,
    Vocabulary,
)
from store.database import Store
from store.errors import UnknownItem
from store.records import EventKind, Item

FILMS = """
Toy Story|1995|Animation,Children,Comedy|Directed by John Lasseter, starring Tom Hanks and Tim Allen. Toys come to life.
Jumanji|1995|Adventure,Children,Fantasy|Directed by Joe Johnston, starring Robin Williams. A board game comes to life.
Heat|1995|Action,Crime,Thriller|Directed by Michael Mann, starring Al Pacino and Robert De Niro. A heist in Los Angeles.
GoldenEye|1995|Action,Adventure,Thriller|Starring Pierce Brosnan as James Bond.
Casino|1995|Drama|Directed by Martin Scorsese, starring Robert De Niro and Sharon Stone. Las Vegas and the mob.
Sense and Sensibility|1995|Drama,Romance|Directed by Ang Lee, starring Emma Thompson and Kate Winslet.
Get Shorty|1995|Comedy,Crime|Starring John Travolta. A loan shark in Hollywood.
Seven (a.k.a. Se7en)|1995|Mystery,Thriller|Directed by David Fincher, starring Brad Pitt and Morgan Freeman.
Usual Suspects, The|1995|Crime,Mystery,Thriller|Directed by Bryan Singer, starring Kevin Spacey. A crime told twice.
Braveheart|1995|Action,Drama,War|Directed by Mel Gibson. Scotland fights.
Apollo 13|1995|Adventure,Drama|Directed by Ron Howard, starring Tom Hanks. A space flight in danger.
Pulp Fiction|1994|Comedy,Crime,Drama|Directed by Quentin Tarantino, starring John Travolta and Uma Thurman.
Forrest Gump|1994|Comedy,Drama,Romance|Directed by Robert Zemeckis, starring Tom Hanks. A man runs through history.
Lion King, The|1994|Adventure,Animation,Children,Musical|A lion cub grows up.
Speed|1994|Action,Thriller|Starring Keanu Reeves and Sandra Bullock. A bus must not slow down.
Fargo|1996|Comedy,Crime,Drama,Thriller|Directed by Joel Coen, starring Frances McDormand. A film by the Coen brothers.
Independence Day|1996|Action,Sci-Fi,War|Starring Will Smith. Aliens attack.
Titanic|1997|Drama,Romance|Directed by James Cameron, starring Leonardo DiCaprio and Kate Winslet.
Jackie Brown|1997|Crime,Drama,Thriller|Directed by Quentin Tarantino, starring Pam Grier.
Men in Black|1997|Action,Comedy,Sci-Fi|Starring Will Smith and Tommy Lee Jones. Aliens among us.
Scream|1996|Comedy,Horror,Mystery,Thriller|Directed by Wes Craven. A killer knows the rules.
Big Lebowski, The|1998|Comedy,Crime|Directed by Joel Coen, starring Jeff Bridges. A film by the Coen brothers.
Saving Private Ryan|1998|Action,Drama,War|Directed by Steven Spielberg, starring Tom Hanks. World War II.
Matrix, The|1999|Action,Sci-Fi,Thriller|Starring Keanu Reeves. What is real?
Fight Club|1999|Action,Crime,Drama,Thriller|Directed by David Fincher, starring Brad Pitt.
Magnolia|1999|Drama|Directed by Paul Thomas Anderson, starring Tom Cruise.
Alien|1979|Horror,Sci-Fi|Directed by Ridley Scott, starring Sigourney Weaver.
Aliens|1986|Action,Horror,Sci-Fi|Directed by James Cameron, starring Sigourney Weaver.
Star Wars: Episode IV - A New Hope|1977|Action,Adventure,Sci-Fi|Directed by George Lucas, starring Harrison Ford.
Blade Runner|1982|Sci-Fi,Thriller|Directed by Ridley Scott, starring Harrison Ford.
2001: A Space Odyssey|1968|Adventure,Drama,Sci-Fi|Directed by Stanley Kubrick. A mission to Jupiter.
Shining, The|1980|Horror|Directed by Stanley Kubrick, starring Jack Nicholson. A hotel in winter.
Psycho|1960|Crime,Horror|Directed by Alfred Hitchcock. A motel, a shower.
Vertigo|1958|Drama,Mystery,Romance,Thriller|Directed by Alfred Hitchcock, starring James Stewart.
Casablanca|1942|Drama,Romance|Starring Humphrey Bogart and Ingrid Bergman. A cafe in the war.
Singin' in the Rain|1952|Comedy,Musical,Romance|Starring Gene Kelly. Hollywood learns to talk.
Godfather, The|1972|Crime,Drama|Directed by Francis Ford Coppola, starring Marlon Brando and Al Pacino.
Godfather: Part II, The|1974|Crime,Drama|Directed by Francis Ford Coppola, starring Al Pacino.
Good, the Bad and the Ugly, The|1966|Action,Adventure,Western|Directed by Sergio Leone, starring Clint Eastwood.
Unforgiven|1992|Drama,Western|Directed by Clint Eastwood, starring Clint Eastwood and Gene Hackman.
Groundhog Day|1993|Comedy,Fantasy,Romance|Starring Bill Murray. One day again and again.
Ghost|1990|Comedy,Drama,Fantasy,Romance,Thriller|Starring Patrick Swayze and Demi Moore.
Hoop Dreams|1994|Documentary|Two boys and basketball in Chicago.
Big|1988|Comedy,Fantasy|Starring Tom Hanks. A boy wakes up grown.
It|2017|Horror|A clown in a small town.
Memento|2000|Mystery,Thriller|Directed by Christopher Nolan, starring Guy Pearce. Told backwards.
""".strip()

HARDWARE = """
Cordless Drill 18V|Drills|Bosch|129.00|1600|A cordless drill for wood and metal.
Compact Drill 12V|Drills|Makita|89.90|1100|A small cordless drill for furniture.
Hammer Drill Pro|Drills|DeWalt|179.00|2400|A hammer drill for concrete walls.
Claw Hammer|Hammers|Stanley|14.50|600|A hammer with a claw for nails.
Sledge Hammer|Hammers|Fiskars|39.90|3500|A heavy hammer for demolition.
Rubber Mallet|Hammers|Stanley|9.90|450|A soft hammer for paving.
Circular Saw 190|Saws|Makita|149.00|3900|A saw for boards.
Jigsaw Easy|Saws|Bosch|59.90|1500|A saw for curves.
Hand Saw|Saws|Bahco|19.90|400|A hand saw for wood.
Hacksaw|Saws|Bahco|24.90|650|A saw for metal.
Orbital Sander|Sanders|Bosch|64.90|1300|A quiet sander for furniture.
Belt Sander|Sanders|Makita|189.00|5700|A sander for floors.
Detail Sander|Sanders|Skil|39.90|1200|A small sander for corners.
White Wall Paint 10L|Paint|Dulux|44.90|14000|Matt paint for walls and ceilings.
Blue Garden Paint|Paint|Dulux|24.90|1500|Paint for fences.
Metal Primer|Paint|Hammerite|17.90|900|Primer against rust.
Wood Varnish|Paint|Bondex|19.50|1000|Clear varnish for wood.
Adjustable Wrench|Hand Tools|Bahco|29.90|350|A wrench for pipes.
Socket Set 94 Pieces|Hand Tools|Stanley|79.90|6500|Sockets for a car.
Precision Screwdriver Set|Hand Tools|Wera|34.90|300|Screwdrivers for electronics.
Tape Measure 5m|Measuring|Stanley|8.90|200|A tape measure.
Laser Measure 40|Measuring|Bosch|69.90|120|A laser that measures rooms.
Spirit Level 60|Measuring|Stabila|32.50|700|A level for shelves.
Garden Hose 25m|Garden|Gardena|34.90|3200|A hose for the lawn.
Hedge Trimmer|Garden|Bosch|99.00|3500|An electric trimmer for hedges.
Pruning Shears|Garden|Fiskars|22.90|250|Shears for roses.
Lawn Mower Quiet|Garden|Gardena|249.00|14500|A quiet mower for small lawns.
LED Work Light|Lighting|Brennenstuhl|27.90|900|A bright light for the workshop.
Head Torch|Lighting|Petzl|39.00|90|A light torch for the cellar.
Wood Glue|Adhesives|Ponal|6.90|250|Glue for wooden furniture.
""".strip()


def films() -> list[Item]:
    rows = [line.split("|") for line in FILMS.splitlines()]
    return [
        Item(f"f{n}", title, text, tuple(genres.split(",")), {"year": int(year)})
        for n, (title, year, genres, text) in enumerate(rows, start=1)
    ]


def hardware() -> list[Item]:
    rows = [line.split("|") for line in HARDWARE.splitlines()]
    return [
        Item(f"h{n}", title, text, (category,), {"brand": brand, "price": float(price), "weight_g": int(weight)})
        for n, (title, category, brand, price, weight, text) in enumerate(rows, start=1)
    ]


def vocabulary_of(items: Sequence[Item]) -> Vocabulary:
    counts: dict[str, Counter[str]] = {}
    numbers: dict[str, list[float]] = {}
    for item in items:
        counts.setdefault("category", Counter()).update(item.categories)
        for name, value in item.attributes.items():
            if isinstance(value, str):
                counts.setdefault(name, Counter())[value] += 1
            elif isinstance(value, (int, float)):
                numbers.setdefault(name, []).append(value)
    return Vocabulary(
        facets={name: dict(found.most_common()) for name, found in counts.items()},
        numeric={name: (min(values), max(values)) for name, values in numbers.items()},
        titles={item.item_id: item.title for item in items if item.active},
    )


def fits(item: Item, constraints: Constraints) -> bool:
    """The meaning of constraints, written again and naively."""
    facets = {Facet("category", value) for value in item.categories}
    facets |= {Facet(name, value) for name, value in item.attributes.items() if isinstance(value, str)}
    text = f"{item.title} {item.description}".casefold()
    numbers = {name: value for name, value in item.attributes.items() if isinstance(value, (int, float))}
    return (
        all(group & facets for group in constraints.include)
        and not constraints.exclude & facets
        and all(name in numbers and bounds.holds(numbers[name]) for name, bounds in constraints.ranges.items())
        and all(phrase.casefold() in text for phrase in constraints.phrases_in)
        and not any(phrase.casefold() in text for phrase in constraints.phrases_out)
        and item.item_id not in constraints.exclude_items
    )


class MemoryRecommender:
    """Implements ``pipeline.api.RecommenderApi`` over a list: scores by shared categories with seeds and history."""

    snapshot_id = "memory"

    def __init__(self, items: Sequence[Item], store: Store) -> None:
        self._items = {item.item_id: item for item in items}
        self._store = store
        self._vocabulary = vocabulary_of(items)
        self.queries: list[Query] = []

    def matching(self, query: Query) -> int:
        met = {event.item_id for event in self._store.history(query.user_id)} if query.user_id else set()
        out = met | set(query.seeds)
        return sum(fits(item, query.constraints) and item.item_id not in out for item in self._items.values())

    def recommend(self, query: Query) -> Recommendations:
        self.queries.append(query)
        for item_id in query.seeds:
            self.item(item_id)
        events = self._store.history(query.user_id) if query.user_id else []
        newest = {event.item_id: event.kind for event in events}
        allowed = [
            item
            for item in self._items.values()
            if fits(item, query.constraints) and item.item_id not in newest and item.item_id not in query.seeds
        ]
        liked = [self._items[item] for item, kind in newest.items() if kind != EventKind.DISLIKE]
        seeds = [self._items[item] for item in query.seeds]

        def score(item: Item) -> float:
            near = sum(3 * len(set(item.categories) & set(seed.categories)) for seed in seeds)
            return near + sum(len(set(item.categories) & set(other.categories)) for other in liked)

        every = sorted(allowed, key=lambda item: (-score(item), item.item_id))
        ranked, contenders = every[: query.k], every[: query.contenders]
        looks = (Reason("picture"),) if query.picture else ()
        reasons = (*looks, *((Reason("seed", tuple(seeds)),) if seeds else (Reason("popular"),)))
        found = tuple(
            Recommendation(item, n, score(item), {}, reasons, False) for n, item in enumerate(ranked, start=1)
        )
        named = tuple((item.item_id, float(score(item))) for item in contenders)
        return Recommendations(found, "memory", matching=len(allowed), contenders=named)

    def recommend_all(self, *, k: int = 10, batch_size: int = 256) -> Iterator[tuple[str, tuple[Recommendation, ...]]]:
        yield from ()

    def similar(self, item_id: str, *, k: int = 10, constraints: Constraints = Constraints()) -> tuple[Neighbour, ...]:
        others = [item for item in self._items.values() if item.item_id != item_id and fits(item, constraints)]
        return tuple(Neighbour(item, 1.0, {"text": 1.0}) for item in others[:k])

    def search(self, text: str, *, k: int = 10, constraints: Constraints = Constraints()) -> tuple[Item, ...]:
        found = [i for i in self._items.values() if text.casefold() in i.title.casefold() and fits(i, constraints)]
        return tuple(found[:k])

    def explain(self, query: Query, item_id: str) -> Explanation:
        self.queries.append(query)
        item = self.item(item_id)
        seeds = self.items(query.seeds)
        contributions = tuple(Contribution(seed, 0.5, 0.5) for seed in seeds)
        looks = (Reason("picture"),) if query.picture else ()
        reasons = (*looks, *((Reason("seed", seeds),) if seeds else (Reason("popular"),)))
        return Explanation(
            item, query.user_id, 1.0, 1, len(self._items), {}, contributions, 0.0, (), (), reasons, "memory", False
        )

    def preview(self, draft: Item) -> Preview:
        raise NotImplementedError

    def publish_all(self, items: Sequence[Item]) -> None:
        raise NotImplementedError

    def publish(self, item: Item) -> Item:
        self._store.put_items([item])
        self._items[item.item_id] = item
        self._vocabulary = vocabulary_of(list(self._items.values()))
        return item

    def deactivate(self, item_id: str) -> None:
        raise NotImplementedError

    def item(self, item_id: str) -> Item:
        return self.items([item_id])[0]

    def items(self, item_ids: Sequence[str]) -> tuple[Item, ...]:
        missing = [item_id for item_id in item_ids if item_id not in self._items]
        if missing:
            raise UnknownItem(missing[0])
        return tuple(self._items[item_id] for item_id in item_ids)

    def vocabulary(self) -> Vocabulary:
        return self._vocabulary


def understander_of(items: Sequence[Item]) -> Understander:
    vocabulary = vocabulary_of(items)
    by_id = {item.item_id: item for item in items}
    return Understander(lambda: vocabulary, lambda ids: [by_id[item_id] for item_id in ids])


@pytest.fixture(scope="session")
def film_understander() -> Understander:
    return understander_of(films())


@pytest.fixture(scope="session")
def hardware_understander() -> Understander:
    return understander_of(hardware())


@pytest.fixture
def film_store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'films.db'}") as store:
        store.put_items(films())
        yield store


@pytest.fixture
def film_recommender(film_store: Store) -> MemoryRecommender:
    return MemoryRecommender(films(), film_store)


@pytest.fixture
def film_chats(film_store: Store, film_recommender: MemoryRecommender) -> Dialogues:
    return Dialogues(film_store, film_recommender)


@pytest.fixture
def hardware_chats(tmp_path: Path) -> Iterator[Dialogues]:
    with Store.open(f"sqlite:///{tmp_path / 'hardware.db'}") as store:
        store.put_items(hardware())
        yield Dialogues(store, MemoryRecommender(hardware(), store))
