"""Explanations in English."""

from __future__ import annotations

from agent.explaining.english_findings import ENGLISH_FINDINGS
from agent.explaining.voice import Voice, Wording

_AT = r"(?:is|stands|comes|sits|ranks|is ranked|is found)(?: at| in)?(?: the)? (?:place|position|rank|number) <rank>"
_OF = r"(?:of|among|out of)(?: the| all| all the)? <of> <things>"
_THERE = r"it is (?:also )?(?:here|there|recommended|shown)"
_LATELY = r"what you(?: have)? met lately"
_GOES = r"(?:also )?(?:goes|go|fits|fit|belongs|belong|pairs|pair)(?: well)? with"
_FROM = r"(?:,? (?:which (?:is|are) )?(?:from|in|of) your history,?)"
_CLOSE = r"it is (?:also )?(?:close|similar|near) to"
_MATCHES = r"(?:also )?(?:matches|fits|suits)"
_NEW = r"it is (?:still )?new(?: here)?"
_CONTENT = r"(?::| and|,) (?:it )?(?:was|is) (?:matched|found|chosen) by its content"
_FALL = r"(?:would fall|would drop|would go down|falls|drops|goes down)"
_RISE = r"(?:would rise|would go up|rises|goes up)"
_LOWER = r"(?:would be|is) (?:lower by <amount>|<amount> lower)"
_HIGHER = r"(?:would be|is) (?:higher by <amount>|<amount> higher)"
_SCORE = r"(?:its|the) score"
_TRIED = r"of (?:the )?<tried> <things>(?: that were| which were)? tried"
_CHANGED = r"with your changes"
_FROM_TO = r"from (?:place|rank) <before> to (?:place |rank )?<after>"
_TRIALS = r"places (?:that are )?kept for new items"
_PLACE = r"(?:its|the) (?:place|rank|position)"

