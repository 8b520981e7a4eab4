"""TensorBoard curves of a training."""

from __future__ import annotations

from pathlib import Path

from rankers.training_state import EpochReport


class Curves:
    """Curves of one task; does nothing without a folder.

    Args:
        log_dir: gets a subfolder for the task.
        name: of the task.
        epoch: the first that will be added; points from here on that a killed run left are taken back.
    """

    def __init__(self, log_dir: Path | None, name: str, *, epoch: int = 1) -> None:
        self._writer = None
        if log_dir is not None:
            # Imported here: it takes a second, and most trainings write no curves.
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(log_dir / name, purge_step=epoch if epoch > 1 else None)

    def __enter__(self) -> Curves:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def add(self, report: EpochReport) -> None:
        """Add one epoch."""
        if self._writer is None:
            return
        self._writer.add_scalar("loss/train", report.loss, report.epoch)
        if report.value is not None:
            self._writer.add_scalar("ndcg@10/validation", report.value, report.epoch)
