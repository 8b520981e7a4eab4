"""One turn: from what was said and the chat's state to cards, sentences and the next state."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from time import perf_counter

from agent.cards import card_of, described
from agent.chips import chips_of, without_chip
from agent.company import in_company, is_others_dislike, vetoes_after, wishing, with_vetoes
from agent.comparison import Table, comparison_sentences, comparison_table
from agent.did_you_mean import Offer, offers, question
from agent.explaining.telling import tell
from agent.explaining.voices import card_reason
from agent.facts import TurnFacts
from agent.lexicon import Lexicon
from agent.llm.protocol import LLM
from agent.loosening import loosenings
from agent.merge import forget, merged
from agent.one_turn import Answer, Sentences, Turn
from agent.plain_text import clean
from agent.questions import QuestionSettings, question_for, question_of
from agent.reading import Context
from agent.request import Intent, Request
from agent.same_people import same_people
from agent.state import MAX_ASKED, MAX_SHOWN, MAX_TRACE, Memory, OpenDoubt, StoredCard, StoredMessage
from agent.suggestions import LIMIT, suggestions_for
from agent.tools import CompareArguments, DetailsArguments, ExplainArguments, Filter, RecommendArguments
from agent.turns import Card, Understood
from agent.words import WordsSettings, WordsTrace, answer, declined, small_talk
from pipeline.query import Recommendations
from store.records import EventKind, Item

# Messages in which an undone turn's reasons are looked for.
_RECENT = 10


class Answerer:
    """Carries turns out. Holds no chat: everything that lasts is in the state.

    Args:
        llm: words the answers; None leaves them to templates.
        words: how they are worded.
        cards: items of an answer where no number was asked for.
        questions: when something is asked beside the cards.
    """

    def __init__(
        self,
        llm: LLM | None,
        words: WordsSettings,
        *,
        cards: int,
        questions: QuestionSettings,
    ) -> None:
        self._llm = llm
        self._words = words
        self._cards = cards
        self._questions = questions

    def carry_out(self, turn: Turn, request: Request) -> Answer:
        """Answer an understood request."""
        turn.trace.append(f"request: {_shown(request)}")
        turn.unresolved = request.unresolved
        turn.notes += [_sentence(note) for note in request.notes]
        if request.intent == Intent.UNDO and not request.reset:
            return self.take_back(turn)
        request = _resolved(turn, request)
        turn.doubt = OpenDoubt(text=turn.utterance, request=request) if request.doubts else None
        turn.state = turn.state.remembering(turn.utterance)
        turn.state = turn.state.saying(_message(turn, "user", turn.utterance))
        handle = {
            Intent.EXPLAIN: self._explain,
            Intent.COMPARE: self._compare,
            Intent.DETAILS: self._details,
            Intent.SMALL_TALK: self._talk,
            Intent.OUT_OF_SCOPE: self._decline,
            Intent.UNDO: self._reset,
        }.get(request.intent, self._recommend)
        return handle(turn, request)

    def edit(self, turn: Turn, wish: Request) -> Answer:
        """Answer again after the request was edited by hand: the last cards may come back."""
        turn.state = turn.state.remembering(turn.utterance)
        again = turn.memory.cards
        turn.memory = wishing(turn.memory, wish)
        return self._show(turn, again=again)

    def remove(self, turn: Turn, key: str) -> Answer:
        """Answer without one chip. Raises ``InputError`` where there is no such chip."""
        turn.memory = turn.memory.model_copy(update={"heard": ()})  # it was said in words that still say it
        return self.edit(turn, without_chip(turn.memory.wish, key))

    def add(self, turn: Turn, request: Request) -> Answer:
        """Answer with a typed fragment added to the request."""
        turn.unresolved = request.unresolved
        if not request.reset and request.items_like:
            request = request.model_copy(update={"intent": Intent.SIMILAR, "manner": "also"})
        else:
            request = request.model_copy(update={"intent": Intent.RECOMMEND, "manner": "refine"})
        self._judge(turn, request)
        return self.edit(turn, merged(turn.memory.wish, request, turn.lexicon, reference=_reference(turn, request)))

    def take_back(self, turn: Turn) -> Answer:
        """Undo the last turn or click, with the events that it wrote."""
        if not turn.state.undo:
            turn.state = turn.state.model_copy(update={"serial": turn.state.serial + 1})
            return self._finish(turn, (), _fixed(turn, turn.voice.say("nothing_to_undo")))
        label = turn.state.undo[-1].label
        before = turn.memory
        turn.state = turn.state.undone()
        restored = turn.opinions.restored(before.opinions, turn.state)
        turn.memory = restored.model_copy(update={"language": before.language})
        if turn.utterance:
            turn.state = turn.state.saying(_message(turn, "user", turn.utterance))
        reasons = {card.item_id: card.reason for message in turn.state.messages[-_RECENT:] for card in message.cards}
        cards = tuple(
            card_of(item, turn.lexicon, turn.memory.opinions, reason=reasons.get(item.item_id, ""))
            for item in self._items(turn, turn.memory.cards)
        )
        said = turn.voice.say("undone_what", label=clean(label, limit=60)) if label else turn.voice.say("undone")
        return self._finish(turn, cards, _fixed(turn, said, *([turn.voice.say("as_before")] if cards else [])))

    # -- kinds of answer

    def _recommend(self, turn: Turn, request: Request) -> Answer:
        """Recommend, similar, and feedback: merge, record what was said of items, show."""
        noted = self._judge(turn, request)
        if request.intent == Intent.FEEDBACK and not noted and not turn.unresolved and not _constrains(request):
            return self._finish(turn, (), _fixed(turn, turn.voice.say("which_one")))
        reference = _reference(turn, request)
        wish = merged(turn.memory.wish, request, turn.lexicon, reference=reference)
        turn.notes += [turn.voice.say("unmeasured", name=name) for name in _unmeasured(request, turn.lexicon)]
        if request.intent == Intent.SIMILAR and not request.items_like and not request.refers_to and turn.memory.focus:
            wish = wish.model_copy(update={"items_like": (turn.memory.focus,)})
        focus = request.refers_to[0] if len(request.refers_to) == 1 else turn.memory.focus
        vetoes = vetoes_after(turn.memory.vetoes, turn.utterance, request)
        asked = {ref for group in wish.facets_in for ref in group}
        turn.notes += [turn.voice.say("veto", value=clean(ref.value)) for ref in vetoes if ref in asked]
        turn.memory = turn.memory.hearing(turn.state.serial).model_copy(update={"focus": focus, "vetoes": vetoes})
        turn.memory = wishing(turn.memory, with_vetoes(wish, vetoes))
        return self._show(turn)

    def _reset(self, turn: Turn, request: Request) -> Answer:
        again = turn.memory.cards
        wish = forget(turn.memory.wish, request.reset)
        turn.memory = wishing(turn.memory, wish).model_copy(update={"heard": ()})
        if "*" in request.reset:
            cleared = {"cards": (), "shown": (), "focus": None, "question": None, "asked": ()}
            turn.memory = turn.memory.model_copy(update=cleared)
            return self._finish(turn, (), _fixed(turn, turn.voice.say("cleared")))
        return self._show(turn, again=again)

    def _explain(self, turn: Turn, request: Request) -> Answer:
        target = next(iter((*request.refers_to, *filter(None, (turn.memory.focus,)), *turn.memory.cards)), None)
        if target is None or (request.unresolved and not request.refers_to):
            return self._nothing(turn, "nothing_to_explain")
        turn.lean(about=target)
        wish = turn.memory.wish
        arguments = ExplainArguments(
            item_id=target,
            seeds=tuple(item for item in self._active(turn, wish.items_like) if item != target),
            disliked=self._active(turn, wish.items_unlike),
            text=wish.mood,
            picture=wish.picture,
            # As when it was recommended: what had been shown before stood aside.
            filter=_filter(wish).model_copy(
                update={"exclude_items": frozenset(turn.memory.shown) - {target, *turn.memory.cards}}
            ),
        )
        explanation = turn.tools.explain(arguments)
        language = turn.memory.language
        reason = card_reason(explanation.reasons, liked=turn.liked, language=language)
        card = card_of(explanation.item, turn.lexicon, turn.memory.opinions, reason=reason)
        turn.memory = turn.memory.model_copy(update={"focus": target})
        told = tell(explanation, language=language, liked=turn.liked, settings=self._words)
        return self._finish(turn, (card,), _fixed(turn, told.text))

    def _compare(self, turn: Turn, request: Request) -> Answer:
        pool = request.refers_to if len(request.refers_to) > 1 else (*request.refers_to, *turn.memory.cards)
        pair = tuple(dict.fromkeys(pool))[:2]
        if len(pair) < 2 or (request.unresolved and len(request.refers_to) < 2):
            return self._nothing(turn, "two_to_compare")
        comparison = turn.tools.compare(CompareArguments(first=pair[0], second=pair[1]))
        cards = [card_of(item, turn.lexicon, turn.memory.opinions) for item in (comparison.first, comparison.second)]
        liked = self._items(turn, sorted(turn.liked))
        table = comparison_table(comparison, liked, turn.voice)
        return self._finish(turn, cards, _fixed(turn, *comparison_sentences(comparison, turn.voice)), table=table)

    def _details(self, turn: Turn, request: Request) -> Answer:
        target = next(iter((*request.refers_to, *filter(None, (turn.memory.focus,)), *turn.memory.cards[:1])), None)
        if target is None or (request.unresolved and not request.refers_to):
            return self._nothing(turn, "which_details")
        item = turn.tools.details(DetailsArguments(item_ids=(target,)))[0]
        card = card_of(item, turn.lexicon, turn.memory.opinions)
        turn.memory = turn.memory.model_copy(update={"focus": target})
        return self._finish(turn, (card,), _fixed(turn, *described(item, card)))

    def _talk(self, turn: Turn, request: Request) -> Answer:
        def sentences(trace: WordsTrace) -> Iterator[str]:
            return small_talk(
                self._llm,
                turn.utterance,
                grounder=turn.grounder,
                settings=self._words,
                language=turn.memory.language,
                trace=trace,
            )

        return self._finish(turn, (), sentences)

    def _decline(self, turn: Turn, request: Request) -> Answer:
        language = turn.memory.language
        said = declined(turn.utterance, self._words.catalogue, language=language, turn=turn.state.serial)
        return self._finish(turn, (), _fixed(turn, said))

    def _nothing(self, turn: Turn, sentence: str) -> Answer:
        unknown = [turn.voice.say("unknown", phrase=clean(phrase, limit=60)) for phrase in turn.unresolved]
        return self._finish(turn, (), _fixed(turn, *(unknown or [turn.voice.say(sentence)])))

    # -- recommending

    def _show(self, turn: Turn, *, again: Sequence[str] = ()) -> Answer:
        """Cards for the request in force. Items of ``again`` may come back, all other shown ones may not."""
        wish = turn.memory.wish
        hidden = frozenset(turn.memory.shown) - frozenset(again)
        turn.lean()
        found = self._found(turn, wish, hidden)
        if not found.items and hidden:
            repeated = self._found(turn, wish, frozenset())
            if repeated.items:
                turn.notes.append(turn.voice.say("seen_all"))
                found = repeated
        if not found.items:
            self._offer_way_out(turn, wish)
        turn.notes += [_sentence(turn.voice.note(note)) for note in found.notes if found.items]
        self._ask(turn, found)
        cards = [
            card_of(
                recommendation.item,
                turn.lexicon,
                turn.memory.opinions,
                reason=card_reason(recommendation.reasons, liked=turn.liked, language=turn.memory.language),
                recommendation=recommendation,
            )
            for recommendation in found.items
        ]
        facts = TurnFacts(
            query=turn.tools.query(self._arguments(turn, wish, frozenset())),
            recommendations=found.items,
            asked=tuple(self._items(turn, self._active(turn, wish.items_like))),
            liked=turn.liked,
            unresolved=turn.unresolved,
            notes=tuple(turn.notes),
            utterance=turn.utterance,
            language=turn.memory.language,
        )

        def sentences(trace: WordsTrace) -> Iterator[str]:
            return answer(self._llm, facts, grounder=turn.grounder, settings=self._words, trace=trace)

        return self._finish(turn, cards, sentences, shown=True)

    def _ask(self, turn: Turn, found: Recommendations) -> None:
        """Put a question beside the cards where it is worth one; not again right after one that was passed over."""
        memory = turn.memory
        asked = None
        if found.items and turn.doubt is None and (memory.question is None or turn.answered):
            asked = question_for(found.contenders, memory.wish, memory.asked, turn.lexicon, self._questions)
        keys = (*memory.asked, *(asked.keys if asked else ()))[-MAX_ASKED:]
        turn.memory = memory.model_copy(update={"question": asked, "asked": keys})

    def _found(self, turn: Turn, wish: Request, hidden: frozenset[str]) -> Recommendations:
        return turn.tools.recommend(self._arguments(turn, wish, hidden))

    def _arguments(self, turn: Turn, wish: Request, hidden: frozenset[str]) -> RecommendArguments:
        disliked = {item for item, opinion in turn.memory.opinions.items() if opinion.kind == "dislike"}
        out = hidden | frozenset(turn.memory.seen) | disliked | frozenset(wish.items_unlike)
        return RecommendArguments(
            seeds=self._active(turn, wish.items_like),
            disliked=self._active(turn, wish.items_unlike),
            text=wish.mood,
            picture=wish.picture,
            filter=_filter(wish).model_copy(update={"exclude_items": out}),
            k=wish.count or self._cards,
        )

    def _offer_way_out(self, turn: Turn, wish: Request) -> None:
        def matching(loosened: Request) -> int:
            return turn.tools.matching(self._arguments(turn, loosened, frozenset()))

        voice, year = turn.voice, turn.lexicon.numeric_roles.get("year")
        for way in loosenings(wish, matching, year=year, language=turn.memory.language):
            count = voice.count(way.matching, self._words.catalogue)
            label = voice.join([clean(label) for label in way.labels])
            turn.notes.append(voice.say("loosen", label=label, count=count))
            turn.offers.append(way.say)
        turn.offers.append(voice.suggestions["start_over"])

    # -- what was said of items

    def _judge(self, turn: Turn, request: Request) -> bool:
        """Write likes and dislikes, remember what was seen; says so in the notes. Whether there was anything."""
        likes = [item for item in request.items_like if self._is_opinion(request, item)]
        dislikes = [item for item in request.items_unlike if self._is_opinion(request, item)]
        opinions = turn.opinions.given(turn.memory.opinions, turn.state.serial + 1, likes=likes, dislikes=dislikes)
        seen = tuple(dict.fromkeys((*turn.memory.seen, *request.seen)))[-MAX_SHOWN:]
        turn.memory = turn.memory.model_copy(update={"opinions": opinions, "seen": seen})
        turn.liked = turn.liked - set(dislikes) | set(likes)
        for said, items in (("noted_liked", likes), ("noted_disliked", dislikes), ("noted_known", request.seen)):
            if items:
                titles = [turn.voice.quoted.format(clean(item.title)) for item in self._items(turn, items)]
                turn.notes.append(turn.voice.say(said, titles=turn.voice.join(titles)))
        return bool(likes or dislikes or request.seen)

    @staticmethod
    def _is_opinion(request: Request, item: str) -> bool:
        return request.intent == Intent.FEEDBACK or item in request.judged

    # -- ending a turn

    def _finish(
        self, turn: Turn, cards: Iterable[Card], sentences: Sentences, *, shown: bool = False, table: Table = ()
    ) -> Answer:
        turn.memory = turn.memory.model_copy(update={"doubt": turn.doubt})
        offered: tuple[Offer, ...] = ()
        if turn.doubt:
            turn.memory = turn.memory.model_copy(update={"question": None})
            doubt = turn.doubt.doubt
            offered = offers(doubt, turn.lexicon)
            sentences = _followed(sentences, question(doubt, turn.lexicon, turn.voice), turn.voice.between)
        cards = tuple(cards) or self._doubtful_cards(turn, offered)
        ids = tuple(card.item.item_id for card in cards)
        if shown:
            every = tuple(dict.fromkeys((*turn.memory.shown, *ids)))[-MAX_SHOWN:]
            turn.memory = turn.memory.model_copy(update={"cards": ids, "shown": every})
        elif cards and len(cards) > 1:
            turn.memory = turn.memory.model_copy(update={"cards": ids})
        can_undo = bool(turn.state.undo)
        language = turn.memory.language
        usual = suggestions_for(turn.memory.wish, cards, turn.lexicon, can_undo=can_undo, language=language)
        suggestions = tuple(dict.fromkeys((*(offer.label for offer in offered), *turn.offers, *usual)))[:LIMIT]
        chips = chips_of(turn.memory.wish, turn.lexicon.vocabulary.titles, year=turn.lexicon.numeric_roles.get("year"))
        summary = ", ".join(chip.label for chip in chips)
        milliseconds = {**turn.tools.milliseconds, "cards": 1e3 * (perf_counter() - turn.started)}
        trace = (*turn.trace, *turn.tools.trace)[:MAX_TRACE]
        stored = tuple(StoredCard(item_id=card.item.item_id, reason=card.reason) for card in cards)
        state = turn.state.saying(_message(turn, "assistant", "", stored, table=table))
        state = state.model_copy(update={"memory": turn.memory, "suggestions": suggestions, "trace": trace})
        return Answer(
            state,
            Understood(chips, summary),
            cards,
            sentences,
            suggestions,
            turn.tools.degraded,
            milliseconds,
            trace,
            question=question_of(turn.memory),
            table=table,
        )

    def _doubtful_cards(self, turn: Turn, offered: Sequence[Offer]) -> tuple[Card, ...]:
        """What is asked about, where nothing else is shown: nobody is asked without items to look at."""
        items = self._items(turn, [offer.item for offer in offered if offer.item])
        return tuple(card_of(item, turn.lexicon, turn.memory.opinions) for item in items)

    @staticmethod
    def _active(turn: Turn, items: Sequence[str]) -> tuple[str, ...]:
        """Those still in the catalogue: a chat may be older than it."""
        return tuple(item for item in items if item in turn.lexicon.items)

    @staticmethod
    def _items(turn: Turn, ids: Sequence[str]) -> list[Item]:
        return [turn.lexicon.items[item] for item in ids if item in turn.lexicon.items]


def liked_items(events: Iterable[tuple[str, EventKind]]) -> frozenset[str]:
    """Items whose newest opinion is a like; (item, kind) oldest first."""
    opinions = (EventKind.LIKE, EventKind.DISLIKE, EventKind.SET_ASIDE)
    newest = {item: kind for item, kind in events if kind in opinions}
    return frozenset(item for item, kind in newest.items() if kind == EventKind.LIKE)


def _resolved(turn: Turn, request: Request) -> Request:
    """With the people of an item that is talked about, and for the company that was named."""
    found = same_people(turn.utterance, request, turn.memory, turn.lexicon)
    if found is not None:
        title = turn.voice.quoted.format(clean(turn.lexicon.items[found.item_id].title))
        said = "same_people" if found.name else "no_people"
        turn.notes.append(turn.voice.say(said, title=title, name=clean(found.name)))
        turn.unresolved, request = found.request.unresolved, found.request
    return in_company(request) if is_others_dislike(turn.utterance) else request


def context_of(memory: Memory) -> Context:
    """What understanding needs to know of a chat."""
    return Context(shown=memory.cards, focus=memory.focus, seeds=memory.wish.items_like)


def _filter(wish: Request) -> Filter:
    return Filter(
        facets_in=wish.facets_in,
        facets_out=wish.facets_out,
        ranges=wish.ranges,
        people_in=wish.people_in,
        people_out=wish.people_out,
    )


def _reference(turn: Turn, request: Request) -> tuple[str, ...]:
    """What "newer" compares with: items named with it, else the item in focus, else the cards, else the seeds."""
    if request.items_like or request.refers_to:
        return request.items_like or request.refers_to
    memory = turn.memory
    return memory.cards or memory.wish.items_like


def _unmeasured(request: Request, lexicon: Lexicon) -> list[str]:
    """Scales that were asked for ("shorter") and that this catalogue has no numbers on."""
    wanted = (critique.attribute for critique in request.critiques if critique.value is None)
    return [name for name in wanted if name in lexicon.language.roles and name not in lexicon.numeric_roles.values()]


def _constrains(request: Request) -> bool:
    return bool(request.facets_in or request.facets_out or request.ranges or request.people_in or request.people_out)


def _fixed(turn: Turn, *sentences: str) -> Sentences:
    between = turn.voice.between

    def say(trace: WordsTrace) -> Iterator[str]:
        for place, sentence in enumerate(sentences):
            yield sentence if not place or sentence.startswith(" ") else f"{between}{sentence}"

    return say


def _followed(sentences: Sentences, last: str, between: str) -> Sentences:
    def say(trace: WordsTrace) -> Iterator[str]:
        yield from sentences(trace)
        if last:
            yield f"{between}{last}"

    return say


def _message(
    turn: Turn, role: str, text: str, cards: tuple[StoredCard, ...] = (), *, table: Table = ()
) -> StoredMessage:
    return StoredMessage(
        serial=turn.state.serial,
        role="user" if role == "user" else "assistant",
        text=text,
        picture=turn.picture if role == "user" else "",
        cards=cards,
        table=table,
    )


def _shown(request: Request) -> str:
    return json.dumps(json.loads(request.model_dump_json(exclude_defaults=True)), ensure_ascii=False)[:600]


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:]
