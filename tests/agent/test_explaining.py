"""Explanations in words: each sentence says what the evidence holds, in every style and language."""

from __future__ import annotations

import dataclasses
import string
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.explaining.slotting import slotted
from agent.explaining.statements import Statement, amount, share
from agent.explaining.telling import STYLES, Told, checked_style, tell
from agent.explaining.verify import violations
from agent.explaining.voice import Voice
from agent.explaining.voices import LANGUAGES, card_reason, reason_line, voice_of
from agent.naming import CatalogueWords
from agent.slots import Slots
from agent.words import WordsSettings
from pipeline import notes
from pipeline.explanation import (
    Alike,
    Contribution,
    EvidencePath,
    Explanation,
    GraphScore,
    PathStep,
    RerankEvidence,
    SequenceEvidence,
    SequenceSpan,
)
from pipeline.query import ChannelScore, Neighbour, Reason
from store.errors import InputError
from store.records import Item

HEAT, FARGO, BRICK, PLAN = (
    Item(str(n), title, "", ("Crime",)) for n, title in enumerate(("Heat", "Fargo", "Brick", "A Simple Plan"))
)
FILMS = WordsSettings(catalogue=CatalogueWords("film", "films"))
NEWEST = datetime(2020, 1, 1, tzinfo=UTC)


def explanation(**changes: Any) -> Explanation:
    base = Explanation(
        item=PLAN, user_id="u", score=1.5, rank=2, of=1200, channels={},
        contributions=(Contribution(HEAT, 0.5, 0.4), Contribution(FARGO, 0.1, -0.2), Contribution(BRICK, 0.2, 0.1)),
        own_term=0.0, paths=(), content=(), reasons=(Reason("history", (HEAT,)),), snapshot_id="s1", is_new=False,
    )  # fmt: skip
    return dataclasses.replace(base, **changes)


def everything() -> Explanation:
    """Evidence of every kind."""
    steps = (
        PathStep("user", "You"),
        PathStep("item", "Heat", "0"),
        PathStep("user", "Reader 1"),
        PathStep("item", "P"),
    )
    return explanation(
        channels={
            "lightgcn": ChannelScore(0.6, 0.9, 1), "sasrec": ChannelScore(2.0, 0.7, 3),
            "popularity": ChannelScore(5.0, -0.1, None), "seed": ChannelScore(0.0, 0.0, None),
        },
        contributions=(
            Contribution(HEAT, 0.5, 0.4, time=NEWEST, rank=7, together=31, followed=12),
            Contribution(FARGO, -0.1, -0.2, rank=1, together=1),
            Contribution(BRICK, 0.0, 0.1, estimated=True),
        ),
        own_term=0.2,
        paths=(EvidencePath(steps, 0.05), EvidencePath(steps, 0.02)),
        content=(Neighbour(FARGO, 0.8349, {"text": 0.7, "image": 0.3, "attribute": 0.0}, ("Crime", "Noir")),),
        reasons=(Reason("history", (HEAT, BRICK)), Reason("popular"), Reason("constraint", values=("Crime",))),
        baseline_score=2.0,
        baseline_rank=1,
        notes=(notes.HAD,),
        sequence=SequenceEvidence(
            rank=3, spans=(SequenceSpan((HEAT, FARGO), 0.3, 9), SequenceSpan((BRICK,), -0.02, 2)),
            gradients={"0": 0.2, "1": -0.1, "gone": 9.0}, gap=0.027,
        ),
    )  # fmt: skip


def text(explained: Explanation, **options: Any) -> str:
    return tell(explained, **{"settings": FILMS, **options}).text


# A paragraph


def test_a_paragraph() -> None:
    assert text(explanation()) == (
        "A Simple Plan stands at place 2 of 1,200 films. It goes with Heat from your history. "
        "Without Heat its score would fall the most, by 0.400. Without Fargo its score would rise by 0.200."
    )


def test_a_paragraph_in_chinese_keeps_titles_and_has_its_own_punctuation() -> None:
    assert text(everything(), language="zh", settings=WordsSettings()) == (
        "“A Simple Plan”在1,200个条目中排第2位。它与你历史中的“Heat”和“Brick”相配。它在这里受其他人欢迎。"
        "它符合你的要求：Crime。在试过的2个条目中，没有“Heat”时它的得分下降最多，降幅为0.400。"
        "如果没有“Fargo”，它的得分会上升0.200。按你的改动，得分从2.000降到1.500。名次从第1位降到第2位。"
        "它现在已在历史中，因此不会再次推荐；这里是在此之前的位置。"
    )


