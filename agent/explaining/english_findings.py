"""How a contrast, a smallest removal and a taste are said in English."""

from __future__ import annotations

from collections.abc import Mapping

from agent.explaining.voice import Wording

_BEST = r"the <k> best(?: items)? by score"
_LEAVES = r"(?:leaves|falls out of|drops out of|is no longer among|is not among)"
_NO_SMALLER = r"no smaller part of (?:the|your) history (?:does|would do) that"
_UNPROVEN = r"that no smaller part (?:does|would do) that is not proven"
_TOO_FEW = r"(?:do not suffice|are not enough)"
_STANDS = r"(?:stands|stand|is|are)"
_OTHERS = r"than (?:any of )?the other groups(?: do)?"
_HISTORY_HELPS = "Of the history, {helper} helps {item} the most over {other}: by {amount}, as estimated."
_HELPS = "{helper} helps {item} the most over {other}, by {amount}, as estimated."
_HELPS_FORMS = (
    r"(?:of the history, )?<helper> helps <item> the most over <other>[:,]? by <amount>, as estimated",
    r"as estimated,? <helper> helps <item> the most over <other>[:,]? by <amount>",
)

ENGLISH_FINDINGS: Mapping[str, Wording] = {
    "contrast_leads": Wording(
        (
            "{item} scores {amount} more than {other}.",
            "{other} scores {amount} less than {item}.",
            "{item} stands before {other}, by {amount} of the score.",
        ),
        (
            r"<item> scores <amount> (?:more|higher) than <other>",
            r"<other> scores <amount> (?:less|lower) than <item>",
            r"<item> (?:stands before|is ahead of) <other>,? by <amount>(?: of the score)?",
        ),
    ),
    "contrast_even": Wording(
        ("{item} and {other} have about the same score.", "{item} scores about the same as {other}."),
        (
            r"<item> and <other> have (?:about|nearly) the same score",
            r"<item> scores (?:about|nearly) the same as <other>",
        ),
    ),
    "contrast_channel": Wording(("Of the channels, {channel} says the most for {item} against {other}: {amount}.",)),
    "contrast_channel_again": Wording(("For {item} against {other}, {channel} says the most: {amount}.",)),
    "contrast_history": Wording((_HISTORY_HELPS, _HELPS), _HELPS_FORMS),
    "contrast_history_again": Wording((_HELPS, _HISTORY_HELPS), _HELPS_FORMS),
    "removal_none": Wording(
        (
            "Even without the whole history, {item} stays among the {k} best by score.",
            "{item} stays among the {k} best by score even without the whole history.",
        ),
        (
            rf"even without (?:the|your) whole history,? <item> (?:stays|remains|is still) among {_BEST}",
            rf"<item> (?:stays|remains|is still) among {_BEST},? even without (?:the|your) whole history",
        ),
    ),
    "removal_needless": Wording(
        (
            "{item} is not among the {k} best by score as it is.",
            "As it is, {item} is not among the {k} best by score.",
        ),
        (
            rf"<item> is not among {_BEST} (?:as it is|now|already)",
            rf"(?:as it is|now),? <item> is not among {_BEST}",
        ),
    ),
    "removal_proven": Wording(
        (
            "Without {items}, {item} leaves the {k} best by score, and no smaller part of the history does that.",
            "{item} leaves the {k} best by score without {items}; no smaller part of the history does that.",
        ),
        (
            rf"without <items>, <item> {_LEAVES} {_BEST}(?:, and|;) {_NO_SMALLER}",
            rf"<item> {_LEAVES} {_BEST} without <items>(?:, and|;) {_NO_SMALLER}",
        ),
    ),
    "removal_found": Wording(
        (
            "Without {items}, {item} leaves the {k} best by score; that no smaller part does that is not proven.",
            "{item} leaves the {k} best by score without {items}; that no smaller part does that is not proven.",
        ),
        (
            rf"without <items>, <item> {_LEAVES} {_BEST}(?:, and|;) {_UNPROVEN}",
            rf"<item> {_LEAVES} {_BEST} without <items>(?:, and|;) {_UNPROVEN}",
        ),
    ),
    "removal_bound": Wording(
        (
            "It is certain that fewer than {count} of the history do not suffice.",
            "Fewer than {count} of the history do not suffice, which is certain.",
        ),
        (
            rf"(?:it is (?:certain|proven) that )?fewer than <count> of (?:the|your) history {_TOO_FEW}",
            rf"fewer than <count> of (?:the|your) history {_TOO_FEW}, which is (?:certain|proven)",
        ),
    ),
    "taste_none": Wording(
        ("There is no history that tells of a taste.", "No history tells of a taste."),
        (r"there is no history that tells of (?:a|any|your) taste", r"no history tells of (?:a|any|your) taste"),
    ),
    "taste_one": Wording(
        (
            "Your history of {count} {things} is one group: no parts of it stand apart.",
            "No parts of your history of {count} {things} stand apart: it is one group.",
        ),
        (
            r"your history of <count> <things> is one group(?::|;|,? and) no parts(?: of it)? stand apart",
            r"no parts of your history of <count> <things> stand apart(?::|;|,? and) it is one group",
        ),
    ),
    "taste_groups": Wording(
        (
            "Your history of {count} {things} falls into {groups} groups.",
            "There are {groups} groups in your history of {count} {things}.",
        ),
        (
            r"your history of <count> <things> (?:falls into|has|is made of|consists of) <groups> groups",
            r"there are <groups> groups in your history of <count> <things>",
        ),
    ),
    "taste_middle": Wording(
        ("At its middle {items:stands|stand} {items}.", "{items} {items:stands|stand} at its middle."),
        (rf"(?:at|in) its middle {_STANDS} <items>", rf"<items> {_STANDS} (?:at|in) its middle"),
    ),
    "taste_common": Wording(
        ("What it has most often is {values}.", "Most often it has {values}."),
        (r"what it has most often is <values>", r"most often,? it has <values>", r"it has <values> most often"),
    ),
    "taste_group": Wording(
        (
            "A group of {count} is around {items}: {share} of the history.",
            "Around {items} is a group of {count}: {share} of the history.",
        ),
        (
            r"a group of <count> (?:is|lies) around <items>[:,] <share> of (?:the|your) history",
            r"around <items> (?:is|lies) a group of <count>[:,] <share> of (?:the|your) history",
        ),
    ),
    "taste_values": Wording(
        (
            "It has {values} more often than the rest of the history.",
            "More often than the rest of the history it has {values}.",
        ),
        (
            r"it has <values> more often than the rest(?: of (?:the|your) history)?",
            r"more often than the rest(?: of (?:the|your) history)?,? it has <values>",
        ),
    ),
    "taste_drives": Wording(
        (
            "{share} of what the history says for your recommendations comes from this group.",
            "This group makes {share} of what the history says for your recommendations.",
        ),
        (
            r"<share> of what (?:the|your) history says for your recommendations (?:comes|is) from this group",
            r"this group (?:makes|gives|is) <share> of what (?:the|your) history says for your recommendations",
        ),
    ),
    "taste_leads": Wording(
        (
            "It speaks for {items} more than the other groups do.",
            "More than the other groups it speaks for {items}.",
        ),
        (rf"it speaks for <items> more {_OTHERS}", rf"more {_OTHERS},? it speaks for <items>"),
    ),
    "taste_left_out": Wording(
        (
            "{count} more of the history {count:is|are} unknown to the graph.",
            "The graph does not know {count} more of the history.",
        ),
        (
            r"<count> more of (?:the|your) history (?:is|are) (?:unknown|not known) to the graph",
            r"the graph does not know <count> more of (?:the|your) history",
        ),
    ),
}
