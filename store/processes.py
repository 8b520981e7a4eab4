"""The processes that train one model together: gloo between CPUs, nccl between GPUs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor

Value = TypeVar("Value")

_TIMEOUT = timedelta(hours=24)
"""How long a process waits for the others: what rank 0 does alone may take hours, and the launcher ends whoever is left
when one dies."""

_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Processes:
    """One process's view of the group. Alone, the operations return what they were given.

    All processes must call the same operations in the same order.

    Attributes:
        rank: 0..count - 1; rank 0 alone touches the disk and speaks.
        count: processes in the group.
        device: where this process trains.
    """

    rank: int = 0
    count: int = 1
    device: torch.device = _CPU

    @property
    def first(self) -> bool:
        """Whether this is the process that touches the disk."""
        return self.rank == 0

    def sum(self, tensor: Tensor, *, then_apart: bool = False) -> Tensor:
        """Sum over the processes, the same on each, for models of which each process holds a part.

        Args:
            tensor: this process's term.
            then_apart: each process goes on to use the sum for its own part only, so it sees only its own part of the
                sum's gradient, and these are summed on the way back. Without it, each goes on to compute the same loss
                from the sum, and sees its whole gradient.
        """
        return tensor if self.count == 1 else cast(Tensor, _Sum.apply(tensor, then_apart))

    def share(self, value: Value) -> Value:
        """What rank 0 has, on every process; plain values and arrays."""
        if self.count == 1:
            return value
        box = [value if self.first else None]
        dist.broadcast_object_list(box, src=0)
        return cast(Value, box[0])

    def gather(self, value: Value) -> list[Value]:
        """What each process has, by rank; empty on all but rank 0."""
        if self.count == 1:
            return [value]
        boxes: list[Any] | None = [None] * self.count if self.first else None
        dist.gather_object(value, boxes, dst=0)
        return boxes or []

    def scatter(self, values: Sequence[Value]) -> Value:
        """The value that rank 0 has for this process; what the others pass is ignored."""
        if self.count == 1:
            return values[0]
        box: list[Any] = [None]
        dist.scatter_object_list(box, list(values) if self.first else None, src=0)
        return box[0]

    def broadcast(self, tensor: Tensor, *, source: int) -> Tensor:
        """A tensor of one process on every process; the others pass one of its shape and dtype, which is filled."""
        if self.count > 1:
            dist.broadcast(tensor, src=source)
        return tensor


ALONE = Processes()


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: Tensor, then_apart: bool) -> Tensor:
        ctx.then_apart = then_apart
        return _all_reduced(tensor)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return (_all_reduced(gradients[0]) if ctx.then_apart else gradients[0]), None


def _all_reduced(tensor: Tensor) -> Tensor:
    total = tensor.clone(memory_format=torch.contiguous_format)
    dist.all_reduce(total)
    return total


@contextmanager
def joined() -> Iterator[Processes]:
    """The group that `torchrun` started this process in, for the length of a block; alone where it did not."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield ALONE
        return
    gpu = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if gpu else _CPU
    if gpu:
        torch.cuda.set_device(device)
    # Both on a GPU: flags, values and checkpoints travel as CPU tensors.
    dist.init_process_group("cpu:gloo,cuda:nccl" if gpu else "gloo", timeout=_TIMEOUT)
    try:
        yield Processes(dist.get_rank(), count, device)
    finally:
        dist.destroy_process_group()