def test_the_most_is_said_of_what_was_tried() -> None:
    parts = (Contribution(BRICK, 0.1, 0.9, estimated=True), Contribution(HEAT, 0.5, 0.4), Contribution(FARGO, 0, 0.3))
    said = text(explanation(contributions=parts))
    assert "Without Heat its score would fall by 0.400, the most of 2 films that were tried." in said
    assert "Brick" not in said
    alone = text(explanation(contributions=parts[:2]))
    assert "Without Heat its score would fall by 0.400." in alone


def test_effects_too_small_to_see_are_not_said() -> None:
    parts = (Contribution(HEAT, 0.5, 0.0004), Contribution(FARGO, 0.5, -0.0004))
    assert text(explanation(contributions=parts)).endswith("It goes with Heat from your history.")


@pytest.mark.parametrize(
    ("before", "rank", "said"),
    [
        (2.0, 1, "With your changes, the score falls from 2.000 to 1.500. Its place falls from 1 to 2."),
        (1.0, 3, "With your changes, the score rises from 1.000 to 1.500. Its place rises from 3 to 2."),
        (1.5, 2, "With your changes, the score stays at 1.500. Its place stays 2."),
        (1.5004, 2, "With your changes, the score falls from 1.5004 to 1.5000. Its place stays 2."),
        (1.496, None, "With your changes, the score rises from 1.496 to 1.500."),
    ],
)
def test_a_what_if_tells_both_numbers_apart(before: float, rank: int | None, said: str) -> None:
    told = text(explanation(baseline_score=before, baseline_rank=rank, contributions=()))
    assert told.partition("history. ")[2] == said


def test_without_rank_or_reasons() -> None:
    bare = explanation(rank=None, reasons=(), contributions=(), notes=(notes.KEPT_OUT, "A note of a plug-in"))
    assert text(bare) == (
        "A Simple Plan has no place in the ranking. No single piece of evidence stands out. "
        f"{notes.KEPT_OUT} A note of a plug-in."
    )


def test_liking_is_said_only_where_it_is_known() -> None:
    assert "liked" not in text(explanation())
    assert "It is there because you liked Heat." in text(explanation(), liked={HEAT.item_id})
    assert "liked" not in text(explanation(), liked={BRICK.item_id})
    assert "喜欢" not in text(explanation(), language="zh")
    assert "推荐它是因为你喜欢过“Heat”。" in text(explanation(), language="zh", liked={HEAT.item_id})


# A line


def test_a_line_is_the_strongest_reason() -> None:
    assert text(everything(), style="line") == "goes with Heat and Brick from your history"
    assert text(everything(), style="line", language="zh") == "与你历史中的“Heat”和“Brick”相配"
    assert text(explanation(reasons=()), style="line") == "no single piece of evidence stands out"
    assert card_reason((Reason("constraint"), Reason("popular")), language="zh") == "在这里受其他人欢迎"
    assert reason_line(Reason("constraint"), language="zh") == ""


# A full account


FULL = """Where it stands
A Simple Plan stands at place 2 of 1,200 films. Its score is 1.500.

What if
With your changes, the score falls from 2.000 to 1.500. Its place falls from 1 to 2.

Why
It goes with Heat and Brick from your history. It is popular with other people here. It matches what you asked: Crime.

What the score is made of
People like you (LightGCN) adds 0.900 to the score, 53% of all that moves it. What comes next (SASRec) adds 0.700 to \
the score, 41% of all that moves it. Popularity takes 0.100 from the score, 5.9% of all that moves it. Without effect: \
Close to what you asked.

What the history adds
Without Heat the score is 0.400 lower and the place 7. 31 people have met both it and Heat. 12 people met it soon \
after Heat. Without Fargo the score is 0.200 higher and the place 1. 1 person has met both it and Fargo. Without Brick \
the score is lower by 0.100, as estimated.

Through people and what they met
In the graph its score is 0.600: 0.400 from the history, 0.200 from what belongs to no item. Heat adds 0.500 to that, \
exactly. Fargo takes 0.100 from that, exactly. 2 paths from Heat through other people: 7.0% of \
what speaks for it in the graph.

By the order of the history
By the order of the history alone it stands at place 3. Without Heat and Fargo the score by order falls by 0.300, to \
place 9. Without Brick the score by order rises by 0.020, to place 2. Integrated gradients give Heat 0.200 of the \
score by order. Integrated gradients give Fargo -0.100 of the score by order. Integrated gradients miss 2.7% of it.

By content
By content it is close to Fargo: 0.83 of 1. 70% of that is by text. 30% of that is by picture. Both have Crime, Noir.

Besides
It is in the history by now, so it would not be recommended again; this is its place before that. Models: s1."""


def test_a_full_account_holds_all_the_evidence() -> None:
    assert text(everything(), style="full") == FULL


