"""Explanations in English."""

from __future__ import annotations

from agent.explaining.voice import Voice, Wording

_LOWER = r"(?:falls?|drops?|lower)"
_HIGHER = r"(?:rises?|higher)"
_LEFT_OUT = r"\bwhat you (?:have )?left out\b"

_PARAGRAPH = {
    "place": Wording(
        (
            "{item} stands at place {rank} of {of} {things}.",
            "Among {of} {things}, {item} is at place {rank}.",
            "{item} is at place {rank}; there are {of} {things}.",
        ),
        (
            r"\b(?:place|rank|position|number) <rank>",
            r"(?:\bof|\bamong|\bout of|\bthere are)(?: the| all| all the)? <of>\s",
        ),
        "ranked comes found in at out all takes holds sits rank position number",
    ),
    "no_place": Wording(
        ("{item} has no place in the ranking.", "There is no place for {item} in the ranking."),
        (r"<item> (?:has|holds|takes) no (?:place|rank|position)\b|\bno (?:place|rank|position) for <item>",),
        "holds takes rank position here",
    ),
    "liked": Wording(
        (
            "It is there because you liked {items}.",
            "You liked {items}: that is why it is there.",
            "The reason is that you liked {items}.",
        ),
        (
            r"^you liked <items>(?:: that is why|, (?:and )?(?:so|that is why)) it is (?:also )?t?here\.$"
            r"|^(?:it is (?:also )?t?here|the reason is(?: that)?)(?: because| since)? you liked <items>\.$",
        ),
        "since here so",
    ),
    "history": Wording(
        (
            "It goes with {items} from your history.",
            "{items} from your history {items:goes|go} with it.",
            "From your history, {items} {items:goes|go} with it.",
        ),
        (r"\b(?:from|in|of) your history\b", r"\b(?:goes|go|fits|fit|belongs|belong) with (?:<items>|it\b)", r"\bit\b"),
        "fits fit belongs belong in of which what well here",
    ),
    "seed": Wording(
        (
            "It is close to {items}, as you asked.",
            "As you asked, it is close to {items}.",
            "You asked for {items}, and it is close to that.",
        ),
        (r"\bit is (?:also )?(?:close|similar) to (?:<items>|that\b)", r"\byou asked\b", r"<items>"),
        "similar",
    ),
    "text": Wording(
        (
            "Its description matches {values}.",
            "By its description it matches {values}.",
            "You asked for {values}, and its description matches that.",
        ),
        (r"\bits description\b", r"\b(?:matches|fits) (?:<values>|that\b|what)", r"<values>"),
        "fits what",
    ),
    "text_unnamed": Wording(
        ("Its description matches your words.", "By its description it matches your words."),
        (r"\bits description\b", r"\b(?:matches|fits) (?:what you asked\b|your words\b)"),
        "fits what you asked",
    ),
    "sequence": Wording(
        (
            "People meet it soon before or after {items}.",
            "Soon before or after {items}, people meet it.",
            "People who meet {items} meet it soon before or after.",
        ),
        (r"\bpeople\b", r"\bmeet it\b", r"\bsoon before or after\b"),
        "other here that",
    ),
    "popular": Wording(
        (
            "It is popular with other people here.",
            "Many other people here have met it.",
            "Other people here meet it a lot: it is popular.",
        ),
        (r"\bit is (?:also )?popular\b|\bmany (?:other )?people (?:here )?have (?:already )?met it\b", r"\bpeople\b"),
        "already among",
    ),
    "new": Wording(
        ("It is new here and was matched by its content.", "It is new here: it was matched by its content."),
        (r"\bit is (?:still )?new\b", r"\bmatched by its content\b"),
        "still so",
    ),
    "new_readers": Wording(
        (
            "It is new here and was matched by its content and by its first readers.",
            "It is new here: it was matched by its content and its first readers.",
        ),
        (r"\bit is (?:still )?new\b", r"\bmatched by its content and (?:by )?its first readers\b"),
        "still so",
    ),
    "trial": Wording(
        ("It is new here and is shown to be tried out.", "It is new here: it is shown to be tried out."),
        (r"\bit is (?:still )?new\b", r"\bshown to be tried out\b"),
        "still so",
    ),
    "constraint": Wording(
        (
            "It matches what you asked: {values}.",
            "As you asked, it has {values}.",
            "You asked for {values}, and it has that.",
        ),
        (r"\byou asked\b", r"\bit (?:matches|fits|has)\b", r"<values>"),
        "fits",
    ),
    "unsaid": Wording(
        ("No single piece of evidence stands out.", "There is no single piece of evidence that stands out."),
        (r"\bno single piece of evidence(?: that)? stands out\b",),
    ),
    "falls": Wording(
        (
            "Without {item} its score would fall by {amount}.",
            "Its score would be {amount} lower without {item}.",
            "Without {item}, the score falls by {amount}.",
        ),
        (r"\bwithout <item>", rf"\bscore\b.*(?:\b{_LOWER} by <amount>|<amount> lower\b)"),
        "drop drops out",
    ),
    "falls_most": Wording(
        (
            "Without {item} its score would fall the most, by {amount}.",
            "Its score would fall the most without {item}: by {amount}.",
        ),
        (r"\bwithout <item>", rf"\bscore\b.*\b{_LOWER} the most\b.*\bby <amount>"),
        "drop drops falls",
    ),
    "falls_most_of": Wording(
        (
            "Without {item} its score would fall by {amount}, the most of {tried} {things} that were tried.",
            "Of {tried} {things} that were tried, its score would fall the most without {item}: by {amount}.",
        ),
        (
            r"\bwithout <item>",
            rf"\bscore\b.*\b{_LOWER}(?: the most)?\b.*\bby <amount>",
            r"\bthe most\b",
            r"\bof (?:the )?<tried> [^<]*\btried\b",
        ),
        "drop drops falls",
    ),
    "against": Wording(
        (
            "Without {item} its score would rise by {amount}.",
            "Its score would be {amount} higher without {item}.",
            "{item} counts against it, by {amount}.",
        ),
        (
            rf"\bwithout <item>.*\bscore\b.*(?:\b{_HIGHER} by <amount>|<amount> higher\b)"
            rf"|\bscore\b.*(?:\b{_HIGHER} by <amount>|<amount> higher\b).*\bwithout <item>"
            r"|<item> counts against it(?: here)?,? by <amount>",
        ),
        "rises here",
    ),
    "score_falls": Wording(
        (
            "Without what you left out, the score falls from {before} to {after}.",
            "The score falls from {before} to {after} without what you left out.",
        ),
        (_LEFT_OUT, r"\bscore (?:falls|drops|goes down)\b", r"\bfrom <before>(?: down)? to <after>"),
        "drops goes down have its",
    ),
    "score_rises": Wording(
        (
            "Without what you left out, the score rises from {before} to {after}.",
            "The score rises from {before} to {after} without what you left out.",
        ),
        (_LEFT_OUT, r"\bscore (?:rises|goes up)\b", r"\bfrom <before>(?: up)? to <after>"),
        "goes up have its",
    ),
    "score_stays": Wording(
        (
            "Without what you left out, the score stays at {after}.",
            "The score stays at {after} without what you left out.",
        ),
        (_LEFT_OUT, r"\bscore (?:stays|remains) at <after>"),
        "remains have its",
    ),
    "place_falls": Wording(
        (
            "Its place falls from {before} to {after}.",
            "It falls from place {before} to place {after}.",
        ),
        (r"\b(?:falls|drops|goes down)\b", r"\bfrom(?: place| rank)? <before>(?: down)? to(?: place| rank)? <after>"),
        "drops goes down rank then without what you left out",
    ),
    "place_rises": Wording(
        (
            "Its place rises from {before} to {after}.",
            "It rises from place {before} to place {after}.",
        ),
        (r"\b(?:rises|goes up)\b", r"\bfrom(?: place| rank)? <before>(?: up)? to(?: place| rank)? <after>"),
        "goes up rank then without what you left out",
    ),
    "place_stays": Wording(
        ("Its place stays {after}.", "It stays at place {after}."),
        (r"\b(?:stays|remains)(?: at)?(?: place| rank)? <after>",),
        "remains rank at without what you left out",
    ),
    "note": Wording(("{note}",)),
}

