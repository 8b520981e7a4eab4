"""RecBole's SASRec: steps of an epoch with the full softmax. It learns one target from each of its sequences."""

import recbole_loop
from protocol import serve


def prepare(settings):
    """The last two items of each user are held out."""
    options = {
        "hidden_size": settings["dim"],
        "inner_size": settings["inner"],
        "n_layers": settings["blocks"],
        "n_heads": settings["heads"],
        "hidden_dropout_prob": settings["dropout"],
        "attn_dropout_prob": settings["dropout"],
        "MAX_ITEM_LIST_LENGTH": settings["length"],
        "loss_type": "CE",
        "train_neg_sample_args": None,
        "learning_rate": settings["learning_rate"],
        "train_batch_size": settings["targets"],
        "eval_args": {"split": {"LS": "valid_and_test"}, "group_by": "user", "order": "TO", "mode": "full"},
    }
    columns = {"user_id:token": "users", "item_id:token": "items", "timestamp:float": "times"}
    return recbole_loop.prepare(settings, model="SASRec", columns=columns, options=options)


if __name__ == "__main__":
    serve(prepare)
