"""Learns the roles of words from sentences whose words are marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from agent.intent_features import INTENTS
from agent.lexicon import Lexicon
from agent.reading import Context, Reading
from agent.tokens import read
from agent.word_features import WORD_FEATURES, WordFeatures, word_features
from agent.word_roles import RoleNetwork, word_states
from benchmarks.understanding.marked import UNKNOWN, Sentence
from encoders.content import ContentEncoder


@dataclass(frozen=True)
class RoleTraining:
    """How roles are learned.

    Attributes:
        width: of the network.
        epochs: passes over all sentences.
        batch: sentences of about one length in a step.
        learning_rate: of AdamW at the start; falls to a fiftieth.
        smoothing: of the labels: some are wrong.
        intent_share: weight of the intent's loss beside that of the roles.
        seed: of weights and order.
    """

    width: int = 80
    epochs: int = 8
    batch: int = 64
    learning_rate: float = 3e-3
    smoothing: float = 0.05
    intent_share: float = 0.5
    seed: int = 0


class Seen(NamedTuple):
    """What the network sees of a sentence: float16 [W, D] and float32 [W, F]."""

    states: NDArray[np.float16]
    known: WordFeatures


def seen(sentences: Sequence[Sentence], lexicons: Mapping[str, Lexicon], encoder: ContentEncoder) -> list[Seen]:
    """Encode sentences; ``lexicons`` by catalogue."""
    readings = [Reading(read(one.text), lexicons[one.catalogue], Context()) for one in sentences]
    encoded = encoder.token_states_of([reading.utterance.text for reading in readings])
    return [
        Seen(word_states(reading.utterance, *told).astype(np.float16), word_features(reading))
        for reading, told in zip(readings, encoded, strict=True)
    ]


def learn_roles(
    sentences: Sequence[Sentence], inputs: Sequence[Seen], settings: RoleTraining = RoleTraining()
) -> RoleNetwork:
    """Cross-entropy of roles and of intents, an intent counting as the root of its sentences' number."""
    torch.manual_seed(settings.seed)
    order = np.random.default_rng(settings.seed)
    network = RoleNetwork(inputs[0].states.shape[1], settings.width)
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=0.01)
    intents = torch.tensor([INTENTS.index(sentence.intent) for sentence in sentences])
    weight = torch.bincount(intents, minlength=len(INTENTS)).clamp(min=1).float().rsqrt()
    lengths = np.array([len(sentence.roles) for sentence in sentences])
    steps = settings.epochs * -(-len(sentences) // settings.batch)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, total_iters=steps)
    for _ in range(settings.epochs):
        # Neighbours in length share a batch, so that little of it is padding.
        rows = np.argsort(lengths + 4 * order.random(len(lengths)))
        batches = [rows[at : at + settings.batch] for at in range(0, len(rows), settings.batch)]
        for place in order.permutation(len(batches)):
            chosen = batches[place]
            states, known, roles = _padded([inputs[row] for row in chosen], [sentences[row].roles for row in chosen])
            told, meant = network(states, known, torch.from_numpy(lengths[chosen]))
            loss = cross_entropy(
                told.flatten(0, 1), roles.flatten(), ignore_index=UNKNOWN, label_smoothing=settings.smoothing
            )
            loss = torch.nan_to_num(loss) + settings.intent_share * cross_entropy(
                meant, intents[chosen], weight=weight / weight.mean(), label_smoothing=settings.smoothing
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


def _padded(inputs: Sequence[Seen], roles: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor, Tensor]:
    longest = max(len(one) for one in roles)
    states = np.zeros((len(inputs), longest, inputs[0].states.shape[1]), dtype=np.float32)
    known = np.zeros((len(inputs), longest, WORD_FEATURES), dtype=np.float32)
    labels = np.full((len(inputs), longest), UNKNOWN)
    for row, (one, of_words) in enumerate(zip(inputs, roles, strict=True)):
        states[row, : len(of_words)], known[row, : len(of_words)] = one
        labels[row, : len(of_words)] = of_words
    return torch.from_numpy(states), torch.from_numpy(known), torch.from_numpy(labels)
