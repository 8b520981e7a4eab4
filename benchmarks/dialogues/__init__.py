"""Recommending from dialogues that people had: what did the one recommend to the other?

    python -m benchmarks.dialogues ../shared/data/dialogues/redial-dev.jsonl.gz --json
    python -m benchmarks.dialogues FILE.jsonl --only full --also      nothing but FILE is learned from

FILE holds a recommending turn per line (ReDial) or a dialogue per line (INSPIRED), gzipped or not. Each turn is a
question: its context is known, what was recommended is looked for in the whole catalogue, without what was named
before. Only targets that the catalogue has and that nobody had named before count. What is learned is learned from the
dialogues of the other folds, 5 folds over dialogues, and from those of ``--also`` (the development sets of both) that
are not in FILE. Weights are learned within these folds, on parts of them that were held out; the answer itself is never
read.

Rows: ``popularity`` (how often it was recommended), ``neighbours`` (what dialogues name together), ``text`` and
``collaborative`` (the model with popularity and one of both), ``full`` (the model). ``recall@k`` and ``mrr`` are means
over targets, ``_ci`` their 95% intervals over dialogues.
"""
