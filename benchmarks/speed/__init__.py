"""Speed as a ratio: our work and a peer's in one run, taking turns, on the same data with the same threads.

    python -m benchmarks.speed --data ../shared/data            a table
    python -m benchmarks.speed --data ../shared/data --json     one JSON object
    python -m benchmarks.speed --data ../shared/data --quick    about a minute, only peers that are installed

Each peer runs in a virtual environment of its own, made at its first use in ~/.cache/tastemaker/peers.
`docs/benchmarks.md` says what each row is and what bounds it.
"""
