"""ranx's metrics: from its Qrels and Run objects, or from the typed lists that its kernels read."""

from itertools import pairwise

import numpy as np
from protocol import serve
from ranx import Qrels, Run, evaluate


def prepare(settings):
    """Rankings and relevant items become ranx's objects; compiling comes before the first timed run."""
    data = np.load(settings["data"])
    ends = data["indptr"].tolist()
    names = [str(query) for query in range(len(ends) - 1)]
    relevant = [data["items"][start:end].tolist() for start, end in pairwise(ends)]
    qrels = Qrels({name: {str(item): 1 for item in items} for name, items in zip(names, relevant, strict=True)})
    ranked = data["ranked"].tolist()
    run_of = Run(
        {
            name: {str(item): float(len(row) - place) for place, item in enumerate(row)}
            for name, row in zip(names, ranked, strict=True)
        }
    )
    if settings["lists"]:
        qrels, run_of = qrels.to_typed_list(), run_of.to_typed_list()

    def run():
        values = evaluate(qrels, run_of, settings["metrics"], save_results_in_run=False, threads=settings["threads"])
        return {"check": [float(values[name]) for name in settings["metrics"]]}

    run()
    return run, {"threads": settings["threads"]}


if __name__ == "__main__":
    serve(prepare)
