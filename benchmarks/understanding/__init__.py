"""How well requests are understood, on sentences that people wrote.

    python -m benchmarks.understanding                           a table: the test sets, and INSPIRED
    python -m benchmarks.understanding --json
    python -m benchmarks.understanding --part dev --show         the development sets, and every request not fully right
    python -m benchmarks.understanding --only films --movies ../shared/data/movies

Rows: ``films`` (MovieLens) and ``garden`` (a shop for plants): requests by hand, each a first turn; README.md of this
folder says who wrote them and how; ``written_`` and ``asked_`` rows likewise. ``inspired``: what users say in the
dialogues of INSPIRED's development set, whose annotation, made by matching words, names films, genres and people only,
some of them wrong ("The Future" in "the future portrayed").

``intent``: share of requests with the right one. ``slot_f1``: micro-averaged over values of items, attributes, years,
numbers, people, count and relative wishes; ``f1_<slot>`` the same of one kind. ``mood_f1``: over the words of the mood.
``linking``: share of the items meant that were found, in whatever slot. ``whole``: share of requests with the right
intent and every slot right, mood aside. ``p50_ms``, ``p99_ms``: one request, without a language model.
"""