def test_a_full_account_in_chinese_has_the_same_statements() -> None:
    english = tell(everything(), style="full").passages
    chinese = tell(everything(), style="full", language="zh").passages
    assert [len(one.sentences) for one in english] == [len(one.sentences) for one in chinese]
    said = [sentence.text for passage in chinese for sentence in passage.sentences]
    assert "没有“Heat”时，得分低0.400，排第7位。" in said
    assert "据估计，没有“Brick”时，得分低0.100。" in said
    assert all(sentence.endswith("。") for sentence in said)


MOVED = RerankEvidence(
    k=10, by_score=2, diverse=4, shown=5, diversity=0.2, alike=(Alike(HEAT, 0.71), Alike(FARGO, 0.5)),
    before=(BRICK,), behind=(), trials_before=1, trial_share=0.1,
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {},
            "Diversity moves it down the list, from place 2 to 4. "
            "Places kept for new items move it down the list, from place 4 to 5. ",
        ),
        ({"by_score": 6, "shown": 4}, "Diversity moves it up the list, from place 6 to 4. "),
        ({"diverse": None, "shown": None}, "Diversity takes it from place 2 out of the list of 10. "),
        (
            {"by_score": 30, "diverse": None, "shown": 10, "on_trial": True},
            "It stands at place 10 of the list, which is kept for trying new items out. ",
        ),
        (
            {"by_score": 10, "diverse": 10, "shown": None},
            "Places kept for new items take it from place 10 out of the list of 10. ",
        ),
    ],
)
def test_what_moved_it_in_the_list(changes: dict[str, Any], said: str) -> None:
    told = text(explanation(rerank=dataclasses.replace(MOVED, **changes)))
    assert told.startswith(f"A Simple Plan stands at place 2 of 1,200 films. {said}It goes with")


def test_a_full_account_names_what_diversity_kept_apart() -> None:
    section = "In the list as shown\n"
    told = text(explanation(rerank=MOVED), style="full").partition(section)[2].partition("\n\n")[0]
    assert told.endswith(
        "Of what stands before it, Heat is most like it: 0.71 of 1. Diversity puts Brick, of lower score, before it."
    )
    out = dataclasses.replace(MOVED, diverse=None, shown=None, before=(), behind=(BRICK,))
    told = text(explanation(rerank=out), style="full")
    assert "Of what is in the list, Heat is most like it: 0.71 of 1." in told
    assert "Diversity puts Brick, of higher score, behind it or out of the list." in told


def test_a_full_account_takes_the_graph_score_apart_by_depth() -> None:
    graph = GraphScore(
        own=0.2, items=0.3, people=(0.15, -0.05), echo=0.0001, new=0.2, paths=4120, shown=0.031, against=9
    )
    steps = (PathStep("item", "Heat", "0"), PathStep("user", "Reader 1"), PathStep("item", "P"))
    told = text(explanation(own_term=0.2, graph=graph, paths=(EvidencePath(steps, 0.02),)), style="full")
    assert (
        "In the graph its score is 1.000: 0.800 from the history, 0.200 from what belongs to no item. "
        "0.300 of that is from the history items themselves. 0.150 of that is from other people who met them. "
        "0.200 of that is from history items that training did not know. "
        "-0.050 of that comes through other people from 2 steps away. "
        "4,120 paths run through other people; the strongest 1 carries 3.1% of what speaks for it. "
        "9 of the paths count against it."
    ) in told
    chinese = text(explanation(own_term=0.2, graph=graph), style="full", language="zh")
    assert "其中0.150来自接触过它们的其他人。" in chinese
    assert "其中-0.050经由其他人，来自2步之外。" in chinese


def test_sections_without_evidence_are_left_out() -> None:
    headings = [passage.heading for passage in tell(explanation(contributions=()), style="full").passages]
    assert headings == ["Where it stands", "Why", "Besides"]


def test_a_long_history_is_counted_to_its_end() -> None:
    parts = tuple(Contribution(Item(f"i{n}", f"Film {n}"), 0.1, 0.1 * (30 - n)) for n in range(30))
    said = text(explanation(contributions=parts), style="full")
    assert "18 more of the history are not named here." in said
    assert "Without Film 11 the score" in said
    assert "Film 12" not in said


def test_a_new_item_says_so() -> None:
    fresh = explanation(is_new=True, reasons=(Reason("new", readers=3),), notes=(notes.UNMET,), contributions=())
    assert "It is new here and was matched by its content and by its first readers." in text(fresh)
    assert "训练模型时还没有人接触过它" in text(fresh, language="zh")


# Numbers and names


@pytest.mark.parametrize(
    ("number", "written"),
    [(0.4, "0.400"), (-12.3456, "12.346"), (0.0949, "0.095"), (0.0604, "0.060"), (0.00051, "0.001")],
)
def test_amounts(number: float, written: str) -> None:
    assert amount(number) == written