_ACCOUNT = {
    "score": "Its score is {score}.",
    "channel_adds": "{channel} adds {amount} to the score, {share} of all that moves it.",
    "channel_takes": "{channel} takes {amount} from the score, {share} of all that moves it.",
    "channels_silent": "Without effect: {channel}.",
    "without_lower": "Without {item} the score is {amount} lower.",
    "without_higher": "Without {item} the score is {amount} higher.",
    "without_unchanged": "Without {item} the score stays as it is.",
    "without_lower_place": "Without {item} the score is {amount} lower and the place {rank}.",
    "without_higher_place": "Without {item} the score is {amount} higher and the place {rank}.",
    "without_unchanged_place": "Without {item} the score stays as it is and the place is {rank}.",
    "estimated_lower": "Without {item} the score is lower by {amount}, as estimated.",
    "estimated_higher": "Without {item} the score is higher by {amount}, as estimated.",
    "estimated_unchanged": "Without {item} the score stays as it is, as estimated.",
    "together": "{count} {count:person has|people have} met both it and {item}.",
    "unnamed": "{count} more of the history {count:is|are} not named here.",
    "graph_sum": "In the graph its score is {total}: {history} from the history, {own} from what belongs to no item.",
    "graph_item": "{item} adds {amount} to that, exactly.",
    "graph_item_against": "{item} takes {amount} from that, exactly.",
    "path": "A path from {items} through other people carries {share} of the graph's score.",
    "order_place": "By the order of the history alone it stands at place {rank}.",
    "span_lower": "Without {items} the score by order falls by {amount}, to place {rank}.",
    "span_higher": "Without {items} the score by order rises by {amount}, to place {rank}.",
    "span_unchanged": "Without {items} the score by order stays as it is, at place {rank}.",
    "gradient": "Integrated gradients give {item} {part} of the score by order.",
    "gap": "Integrated gradients miss {share} of it.",
    "match": "By content it is close to {item}: {alike} of 1.",
    "match_share": "{share} of that is by {modality}.",
    "match_values": "Both have {values}.",
    "models": "Models: {snapshot}.",
}