_PARAGRAPH = {
    "place": Wording(
        (
            "{item} stands at place {rank} of {of} {things}.",
            "Among {of} {things}, {item} is at place {rank}.",
            "{item} is at place {rank}; there are {of} {things}.",
        ),
        (
            rf"<item> {_AT},? {_OF}(?: here)?",
            rf"{_OF}(?: here)?,? <item> {_AT}",
            rf"<item> {_AT}; there are <of> <things>(?: here)?",
        ),
    ),
    "no_place": Wording(
        ("{item} has no place in the ranking.", "There is no place for {item} in the ranking."),
        (
            r"<item> (?:has|holds|takes) no (?:place|position|rank) in (?:the|this) (?:ranking|list)",
            r"there is no (?:place|position|rank) for <item> in (?:the|this) (?:ranking|list)",
            r"<item> is not (?:in|part of) the ranking",
        ),
    ),
    "liked": Wording(
        (
            "It is there because you liked {items}.",
            "You liked {items}: that is why it is there.",
            "The reason is that you liked {items}.",
        ),
        (
            rf"{_THERE} (?:because|since|as) you liked <items>",
            rf"(?:because|since|as) you liked <items>, {_THERE}",
            rf"you liked <items>(?:: that is why|,? (?:and )?(?:so|that is why)) {_THERE}",
            r"the reason is that you liked <items>",
        ),
    ),
    "history": Wording(
        (
            "It goes with {items} from your history.",
            "{items} from your history {items:goes|go} with it.",
            "From your history, {items} {items:goes|go} with it.",
        ),
        (
            rf"(?:it|this) {_GOES} <items>{_FROM}",
            rf"<items>{_FROM} {_GOES} it",
            rf"(?:from|in|of) your history,? <items> {_GOES} it",
        ),
    ),
    "history_unnamed": Wording(
        ("It goes with what you have met.", "What you have met goes with it."),
        (rf"(?:it|this) {_GOES} what you(?: have)? met", rf"what you(?: have)? met {_GOES} it"),
    ),
    "seed": Wording(
        (
            "It is close to {items}, as you asked.",
            "As you asked, it is close to {items}.",
            "You asked for {items}, and it is close to that.",
        ),
        (
            rf"{_CLOSE} <items>,? (?:just )?as you asked(?: for)?",
            rf"{_CLOSE} <items>,? (?:which is )?what you asked for",
            rf"(?:just )?as you asked,? {_CLOSE} <items>",
            rf"you asked for (?:something like |something close to )?<items>, and {_CLOSE} (?:that|it|them)",
        ),
    ),
    "text": Wording(
        (
            "Its description matches {values}.",
            "By its description it matches {values}.",
            "You asked for {values}, and its description matches that.",
        ),
        (
            rf"its description {_MATCHES} <values>(?:,? as you asked)?",
            rf"by its description,? it {_MATCHES} <values>",
            rf"you asked for <values>,? and its description {_MATCHES} (?:that|this|it)",
        ),
    ),
    "text_unnamed": Wording(
        ("Its description matches your words.", "By its description it matches your words."),
        (
            rf"its description {_MATCHES} (?:your words|what you asked for)",
            rf"by its description,? it {_MATCHES} (?:your words|what you asked for)",
        ),
    ),
    "picture": Wording(
        ("Its picture looks like the one that you sent.", "It looks like the picture that you sent."),
        (
            r"its picture (?:also )?looks like (?:the one|the picture) (?:that )?you sent",
            r"it (?:also )?looks like (?:the|your) picture(?: (?:that )?you sent)?",
        ),
    ),
    "sequence": Wording(
        (
            "People meet it soon before or after {items}.",
            "Soon before or after {items}, people meet it.",
            "People who meet {items} meet it soon before or after.",
        ),
        (
            r"people(?: here)? (?:also )?meet it soon (?:before or after|after or before) <items>",
            r"soon (?:before or after|after or before) <items>,? people(?: here)? (?:also )?meet it",
            r"people(?: here)? who meet <items> (?:also )?meet it soon (?:before or after|after or before)(?: that)?",
        ),
    ),
    "sequence_unnamed": Wording(
        (
            "People meet it soon before or after what you met lately.",
            "Soon before or after what you met lately, people meet it.",
        ),
        (
            rf"people(?: here)? (?:also )?meet it soon (?:before or after|after or before) {_LATELY}",
            rf"soon (?:before or after|after or before) {_LATELY},? people(?: here)? (?:also )?meet it",
        ),
    ),
    "popular": Wording(
        (
            "It is popular with other people here.",
            "Many other people here have met it.",
            "Other people here meet it a lot: it is popular.",
        ),
        (
            r"it is (?:also )?popular (?:with|among) (?:the )?other people(?: here)?",
            r"many (?:other )?people(?: here)? have (?:also |already )?met it",
            r"other people(?: here)? (?:also )?meet it a lot(?:: it is popular)?",
        ),
    ),
    "new": Wording(
        ("It is new here and was matched by its content.", "It is new here: it was matched by its content."),
        (rf"{_NEW}{_CONTENT}",),
    ),
    "new_readers": Wording(
        (
            "It is new here and was matched by its content and by its first readers.",
            "It is new here: it was matched by its content and its first readers.",
        ),
        (rf"{_NEW}{_CONTENT} and (?:by )?its first readers",),
    ),
    "trial": Wording(
        ("It is new here and is shown to be tried out.", "It is new here: it is shown to be tried out."),
        (rf"{_NEW}(?::| and|,) (?:it )?is (?:being )?shown (?:so as )?to be tried out",),
    ),
    "constraint": Wording(
        (
            "It matches what you asked: {values}.",
            "As you asked, it has {values}.",
            "You asked for {values}, and it has that.",
        ),
        (
            rf"it {_MATCHES} what you asked(?: for)?: <values>",
            r"as you asked,? it (?:also )?has <values>",
            r"it (?:also )?has <values>,? as you asked",
            r"you asked for <values>,? and it (?:also )?has (?:that|this|them)",
        ),
    ),
    "unsaid": Wording(
        ("No single piece of evidence stands out.", "There is no single piece of evidence that stands out."),
        (
            r"no (?:single |one )?piece of evidence stands out(?: here)?",
            r"there is no (?:single |one )?piece of evidence that stands out(?: here)?",
        ),
    ),
    "falls": Wording(
        (
            "Without {item} its score would fall by {amount}.",
            "Its score would be {amount} lower without {item}.",
            "Without {item}, the score falls by {amount}.",
        ),
        (
            rf"without <item>,? {_SCORE} (?:{_FALL} by <amount>|{_LOWER})",
            rf"{_SCORE} (?:{_FALL} by <amount>|{_LOWER}) without <item>",
        ),
    ),
    "falls_most": Wording(
        (
            "Without {item} its score would fall the most, by {amount}.",
            "Its score would fall the most without {item}: by {amount}.",
        ),
        (
            rf"without <item>,? {_SCORE} {_FALL} the most(?:,|:)? by <amount>",
            rf"{_SCORE} {_FALL} the most(?:,|:)? (?:by <amount>,? )?without <item>(?:(?:,|:)? by <amount>)?",
        ),
    ),
    "falls_most_of": Wording(
        (
            "Without {item} its score would fall by {amount}, the most of {tried} {things} that were tried.",
            "Of {tried} {things} that were tried, its score would fall the most without {item}: by {amount}.",
        ),
        (
            rf"without <item>,? {_SCORE} {_FALL} by <amount>,? (?:which is )?the most {_TRIED}",
            rf"without <item>,? {_SCORE} {_FALL} the most {_TRIED}(?:,|:)? by <amount>",
            rf"{_TRIED},? {_SCORE} {_FALL} the most without <item>(?:,|:)? by <amount>",
        ),
    ),
    "against": Wording(
        (
            "Without {item} its score would rise by {amount}.",
            "Its score would be {amount} higher without {item}.",
            "{item} counts against it, by {amount}.",
        ),
        (
            rf"without <item>,? {_SCORE} (?:{_RISE} by <amount>|{_HIGHER})",
            rf"{_SCORE} (?:{_RISE} by <amount>|{_HIGHER}) without <item>",
            r"<item> (?:counts|speaks|works) against it,? by <amount>",
        ),
    ),
    "score_falls": Wording(
        (
            "With your changes, the score falls from {before} to {after}.",
            "The score falls from {before} to {after} with your changes.",
        ),
        (
            rf"{_CHANGED},? {_SCORE} {_FALL} from <before>(?: down)? to <after>",
            rf"{_SCORE} {_FALL} from <before>(?: down)? to <after>,? {_CHANGED}",
        ),
    ),
    "score_rises": Wording(
        (
            "With your changes, the score rises from {before} to {after}.",
            "The score rises from {before} to {after} with your changes.",
        ),
        (
            rf"{_CHANGED},? {_SCORE} {_RISE} from <before>(?: up)? to <after>",
            rf"{_SCORE} {_RISE} from <before>(?: up)? to <after>,? {_CHANGED}",
        ),
    ),
    "score_stays": Wording(
        (
            "With your changes, the score stays at {after}.",
            "The score stays at {after} with your changes.",
        ),
        (
            rf"{_CHANGED},? {_SCORE} (?:stays|remains)(?: at)? <after>",
            rf"{_SCORE} (?:stays|remains)(?: at)? <after>,? {_CHANGED}",
        ),
    ),
    "place_falls": Wording(
        ("Its place falls from {before} to {after}.", "It falls from place {before} to place {after}."),
        (
            rf"{_PLACE} {_FALL} from <before>(?: down)? to <after>",
            rf"it (?:also )?{_FALL} from (?:place|rank) <before>(?: down)? to (?:place |rank )?<after>",
        ),
    ),
    "place_rises": Wording(
        ("Its place rises from {before} to {after}.", "It rises from place {before} to place {after}."),
        (
            rf"{_PLACE} {_RISE} from <before>(?: up)? to <after>",
            rf"it (?:also )?{_RISE} from (?:place|rank) <before>(?: up)? to (?:place |rank )?<after>",
        ),
    ),
    "place_stays": Wording(
        ("Its place stays {after}.", "It stays at place {after}."),
        (
            rf"{_PLACE} (?:stays|remains|is still)(?: at)? <after>",
            r"it (?:stays|remains|is still)(?: at| in)? (?:place|rank) <after>",
        ),
    ),
    "diversity_down": Wording(
        (
            "Diversity moves it down the list, from place {before} to {after}.",
            "For diversity it moves down the list, from place {before} to {after}.",
        ),
        (rf"(?:diversity moves it|for diversity,? it (?:moves|goes)) down the list, {_FROM_TO}",),
    ),
    "diversity_up": Wording(
        (
            "Diversity moves it up the list, from place {before} to {after}.",
            "For diversity it moves up the list, from place {before} to {after}.",
        ),
        (rf"(?:diversity moves it|for diversity,? it (?:moves|goes)) up the list, {_FROM_TO}",),
    ),
    "diversity_out": Wording(
        (
            "Diversity takes it from place {before} out of the list of {k}.",
            "For diversity it leaves the list of {k}, where its score puts it at place {before}.",
        ),
        (
            r"diversity takes it (?:from (?:place|rank) <before> out of|out of place <before> of) the list of <k>",
            r"for diversity,? it leaves the list of <k>, where its score puts it at (?:place|rank) <before>",
        ),
    ),
    "trial_place": Wording(
        (
            "It stands at place {after} of the list, which is kept for trying new items out.",
            "Place {after} of the list is kept for trying new items out, and it stands there.",
        ),
        (
            r"it (?:stands|is) at place <after> of the list, which is kept for trying (?:out new items|new items out)",
            r"place <after> of the list is kept for trying (?:out new items|new items out), and it (?:stands|is) there",
        ),
    ),
    "trials_down": Wording(
        (
            "Places kept for new items move it down the list, from place {before} to {after}.",
            "It moves down the list, from place {before} to {after}, for places that are kept for new items.",
        ),
        (
            rf"{_TRIALS} move it down the list, {_FROM_TO}",
            rf"it moves down the list, {_FROM_TO}, for {_TRIALS}",
        ),
    ),
    "trials_out": Wording(
        (
            "Places kept for new items take it from place {before} out of the list of {k}.",
            "From place {before} it leaves the list of {k}, for places that are kept for new items.",
        ),
        (
            rf"{_TRIALS} take it from (?:place|rank) <before> out of the list of <k>",
            rf"from (?:place|rank) <before>,? it leaves the list of <k>, for {_TRIALS}",
        ),
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
    "followed": "{count} {count:person|people} met it soon after {item}.",
    "unnamed": "{count} more of the history {count:is|are} not named here.",
    "graph_sum": "In the graph its score is {total}: {history} from the history, {own} from what belongs to no item.",
    "alike_before": "Of what stands before it, {item} is most like it: {alike} of 1.",
    "alike_listed": "Of what is in the list, {item} is most like it: {alike} of 1.",
    "put_before": "Diversity puts {items}, of lower score, before it.",
    "put_behind": "Diversity puts {items}, of higher score, behind it or out of the list.",
    "depth_items": "{part} of that is from the history items themselves.",
    "depth_people": "{part} of that is from other people who met them.",
    "depth_beyond": "{part} of that comes through other people from {steps} steps away.",
    "depth_echo": "{part} of that comes back through you, as one who met them.",
    "depth_new": "{part} of that is from history items that training did not know.",
    "depth_paths": "{count} {count:path runs|paths run} through other people; the strongest {named} "
    "{named:carries|carry} {share} of what speaks for it.",
    "depth_against": "{count} of the paths {count:counts|count} against it.",
    "graph_item": "{item} adds {amount} to that, exactly.",
    "graph_item_against": "{item} takes {amount} from that, exactly.",
    "paths": "{count} {count:path|paths} from {items} through other people: {share} of what speaks for it in the "
    "graph.",
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
    sentences={**_PARAGRAPH, **ENGLISH_FINDINGS} | {kind: Wording((way,)) for kind, way in _ACCOUNT.items()},
    lines={
        "liked": "because you liked {items}",
        "history": "goes with {items} from your history",
        "history_unnamed": "goes with what you have met",
        "seed": "close to {items}, as you asked",
        "text": "its description matches {values}",
        "text_unnamed": "its description matches your words",
        "picture": "looks like the picture that you sent",
        "sequence": "people meet it soon before or after {items}",
        "sequence_unnamed": "people meet it soon before or after what you met lately",
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
        "rerank": "In the list as shown",
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
        "picture": "Looks like your picture",
        "image": "picture",
        "attribute": "attributes",
        "behaviour": "behaviour",
    },
    comma=", ",
    last=" and ",
    quote="{}",
    between=" ",
    full_stop=".",
    tokens=0.5,
    example=("[A] stands at place [B] of [C] items.", "It is close to [D], as you asked."),
    example_reworded=("Of [C] items, [A] ranks at place [B].", "As you asked, it is similar to [D]."),
)
