"""Chats: loaded before a turn, saved after it, one turn at a time per chat."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from agent.answering import Answerer, context_of, liked_items
from agent.chat_history import ChatHistory, answers_question, before_last_question, editable_places, last_question
from agent.chat_storage import Chat, ChatStorage
from agent.chips import chips_of
from agent.did_you_mean import Offer, chosen, meant
from agent.grounding import Grounder
from agent.intent_model import LearnedIntents
from agent.leaning.conversation import ConversationLeaning
from agent.lexicon import Lexicon
from agent.llm.protocol import LLM
from agent.llm_understanding import LLMUnderstander
from agent.merge import merged
from agent.messages import messages_of
from agent.one_turn import Answer, Turn
from agent.opinions import Opinions
from agent.picture_words import beside_picture, leaves_picture, looking_like, without_leaving
from agent.profile import profile_of
from agent.questions import QuestionSettings, answer_to, question_of
from agent.request import Intent, Request
from agent.state import Asked, ChatState, OpenDoubt
from agent.suggestions import suggestions_for
from agent.tokens import clean
from agent.tongues import language_of
from agent.tools import Tools
from agent.turns import Cards, ChatView, Chip, Finished, TurnEvent, Verdict, Words
from agent.understanding import Understander
from agent.words import WordsSettings, WordsTrace
from encoders.images import clean_copy
from pipeline.api import RecommenderApi
from pipeline.query import Recommendation, Vocabulary
from store.database import Store
from store.errors import InputError
from store.records import Event

PICTURE_SIDE = 640
"""Longest side of a picture that a chat keeps, in pixels: encoders look at fewer, the page shows fewer."""
PICTURE_TITLE = "Like a picture"
"""Of a chat that begins with one."""


@dataclass(frozen=True)
class DialogueSettings:
    """How chats behave.

    Attributes:
        cards: items of an answer where no number was asked for, 1..50.
        history: newest events of a reader that the profile and the wording of reasons look at.
        llm_understanding: whether the language model fills in what the rules did not find; what it says counts only
            where it links to the catalogue. Models below about a billion parameters are at chance: off for those.
        words: how answers are worded.
        questions: when something is asked beside the cards.
    """

    cards: int = 5
    history: int = 500
    llm_understanding: bool = False
    words: WordsSettings = field(default_factory=WordsSettings)
    questions: QuestionSettings = field(default_factory=QuestionSettings)

    def __post_init__(self) -> None:
        if not 1 <= self.cards <= 50:
            raise InputError(f"cards is {self.cards}, outside 1..50", fix="Show from 1 to 50 cards.")
        if self.history < 1:
            raise InputError(f"history is {self.history}, below 1", fix="Look at one event or more.")


class Dialogues:
    """Implements ``agent.api.DialoguesApi``.

    Attributes:
        history: what is done with whole chats.

    Args:
        store: keeps chats and events.
        recommender: finds items.
        llm: words the answers; None leaves them to templates.
        settings: how chats behave.
        intents: learned ones; None leaves them to rules.
        leaning: what dialogues that people had lead to; None leaves items to the pipeline alone.
        on_cards: told of the user and of what they are shown, each time.
    """

    def __init__(
        self,
        store: Store,
        recommender: RecommenderApi,
        llm: LLM | None = None,
        settings: DialogueSettings = DialogueSettings(),
        *,
        intents: LearnedIntents | None = None,
        leaning: Callable[[Understander], ConversationLeaning] | None = None,
        on_cards: Callable[[str, Sequence[Recommendation]], None] = lambda _user_id, _shown: None,
    ) -> None:
        self._store = store
        self._recommender = recommender
        self._settings = settings
        self._on_cards = on_cards
        self._understander = Understander(recommender.vocabulary, recommender.items, intents=intents)
        self._leaning = leaning(self._understander) if leaning else None
        self._llm_understander = LLMUnderstander(llm) if llm and settings.llm_understanding else None
        self._answerer = Answerer(llm, settings.words, cards=settings.cards, questions=settings.questions)
        self._chats = ChatStorage(store)
        self.history = ChatHistory(store, recommender, self._chats, lambda: self._understander.lexicon)
        self._grounder: tuple[Vocabulary, Grounder] | None = None

    def open(self, user_id: str, *, chat_id: str | None = None) -> ChatView:
        self._store.ensure_user(user_id)
        if chat_id is None:
            chat = Chat(uuid.uuid4().hex, user_id, "", ChatState())
            self._chats.save(chat, chat.state)
            return self._view(chat)
        chat = self._chats.load(chat_id)
        if chat.user_id != user_id:
            raise InputError(f"chat {chat_id!r} is not a chat of user {user_id!r}", fix="Open one of their own chats.")
        return self._view(chat)

    def view(self, chat_id: str) -> ChatView:
        return self._view(self._chats.load(chat_id))

    def refined(self, wish: Request, text: str) -> Request:
        request = self._understood(clean(text), ChatState(), wish=True)
        manner = {"intent": Intent.SIMILAR, "manner": "also"} if request.items_like else {"manner": "refine"}
        lexicon = self._understander.lexicon
        refined = merged(wish, request.model_copy(update=manner), lexicon, reference=wish.items_like)
        if refined == wish:
            raise InputError(
                f"{text[:80]!r} says nothing about this catalogue", fix='Type a wish, such as "after 1990".'
            )
        return refined

    def chips(self, wish: Request) -> tuple[Chip, ...]:
        lexicon = self._understander.lexicon
        return chips_of(wish, lexicon.vocabulary.titles, year=lexicon.numeric_roles.get("year"))

    def attach(self, chat_id: str, content: bytes) -> str:
        self._chats.check(chat_id)
        picture = clean_copy(content, side=PICTURE_SIDE)
        # The same picture twice is one; the name tells nobody who sees it which picture it is.
        name = hashlib.sha256(chat_id.encode() + picture).hexdigest()[:32]
        self._store.add_chat_picture(chat_id, name, picture)
        return name

    def picture(self, chat_id: str, name: str) -> bytes | None:
        return self._store.chat_picture(chat_id, name)

    def respond(self, chat_id: str, utterance: str, *, picture: str = "") -> Iterator[TurnEvent]:
        text = clean(utterance)
        self._chats.check(chat_id)
        if picture and self.picture(chat_id, picture) is None:
            raise InputError(f"chat {chat_id!r} has no picture {picture[:60]!r}", fix="Send it to this chat first.")
        if picture:
            return self._stream(chat_id, text, lambda turn: self._looked(turn, picture), picture=picture)

        return self._stream(chat_id, text, lambda turn: self._replied(turn, text))

    def remove_chip(self, chat_id: str, key: str) -> Iterator[TurnEvent]:
        self._chats.check(chat_id)
        return self._stream(chat_id, "", lambda turn: self._answerer.remove(turn, key))

    def add_chip(self, chat_id: str, text: str) -> Iterator[TurnEvent]:
        text = clean(text)
        self._chats.check(chat_id)
        if not text:
            raise InputError("the chip is empty", fix='Type a wish, such as "after 1990".')
        return self._stream(
            chat_id, "", lambda turn: self._answerer.add(turn, self._understood(text, turn.state, wish=True))
        )

    def retry(self, chat_id: str) -> Iterator[TurnEvent]:
        question = last_question(self._chats.load(chat_id).state)

        def run(turn: Turn) -> Answer:
            before = before_last_question(turn.state)
            turn.memory = turn.opinions.restored(turn.memory.opinions, before)
            turn.state = before.model_copy(update={"memory": turn.memory})
            if question.picture:
                return self._looked(turn, question.picture)
            return self._replied(turn, question.text)

        return self._stream(chat_id, question.text, run, picture=question.picture)

    def undo(self, chat_id: str) -> Iterator[TurnEvent]:
        self._chats.check(chat_id)
        return self._stream(chat_id, "", self._answerer.take_back)

    def feedback(self, chat_id: str, item_id: str, kind: Verdict) -> ChatView:
        if kind not in get_args(Verdict):
            raise InputError(f"feedback {kind!r} is none of {', '.join(get_args(Verdict))}", fix="Use one of them.")
        item = self._recommender.item(item_id)
        with self._chats.lock(chat_id):
            chat = self._chats.load(chat_id)
            label = f"{kind}: {item.title}" if kind != "none" else f"no opinion: {item.title}"
            state = chat.state.remembering(label)
            opinions = self._opinions(chat).given(
                state.memory.opinions,
                state.serial,
                likes=[item_id] if kind == "like" else [],
                dislikes=[item_id] if kind == "dislike" else [],
                neither=[item_id] if kind == "none" else [],
                forgotten=[item_id] if kind == "forget" else [],
            )
            memory = state.memory.model_copy(update={"opinions": opinions, "focus": item_id})
            state = state.model_copy(update={"memory": memory})
            self._chats.save(chat, state)
            return self._view(Chat(chat.chat_id, chat.user_id, chat.title, state))

    def leaning(self, chat_id: str, *, about: str = "") -> Mapping[str, float]:
        if self._leaning is None:
            return {}
        state = self._chats.load(chat_id).state
        return self._leaning.of(state, state.memory, about=about)

    def prepare(self) -> None:
        """Build what the first turn would wait for."""
        if self._leaning is not None:
            self._leaning.prepare()

    # -- one turn

    def _replied(self, turn: Turn, text: str) -> Answer:
        """Answer a message, which may be a reply to what was asked before."""
        doubt, asked = turn.memory.doubt, turn.memory.question
        offer = chosen(doubt.doubt, text, turn.lexicon) if doubt else None
        if doubt and offer and answers_question(turn.state):
            return self._meant(turn, doubt, offer)
        reply = answer_to(asked, text) if asked else None
        if reply is not None:
            turn.answered = True
            return self._answerer.carry_out(turn, reply)
        leaves = bool(turn.memory.wish.picture) and leaves_picture(text)
        request = self._read(turn, without_leaving(text) if leaves else text)
        if leaves:
            request = request.model_copy(update={"intent": Intent.RECOMMEND, "reset": (*request.reset, "picture")})
        turn.answered = asked is not None and _settles(asked, request)
        return self._answerer.carry_out(turn, request)

    def _meant(self, turn: Turn, doubt: OpenDoubt, offer: Offer) -> Answer:
        """Answer the last message anew, as it was meant: what it changed is as if it had not been said."""
        before, now = before_last_question(turn.state), turn.memory
        kept = {"shown": now.shown, "heard": now.heard, "language": now.language}
        turn.memory = turn.opinions.restored(now.opinions, before).model_copy(update=kept)
        request = meant(doubt, offer, turn.lexicon, lambda text: self._understood(text, before))
        return self._answerer.carry_out(turn, request)

    def _read(self, turn: Turn, text: str) -> Request:
        """What a text asks for; the turn goes on in its language."""
        request = self._understood(text, turn.state)
        language = language_of(text, names=self._named(request))
        turn.memory = turn.memory.model_copy(update={"language": language or "en"})
        if language is None:
            request = request.model_copy(update={"mood": "", "unresolved": ()})
            turn.notes.append(turn.voice.say("foreign"))
        return request

    def _looked(self, turn: Turn, picture: str) -> Answer:
        """Answer a message with a picture; its words, if any, are read without those that point at the picture."""
        rest = beside_picture(turn.utterance)
        request = self._read(turn, rest) if rest else Request()
        return self._answerer.carry_out(turn, looking_like(picture, request))

    def _stream(
        self, chat_id: str, utterance: str, run: Callable[[Turn], Answer], *, picture: str = ""
    ) -> Iterator[TurnEvent]:
        """The events of a turn. The chat is locked while its state changes, not while words are written."""
        with self._chats.lock(chat_id):
            chat = self._chats.load(chat_id)
            turn = self._turn(chat, utterance, picture)
            answer = run(turn)
            self._chats.save(chat, answer.state, title=utterance or (PICTURE_TITLE if picture else ""))
        words, said = WordsTrace(), list[str]()
        try:
            yield answer.understood
            if answer.cards:
                self._on_cards(chat.user_id, [card.recommendation for card in answer.cards if card.recommendation])
                yield Cards(answer.cards, answer.milliseconds["cards"], answer.table)
            for piece in answer.sentences(words):
                said.append(piece)
                yield Words(piece)
        finally:
            trace = (*answer.trace, *_words_line(words))
            self._write_down(chat_id, answer.state.serial, "".join(said), trace)
        milliseconds = answer.milliseconds
        if words.first_after is not None:
            milliseconds = {**milliseconds, "first_words": words.first_after}
        degraded = tuple(dict.fromkeys((*answer.degraded, *words.degraded)))
        yield Finished(answer.state.serial, answer.suggestions, degraded, milliseconds, trace, answer.question)

    def _turn(self, chat: Chat, utterance: str, picture: str) -> Turn:
        tools = Tools(self._recommender, self._store, chat.user_id, chat.chat_id)
        lexicon = self._understander.lexicon
        liked = liked_items((event.item_id, event.kind) for event in self._history(chat.user_id))
        return Turn(
            chat_id=chat.chat_id,
            utterance=utterance,
            state=chat.state,
            memory=chat.state.memory,
            tools=tools,
            opinions=Opinions(self._store, tools, chat.chat_id),
            lexicon=lexicon,
            grounder=self._grounder_of(lexicon),
            liked=liked,
            leaning=self._leaning,
            picture=picture,
        )

    def _understood(self, utterance: str, state: ChatState, *, wish: bool = False) -> Request:
        request = self._understander.understand(utterance, context_of(state.memory), wish=wish)
        if self._llm_understander is None:
            return request
        return self._llm_understander.completed(utterance, request, self._understander.lexicon)

    def _named(self, request: Request) -> str:
        """Titles and people of a request: their words say nothing of the language."""
        titles = self._understander.lexicon.vocabulary.titles
        items = (*request.items_like, *request.items_unlike, *request.seen, *request.refers_to)
        return " ".join((*(titles.get(item, "") for item in items), *request.people_in, *request.people_out))

    def _grounder_of(self, lexicon: Lexicon) -> Grounder:
        held = self._grounder
        if held is None or held[0] is not lexicon.vocabulary:
            held = (lexicon.vocabulary, Grounder(lexicon.vocabulary, words=self._settings.words.catalogue))
            self._grounder = held
        return held[1]

    def _write_down(self, chat_id: str, serial: int, text: str, trace: tuple[str, ...]) -> None:
        with self._chats.lock(chat_id):
            if self._store.load_chat(chat_id) is None:  # it was deleted while the words were written
                return
            chat = self._chats.load(chat_id)
            state = chat.state.with_text(serial, text)
            if state.serial == serial:
                state = state.model_copy(update={"trace": trace})
            self._chats.save(chat, state)

    def _history(self, user_id: str) -> list[Event]:
        return self._store.history(user_id, limit=self._settings.history)

    def _opinions(self, chat: Chat) -> Opinions:
        tools = Tools(self._recommender, self._store, chat.user_id, chat.chat_id)
        return Opinions(self._store, tools, chat.chat_id)

    def _view(self, chat: Chat) -> ChatView:
        lexicon = self._understander.lexicon
        memory, state = chat.state.memory, chat.state

        editable = editable_places(state)
        return ChatView(
            chat_id=chat.chat_id,
            user_id=chat.user_id,
            messages=messages_of(state, lexicon, memory.opinions, editable=editable),
            chips=self.chips(memory.wish),
            profile=profile_of(self._history(chat.user_id), lexicon.items),
            suggestions=state.suggestions or suggestions_for(memory.wish, (), lexicon, can_undo=bool(state.undo)),
            can_undo=bool(state.undo),
            trace=state.trace,
            can_retry=answers_question(state),
            question=question_of(memory),
        )


def _settles(asked: Asked, request: Request) -> bool:
    """Whether a request says something of what was asked, in other words."""
    refs = (*(ref for group in request.facets_in for ref in group), *request.facets_out)
    return asked.attribute in {*(ref.attribute for ref in refs), *(bounds.attribute for bounds in request.ranges)}


def _words_line(words: WordsTrace) -> tuple[str, ...]:
    if words.error:
        return (f"words: templates, because {words.error}",)
    if not (words.by_model or words.replaced):
        return ()
    return (f"words: {words.by_model} sentences of the model, {words.replaced} replaced",)
