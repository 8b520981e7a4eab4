"""Rows that wait end where dense Adam and a dense running average would have them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from rankers.row_adam import RowAdam, averaging_decay

ROWS, DIM, RATE, BETAS = 12, 4, 0.05, (0.9, 0.98)


def weights() -> nn.Parameter:
    return nn.Parameter(torch.randn(ROWS, DIM, generator=torch.Generator().manual_seed(0)))


def loss(read: Tensor, rows: Tensor, step: int) -> Tensor:
    """A target for each row that moves with the steps, so that no gradient repeats itself."""
    return ((read - torch.sin(rows[:, None] + 0.1 * step)) ** 2).sum()


def rows_of(step: int) -> Tensor:
    """Row 0 never, row 1 once, row 2 in the first steps, row 3 always, the others by chance."""
    chance = torch.rand(ROWS, generator=torch.Generator().manual_seed(step)) < 0.1
    chance[:4] = torch.tensor([False, step == 5, step < 10, True])
    return chance.nonzero().flatten()


def densely(steps: int, averaging: float) -> tuple[Tensor, Tensor]:
    table, average = weights(), weights().detach()
    optimizer = torch.optim.Adam([table], lr=RATE, betas=BETAS)
    for step in range(1, steps + 1):
        rows = rows_of(step)
        optimizer.zero_grad()
        loss(table[rows], rows, step).backward()
        optimizer.step()
        average.lerp_(table.detach(), 1 - averaging_decay(averaging, step))
    return table.detach(), average


def by_rows(steps: int, averaging: float, *, resumed_at: int | None = None) -> tuple[Tensor, Tensor, RowAdam]:
    def build(table: nn.Parameter, average: Tensor) -> RowAdam:
        optimizer = RowAdam([table], table=table, lr=RATE, betas=BETAS, averaging=averaging)
        optimizer.average = average
        return optimizer

    table, average = weights(), weights().detach()
    optimizer = build(table, average)
    for step in range(1, steps + 1):
        rows = rows_of(step)
        loss(optimizer.read(rows), rows, step).backward()
        optimizer.step()
        if step == resumed_at:
            written = optimizer.state_dict()
            table, average = nn.Parameter(table.detach().clone()), average.clone()
            optimizer = build(table, average)
            optimizer.load_state_dict(written)
    optimizer.wake_all()
    return table.detach(), average, optimizer


@pytest.mark.parametrize("averaging", [0.95, 0.99, 0.998])
@pytest.mark.parametrize("steps", [7, 300, 2_000])
def test_rows_that_wait_end_as_in_dense_adam(steps: int, averaging: float) -> None:
    table, average = densely(steps, averaging)
    own, own_average, _ = by_rows(steps, averaging)
    torch.testing.assert_close(own, table, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(own_average, average, rtol=1e-4, atol=1e-5)
    assert (own[3] - own_average[3]).abs().max() > 1e-3  # there is something to tell apart
    assert (own[1] - weights()[1]).abs().max() > 1e-2


def test_it_begins_where_both_corrections_and_warm_up_matter_and_ends_where_they_do_not():
    waiting = by_rows(1, 0.99)[2]._waiting
    assert len(waiting.to_come) > 1_000
    ratio = BETAS[0] / BETAS[1] ** 0.5
    assert waiting.to_come[-1] == pytest.approx(ratio / (1 - ratio))
    assert waiting.to_come[-2] == pytest.approx(float(waiting.to_come[-1]), rel=1e-9)
    assert waiting.average_to_come[-2] == pytest.approx(float(waiting.average_to_come[-1]), rel=1e-9)


def test_waking_twice_changes_nothing():
    table, average, optimizer = by_rows(50, 0.99)
    before, before_average = table.clone(), average.clone()
    optimizer.wake_all()
    torch.testing.assert_close(table, before, rtol=0, atol=0)
    torch.testing.assert_close(average, before_average, rtol=0, atol=0)


def test_a_state_that_was_written_down_goes_on_the_same():
    once = by_rows(60, 0.99)
    twice = by_rows(60, 0.99, resumed_at=31)
    torch.testing.assert_close(twice[0], once[0], rtol=0, atol=0)
    torch.testing.assert_close(twice[1], once[1], rtol=0, atol=0)


def test_a_step_writes_the_rows_it_read_and_no_other():
    optimizer = by_rows(20, 0.99)[2]
    before = optimizer.table.detach().clone()
    rows = torch.tensor([2, 5])
    loss(optimizer.read(rows), rows, 21).backward()
    optimizer.step()
    moved = (optimizer.table.detach() != before).any(dim=1)
    assert moved.nonzero().flatten().tolist() == rows.tolist()
