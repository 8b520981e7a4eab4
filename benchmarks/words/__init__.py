"""How true the words of explanations are, judged apart from the code that writes and checks them.

    python -m benchmarks.words HOME              a table; HOME is the home of a trained service, only read
    python -m benchmarks.words HOME --json       one JSON object
    python -m benchmarks.words HOME --quick      40 explanations, 15 s for each row of the service's model

``--cases FILE`` keeps the explanations for the next run, ``--seconds`` bounds the rows of the service's model.

Users get their best items explained, with and without a request, a what-if, known likes. Each sentence that is shown is
parsed back into a claim and held against the explanation's numbers and items (``judge.py``); what cannot be parsed counts as
wrong. Rows, each ``_en`` and ``_zh``:

``template``   line, paragraph and full account.
``control``    the same sentences held against the explanation of another case: what a judge that sleeps would let pass.
``liar``       a model that lies in a known way about every sentence that it can, another way in each explanation.
``honest``     a model that rewords some sentences truly.
``choose``, ``free``   the service's own language model picks among true sentences, or writes its own.

``precision`` is the share of shown sentences that are right, ``raw_precision`` that of all sentences the model wrote or
picked, whether shown or not; ``shown`` the share of sentences asked of the model that are its own in the end, ``fallback`` the
rest; ``whole`` the share of paragraphs that are all the model's. ``lies`` and ``lies_shown`` count sentences.
"""
