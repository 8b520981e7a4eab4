"""Many clients at once against the service over HTTP: requests a second, times, memory, and what happens beyond that.

    python -m benchmarks.load --home .tastemaker/demo             a table; the home is copied first
    python -m benchmarks.load --home .tastemaker/demo --json      one JSON object
    python -m benchmarks.load --home .tastemaker/demo --soak 30   all kinds of requests for 30 minutes, memory by minute

Rows are a kind of request and a number of clients, each of which sends its next request when the last one is
answered. ``new``: the ten of every user once, explained, after something happened to each of them. ``recommend``: of
random users who were asked for before and to whom nothing has happened since (answers are kept for as long as they
hold). ``similar`` and ``search``. ``events``: one a request; ``batches``: a hundred a request. ``chat``: a message
until its last word, and until its cards (``cards_``). ``overload``: ten times the clients of ``search/16``. Times are
those of accepted requests; ``refused`` is the share that was told to come again later. Clients run in a process of
their own on the same machine, so the service does not have it to itself.
"""
