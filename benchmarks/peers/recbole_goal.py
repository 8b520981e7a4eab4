"""RecBole's LightGCN trained for some seconds, or until it reaches a recall on test items."""

import time

import numpy as np
import recbole_loop
import torch
from protocol import serve
from recbole_lightgcn import COLUMNS, options_of

_K = 20
_ROWS = 1_024


class UntilThen:
    """A data loader that ends when the clock has run out; all else is the loader's own."""

    def __init__(self, loader, end):
        self._loader, self._end = loader, end
        self.steps = 0

    def __iter__(self):
        for batch in self._loader:
            if time.perf_counter() >= self._end:
                return
            self.steps += 1
            yield batch

    def __len__(self):
        return len(self._loader)

    def __getattr__(self, name):
        return getattr(self._loader, name)


def prepare(settings):
    """A run that trains, and facts about it."""
    trainer, train = recbole_loop.trainer_of(settings, model="LightGCN", columns=COLUMNS, options=options_of(settings))
    data = np.load(settings["data"])
    network, dataset = trainer.model, train.dataset
    # Rows of RecBole's tables by our own indices.
    user_rows = rows_of(dataset.field2token_id["user_id"], int(data["users"].max()))
    item_rows = rows_of(dataset.field2token_id["item_id"], int(data["items"].max()))
    seen = lists(data["users"], data["items"], len(user_rows))
    wanted = lists(data["test_users"], data["test_items"], len(user_rows))

    def run():
        seconds, epochs, recall = 0.0, 0.0, 0.0
        while seconds < settings["seconds"] and recall < settings["goal"]:
            started = time.perf_counter()
            loader = UntilThen(train, started + settings["seconds"] - seconds)
            network.train()
            trainer._train_epoch(loader, int(epochs), show_progress=False)
            seconds += time.perf_counter() - started
            epochs += loader.steps / len(train)
            recall = recall_of(network, user_rows, item_rows, seen, wanted)
        return {"seconds": seconds, "check": [recall, epochs]}

    return run, {"threads": torch.get_num_threads()}


def rows_of(token_ids, count):
    """RecBole's row of each of our indices 0..count; 0, its padding, where it has none."""
    return np.array([token_ids.get(str(index), 0) for index in range(count + 1)])


def lists(users, items, count):
    """Items of each user."""
    order = np.argsort(users, kind="stable")
    return np.split(items[order], np.searchsorted(users[order], np.arange(1, count)))


@torch.no_grad()
def recall_of(network, user_rows, item_rows, seen, wanted):
    """Mean recall@20 over users with test items, all items that they have not met ranked."""
    network.eval()
    users, items = (part.numpy() for part in network.forward())
    users, items = users[user_rows], items[item_rows]
    recalls = []
    for start in range(0, len(users), _ROWS):
        scores = users[start : start + _ROWS] @ items.T
        scores[:, item_rows == 0] = -np.inf
        for row, own in enumerate(scores, start=start):
            if len(wanted[row]):
                own[seen[row]] = -np.inf
                found = np.argpartition(-own, _K)[:_K]
                recalls.append(np.isin(wanted[row], found).mean())
    return float(np.mean(recalls))


if __name__ == "__main__":
    serve(prepare)
