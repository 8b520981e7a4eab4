"""What a dialogue leans to: scores of all items from what was said, learned from dialogues that people had.

`heard` reads messages, `items` holds what the catalogue tells of its items, `habits` what dialogues tell of them,
`affinity` learns which words lead to which kinds of items, `features` puts them side by side, and `model` weighs them:
a conditional logit over all items.
"""