ENGLISH = Voice(
    code="en",
    name="English",
    sentences=_PARAGRAPH | {kind: Wording((way,)) for kind, way in _ACCOUNT.items()},
    lines={
        "liked": "because you liked {items}",
        "history": "goes with {items} from your history",
        "seed": "close to {items}, as you asked",
        "text": "its description matches {values}",
        "text_unnamed": "its description matches your words",
        "sequence": "people meet it soon before or after {items}",
        "popular": "popular with other people here",
        "new": "new here, matched by its content",
        "new_readers": "new here, matched by its content and by its first readers",
        "trial": "new here, shown to be tried out",
        "constraint": "matches what you asked: {values}",
        "unsaid": "no single piece of evidence stands out",
    },
    headings={
        "place": "Where it stands",
        "what_if": "What if",
        "reasons": "Why",
        "channels": "What the score is made of",
        "history": "What the history adds",
        "graph": "Through people and what they met",
        "order": "By the order of the history",
        "content": "By content",
        "notes": "Besides",
    },
    terms={
        "lightgcn": "People like you (LightGCN)",
        "spectral": "Tastes like yours (spectral filter)",
        "sasrec": "What comes next (SASRec)",
        "content": "Content",
        "item_to_item": "What is met together",
        "transition": "What is met close in time",
        "popularity": "Popularity",
        "seed": "Close to what you asked",
        "taste": "Tastes that you named",
        "disliked": "Away from dislikes",
        "new": "New items",
        "text": "text",
        "image": "picture",
        "attribute": "attributes",
        "behaviour": "behaviour",
    },
    comma=", ",
    last=" and ",
    quote="{}",
    between=" ",
    full_stop=".",
    punctuation=" ,:;",
    ordinary=frozenset(["a", "an", "the", "it", "its", "is", "this", "that", "and", "also", "too", "there", "here"]),
    spaced=True,
)
