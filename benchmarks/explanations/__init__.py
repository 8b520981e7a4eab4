"""Whether explanations are true: does the score fall when the cited items are taken out of the history, and only then?

    python -m benchmarks.explanations ../shared/data/movies                   a table
    python -m benchmarks.explanations ../shared/data/movies --json            one JSON object
    python -m benchmarks.explanations ../shared/data/movies --models FOLDER   keeps the trained models, or takes those

The folder holds ``items.jsonl.gz`` and ``ml-1m-train.txt.gz``. The whole pipeline is trained on it once for each seed
(``--epochs`` limits LightGCN and SASRec; ``--quick`` takes the first; ``--models`` keeps a snapshot in a folder for
each). Each seed also draws ``--users`` users, the random removals and what explainers draw. The best unmet item of a
user is explained; removals are scored again by the whole pipeline on frozen models, over the same candidates
(measures.py has the definitions).

Rows without prefix explain the whole blended score, ``lightgcn_`` and ``spectral_`` the scores of the two parts of the
graph channel: ``ours``, ``random``, ``popularity`` (of the history item), ``attention`` (SASRec's last layer),
``cosine`` (of LightGCN's vectors), ``surrogate`` (LIME-style: weighted ridge on 150 random removals), ``oracle``
(leave-one-out by scoring again), ``shuffled`` (the control: ours on the wrong items). ``retrained@3`` is the drop of
the score for 50 users or a few more, as many of each seed, when all that is counted or has a closed form is fitted
again without the cited items. ``card`` and ``page`` are the times of one card's explanation and of the evidence of ten
cards, without words. Figures are means over the users of all seeds, ``_ci`` their 95% bootstrap intervals; times are
wall time, those with ``cpu`` in their name processor time.
"""
