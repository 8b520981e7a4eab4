"""Adam for a model whose steps each read a few rows of a large table: the other rows wait.

A row without a gradient goes on moving in Adam (Kingma and Ba 2015, algorithm 1), and its average with it, but in a way
that its last moments m, v settle. At k updates after update t they are b1^k m and b2^k v, so the row has moved by

    lr m / sqrt(v) (G(t) - r^n G(t+n))    after n,    G(t) = sum_{k>=1} r^k c(t+k),

    r = b1 / sqrt(b2),    c(s) = sqrt(1 - b2^s) / (1 - b1^s),

and a running average of decay d(s) at update s, which was a and must now be D a + ..., D = d(t+1) ... d(t+n), is

    D a + (1 - D) (w - lr m / sqrt(v) G(t)) + lr m / sqrt(v) (D Q(t) - r^n Q(t+n)),

    Q(t) = sum_{k>=1} r^k G(t+k) (1 - d(t+k)) / (d(t+1) ... d(t+k)).

G and Q follow from their own next values and are constant once the corrections c and the warm-up of d are over, so
that a row can sleep for any number of updates and wake at the cost of one. Only Adam's epsilon is taken as it was at
update t. Q is finite where d ends above r: an average must forget more slowly than a row settles.

N rows of the table, R rows that a step reads, D dimension.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

_SETTLED = 1e-12
"""Distance of a bias correction from 1 below which it is 1."""

LEAST_AVERAGING = 0.95
"""Above r for Adam's usual betas, with room for rounding."""

_BLOCK = 65_536
"""Rows that are woken at once when all are."""


def averaging_decay(averaging: float, update: int) -> float:
    """Decay of a running average at an update, 1-based: it begins at random weights and must forget them soon."""
    return min(averaging, (1 + update) / (10 + update))


