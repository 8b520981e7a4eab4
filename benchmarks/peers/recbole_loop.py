"""What both RecBole peers share: its own data preparation and epoch, cut off after some steps."""

from itertools import islice
from pathlib import Path

import numpy as np
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.utils import get_model, get_trainer

_COMMON = {
    "use_gpu": False,
    "show_progress": False,
    "state": "ERROR",
    "epochs": 1,
}


class FirstSteps:
    """A data loader that ends early; all else is the loader's own."""

    def __init__(self, loader, steps):
        self._loader, self._steps = loader, steps

    def __iter__(self):
        return islice(iter(self._loader), self._steps)

    def __len__(self):
        return min(self._steps, len(self._loader))

    def __getattr__(self, name):
        return getattr(self._loader, name)


def prepare(settings, *, model, columns, options):
    """A function that trains some steps of an epoch of the model, and facts about it.

    Args:
        settings: of the command: ``data`` (npz with ``columns``), ``folder`` to write RecBole's file into, ``steps``,
            ``threads``.
        model: RecBole's name of it.
        columns: RecBole's field, such as ``user_id:token``, and the array it comes from.
        options: RecBole's.
    """
    trainer, train = trainer_of(settings, model=model, columns=columns, options=options)
    steps = min(settings["steps"], len(train))

    def run():
        trainer._train_epoch(FirstSteps(train, steps), 0, show_progress=False)
        return {}

    trainer._train_epoch(FirstSteps(train, 1), 0, show_progress=False)
    return run, {"steps": steps, "of_steps": len(train), "threads": torch.get_num_threads()}


def trainer_of(settings, *, model, columns, options):
    """RecBole's trainer of a model, and its loader of the training data; arguments as for `prepare`."""
    torch.set_num_threads(settings["threads"])
    folder = Path(settings["folder"]) / "set"
    folder.mkdir(parents=True, exist_ok=True)
    data = np.load(settings["data"])
    table = np.stack([data[array] for array in columns.values()], axis=1)
    np.savetxt(folder / "set.inter", table, fmt="%d", delimiter="\t", header="\t".join(columns), comments="")
    fields = [name.split(":")[0] for name in columns]
    config = Config(
        model=model,
        dataset="set",
        config_dict={**_COMMON, **options, "data_path": settings["folder"], "load_col": {"inter": fields}},
    )
    train, _, _ = data_preparation(config, create_dataset(config))
    network = get_model(config["model"])(config, train.dataset).to(config["device"])
    return get_trainer(config["MODEL_TYPE"], config["model"])(config, network), train
