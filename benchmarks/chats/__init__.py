"""Simulated chats of eight turns over the whole service, by HTTP, with several language models behind it.

    python -m benchmarks.chats --home COPY_OF_A_TRAINED_HOME                    a table
    python -m benchmarks.chats --home COPY --chats 100 --only embedded --json   one JSON object

A row is one backend: ``none`` (templates), ``fake`` (picks the first true sentence), ``adversarial`` (a server of
this benchmark that names other titles, gives false reasons and sends markup), ``embedded`` (the model that ships).
Counts that have to be 0: ``outside`` (items that the catalogue does not have), ``violations`` (cards that break a hard
constraint in force, judged from the items' own fields), ``unsupported`` (titles named that were neither shown, nor
asked for, nor in the history; cards without a reason; markup), ``errors`` (HTTP or stream). Times in milliseconds,
from the request to the event, with one chat and with four at once (``4_``); ``first_`` and ``last_`` are the first and
the last twenty turns of a chat of two hundred, the same messages over and over. It writes into the home: use a copy.
"""
