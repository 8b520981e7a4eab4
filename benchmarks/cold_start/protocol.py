"""The split, the catalogue and the figures."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.full_ranking import Ranking, rankings, top
from benchmarks.lists import read_lists
from encoders.content import Content, ContentEncoder
from evaluation.metrics import judge, ndcg, recall
from pipeline.contracts import Scores
from store.ids import IndexArray
from store.interactions import Audience, Interactions
from store.records import Item

CUT = 20
_ROWS = 512
_DIGITS = 18
"""Of the longest id that surely fits 64 bits."""
_SPLIT_SEED = 0
"""Of the halves of the cold interactions: part of the protocol, whatever the models' seeds."""


@dataclass(frozen=True)
class Pairs:
    """Users and items, int64 [E] each."""

    users: IndexArray
    items: IndexArray

    def where(self, keep: np.ndarray) -> Pairs:
        return Pairs(self.users[keep], self.items[keep])

    def by_user(self, num_users: int) -> list[IndexArray]:
        """Items of each user 0..U."""
        order = np.argsort(self.users, kind="stable")
        return np.split(self.items[order], np.searchsorted(self.users[order], np.arange(1, num_users + 1)))


@dataclass(frozen=True)
class Split:
    """Warm items are 1..W, cold ones W+1..N.

    Attributes:
        ids: of items 1..N in the files.
        known: interactions with warm items, no order in time.
        remaining: without one random item of each user who has three.
        held: that item, int64 [U+1], 0 where there is none.
        validation: interactions with cold items.
        test: the other half.
    """

    ids: IndexArray
    known: Interactions
    remaining: Interactions
    held: IndexArray
    validation: Pairs
    test: Pairs

    @classmethod
    def read(cls, folder: Path, cold_items: Path, *, seed: int, limit: int | None = None) -> Split:
        """Read a folder; ``limit`` keeps the first users only.

        Args:
            seed: of what is held out among the warm items, and of the order of interactions.
        """
        listed = [
            (user, items)
            for name in ("ml-1m-train.txt.gz", "ml-1m-test.txt.gz")
            for user, items in read_lists(folder / name, first=1)
        ]
        pairs = np.unique(np.array([(user, item) for user, items in listed for item in items.tolist()]), axis=0)
        _, user_index = np.unique(pairs[:, 0], return_inverse=True)
        cold_ids = read_ids(cold_items)
        ids = np.unique(pairs[:, 1])
        is_cold = np.isin(ids, cold_ids)
        if is_cold.all() or not is_cold.any():
            sys.exit(f"{cold_items} names {int(is_cold.sum())} of the {len(ids)} items of {folder}: some, not all")
        if unknown := len(np.setdiff1d(cold_ids, ids)):
            print(f"{cold_items}: nobody met {unknown} of these ids; they are passed over", file=sys.stderr, flush=True)
        ids = np.concatenate((ids[~is_cold], ids[is_cold]))
        order = np.argsort(ids)
        everything = Pairs(user_index + 1, order[np.searchsorted(ids, pairs[:, 1], sorter=order)] + 1)
        if limit is not None:
            everything = everything.where(everything.users <= limit)
        num_warm, num_users = int((~is_cold).sum()), int(everything.users.max())
        warm = everything.where(everything.items <= num_warm)
        order = np.random.default_rng(seed).permutation(len(warm.users))
        known = Interactions.build(
            warm.users[order], warm.items[order], np.arange(len(order)), num_users=num_users, num_items=num_warm
        )
        cold = everything.where(everything.items > num_warm)
        half = np.random.default_rng(_SPLIT_SEED).permutation(len(cold.users)) < len(cold.users) // 2
        remaining, held = known.leave_last_out()
        return cls(ids, known, remaining, held, cold.where(half), cold.where(~half))

    @property
    def num_users(self) -> int:
        return self.known.num_users

    @property
    def num_warm(self) -> int:
        return self.known.num_items

    @property
    def num_items(self) -> int:
        return len(self.ids)

    @cached_property
    def cold(self) -> IndexArray:
        """int64 [M]."""
        return np.arange(self.num_warm + 1, self.num_items + 1)

    def revealed(self, count: int) -> Pairs:
        """The first ``count`` interactions of each cold item, of the validation half, which is in random order."""
        order = np.random.default_rng(_SPLIT_SEED).permutation(len(self.validation.items))
        shuffled = self.validation.where(order)
        by_item = np.argsort(shuffled.items, kind="stable")
        items = shuffled.items[by_item]
        place = np.arange(len(items)) - np.searchsorted(items, items)
        return shuffled.where(by_item[place < count])

    def with_revealed(self, shown: Pairs) -> Interactions:
        """All interactions known by then, over all N items."""
        users = np.concatenate((self.known.users, shown.users))
        items = np.concatenate((self.known.items, shown.items))
        return Interactions.build(
            users, items, np.arange(len(users)), num_users=self.num_users, num_items=self.num_items
        )