@pytest.mark.parametrize(
    ("number", "written"), [(0.53, "53%"), (0.0423, "4.2%"), (0.0996, "10%"), (0.0004, "<0.1%"), (0.0, "0.0%")]
)
def test_shares(number: float, written: str) -> None:
    assert share(number) == written


@pytest.mark.parametrize("title", ["{item}", "{0}", "[A]", "“Quoted”", "<b>Bold</b>", "100%", "和", "%s"])
def test_a_title_is_only_a_title(title: str) -> None:
    odd = dataclasses.replace(HEAT, title=title)
    explained = explanation(reasons=(Reason("history", (odd,)),), contributions=())
    assert text(explained).endswith(f"It goes with {title} from your history.")
    assert text(explained, language="zh").endswith(f"它与你历史中的“{title}”相配。")


def test_invisible_characters_are_gone() -> None:
    odd = dataclasses.replace(HEAT, title="He\u200bat\u202e\n")
    assert text(explanation(reasons=(Reason("history", (odd,)),), contributions=())).endswith(
        "It goes with Heat from your history."
    )


def test_unknown_styles_languages_and_reasons_are_errors() -> None:
    with pytest.raises(InputError, match="style 'poem' is none of line, paragraph, full"):
        checked_style("poem")
    with pytest.raises(InputError, match="language 'tlh' is none of en, zh"):
        tell(explanation(), language="tlh")
    with pytest.raises(InputError, match="'magic' is none of history, seed, text"):
        tell(explanation(reasons=(Reason("magic"),)))


# Voices

FIELDS = {
    "item": ("Heat",), "items": ("Heat", "Fargo"), "values": ("Crime", "year 1995"), "rank": ("3",), "of": ("1,200",),
    "amount": ("0.40",), "tried": ("16",), "before": ("2.00",), "after": ("1.50",), "score": ("1.50",),
    "share": ("53%",), "count": ("12",), "total": ("0.60",), "history": ("0.40",), "own": ("0.20",), "part": ("-0.10",),
    "alike": ("0.83",), "snapshot": ("s1",), "channel": ("lightgcn",), "modality": ("image",), "note": (notes.HAD,),
    "other": ("Fargo",), "helper": ("Brick",), "k": ("10",), "steps": ("2",), "named": ("12",), "groups": ("3",),
}  # fmt: skip


def statement_of(kind: str, voice: Voice, *, single: bool = False) -> Statement:
    """A statement of a kind with the fields that its template has."""
    names = {name for _, name, _, _ in string.Formatter().parse(voice.sentences[kind].ways[0]) if name} - {"things"}
    fields = {name: FIELDS[name][:1] if single else FIELDS[name] for name in sorted(names)}
    titles = {name: fields.pop(name) for name in ("item", "items", "other", "helper") if name in fields}
    terms = {name: fields.pop(name) for name in ("channel", "modality", "note") if name in fields}
    return Statement(kind, titles, fields, terms)


def test_all_voices_know_the_same() -> None:
    english = voice_of("en")
    for language in LANGUAGES:
        voice = voice_of(language)
        assert voice.code == language
        assert voice.sentences.keys() == english.sentences.keys()
        assert voice.lines.keys() == english.lines.keys()
        assert voice.headings.keys() == english.headings.keys()
        for kind, wording in voice.sentences.items():
            assert bool(wording.patterns) == bool(english.sentences[kind].patterns), kind


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", voice_of("en").sentences)
def test_all_ways_have_the_same_fields_and_are_known_to_the_verifier(kind: str, language: str) -> None:
    voice = voice_of(language)
    for single in (False, True):
        said = slotted(statement_of(kind, voice, single=single), voice, Slots())
        assert len(set(said.ways)) == len(said.ways)
        for way in said.ways:
            assert way.endswith(voice.full_stop) or kind == "note"
            assert all(way.count(slot) == 1 for slot in said.fields)
            if voice.sentences[kind].patterns:
                assert violations(way, said, voice) == ()


def test_every_note_of_the_pipeline_has_words_in_every_language() -> None:
    for name, note in vars(notes).items():
        if name.isupper():
            said = voice_of("zh").term(note.format(0.05))
            assert said.isascii() is False, name
            assert ("5%" in said) == ("5%" in note.format(0.05))


def test_a_catalogue_names_its_things() -> None:
    books = WordsSettings(catalogue=CatalogueWords("本书", "本书"))
    assert text(explanation(), language="zh", settings=books).startswith("“A Simple Plan”在1,200个本书中")


def test_told_says_style_and_language() -> None:
    for style in STYLES:
        told = tell(everything(), style=style, language="zh")
        assert (told.style, told.language, told.degraded) == (style, "zh", ())
        assert not any(sentence.by_model for passage in told.passages for sentence in passage.sentences)
        assert isinstance(told, Told)
