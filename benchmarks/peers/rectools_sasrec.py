"""RecTools' SASRecModel: steps of an epoch with the full softmax at every position."""

import time
import warnings

import numpy as np
import pandas as pd
import torch
from protocol import serve
from pytorch_lightning import Callback, Trainer
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel

_SPENT = []
"""Seconds of each epoch. Not in the callback: RecTools copies the trainer with all its callbacks."""


class _Clock(Callback):
    """Times the epoch alone: ``fit_partial`` also prepares the data set anew."""

    def on_train_epoch_start(self, trainer, module):
        self._started = time.perf_counter()

    def on_train_epoch_end(self, trainer, module):
        _SPENT.append(time.perf_counter() - self._started)


def prepare(settings):
    """The last two items of each user are left out."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(settings["threads"])
    data = np.load(settings["data"])
    train = data["from_end"] > 2
    table = pd.DataFrame(
        {
            Columns.User: data["users"][train],
            Columns.Item: data["items"][train],
            Columns.Weight: 1.0,
            Columns.Datetime: pd.to_datetime(data["times"][train], unit="s"),
        }
    )
    dataset = Dataset.construct(table)

    def trainer():
        return Trainer(
            max_epochs=1,
            limit_train_batches=settings["steps"],
            accelerator="cpu",
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[_Clock()],
        )

    model = SASRecModel(
        n_factors=settings["dim"],
        n_blocks=settings["blocks"],
        n_heads=settings["heads"],
        session_max_len=settings["length"],
        dropout_rate=settings["dropout"],
        loss="softmax",
        lr=settings["learning_rate"],
        batch_size=settings["sequences"],
        get_trainer_func=trainer,
    )

    def run():
        model.fit_partial(dataset, min_epochs=1, max_epochs=1)
        return {"seconds": _SPENT[-1]}

    run()
    of_steps = len(model.data_preparator.get_dataloader_train())
    return run, {"steps": min(settings["steps"], of_steps), "of_steps": of_steps, "threads": torch.get_num_threads()}


if __name__ == "__main__":
    serve(prepare)
