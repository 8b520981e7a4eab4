"""LightGCN divided among processes by columns.

Propagation acts on each column of the embeddings alone, and so does the optimizer: a process that holds some columns of
all tables computes their products without the others. Only inner products need all columns; ``LightGCNTask`` sums those
over the processes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from graph.lightgcn import LightGCN
from store.errors import InputError
from store.processes import Processes


@contextmanager
def partitioned(model: LightGCN, processes: Processes) -> Iterator[None]:
    """The model keeps this process's columns for the length of a block, and has all again after it.

    Args:
        model: the same in all processes.
        processes: not more than the model has columns.

    Raises:
        InputError: there are more processes than columns.
    """
    if processes.count > model.settings.dim:
        raise InputError(
            f"{processes.count} processes are to share {model.settings.dim} columns", fix="Start fewer processes."
        )
    if processes.count > 1:
        for name in ("users", "items"):
            columns = getattr(model, name).detach().tensor_split(processes.count, dim=1)
            setattr(model, name, nn.Parameter(columns[processes.rank].clone()))
    yield
    if processes.count > 1:
        for name in ("users", "items"):
            setattr(model, name, nn.Parameter(_joined(getattr(model, name).detach(), model.settings.dim, processes)))


def _joined(own: torch.Tensor, width: int, processes: Processes) -> torch.Tensor:
    """All columns, float [R, width], in every process."""
    parts = own.new_empty(len(own), width).tensor_split(processes.count, dim=1)
    columns = [own if rank == processes.rank else torch.empty_like(part) for rank, part in enumerate(parts)]
    return torch.cat([processes.broadcast(part.contiguous(), source=rank) for rank, part in enumerate(columns)], dim=1)
