"""How a peer's script is talked to: JSON lines over standard input and output, in the peer's own environment.

    -> {"do": "prepare", "settings": {...}}    load data and libraries, warm up
    <- {"ready": {"threads": 2, ...}}          facts for the report
    -> {"do": "run"}                           one timed piece of work, as often as asked
    <- {"seconds": 1.25, "check": [...]}       only the work; what it computed, to be compared with others
    <- {"error": "Traceback ..."}              instead of an answer; the process then ends

The end of the input ends the process. The standard library only: what else there is depends on the peer.
"""

import json
import os
import sys
import time
import traceback


def serve(prepare):
    """Answer until the input ends.

    Args:
        prepare: settings -> (run, facts). ``run()`` does the work once and returns the dict of the answer; it may hold
            its own ``seconds`` where the library does more around the work, else the whole call is timed. Where it
            returns a function, that is called after the clock has stopped and returns the dict.
    """
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    # What libraries print must not come between the answers.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    run = None
    for line in sys.stdin:
        try:
            command = json.loads(line)
            if command["do"] == "prepare":
                run, facts = prepare(command["settings"])
                answer = {"ready": facts}
            else:
                answer = timed(run)
        except Exception:
            print(json.dumps({"error": traceback.format_exc()}), file=answers, flush=True)
            sys.exit(1)
        print(json.dumps(answer), file=answers, flush=True)


def timed(run):
    """One run as an answer."""
    started = time.perf_counter()
    outcome = run()
    seconds = time.perf_counter() - started
    if callable(outcome):
        outcome = outcome()
    return {"seconds": seconds, **(outcome or {})}
