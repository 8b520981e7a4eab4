"""SASRec as a scorer: states of live histories against item embeddings, trained or projected from content."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from rankers.arrays import Arrays, Scores, Vectors
from rankers.sasrec import POSITIONS, SASRec, SASRecSettings
from store.errors import InputError
from store.ids import PADDING, IndexArray
from store.interactions import Audience

_WEIGHT = "weight."
_SHAPE = ("dim", "blocks", "heads", "length")
"""Settings that a trained model cannot be read without."""


class SASRecScorer:
    """Scores by the inner product of a reader's state with the item embeddings.

    Args:
        model: trained; it is put into eval mode and must not be trained on while this scorer lives.
        item_rows: float32 [N+1, D] embeddings of all items that this scorer knows; None takes the model's.
    """

    name = "sasrec"

    def __init__(self, model: SASRec, *, item_rows: Tensor | None = None) -> None:
        self._model = model.eval()
        self._items = (model.items if item_rows is None else item_rows).detach()

    @property
    def num_items(self) -> int:
        return len(self._items) - 1

    @property
    def item_rows(self) -> Vectors:
        """Item embeddings float32 [N+1, D], row 0 zeros: the space that the projector maps cold items into."""
        return self._items.cpu().numpy()

    @torch.inference_mode()
    def states(self, audience: Audience) -> Vectors:
        """Where each reader's next item is expected: float32 [B, D]; zeros for a history without a known item."""
        sequences, lengths = self._sequences(audience)
        states = torch.zeros(len(audience), self._items.shape[1], device=self._items.device)
        readers = torch.nonzero(lengths).squeeze(1)
        if len(readers):
            sequences, lengths = sequences[readers], lengths[readers]
            states[readers] = self._model.last_states(sequences, lengths, items=self._items)
        return states.cpu().numpy()

    def score(self, audience: Audience, candidates: IndexArray | None = None) -> Scores:
        states, items = torch.from_numpy(self.states_of(audience.histories)), self._items.cpu()
        if candidates is None:
            scores = (states @ items.T).numpy()
            scores[:, PADDING] = -np.inf
            return scores
        if (candidates == candidates[:1]).all():  # variants of one reader: one product, nothing gathered twice
            scores = (states @ items[torch.from_numpy(candidates[:1].ravel())].T).numpy()
        else:
            scores = torch.einsum("bd,bcd->bc", states, items[torch.from_numpy(candidates)]).numpy()
        return np.where(candidates == PADDING, np.float32(-np.inf), scores)

    def scores_without(
        self, history: IndexArray, candidates: IndexArray, spans: Sequence[slice] | None = None
    ) -> Scores:
        """The scores of candidates once each span of history positions is taken out, in one forward pass.

        Args:
            history: int64 [H].
            candidates: int64 [C].
            spans: of positions, R of them; None takes out each position by itself (leave-one-out).

        Returns:
            float32 [R, C].

        Raises:
            InputError: a candidate is not an item of this scorer.
        """
        if candidates.size and not (candidates.min() > PADDING and candidates.max() <= self.num_items):
            raise InputError(
                f"candidates run from {candidates.min()} to {candidates.max()}, outside 1..{self.num_items}",
                fix="Extend the scorer by their rows first.",
            )
        if spans is None:
            spans = [slice(position, position + 1) for position in range(len(history))]
        return self.states_of([np.delete(history, span) for span in spans]) @ self.item_rows[candidates].T

    def states_of(self, histories: Sequence[IndexArray]) -> Vectors:
        """``states`` of histories, those that read alike computed once: float32 [B, D].

        Taking out what is too old to be read, or unknown, changes nothing, so a long history costs no more than one
        that is read whole.
        """
        if not histories:
            return np.zeros((0, self._items.shape[1]), dtype=np.float32)
        read = [self._read(history) for history in histories]
        distinct = {one.tobytes(): one for one in read}
        row = {key: place for place, key in enumerate(distinct)}
        users = np.zeros(len(distinct), dtype=np.int64)
        return self.states(Audience(users, tuple(distinct.values())))[[row[one.tobytes()] for one in read]]

    def losses(self, history: IndexArray, candidates: IndexArray, weights: Vectors) -> Vectors:
        """What weighted sums of scores lose when one history item is taken out, by one forward pass.

        Args:
            history: int64 [H], each item once.
            candidates: int64 [C], 0 at padding.
            weights: float32 [K, C], one sum per row.

        Returns:
            float32 [K, H].
        """
        wanted = weights @ self.item_rows[candidates]
        states = self.states_of([history, *(np.delete(history, place) for place in range(len(history)))])
        return wanted @ (states[0] - states[1:]).T

    @property
    def model(self) -> SASRec:
        """In eval mode; not to be trained on."""
        return self._model

    def read_positions(self, history: IndexArray) -> IndexArray:
        """Positions of the newest known items, which are those that the model reads: int64 [<= length]."""
        known = np.flatnonzero((history > PADDING) & (history <= self.num_items))
        return known[-self._model.settings.length :]

    def extended(self, item_rows: Vectors) -> SASRecScorer:
        """A scorer that knows M more items behind its last, as candidates and in histories: item_rows float [M, D]."""
        rows = torch.as_tensor(np.asarray(item_rows, dtype=np.float32), device=self._items.device)
        return SASRecScorer(self._model, item_rows=torch.cat((self._items, rows.reshape(-1, self._items.shape[1]))))

    def replaced(self, items: IndexArray, *, item_rows: Vectors) -> SASRecScorer:
        """A scorer with other embeddings for some items: items int64 [M], item_rows float [M, D]."""
        table = self._items.clone()
        table[torch.from_numpy(items)] = torch.as_tensor(np.asarray(item_rows, dtype=np.float32), device=table.device)
        return SASRecScorer(self._model, item_rows=table)

    def to_arrays(self) -> Arrays:
        weights = {name: tensor for name, tensor in self._model.state_dict().items() if name != "items"}
        arrays: Arrays = {f"{_WEIGHT}{name}": tensor.cpu().numpy() for name, tensor in weights.items()}
        arrays["item_rows"] = self.item_rows
        settings = self._model.settings
        arrays["shape"] = np.array([getattr(settings, name) for name in _SHAPE], dtype=np.int64)
        arrays["positions"] = np.array(POSITIONS.index(settings.positions), dtype=np.int64)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> SASRecScorer:
        # Snapshots of before there was a choice have none; theirs are absolute.
        positions = POSITIONS[int(np.asarray(arrays.get("positions", 0)).item())]
        settings = SASRecSettings(**dict(zip(_SHAPE, arrays["shape"].tolist(), strict=True)), positions=positions)
        rows = torch.from_numpy(np.array(arrays["item_rows"], dtype=np.float32))
        model = SASRec(len(rows) - 1, settings, generator=torch.Generator().manual_seed(0))
        weights = {
            name.removeprefix(_WEIGHT): torch.from_numpy(np.array(array))
            for name, array in arrays.items()
            if name.startswith(_WEIGHT)
        }
        model.load_state_dict({**weights, "items": rows})
        return cls(model)

    def _read(self, history: IndexArray) -> IndexArray:
        return history[self.read_positions(history)]

    def _sequences(self, audience: Audience) -> tuple[Tensor, Tensor]:
        """The newest known items of each history, int64 [B, L] padded on the right, and how many they are [B]."""
        known = [self._read(history) for history in audience.histories]
        lengths = np.array([len(history) for history in known], dtype=np.int64)
        sequences = np.zeros((len(known), max(1, lengths.max(initial=0))), dtype=np.int64)
        for row, history in enumerate(known):
            sequences[row, : len(history)] = history
        device = self._items.device
        return torch.from_numpy(sequences).to(device), torch.from_numpy(lengths).to(device)
