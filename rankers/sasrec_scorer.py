"""SASRec as a scorer: states of live histories against item embeddings, trained or projected from content."""

from __future__ import annotations

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
            hidden = self._model(sequences, lengths, items=self._items)
            states[readers] = hidden[torch.arange(len(readers), device=hidden.device), lengths - 1]
        return states.cpu().numpy()

    def score(self, audience: Audience, candidates: IndexArray | None = None) -> Scores:
        states, items = torch.from_numpy(self.states(audience)), self._items.cpu()
        if candidates is None:
            scores = (states @ items.T).numpy()
            scores[:, PADDING] = -np.inf
            return scores
        scores = torch.einsum("bd,bcd->bc", states, items[torch.from_numpy(candidates)]).numpy()
        return np.where(candidates == PADDING, np.float32(-np.inf), scores)

    def scores_without(self, history: IndexArray, candidate: int) -> Scores:
        """Leave-one-out: the score of a candidate once each history item is taken out, in one forward pass.

        An item that occurs twice is taken out everywhere. Items that the model does not read (unknown, or too old)
        leave the score as it is.

        Returns:
            float32 [len(history)], by position.

        Raises:
            InputError: the candidate is not an item of this scorer.
        """
        if not PADDING < candidate <= self.num_items:
            raise InputError(
                f"candidate {candidate} is outside 1..{self.num_items}", fix="Extend the scorer by its row first."
            )
        history = np.asarray(history, dtype=np.int64)
        known = np.flatnonzero((history > PADDING) & (history <= self.num_items))
        read = np.unique(history[known[-self._model.settings.length :]])
        variants = (history, *(history[history != item] for item in read))
        audience = Audience(np.zeros(len(variants), dtype=np.int64), variants)
        scores = self.score(audience, np.full((len(variants), 1), candidate))[:, 0]
        result = np.full(len(history), scores[0], dtype=np.float32)
        is_read = np.isin(history, read)
        result[is_read] = scores[1 + np.searchsorted(read, history[is_read])]
        return result

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

    def _sequences(self, audience: Audience) -> tuple[Tensor, Tensor]:
        """The newest known items of each history, int64 [B, L] padded on the right, and how many they are [B]."""
        known = [
            history[(history > PADDING) & (history <= self.num_items)][-self._model.settings.length :]
            for history in audience.histories
        ]
        lengths = np.array([len(history) for history in known], dtype=np.int64)
        sequences = np.zeros((len(known), max(1, lengths.max(initial=0))), dtype=np.int64)
        for row, history in enumerate(known):
            sequences[row, : len(history)] = history
        device = self._items.device
        return torch.from_numpy(sequences).to(device), torch.from_numpy(lengths).to(device)
