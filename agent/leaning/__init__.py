"""What a dialogue leans to: scores of all items from what was said, learned from dialogues that people had.

`heard` reads messages, `items` holds what the catalogue tells of its items, `habits` what dialogues tell of them,
`affinity` learns which words lead to which kinds of items, `features` puts them side by side, and `model` weighs them:
a conditional logit over all items.
`learnt` keeps what was learned apart from any catalogue, and `conversation` lays it over the one that is served.
"""

from pathlib import Path

LEANING_FILE = Path(__file__).with_name("dialogues.safetensors")
"""What was learned; `benchmarks.dialogues.train` makes it."""

__all__ = ["LEANING_FILE"]
