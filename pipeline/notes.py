"""What an explanation notes beside its numbers. Whoever speaks another language has these as the keys of its words."""

HAD = "It is in the history by now, so it would not be recommended again; this is its place before that."
ON_TRIAL = "{:.0%} of the places are kept for trying new items out, so it can stand higher in a list than its rank."
KEPT_OUT = "The constraints of the request, or the catalogue, keep this item out."
UNMET = "No one had met this item when the models were trained: its place comes from its content."
NO_HISTORY = "There is no history yet: the place comes from what everyone likes and what was asked for."
