"""Many clients at once against the service over HTTP: requests a second, times, memory, and what happens beyond that.

    python -m benchmarks.load --home .tastemaker/demo             a table; the home is copied first
    python -m benchmarks.load --home .tastemaker/demo --json      one JSON object
    python -m benchmarks.load --home .tastemaker/demo --soak 30   all kinds of requests for 30 minutes, memory by minute

Rows are a kind of request and a number of clients, each of which sends its next request when the last one is answered:
``recommend`` (a random user's ten, explained), ``similar``, ``search``, ``events`` (one a request), ``batches`` (a
hundred events a request) and ``chat`` (a message, until the last word; ``cards_`` until its cards). ``new`` asks for
every user once after something happened to each, so that no answer was kept. ``overload`` has ten times the clients of
``recommend/16``: ``p50_ms`` and ``p99_ms`` are those of accepted requests, ``refused`` the share that was told to come
again later. Clients run in a process of their own on the same machine, so the service does not have it to itself.
"""
