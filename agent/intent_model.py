"""Learned intents: softmax regression over what is said around a catalogue's words and over what the rules found.

Rules know the phrases that somebody thought of; the encoder knows what is like them. Because titles, values and people
are masked, the weights know nothing of a catalogue and serve any. They belong to the encoder that they were learned
with; with another one the rules decide alone.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from torch.nn.functional import cross_entropy

from agent import language as cue_labels
from agent.intent_features import INTENTS, Features, surroundings, without_rules
from agent.reading import Reading
from agent.request import Intent
from agent.word_roles import LearnedRoles, TokenStates, word_states
from store.errors import InputError

logger = logging.getLogger(__name__)

_SURE_FIRST, _SURE_LATER = 0.5, 0.9
"""Probability from which a learned intent counts, in a first turn and after items were shown: what was learned from are
first turns."""
_SURE = {Intent.OUT_OF_SCOPE: 0.6, Intent.UNDO: 0.6}
"""In a first turn, of intents that drop what was asked."""

_NETWORK_SHARE = 0.65
"""Of the network of roles in the geometric mean with the regression; chosen on requests held out of its training."""
_EMBEDDING_SCALE = 4.0
"""An embedding's coordinates are about 1 / sqrt(D), the features 0 or 1: the penalty should meet both alike."""


@dataclass(frozen=True)
class IntentTraining:
    """How intents are learned.

    Attributes:
        penalty: of the squared weights.
        forget_rules: share of a step's sentences whose rules' choice is hidden, so that it is not simply repeated.
        steps: of Adam.
        learning_rate: of Adam.
        seed: of what is hidden.
    """

    penalty: float = 1e-3
    forget_rules: float = 0.3
    steps: int = 300
    learning_rate: float = 0.03
    seed: int = 0


class IntentModel:
    """Probabilities of the intents.

    Args:
        weights: float32 [F + D, 9], of features and embedding.
        bias: float32 [9].
        encoder: fingerprint of the encoder that they were learned with.
    """

    def __init__(self, weights: NDArray[np.float32], bias: NDArray[np.float32], *, encoder: str) -> None:
        self.encoder = encoder
        self._weights, self._bias = weights, bias

    def probabilities(self, seen: Features, embedding: NDArray[np.float32]) -> NDArray[np.float32]:
        """[..., 9] in the order of `INTENTS`, from features [..., F] and embeddings [..., D]."""
        scores = np.concatenate((seen, _EMBEDDING_SCALE * embedding), axis=-1) @ self._weights + self._bias
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return scores / scores.sum(axis=-1, keepdims=True)

    def likeliest(self, seen: Features, embedding: NDArray[np.float32]) -> tuple[Intent, float]:
        """The intent of one sentence, and its probability."""
        chances = self.probabilities(seen, embedding)
        best = int(chances.argmax())
        return INTENTS[best], float(chances[best])

    def save(self, path: Path) -> None:
        """Write the weights."""
        save_file({"weights": self._weights, "bias": self._bias}, path, {"encoder": self.encoder})

    @classmethod
    def load(cls, path: Path) -> IntentModel:
        """Read what ``save`` wrote.

        Raises:
            InputError: the file is not one.
        """
        try:
            with safe_open(path, framework="numpy") as file:
                return cls(
                    file.get_tensor("weights"), file.get_tensor("bias"), encoder=(file.metadata() or {})["encoder"]
                )
        except (OSError, SafetensorError, KeyError) as error:
            raise InputError(
                f"{path} holds no learned intents: {error}", fix="Run `python -m benchmarks.understanding.train`."
            ) from None


