"""A service that is killed at random moments: what it had acknowledged is there, once, and it answers as before.

    python -m benchmarks.faults --home .tastemaker/demo             a table; the home is copied first
    python -m benchmarks.faults --home .tastemaker/demo --json      one JSON object
    python -m benchmarks.faults --home .tastemaker/demo --minutes 5 as many cycles as begin within five minutes

In a cycle four clients send events to a server, each with a key. Beside them another process may ingest a file, promote
one snapshot after the other, or train. When a random share of the cycle's events has been acknowledged, server and
process get SIGKILL; the server is started again and everything is counted. Clients then send again what was never
acknowledged. A cycle of ``migration`` needs no server: a database of the first schema is opened by a process that is
killed at a random statement, and opened again.

``lost``: acknowledged events that are not in the database. ``twice``: keys that are there more than once. ``wrong``:
what else does not agree, such as the count of a user's events. ``differing``: lists of ten, scores included, that are
not those of the same snapshot before the kill; ``compared`` says how many were looked at.
``ready_``: seconds from a start to ready.
"""
