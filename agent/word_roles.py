"""Learned roles of words: which ones name an item, a value or a person, and how each is spoken of.

A sentence says what its words are: in "heat was dull" a title stands in front of a verdict, in "the heat is on" none
does. A small recurrent network over the encoder's state of each word, and over what the catalogue knows of it, learns
this from sentences of many makes in which names of four catalogues were put for each other. It decides where rules are
unsure; what a name links to is still looked up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from agent.intent_features import INTENTS
from agent.reading import Reading
from agent.tokens import Utterance
from agent.word_features import WORD_FEATURES, word_features
from store.errors import InputError

logger = logging.getLogger(__name__)

ROLES = (
    "other",
    *("title_in", "title_out", "title_about"),
    *("value_in", "value_out", "value_about"),
    *("person_in", "person_out", "person_about"),
    *("critique", "count", "year", "range", "mood", "reference", "withdrawn"),
)
"""Of a word. ``about``: asked about, neither wanted nor unwanted; ``withdrawn``: taken back within the sentence."""
OF_KIND = {
    kind: [ROLES.index(f"{kind}_{side}") for side in ("in", "out", "about")] for kind in ("title", "value", "person")
}

TokenStates = Callable[[str], tuple[Sequence[tuple[int, int]], NDArray[np.float32]]]
"""Of a text: where its tokens stand, and float32 [T, D] the encoder's state of each."""