def learn(
    seen: Features,
    embeddings: NDArray[np.float32],
    intents: Sequence[Intent],
    *,
    encoder: str,
    settings: IntentTraining = IntentTraining(),
) -> IntentModel:
    """Cross-entropy in which an intent counts as the root of its sentences' number.

    Args:
        seen: float32 [M, F].
        embeddings: float32 [M, D].
        intents: of the M sentences.
        encoder: fingerprint of what made the embeddings.
        settings: how.
    """
    generator = torch.Generator().manual_seed(settings.seed)
    target = torch.tensor([INTENTS.index(intent) for intent in intents])
    counts = torch.bincount(target, minlength=len(INTENTS)).clamp(min=1)
    importance = counts[target].float().rsqrt()
    with_rules = torch.from_numpy(np.concatenate((seen, _EMBEDDING_SCALE * embeddings), axis=1)).float()
    hidden = torch.from_numpy(np.concatenate((without_rules(seen), _EMBEDDING_SCALE * embeddings), axis=1)).float()
    weights = torch.zeros(with_rules.shape[1], len(INTENTS), requires_grad=True)
    bias = torch.zeros(len(INTENTS), requires_grad=True)
    optimizer = torch.optim.Adam([weights, bias], lr=settings.learning_rate)
    for _ in range(settings.steps):
        forget = torch.rand(len(target), 1, generator=generator) < settings.forget_rules
        scores = torch.where(forget, hidden, with_rules) @ weights + bias
        loss = (cross_entropy(scores, target, reduction="none") * importance).sum() / importance.sum()
        optimizer.zero_grad()
        (loss + settings.penalty * weights.square().sum()).backward()
        optimizer.step()
    return IntentModel(weights.detach().numpy(), bias.detach().numpy(), encoder=encoder)


@dataclass(frozen=True)
class LearnedIntents:
    """A model, the encoder that it needs, and learned roles of words; None leaves these to the rules."""

    model: IntentModel
    token_states: TokenStates
    roles: LearnedRoles | None = None

    @classmethod
    def open(
        cls, path: Path, token_states: TokenStates, *, encoder: str, roles: LearnedRoles | None = None
    ) -> LearnedIntents | None:
        """None where the weights were learned with another encoder: the rules then decide alone."""
        model = IntentModel.load(path)
        if model.encoder != encoder:
            logger.warning("Intents are told by rules alone: %s was learned with %s", path, model.encoder)
            return None
        return cls(model, token_states, roles)

    def states(self, reading: Reading) -> NDArray[np.float32]:
        """float32 [W, D] of the words; encoded once a sentence, where the roles have done it already."""
        if reading.roles is not None:
            return reading.roles.states
        return word_states(reading.utterance, *self.token_states(reading.utterance.text))


def settled(rule: Intent, reading: Reading, seen: Features, learned: LearnedIntents) -> Intent:
    """The learned intent where it is likely enough and has what it needs; else that of the rules."""
    if not reading.folds:
        return rule
    try:
        embedding = surroundings(reading, learned.states(reading))
    except Exception:  # an encoder is somebody else's program; the rules can do without it
        logger.exception("the text encoder failed: intents are told by rules alone")
        return rule
    chances = learned.model.probabilities(seen, embedding)
    if reading.roles is not None:
        chances = chances ** (1 - _NETWORK_SHARE) * reading.roles.intents**_NETWORK_SHARE
        chances /= chances.sum()
        if not reading.context.shown:
            order = [INTENTS[place] for place in np.argsort(-chances)]
            # Words that nobody knows are like everything a little: a guess is not enough to take a turn back.
            unsure = {Intent.UNDO} if chances[INTENTS.index(Intent.UNDO)] < _SURE[Intent.UNDO] else set()
            return next(one for one in order if one not in unsure and _has_what_it_needs(one, reading, rule))
    intent, chance = INTENTS[int(chances.argmax())], float(chances.max())
    sure = _SURE_LATER if reading.context.shown else _SURE.get(intent, _SURE_FIRST)
    return intent if chance >= sure and _has_what_it_needs(intent, reading, rule) else rule


def _has_what_it_needs(intent: Intent, reading: Reading, rule: Intent) -> bool:
    """An answer of some kinds is about items, or says that there are none where the rules take it for one."""
    items = sum(max(len(mention.items), 1) for mention in reading.of_kind("title", "reference"))
    if intent == Intent.COMPARE:
        return items > 1 or len(reading.context.shown) > 1 or rule == Intent.COMPARE
    if intent == Intent.SIMILAR:
        return items > 0 or bool(reading.unresolved)
    # "Show me others" names nothing and is a request all the same.
    more = reading.has(cue_labels.WANT) and reading.has(cue_labels.MORE)
    return intent != Intent.SMALL_TALK or not (reading.mentions or more)
