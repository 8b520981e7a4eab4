"""Places of a list that are kept for trying new items out, and which new item gets one: Thompson sampling.

Model. A reader u clicks a new item i with log odds b + s(u, i) + e(i). The blended score s(u, i) is the utility of a
conditional logit (`rankers.blend`) and says what content and the readers so far promise this reader; e(i) is what they
do not know of the item.

Prior: e(i) ~ N(0, tau^2), tau^2 = Var(s) (1 - r) / r. A projection that explains the share r of what sets items apart
(`ContentProjector.explained`, leave-one-out) leaves 1 - r of it, and what it explains is what varies in s over the
reader's new candidates.

Likelihood: of n impressions of the item c were clicked, c ~ Binomial(n, sigmoid(b + e)), b the log odds of a click on a
new item at large: who it was shown to is left out, and so is the rank.

Update: the Laplace approximation, N(m, 1 / (1 / tau^2 + n p (1 - p))) with m the mode and p = sigmoid(b + m), as in
Chapelle & Li 2011, "An Empirical Evaluation of Thompson Sampling", algorithm 3. Clicks move s as well, by the readers
that they add (`pipeline.warm_up`); impressions without a click are seen here alone.

Decision: one draw of e(i) per item, and the largest s + e gets the place (Thompson 1933; Agrawal & Goyal 2013,
"Further Optimal Regret Bounds for Thompson Sampling"). An item with few impressions draws widely and is tried; one that
nobody clicks narrows below the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from pipeline.ranking import Ranked
from pipeline.state import ServingState
from store.errors import InputError
from store.ids import IndexArray
from store.impressions import Shown

Floats = NDArray[np.float64]

MOST = 0.5
"""Largest share: the better half of a list stays what the models say."""

_EXPLAINED = (0.05, 0.95)
"""Within which the share explained is believed: neither a prior without end nor one without doubt."""
_CLICKS, _SHOWN = 1.0, 20.0
"""Of new items at large before any was shown."""
_STEPS = 25
_LONGEST_STEP = 2.0


@dataclass(frozen=True)
class ExposureSettings:
    """How new items are tried out.

    Attributes:
        share: of all places, 0 to ``MOST``; 0 leaves every list as it is.
        seed: of the draws.
    """

    share: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= MOST:
            raise InputError(
                f"the share of exposure for new items is {self.share!r}, outside 0..{MOST}",
                fix="Use 0.05 for one place in twenty, or 0 to switch it off.",
            )


@dataclass(frozen=True)
class Outcome:
    """What became of one item so far: impressions to readers whose clicks are known, and clicks."""

    impressions: int = 0
    clicks: int = 0


def slots(k: int, share: float, rng: np.random.Generator) -> IndexArray:
    """Places 0..k-1 of a list that are kept: k times ``share`` of them on average, ascending.

    The first place is never among them, unless it is the only one.
    """
    count = int(k * share + rng.random())
    places = np.arange(min(1, k - 1), k)
    return np.sort(rng.permutation(places)[:count])


def base_log_odds(outcomes: Iterable[Outcome]) -> float:
    """b: log odds of a click on a new item at large, with one click in twenty impressions to begin with."""
    clicks, shown = _CLICKS, _SHOWN
    for outcome in outcomes:
        clicks += outcome.clicks
        shown += outcome.impressions
    return float(np.log(clicks / max(shown - clicks, 1.0)))


def prior_variance(scores: Floats, explained: Floats) -> Floats:
    """tau^2 of each of C new candidates of one reader.

    Args:
        scores: [C] blended scores.
        explained: [C], r of each by what is known of it.
    """
    share = np.clip(explained, *_EXPLAINED)
    return np.maximum(scores.var(), 1e-6) * (1.0 - share) / share


def posterior(impressions: Floats, clicks: Floats, *, variance: Floats, base: float) -> tuple[Floats, Floats]:
    """Mean and deviation of e of each of C items, [C] each.

    Args:
        impressions: n.
        clicks: c <= n.
        variance: tau^2.
        base: b.
    """
    mode = np.zeros_like(variance)
    for _ in range(_STEPS):  # Newton on a concave function; the cap keeps the first steps of rare clicks in bounds
        chance = 1.0 / (1.0 + np.exp(-(base + mode)))
        slope = clicks - impressions * chance - mode / variance
        step = slope / (impressions * chance * (1.0 - chance) + 1.0 / variance)
        mode = mode + np.clip(step, -_LONGEST_STEP, _LONGEST_STEP)
        if np.abs(step).max(initial=0.0) < 1e-9:
            break
    chance = 1.0 / (1.0 + np.exp(-(base + mode)))
    return mode, 1.0 / np.sqrt(impressions * chance * (1.0 - chance) + 1.0 / variance)


@dataclass(frozen=True)
class Placed:
    """Lists with new items in the places kept for them.

    Attributes:
        chosen: positions in the candidates, int64 [B, k], -1 where a list is shorter.
        on_trial: bool [B, k], what stands there to be tried out.
    """

    chosen: IndexArray
    on_trial: NDArray[np.bool_]


class Exposure:
    """Gives new items their places. Safe to call from several threads."""

    def __init__(self, settings: ExposureSettings) -> None:
        self.settings = settings
        self._outcomes: Mapping[str, Outcome] = {}

    def learn(self, shown: Iterable[Shown]) -> None:
        """Take note of all that became of the new items; replaces what was known before."""
        outcomes: dict[str, Outcome] = {}
        for day in shown:
            known = outcomes.get(day.item_id, Outcome())
            outcomes[day.item_id] = Outcome(known.impressions + day.to_users, known.clicks + day.clicks)
        self._outcomes = outcomes

    def place(
        self, state: ServingState, ranked: Ranked, chosen: IndexArray, *, readers: Sequence[str], day: str
    ) -> Placed:
        """Put new candidates that the lists leave out into the places kept for them; what stood there moves down.

        A reader meets the same draws all day, so that a page that is loaded again shows the same.

        Args:
            ranked: candidates of B readers; whatever may not be shown is not among them.
            chosen: their lists as the models have them, int64 [B, k].
            readers: B names.
            day: in any form.
        """
        on_trial = np.zeros(chosen.shape, dtype=np.bool_)
        if self.settings.share == 0 or not len(state.stand_ins.cold):
            return Placed(chosen, on_trial)
        chosen, outcomes = chosen.copy(), self._outcomes
        base = base_log_odds(outcomes.values())
        for row, reader in enumerate(readers):
            rng = _generator(reader, day, self.settings.seed)
            places = slots(chosen.shape[1], self.settings.share, rng)
            noise = rng.standard_normal(len(state.stand_ins.cold))
            tried = self._drawn(state, ranked, row, chosen[row], noise, outcomes, base)[: len(places)]
            places = places[: len(tried)]
            listed = chosen[row].copy()
            on_trial[row, places] = True
            chosen[row, places] = tried
            chosen[row, ~on_trial[row]] = listed[: len(listed) - len(places)]
        return Placed(chosen, on_trial)

    def _drawn(
        self,
        state: ServingState,
        ranked: Ranked,
        row: int,
        listed: IndexArray,
        noise: Floats,
        outcomes: Mapping[str, Outcome],
        base: float,
    ) -> IndexArray:
        """New candidates of one reader that the list leaves out, by their draw: positions, best first."""
        fresh = state.is_new[ranked.candidates[row]]
        fresh[listed[listed >= 0]] = False
        positions = np.flatnonzero(fresh)
        items = ranked.candidates[row, positions]
        known = [outcomes.get(state.catalogue.at(int(item)).item_id, Outcome()) for item in items]
        scores = ranked.scores[row, positions].astype(np.float64)
        mean, deviation = posterior(
            np.array([one.impressions for one in known], dtype=np.float64),
            np.array([one.clicks for one in known], dtype=np.float64),
            variance=prior_variance(scores, _explained(state, items)) if len(scores) else scores,
            base=base,
        )
        draws = scores + mean + deviation * noise[np.searchsorted(state.stand_ins.cold, items)]
        return positions[np.argsort(-draws, kind="stable")]


def _explained(state: ServingState, items: IndexArray) -> Floats:
    """How much content says of where each item stands."""
    content, projector = state.content, state.models.projector

    def modalities(item: int) -> frozenset[str]:
        present = {"text": content.has_text[item - 1], "image": content.has_image[item - 1]}
        return frozenset(name for name, has in present.items() if has)

    return np.array([projector.explained(modalities(int(item))) for item in items], dtype=np.float64)


def _generator(reader: str, day: str, seed: int) -> np.random.Generator:
    digest = blake2b(f"{seed}\0{day}\0{reader}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))
