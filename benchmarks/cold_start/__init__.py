"""Quality of recommending items that training never met, by full ranking.

    python -m benchmarks.cold_start ../shared/data/movies --cold-items ../shared/data/movies/ml-1m-cold-items.txt
    python -m benchmarks.cold_start ../shared/data/movies --cold-items FILE --json

The folder holds ``items.jsonl.gz`` and the interactions ``ml-1m-train.txt.gz`` and ``ml-1m-test.txt.gz``, which are
taken together. Nobody's interactions with the cold items are trained on; half of them, drawn at random with seed 0, are
for validation, half for test. By the test half ``cold_`` ranks the cold items, ``all_`` all items that the user has not
met in training. Of each user one warm item is held out, too, and found by models fitted without it: ``warm_`` ranks the
warm items, ``warm_among_all_`` all of them. ``cold_share@20`` is the share of cold items in lists of all.

Rows: ``random``, ``neighbour_popularity`` (readers of the 20 items with the nearest text), ``text`` and ``image``
(cosine to the mean of what the user met), ``ridge`` (text, genres and year to 64 SVD factors), ``dropoutnet``,
``clcrec``; ours as it ships, the blend of the scorers that need no order in time, by text, genres and year
(``ours_text``), picture only (``ours_image``), title only (``ours_title``), title and picture (``ours_title_image``),
everything (``ours``), and after n interactions of each cold item, drawn from the validation half (``ours_n1`` ...
``ours_n100``), beside what EASE, fitted again with them, says (``behaviour_n1`` ...). ``ours_without_cold`` is the
same model without anything for cold items: its ``warm_`` figures are what onboarding may not cost.
"""