def read_ids(path: Path) -> IndexArray:
    """Distinct whole numbers of a file, one a line; empty lines are passed over. Ends the program at any other line."""
    if not path.is_file():
        sys.exit(f"{path} is no file: give the ids of the cold items, one a line")
    found: set[int] = set()
    for number, line in enumerate(path.read_text(encoding="utf-8-sig", errors="replace").splitlines(), start=1):
        text = line.strip()
        if text and not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
            sys.exit(f"{path}, line {number}: {text[:40]!r} is no item id; give one whole number a line")
        found |= {int(text)} if text else set()
    return np.array(sorted(found), dtype=np.int64)


@dataclass(frozen=True)
class Catalogue:
    """Items 1..N with their content.

    Attributes:
        items: row 0 is item 1.
        content: of the same.
    """

    items: tuple[Item, ...]
    content: Content

    @classmethod
    def read(
        cls, folder: Path, ids: IndexArray, encoder: ContentEncoder, *, titles_only: bool = False, pictures: bool = True
    ) -> Catalogue:
        """The items of a split.

        Args:
            titles_only: takes description, genres and year from all of them.
            pictures: False takes the pictures, which are most of the work to encode.
        """
        rows: dict[int, Mapping[str, object]] = {}
        with gzip.open(folder / "items.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                rows[int(row["item_id"])] = row
        if missing := [int(item_id) for item_id in ids if int(item_id) not in rows]:
            sys.exit(f"{folder / 'items.jsonl.gz'} lacks {len(missing)} items that people met, such as {missing[0]}")
        items = tuple(_item(rows[int(item_id)], folder, titles_only=titles_only) for item_id in ids)
        if not pictures:
            items = tuple(replace(item, image=None) for item in items)
        print(f"encoding {len(items)} items ...", file=sys.stderr, flush=True)
        return cls(items, encoder.encode(items))

    def without_images(self) -> Catalogue:
        """Known by text, genres and year alone."""
        return replace(self, content=replace(self.content, has_image=np.zeros(len(self.items), dtype=np.bool_)))

    def images_only(self) -> Catalogue:
        """Known by pictures alone."""
        bare = tuple(replace(item, title="", description="", categories=(), attributes={}) for item in self.items)
        return Catalogue(bare, replace(self.content, has_text=np.zeros(len(self.items), dtype=np.bool_)))


def _item(row: Mapping[str, object], folder: Path, *, titles_only: bool) -> Item:
    image = str(folder / str(row["image"])) if row["image"] else None
    if titles_only:
        return Item(str(row["item_id"]), str(row["title"]), image=image)
    genres = row["genres"]
    return Item(
        str(row["item_id"]),
        str(row["title"]),
        description=str(row["description"] or ""),
        categories=tuple(genres) if isinstance(genres, list) else (),
        attributes={"year": int(str(row["year"]))} if row["year"] else {},
        image=image,
    )


@dataclass(frozen=True)
class ColdGains:
    """Of the test interactions, by user with any.

    Attributes:
        cold: "recall" and "ndcg" at 20 among the cold items.
        all: the same among all items that the user has not met.
        share: of cold items in the lists of all.
    """

    cold: Mapping[str, NDArray[np.float64]]
    all: Mapping[str, NDArray[np.float64]]
    share: float


def cold_gains(ranking: Ranking, split: Split, histories: Interactions) -> ColdGains:
    """Judge a ranking.

    Args:
        ranking: scores of all N items.
        histories: what users have met by then, over N items; those items are not ranked.
    """
    wanted = split.test.by_user(split.num_users)
    users = np.array([user for user, items in enumerate(wanted) if len(items)], dtype=np.int64)
    found: dict[str, list[IndexArray]] = {"cold": [], "all": []}
    for start in range(0, len(users), _ROWS):
        audience = Audience.of_users(users[start : start + _ROWS], histories)
        scores = ranking(audience)
        found["all"].append(top(scores.copy(), audience, CUT))
        scores[:, : split.num_warm + 1] = -np.inf
        found["cold"].append(top(scores, audience, CUT))
    lists = {among: np.concatenate(parts) for among, parts in found.items()}
    judged = {among: judge(each, [wanted[user] for user in users]) for among, each in lists.items()}
    gains = {among: {"recall": recall(each, CUT), "ndcg": ndcg(each, CUT)} for among, each in judged.items()}
    return ColdGains(gains["cold"], gains["all"], float((lists["all"] > split.num_warm).mean()))


def warm_gain(ranking: Ranking, split: Split, *, with_cold: bool) -> float:
    """ndcg@20 of the held-out warm items of every second user (the others taught the blend).

    Args:
        ranking: scores of all N items by models fitted on what remains, or of the warm ones alone.
        with_cold: whether the cold items compete.
    """
    users = judged_users(split.held)

    def competing(audience: Audience) -> Scores:
        scores = np.array(ranking(audience), dtype=np.float32)
        if not with_cold:
            scores[:, split.num_warm + 1 :] = -np.inf
        return scores

    found = rankings(competing, users, split.remaining, CUT)
    return float(ndcg(judge(found, split.held[users]), CUT).mean())


def judged_users(held: IndexArray) -> IndexArray:
    """Every second user of whom something is held out."""
    return np.flatnonzero(held)[1::2]


def taught(held: IndexArray) -> IndexArray:
    """Held-out items without those of ``judged_users``: int64 [U+1]."""
    rest = held.copy()
    rest[judged_users(held)] = 0
    return rest
