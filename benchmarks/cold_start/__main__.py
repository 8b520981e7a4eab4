"""`python -m benchmarks.cold_start`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch

from benchmarks import cold_start
from benchmarks.cold_start import baselines, networks
from benchmarks.cold_start.ours import Fitted, Ours, Warm, fit_warm
from benchmarks.cold_start.protocol import Catalogue, Split, cold_gains, warm_gain
from benchmarks.ease import ease
from benchmarks.full_ranking import Ranking
from benchmarks.harness import Report, chosen, measured, options, over_seeds
from encoders.content import ContentEncoder
from pipeline.training_settings import TrainingSettings
from serving.service import Service
from serving.settings import load_settings
from store.interactions import Audience, Interactions

PLAIN = {name: getattr(baselines, name) for name in ("random", "neighbour_popularity", "text", "image", "ridge")}
NETWORKS = {"dropoutnet": networks.dropoutnet, "clcrec": networks.clcrec}
CATALOGUES = {"ours_text": "text", "ours_image": "image", "ours_title": "title", "ours_title_image": "title_image"}
STAGES = (1, 3, 10, 30, 100)
CURVE = tuple(f"{who}_n{count}" for count in STAGES for who in ("behaviour", "ours"))
AGAIN = tuple(f"{who}_n{count}" for count in (3, 30) for who in ("trained", "retrained"))
ROWS = (*PLAIN, *NETWORKS, *CATALOGUES, "ours", "ours_without_cold", *CURVE, *AGAIN)
_QUICK_USERS, _QUICK_EPOCHS, _QUICK_STEPS = 600, 2, 100
_EASE_L2 = 300.0
_SURE = 1.96
"""Deviations of a normal distribution that hold 95%."""

Figures = dict[str, float | None]


class Contest:
    """All rows of one seed; what several need is fitted once.

    Args:
        folder: of the data.
        cold_items: file of ids.
        encoder: of the items' content.
        seed: of everything random but the halves of the cold interactions.
        users: the first so many only; None for all.
        quick: few users, epochs and steps.
    """

    def __init__(
        self, folder: Path, cold_items: Path, encoder: ContentEncoder, *, seed: int, users: int | None, quick: bool
    ) -> None:
        self._split = Split.read(folder, cold_items, seed=seed, limit=_QUICK_USERS if quick else users)
        self._again: dict[str, Fitted] = {}
        self._folder, self._encoder, self._seed, self._quick = folder, encoder, seed, quick
        self._ours: dict[str, Ours] = {}
        self._gains: dict[str, np.ndarray] = {}

    def row(self, name: str) -> Figures:
        """Quality and cost of one row; ``fit_s`` leaves out what another row has fitted."""
        with measured() as cost:
            figures = self._figures(name)
        return figures | {"row_s": round(cost.seconds, 1), "peak_mb": cost.peak_mb}

    def _figures(self, name: str) -> Figures:
        split = self._split
        known = split.with_revealed(split.revealed(0))
        if name in PLAIN:
            fit = partial(PLAIN[name], catalogue=self._catalogue, seed=self._seed)
            return self._judged(name, fit(split.known), fit(split.remaining), known)
        if name in NETWORKS:
            final, remaining = (self._network(name, fitted) for fitted in (self.warm.final, self.warm.chosen))
            return self._judged(name, final, remaining, known)
        if name == "ours_without_cold":
            return {"warm_ndcg@20": warm_gain(self._model("all").without_cold(), split, with_cold=False)}
        if name in (*CATALOGUES, "ours"):
            model = self._model(CATALOGUES.get(name, "all"))
            figures = self._judged(name, model.content_only(), model.held_out(), known)
            without = {"ours_title_image": "ours_title", "ours": "ours_text"}.get(name)
            return figures | (self._gain_over(name, without) if without in self._gains else {})
        who, count = name.split("_n")
        shown = split.revealed(int(count))
        histories = split.with_revealed(shown)
        if who in ("trained", "retrained"):
            if count not in self._again:
                self._again[count] = self.warm.again(histories)
            model = self._model("all")
            ranking = (model.trained if who == "trained" else model.retrained)(self._again[count])
        else:
            ranking = self._model("all").after(shown) if who == "ours" else ease(histories, l2=_EASE_L2)
        return self._judged(name, ranking, None, histories)

    def _judged(self, name: str, ranking: Ranking, remaining: Ranking | None, histories: Interactions) -> Figures:
        """Figures of a ranking of the cold items, and of one by models that do not know the held-out warm items."""
        gains = cold_gains(ranking, self._split, histories)
        self._gains[name] = gains.cold["recall"]
        figures: Figures = {
            "cold_recall@20": float(gains.cold["recall"].mean()),
            "cold_ndcg@20": float(gains.cold["ndcg"].mean()),
            "cold_recall@20_ci": _interval(gains.cold["recall"]),
            "all_recall@20": float(gains.all["recall"].mean()),
            "all_ndcg@20": float(gains.all["ndcg"].mean()),
            "cold_share@20": gains.share,
        }
        if remaining is not None:
            figures["warm_ndcg@20"] = warm_gain(remaining, self._split, with_cold=False)
            figures["warm_among_all_ndcg@20"] = warm_gain(remaining, self._split, with_cold=True)
        return figures

    def _gain_over(self, name: str, without: str) -> Figures:
        """What the picture adds, with half the 95% interval over users."""
        gain = self._gains[name] - self._gains[without]
        return {"picture_adds@20": float(gain.mean()), "picture_adds@20_ci": _interval(gain)}

    @cached_property
    def warm(self) -> Warm:
        epochs = _QUICK_EPOCHS if self._quick else TrainingSettings().epochs
        return fit_warm(self._split, seed=self._seed, epochs=epochs)

    @cached_property
    def _catalogue(self) -> Catalogue:
        return Catalogue.read(self._folder, self._split.ids, self._encoder)

    @cached_property
    def _titles(self) -> Catalogue:
        return Catalogue.read(self._folder, self._split.ids, self._encoder, titles_only=True)

    def _model(self, known_of: str) -> Ours:
        if known_of not in self._ours:
            catalogues: dict[str, Callable[[], Catalogue]] = {
                "all": lambda: self._catalogue,
                "text": lambda: self._catalogue.without_images(),
                "image": lambda: self._catalogue.images_only(),
                "title": lambda: self._titles.without_images(),
                "title_image": lambda: self._titles,
            }
            self._ours[known_of] = Ours(self._split, self.warm, catalogues[known_of](), seed=self._seed)
        return self._ours[known_of]

    def _network(self, name: str, fitted: Fitted) -> Ranking:
        interactions = fitted.interactions
        everyone = Audience.of_users(np.arange(interactions.num_users + 1), interactions)
        return NETWORKS[name](
            interactions,
            fitted.lightgcn.reader_vectors(everyone),
            fitted.lightgcn.item_final,
            baselines.plain_features(interactions, self._catalogue),
            steps=_QUICK_STEPS if self._quick else networks.STEPS,
            seed=self._seed,
        )


def _interval(values: np.ndarray) -> float:
    """Half the 95% interval of a mean over users."""
    return float(_SURE * values.std(ddof=1) / np.sqrt(len(values)))


def main() -> None:
    """Parse the command line, run, print."""
    parser = options(cold_start.__doc__)
    parser.add_argument("folder", type=Path, help="folder with items, interactions and pictures")
    parser.add_argument("--cold-items", type=Path, required=True, help="ids of the cold items, one a line")
    parser.add_argument("--users", type=int, help="the first so many users only")
    arguments = parser.parse_args()
    report = Report("cold_start", environment={"data": arguments.folder.name, "threads": torch.get_num_threads()})
    with tempfile.TemporaryDirectory() as home, Service.open(load_settings(home=Path(home))) as service:
        contests = {
            seed: Contest(
                arguments.folder,
                arguments.cold_items,
                service.encoder,
                seed=seed,
                users=arguments.users,
                quick=arguments.quick,
            )
            for seed in arguments.seeds
        }
        for name in chosen(ROWS, arguments.only):
            report.rows.append(over_seeds(name, arguments.seeds, lambda seed, name=name: contests[seed].row(name)))
    report.finish(arguments)


if __name__ == "__main__":
    main()