class RoleNetwork(nn.Module):
    """Bidirectional GRU over words.

    Args:
        dimension: D of the encoder's states.
        width: of the projection and of the recurrent state.
    """

    def __init__(self, dimension: int, width: int = 64) -> None:
        super().__init__()
        self.dimension, self.width = dimension, width
        self.state = nn.Linear(dimension, width)
        self.known = nn.Linear(WORD_FEATURES, width // 2)
        self.recurrent = nn.GRU(width + width // 2, width, batch_first=True, bidirectional=True)
        self.roles = nn.Linear(2 * width, len(ROLES))
        self.intents = nn.Linear(4 * width, len(INTENTS))
        self.dropout = nn.Dropout(0.3)

    def forward(self, states: Tensor, known: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [B, W, roles] and [B, intents], of states [B, W, D], features [B, W, F] and lengths [B]."""
        words = torch.cat((torch.relu(self.state(self.dropout(states))), torch.relu(self.known(known))), dim=-1)
        hidden = self.dropout(self._recur(self.dropout(words), lengths))
        inside = (torch.arange(hidden.shape[1]) < lengths[:, None])[..., None]
        largest = hidden.masked_fill(~inside, -1.0).amax(dim=1)
        mean = (hidden * inside).sum(dim=1) / lengths[:, None]
        return self.roles(hidden), self.intents(torch.cat((largest, mean), dim=-1))

    def _recur(self, words: Tensor, lengths: Tensor) -> Tensor:
        """Hidden states [B, W, 2 H]; one sentence alone needs no packing, which would cost as much again."""
        if len(lengths) == 1:
            return self.recurrent(words)[0]
        packed = nn.utils.rnn.pack_padded_sequence(words, lengths, batch_first=True, enforce_sorted=False)
        return nn.utils.rnn.pad_packed_sequence(self.recurrent(packed)[0], batch_first=True)[0]


@dataclass(frozen=True)
class WordRoles:
    """Of one utterance.

    Attributes:
        chances: float32 [W, roles].
        intents: float32 [9], in the order of `INTENTS`.
        states: float32 [W, D], of the encoder.
    """

    chances: NDArray[np.float32]
    intents: NDArray[np.float32]
    states: NDArray[np.float32]

    def of(self, start: int, stop: int, *roles: str) -> float:
        """Mean probability of some roles over words ``start`` .. ``stop - 1``."""
        chosen = [ROLES.index(role) for role in roles]
        return float(self.chances[start:stop, chosen].sum(axis=1).mean()) if stop > start else 0.0

    def kind(self, start: int, stop: int, kind: str) -> float:
        """Mean probability of being a title, value or person."""
        return float(self.chances[start:stop, OF_KIND[kind]].sum(axis=1).mean()) if stop > start else 0.0

    def against(self, start: int, stop: int) -> float:
        """Probability that what is named here is unwanted, given that it is wanted or unwanted."""
        side = {name: self.of(start, stop, *(f"{kind}_{name}" for kind in OF_KIND)) for name in ("in", "out")}
        return side["out"] / max(side["in"] + side["out"], 1e-6)


def word_states(
    utterance: Utterance, offsets: Sequence[tuple[int, int]], states: NDArray[np.float32]
) -> NDArray[np.float32]:
    """float32 [W, D]: mean state of each word's tokens; zeros for words behind the encoder's limit."""
    found = np.zeros((len(utterance.words), states.shape[1]), dtype=np.float32)
    amount = np.zeros(len(utterance.words), dtype=np.float32)
    place = 0
    for (start, stop), state in zip(offsets, states, strict=True):
        if stop == start:
            continue
        while place < len(utterance.words) and utterance.words[place].end <= start:
            place += 1
        if place < len(utterance.words) and stop > utterance.words[place].start:
            found[place] += state
            amount[place] += 1
    return (found / np.maximum(amount, 1)[:, None]).astype(np.float32, copy=False)


@dataclass(frozen=True)
class LearnedRoles:
    """Networks whose probabilities are averaged, and the encoder that they need."""

    networks: tuple[RoleNetwork, ...]
    token_states: TokenStates

    @classmethod
    def open(cls, path: Path, token_states: TokenStates, *, encoder: str) -> LearnedRoles | None:
        """None where the weights were learned with another encoder.

        Raises:
            InputError: the file holds no such weights.
        """
        try:
            with safe_open(path, framework="pt") as file:
                told = file.metadata() or {}
            if told["encoder"] != encoder:
                logger.warning("Roles of words are told by rules alone: %s was learned with %s", path, told["encoder"])
                return None
            weights = {name: tensor.float() for name, tensor in load_file(path).items()}
            networks = tuple(_restored(weights, f"{number}.", told) for number in range(int(told["networks"])))
        except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
            raise InputError(
                f"{path} holds no learned roles: {error}", fix="Run `python -m benchmarks.understanding.train`."
            ) from None
        return cls(networks, token_states)

    def of(self, reading: Reading) -> WordRoles | None:
        """Roles of an utterance of which nothing is claimed yet; None where the encoder fails."""
        if not reading.folds:
            return None
        try:
            offsets, states = self.token_states(reading.utterance.text)
        except Exception:  # an encoder is somebody else's program; the rules can do without it
            logger.exception("the text encoder failed: roles of words are told by rules alone")
            return None
        with torch.inference_mode():
            of_words = word_states(reading.utterance, offsets, states)
            words = torch.from_numpy(of_words)[None]
            known = torch.from_numpy(word_features(reading))[None]
            made = [network(words, known, torch.tensor([len(reading)])) for network in self.networks]
            roles = torch.stack([roles[0].softmax(-1) for roles, _ in made]).mean(dim=0)
            intents = torch.stack([intents[0].softmax(-1) for _, intents in made]).mean(dim=0)
            return WordRoles(roles.numpy(), intents.numpy(), of_words)


def save(networks: Sequence[RoleNetwork], path: Path, *, encoder: str) -> None:
    """Write the weights of networks of one size, in halves."""
    told = {
        "encoder": encoder,
        "networks": str(len(networks)),
        "dimension": str(networks[0].dimension),
        "width": str(networks[0].width),
    }
    weights = {
        f"{number}.{name}": tensor.half().contiguous()
        for number, network in enumerate(networks)
        for name, tensor in network.state_dict().items()
    }
    save_file(weights, path, told)


def _restored(weights: Mapping[str, Tensor], prefix: str, told: Mapping[str, str]) -> RoleNetwork:
    network = RoleNetwork(int(told["dimension"]), int(told["width"]))
    own = {name.removeprefix(prefix): tensor for name, tensor in weights.items() if name.startswith(prefix)}
    network.load_state_dict(own)
    return network.eval()
