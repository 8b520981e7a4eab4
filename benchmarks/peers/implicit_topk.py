"""implicit's top-k over given factors, with the seen items filtered."""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as implicit asks for: it runs the products in threads of its own

import numpy as np
import scipy.sparse as sp
from implicit.cpu.topk import topk
from protocol import serve


def prepare(settings):
    """Users' and items' factors, and a matrix of what each user has seen."""
    data = np.load(settings["data"])
    users, items = data["users"], data["items"]
    shape = (len(users), len(items))
    seen = sp.csr_matrix((np.ones(len(data["indices"]), np.float32), data["indices"], data["indptr"]), shape=shape)

    def run():
        _, scores = topk(items, users, settings["k"], filter_query_items=seen, num_threads=settings["threads"])
        return lambda: {"check": [float(scores.sum(dtype=np.float64))]}

    run()
    return run, {"threads": settings["threads"]}


if __name__ == "__main__":
    serve(prepare)
