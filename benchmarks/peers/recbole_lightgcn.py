"""RecBole's LightGCN: steps of an epoch with BPR, one negative for each positive."""

import recbole_loop
from protocol import serve

COLUMNS = {"user_id:token": "users", "item_id:token": "items"}


def options_of(settings):
    """RecBole's settings; all interactions train."""
    return {
        "embedding_size": settings["dim"],
        "n_layers": settings["layers"],
        "reg_weight": settings["l2"],
        "learning_rate": settings["learning_rate"],
        "train_batch_size": settings["batch"],
        "eval_args": {"split": {"RS": [1, 0, 0]}, "group_by": "user", "order": "RO", "mode": "full"},
    }


def prepare(settings):
    """A run that trains, and facts about it."""
    return recbole_loop.prepare(settings, model="LightGCN", columns=COLUMNS, options=options_of(settings))


if __name__ == "__main__":
    serve(prepare)