class RowAdam(torch.optim.AdamW):
    """Adam without weight decay, fused, that updates a table by rows and keeps the running average of its rows.

    What a step computes is what dense Adam would compute; what it costs depends on the rows it reads and not on N.
    The step's loss takes its rows from ``read``; the table itself gets no gradient.

    Args:
        parameters: all of the model, the table among them.
        table: float [N, D].
        lr: step.
        betas: decay of the two moments.
        averaging: limit of ``averaging_decay``, at least ``LEAST_AVERAGING``; 0 where no average is kept.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        *,
        table: nn.Parameter,
        lr: float,
        betas: tuple[float, float],
        averaging: float,
    ) -> None:
        super().__init__(parameters, lr=lr, betas=betas, weight_decay=0.0, fused=True)
        table.requires_grad_(False)
        self.table = table
        self.average: Tensor | None = None
        self._rate, self._betas, self._epsilon = lr, betas, self.defaults["eps"]
        self._waiting = _Waiting.build(betas, averaging, table.device)
        self._awake: _Rows | None = None
        self.state[table] = {
            "exp_avg": torch.zeros_like(table),
            "exp_avg_sq": torch.zeros_like(table),
            "reached": torch.zeros(len(table), dtype=torch.int32, device=table.device),
            "step": torch.tensor(0.0),
        }

    def read(self, rows: Tensor) -> Tensor:
        """The rows as they are after all updates so far, float [R, D]; the next ``step`` uses their gradient.

        Args:
            rows: int64 [R], each once.
        """
        self._awake = self._woken(rows)
        return self._awake.weights.requires_grad_(torch.is_grad_enabled())

    @property
    def awake(self) -> tuple[Tensor, ...]:
        """What was read last, float [R, D], whose gradient the next step uses; empty before."""
        return () if self._awake is None else (self._awake.weights,)

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Update all parameters but the table, and of that the rows that were read."""
        result = super().step(closure)
        state = self.state[self.table]
        state["step"] += 1
        awake, self._awake = self._awake, None
        if awake is None or awake.weights.grad is None:
            return result
        gradient = awake.weights.grad
        updates, (first, second) = int(state["step"]), self._betas
        weights = awake.weights.detach()
        awake.first.lerp_(gradient, 1 - first)
        awake.second.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        scale = math.sqrt(1 - second**updates)
        step = self._rate * scale / (1 - first**updates)
        weights.addcdiv_(awake.first, awake.second.sqrt().add_(self._epsilon * scale), value=-step)
        if awake.average is not None:
            awake.average.lerp_(weights, 1 - averaging_decay(self._waiting.averaging, updates))
        self._put(awake._replace(weights=weights), updates)
        return result

    @torch.no_grad()
    def wake_all(self) -> None:
        """Bring every row of the table, and of its average, to where it is after all updates so far."""
        self._awake = None
        for rows in torch.arange(len(self.table), device=self.table.device).split(_BLOCK):
            self._put(self._woken(rows), int(self.state[self.table]["step"]))

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Reads what ``state_dict`` gave."""
        super().load_state_dict(dict(state_dict))
        state = self.state[self.table]
        state["reached"] = state["reached"].to(torch.int32)  # torch turns all of a state into the type of the weights

    @torch.no_grad()
    def _woken(self, rows: Tensor) -> _Rows:
        state = self.state[self.table]
        tables = (self.table, state["exp_avg"], state["exp_avg_sq"])
        weights, first, second = (table.index_select(0, rows) for table in tables)
        average = None if self.average is None else self.average.index_select(0, rows)
        waited = self._waiting.between(state["reached"][rows], int(state["step"]))
        moving = first / second.sqrt().add_(self._epsilon)
        if average is not None:
            average.mul_(waited.kept).add_(weights * (1 - waited.kept))
            average.addcmul_(moving, waited.average, value=-self._rate)
        weights.addcmul_(moving, waited.weights, value=-self._rate)
        return _Rows(rows, weights, first.mul_(waited.first), second.mul_(waited.second), average)

    def _put(self, rows: _Rows, updates: int) -> None:
        state, at = self.state[self.table], rows.at
        self.table[at] = rows.weights
        state["exp_avg"][at], state["exp_avg_sq"][at] = rows.first, rows.second
        state["reached"][at] = updates
        if self.average is not None and rows.average is not None:
            self.average[at] = rows.average


class _Rows(NamedTuple):
    """Some rows, all at the same update: int64 [R], then float [R, D] each."""

    at: Tensor
    weights: Tensor
    first: Tensor
    second: Tensor
    average: Tensor | None


class _Waited(NamedTuple):
    """What waiting did to R rows, float [R, 1] each.

    ``first`` and ``second`` are left of the moments and ``kept`` of the average; ``weights`` and ``average`` say by how
    many times ``lr m / sqrt(v)`` each has gone down.
    """

    first: Tensor
    second: Tensor
    kept: Tensor
    weights: Tensor
    average: Tensor


class _Waiting(NamedTuple):
    """G, Q and ln of d(1) ... d(t) of the module's head, float64 [T+1] by t; the first two are constant from T on."""

    betas: tuple[float, float]
    averaging: float
    to_come: Tensor
    average_to_come: Tensor
    log_kept: Tensor

    @classmethod
    def build(cls, betas: tuple[float, float], averaging: float, device: torch.device) -> _Waiting:
        first, second = betas
        ratio = first / math.sqrt(second)
        last = math.ceil(math.log(_SETTLED) / math.log(max(betas)))
        if averaging:
            last = max(last, math.ceil((10 * averaging - 1) / (1 - averaging)))
        moves, averages, logs = [0.0] * (last + 1), [0.0] * (last + 1), [0.0] * (last + 1)
        moves[last] = ratio / (1 - ratio)
        if averaging:
            averages[last] = moves[last] * (1 - averaging) * ratio / (averaging - ratio)
        for t in range(last - 1, -1, -1):
            correction = math.sqrt(1 - second ** (t + 1)) / (1 - first ** (t + 1))
            moves[t] = ratio * (correction + moves[t + 1])
            if averaging:
                decay = averaging_decay(averaging, t + 1)
                averages[t] = ratio / decay * ((1 - decay) * moves[t + 1] + averages[t + 1])
        for t in range(1, last + 1):
            logs[t] = logs[t - 1] + (math.log(averaging_decay(averaging, t)) if averaging else 0.0)
        columns = (torch.tensor(column, dtype=torch.float64, device=device) for column in (moves, averages, logs))
        return cls(betas, averaging, *columns)

    def between(self, reached: Tensor, updates: int) -> _Waited:
        """What happened to rows that stand at update ``reached``, int32 [R], until ``updates``."""
        last = len(self.to_come) - 1
        start, count = reached.clamp(max=last).long(), (updates - reached).double()
        first, second = (beta**count for beta in self.betas)
        ratio = first / second.sqrt()
        weights = self.to_come[start] - ratio * self.to_come[min(updates, last)]
        kept = torch.exp(self._log_kept(torch.tensor(updates, device=reached.device)) - self._log_kept(reached))
        averages = kept * self.average_to_come[start] - ratio * self.average_to_come[min(updates, last)]
        average = (1 - kept) * self.to_come[start] - averages
        return _Waited(*(part.float()[:, None] for part in (first, second, kept, weights, average)))

    def _log_kept(self, update: Tensor) -> Tensor:
        last = len(self.log_kept) - 1
        beyond = (update - last).clamp(min=0).double() * (math.log(self.averaging) if self.averaging else 0.0)
        return self.log_kept[update.clamp(max=last).long()] + beyond
