"""The Chat tab: the conversation on the left, what is known of request and reader on the right."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, get_args

import gradio as gr
import structlog

from agent.turns import Card, Cards, ChatView, Finished, TurnEvent, Understood, Verdict, Words
from serving.ui.api import UiService
from serving.ui.attaching import Attaching
from serving.ui.chat_list import ChatList
from serving.ui.conversation import ChatDrawing, Turn, degraded_note, turns_of
from serving.ui.parts import NEW, drawn, sent, user_finder
from serving.ui.render import Renderer
from serving.ui.session import REMEMBER, TOGGLE, read_session
from serving.ui.speaking import Speaking
from store.errors import TastemakerError, UnknownUser
from store.records import User

log = structlog.get_logger(__name__)

Update = dict[Any, Any]
"""Components and their new values; the others stay as they are."""

MAX_MESSAGE = 2_000
"""Characters of one message."""


BROKEN = TastemakerError(
    "this could not be answered: something went wrong in here",
    fix="The log of the server says what. Ask in another way, take a chip away, or press Send to try again.",
)


class ChatTab:
    """Builds the tab's components and answers their events.

    The browser holds two ids, user and chat; all else is in the database, so a reload or a restart loses nothing.
    """

    def __init__(self, service: UiService, renderer: Renderer) -> None:
        self._service = service
        self._draw = ChatDrawing(service, renderer)
        self.list = ChatList(service, self._draw, welcome=self.fresh, refused=self._refused)
        self.attaching = Attaching(service, renderer, opened=self._open)
        self.speaking = Speaking(service, renderer, place=self.attaching.place) if service.spoken_seconds else None
        self._said: dict[str, str] = {}  # chats that are being answered, with the words so far

    # ------------------------------------------------------------------ components

    def build(self) -> None:
        """Inside ``gr.Tab``."""
        finder = user_finder(self._service, create=True)
        self.user = gr.Textbox(visible="hidden", elem_id="user-id")
        self.chat = gr.Textbox(visible="hidden", elem_id="chat-id")
        with gr.Row(elem_classes="chat-layout"):
            with gr.Column(elem_classes="talk"):
                self.toggle = gr.Button("About you", elem_classes="pane-toggle", size="sm")
                self.history = drawn(name="history", events=("say", "feedback", "why", "revise"))
                self.words = drawn(name="words", events=("retry",))
                self.cards = drawn(name="cards", events=("say", "feedback", "why"))
                self.next = drawn(name="next", events=("say", "undo"))
                with gr.Row(elem_classes="composer"):
                    self.attaching.build_held()
                    if self.speaking:
                        self.speaking.build_problem()
                    self.attaching.build_control()
                    if self.speaking:
                        self.speaking.build_control()
                    self.message = gr.Textbox(
                        placeholder="Ask for anything",
                        label="Your message",
                        show_label=False,
                        container=False,
                        lines=1,
                        max_lines=5,
                        max_length=MAX_MESSAGE,
                        autofocus=True,
                        elem_id="message",
                    )
                    self.send = gr.Button("Send", variant="primary", elem_id="send")
                    self.stop = gr.Button("Stop", visible=False, elem_id="stop")
            with gr.Column(elem_classes="pane", elem_id="pane"):
                self.understood = drawn(name="understood", events=("drop", "narrow"))
                self.who = drawn(name="who", events=("pick",), finder=finder)
                self.profile = drawn(name="profile", events=("feedback",))
                self.did = drawn(name="did")
                self.chats = self.list.build()

    @property
    def outputs(self) -> list[Any]:
        """All components that an answer may change."""
        return [
            self.user, self.chat, self.history, self.words, self.cards, self.next, self.message, self.send, self.stop,
            self.understood, self.who, self.profile, self.did, self.chats, *self.attaching.outputs,
        ]  # fmt: skip

    def connect(self) -> None:
        """Wire the events; inside ``gr.Blocks``."""
        here = [self.user, self.chat]
        # "multiple": by default Gradio drops an event while the last one closes, and with it a message that was typed
        # fast. Turns of one chat wait for each other in the dialogue.
        streaming: dict[str, Any] = {
            "outputs": self.outputs, "trigger_mode": "multiple", "show_progress": "hidden", "concurrency_limit": 8,
            "concurrency_id": "turns", "api_visibility": "private",
        }  # fmt: skip
        quick: dict[str, Any] = {
            "outputs": self.outputs, "trigger_mode": "multiple", "show_progress": "hidden", "concurrency_limit": 16,
            "concurrency_id": "clicks", "api_visibility": "private",
        }  # fmt: skip
        turns = [
            gr.on(
                [self.message.submit, self.send.click],
                self.say,
                [*here, self.message, self.attaching.name],
                **streaming,
            ),
            *(part.say(self.say_from_button, here, **streaming) for part in (self.history, self.cards, self.next)),
            self.history.revise(self.revise, here, **streaming),
            self.words.retry(self.retry, here, **streaming),
            self.next.undo(self.undo, here, **streaming),
            self.understood.drop(self.drop, here, **streaming),
            self.understood.narrow(self.add, here, **streaming),
        ]
        self.stop.click(self.stop_answer, self.chat, self.outputs, cancels=turns, show_progress="hidden")
        for part in (self.history, self.cards, self.profile):
            part.feedback(self.feedback, here, **quick)
        self.who.pick(self.pick_user, None, **quick)
        self.chats.fresh(self.fresh, self.user, **quick)
        self.chats.reopen(self.reopen, self.user, **quick)
        self.list.connect(here, quick)
        self.attaching.connect(here, quick)
        if self.speaking:
            self.speaking.connect(here, quick)
        self.toggle.click(None, js=TOGGLE)
        gr.on([self.user.change, self.chat.change], None, here, js=REMEMBER)

    # ------------------------------------------------------------------ events

    def load(self, session: str) -> Update:
        """First draw: the chat in the address, else the last user of this browser, else nobody."""
        user_id, chat_id = read_session(session)
        user_id = self._service.reader(user_id)
        if user_id and chat_id:
            try:
                return self.show(self._service.dialogues.open(user_id, chat_id=chat_id))
            except TastemakerError as error:
                log.info("chat_not_reopened", chat=chat_id, error=str(error))
        return self.welcome(user_id)

    def say(self, user_id: str, chat_id: str, message: str, picture: str = "") -> Iterator[Update]:
        """A typed message, with a picture or without."""
        text = message.strip()[:MAX_MESSAGE]
        if not text and not picture:
            yield {self.message: ""}
            return

        def ask(chat: str) -> Iterator[TurnEvent]:
            return self._service.dialogues.respond(chat, text, picture=picture)

        yield from self._answer(user_id, chat_id, ask, asked=Turn(text, picture=picture))

    def say_from_button(self, user_id: str, chat_id: str, event: gr.EventData) -> Iterator[Update]:
        """A suggestion, an example, or "like this" on a card."""
        yield from self.say(user_id, chat_id, sent(event, "text"))

    def revise(self, user_id: str, chat_id: str, event: gr.EventData) -> Iterator[Update]:
        """An earlier message said differently, in a new chat that begins before it."""
        place, text = sent(event, "place"), sent(event, "text")
        try:
            view = self._open(user_id, chat_id)  # the chat must be this user's
            branch = self._service.dialogues.history.branch(chat_id, int(place) if place.isdecimal() else -1)
        except TastemakerError as error:
            yield {self.words: self._draw.problem(error)}
            return
        picture = next((message.picture for message in view.messages if str(message.place) == place), "")
        yield from self.say(user_id, branch, text, picture)

    def retry(self, user_id: str, chat_id: str) -> Iterator[Update]:
        """The last question answered again."""
        asked = next((turn for turn in reversed(self._turns(chat_id)) if turn.asked or turn.picture), None)
        yield from self._answer(user_id, chat_id, self._service.dialogues.retry, asked=asked, again=True)

    def drop(self, user_id: str, chat_id: str, event: gr.EventData) -> Iterator[Update]:
        """The x of a chip."""
        key = sent(event, "key")
        yield from self._answer(user_id, chat_id, lambda chat: self._service.dialogues.remove_chip(chat, key))

    def add(self, user_id: str, chat_id: str, event: gr.EventData) -> Iterator[Update]:
        """The field under the chips."""
        text = sent(event, "text")
        yield from self._answer(user_id, chat_id, lambda chat: self._service.dialogues.add_chip(chat, text))

    def undo(self, user_id: str, chat_id: str) -> Iterator[Update]:
        """Take the last turn or opinion back."""
        yield from self._answer(user_id, chat_id, self._service.dialogues.undo)

    def stop_answer(self, chat_id: str) -> Update:
        """Stop the words; what was shown stays. Gradio closes the turn's generator, and with it the dialogue's."""
        try:
            view = self._service.dialogues.view(chat_id)
        except TastemakerError as error:
            return {self.words: self._draw.problem(error), **self._idle()}
        return self.show(view) | {
            self.words: self._draw.words(self._said.get(chat_id) or "Stopped.", retry=view.can_retry)
        }

    def feedback(self, user_id: str, chat_id: str, event: gr.EventData) -> Update:
        """+ and - on a card, and x in the profile. Opens a chat where there is none: opinions are kept with it."""
        item_id = sent(event, "item")
        kind: Verdict | None = next((kind for kind in get_args(Verdict) if kind == sent(event, "kind")), None)
        if kind is None:
            return {}
        try:
            chat = self._open(user_id, chat_id).chat_id
            view = self._service.dialogues.feedback(chat, item_id, kind)
        except TastemakerError as error:
            return {self.words: self._draw.problem(error)}
        update = self.show(view)
        # An older part of the conversation may be long: it is drawn again only where this card is in it.
        older = turns_of(view)[:-1]
        if view.messages and not any(card.item.item_id == item_id for turn in older for card in turn.cards):
            del update[self.history]
        return update

    def pick_user(self, event: gr.EventData) -> Update:
        """Another user, or a new one."""
        key = sent(event, "key")
        if key.startswith(NEW):
            name = key.removeprefix(NEW).strip()
            try:
                key = self._service.store.ensure_user(name, name=name).user_id
            except TastemakerError as error:
                return {self.words: self._draw.problem(error)}
        return self.fresh(key)

    def fresh(self, user_id: str) -> Update:
        """New chat."""
        return self.welcome(user_id) | self.attaching.emptied()

    def reopen(self, user_id: str, event: gr.EventData) -> Update:
        """An old chat of this user."""
        try:
            view = self._service.dialogues.open(user_id, chat_id=sent(event, "key"))
            return self.show(view) | self.attaching.emptied()
        except TastemakerError as error:
            return {self.words: self._draw.problem(error)}

    # ------------------------------------------------------------------ drawing

    def _turns(self, chat_id: str) -> list[Turn]:
        try:
            return turns_of(self._service.dialogues.view(chat_id))
        except TastemakerError:
            return []

    def welcome(self, user_id: str, *, view: ChatView | None = None) -> Update:
        """A page that invites: nothing is stored until something is asked or liked.

        Args:
            view: a chat in which nothing was asked yet, if there is one.
        """
        user = self._user(user_id)
        chat = view.chat_id if view else ""
        try:
            history, understood = self._draw.welcome(user), self._draw.understood(view.chips if view else (), chat)
            profile = self._draw.profile(view.profile) if view else self._draw.stored_profile(user)
        except TastemakerError as error:  # nothing is trained yet: say what to do
            return {self.history: self._draw.problem(error)}
        return {
            self.user: user.user_id if user else "",
            self.chat: chat,
            self.history: history,
            self.words: "",
            self.cards: "",
            self.next: "",
            self.understood: understood,
            self.who: self._draw.who(user),
            self.profile: profile,
            self.did: "",
            self.chats: self._draw.chats(user.user_id, "") if user else "",
            **self._idle(),
        }

    def show(self, view: ChatView) -> Update:
        """A whole chat from the database."""
        turns = turns_of(view)
        if not turns:
            return self.welcome(view.user_id, view=view)
        last = turns[-1]
        return {
            self.user: view.user_id,
            self.chat: view.chat_id,
            self.history: self._draw.conversation(
                [*turns[:-1], Turn(last.asked, place=last.place, picture=last.picture)], view.chat_id
            ),
            self.words: self._draw.words(last.text, cards=last.cards, retry=view.can_retry),
            self.cards: self._draw.cards(last.cards, last.table),
            self.next: self._draw.next(view),
            self.understood: self._draw.understood(view.chips, view.chat_id),
            self.who: self._draw.who(self._user(view.user_id)),
            self.profile: self._draw.profile(view.profile),
            self.did: self._draw.did(view.trace, {}),
            self.chats: self._draw.chats(view.user_id, view.chat_id),
            **self._idle(),
        }

    def _answer(
        self,
        user_id: str,
        chat_id: str,
        ask: Callable[[str], Iterator[TurnEvent]],
        *,
        asked: Turn | None = None,
        again: bool = False,
    ) -> Iterator[Update]:
        """Run one turn and draw it as it comes: request, cards, words.

        Args:
            asked: what was typed and attached; what could not be answered goes back there.
            again: whether the answer takes the place of the last one.
        """
        try:
            view = self._open(user_id, chat_id)
            chat = view.chat_id
            before = turns_of(view)[: -1 if again else None]
            yield {
                self.user: view.user_id,
                self.chat: chat,
                self.history: self._draw.conversation(
                    [*before, replace(asked, text="", cards=())] if asked else before, chat
                ),
                self.words: self._draw.words(busy=True),
                self.cards: "",
                self.next: "",
                self.message: "",
                **(self.attaching.emptied() if asked else {}),
                self.send: gr.Button(visible=False),
                self.stop: gr.Button(visible=True),
            }
            shown = yield from self._stream(chat, ask(chat), asked=asked is not None)
            yield self.show(self._service.dialogues.view(chat)) | shown
        except TastemakerError as error:
            log.warning("turn_failed", chat=chat_id, error=str(error))
            yield {self.words: self._draw.problem(error), **self._given_back(chat_id, asked)}
        except Exception:  # a bug: it is logged whole, and the page must not wait for words that never come
            log.exception("turn_broken", chat=chat_id)
            yield {self.words: self._draw.problem(BROKEN), **self._given_back(chat_id, asked)}

    def _stream(self, chat: str, events: Iterator[TurnEvent], *, asked: bool) -> Iterator[Update]:
        """Draw events until the end or a stop; returns what only the last event knows."""
        text = ""
        cards: Sequence[Card] = ()
        shown: Update = {}
        try:
            for event in events:
                if isinstance(event, Understood):
                    yield {self.understood: self._draw.understood(event.chips, chat)}
                elif isinstance(event, Cards):
                    cards = event.cards
                    yield {self.cards: self._draw.cards(cards, event.table)}
                elif isinstance(event, Words):
                    text += event.text
                    self._said[chat] = text
                    yield {self.words: self._draw.words(text, busy=True)}
                elif isinstance(event, Finished):
                    notes = [degraded_note(event.degraded)] if event.degraded else []
                    shown = {
                        self.did: self._draw.did(event.trace, event.milliseconds),
                        self.words: self._draw.words(text, turn=event.turn, notes=notes, cards=cards, retry=asked),
                    }
        finally:  # also after Stop, or where the browser has gone: the language model must not go on for nobody
            self._said.pop(chat, None)
            close = getattr(events, "close", None)
            if close is not None:
                close()
        return shown

    def _open(self, user_id: str, chat_id: str) -> ChatView:
        """The chat of the page; a new one, and a guest for it, where there is none yet."""
        if chat_id:
            return self._service.dialogues.open(user_id, chat_id=chat_id)
        user_id = user_id or self._service.reader("")
        if not user_id:
            user_id = self._service.store.ensure_user(f"guest-{secrets.token_hex(4)}", name="Guest").user_id
        return self._service.dialogues.open(user_id)

    def _refused(self, error: TastemakerError) -> Update:
        return {self.words: self._draw.problem(error)}

    def _user(self, user_id: str) -> User | None:
        try:
            return self._service.store.user(user_id) if user_id else None
        except UnknownUser:
            return None

    def _given_back(self, chat_id: str, asked: Turn | None) -> Update:
        """What was typed and attached, where it was before it was sent."""
        if asked is None:
            return self._idle()
        return {self.message: asked.asked, **self.attaching.holding(chat_id, asked.picture), **self._idle()}

    def _idle(self) -> Update:
        return {self.send: gr.Button(visible=True), self.stop: gr.Button(visible=False)}
