"""The Chat tab: the conversation on the left, what is known of request and reader on the right."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import structlog

from agent.turns import Card, Cards, ChatView, Finished, TurnEvent, Understood, Words
from pipeline.query import Query, Vocabulary
from serving.ui.api import UiService
from serving.ui.parts import NEW, drawn, picker, user_finder
from serving.ui.render import Renderer, person, subtitle
from store.errors import TastemakerError
from store.records import Item

log = structlog.get_logger(__name__)

Update = dict[Any, Any]
"""Components and their new values; the others stay as they are."""

MAX_MESSAGE = 2_000
"""Characters of one message."""
FIRST_CARDS = 5
"""Cards on the page before anything was asked."""


@dataclass(frozen=True)
class Turn:
    """One question with its answer, as drawn."""

    asked: str
    text: str = ""
    cards: tuple[Card, ...] = ()


class ChatTab:
    """Builds the tab's components and answers their events.

    The browser holds two ids, user and chat; all else is in the database, so a reload or a restart loses nothing.
    """

    def __init__(self, service: UiService, renderer: Renderer) -> None:
        self._service = service
        self._draw = renderer
        self._stopped: set[str] = set()

    # ------------------------------------------------------------------ components

    def build(self) -> None:
        """Inside ``gr.Tab``."""
        finder = user_finder(lambda text, limit: self._service.store.users(search=text, limit=limit), create=True)
        self.user = gr.Textbox(visible="hidden", elem_id="user-id")
        self.chat = gr.Textbox(visible="hidden", elem_id="chat-id")
        with gr.Row(elem_classes="chat-layout"):
            with gr.Column(elem_classes="talk"):
                self.toggle = gr.Button("About you", elem_classes="pane-toggle", size="sm")
                self.history = drawn(name="history", events=("say", "feedback", "why"))
                self.words = drawn(name="words")
                self.cards = drawn(name="cards", events=("say", "feedback", "why"))
                self.next = drawn(name="next", events=("say", "undo"))
                with gr.Row(elem_classes="composer"):
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
                self.chats = drawn(name="chats", events=("fresh", "reopen"))

    @property
    def outputs(self) -> list[Any]:
        """All components that an answer may change."""
        return [
            self.user, self.chat, self.history, self.words, self.cards, self.next, self.message, self.send, self.stop,
            self.understood, self.who, self.profile, self.did, self.chats,
        ]  # fmt: skip

    def connect(self) -> None:
        """Wire the events; inside ``gr.Blocks``."""
        here = [self.user, self.chat]
        streaming: dict[str, Any] = {
            "outputs": self.outputs, "show_progress": "hidden", "concurrency_limit": 8, "concurrency_id": "turns",
            "api_visibility": "private",
        }  # fmt: skip
        quick: dict[str, Any] = {
            "outputs": self.outputs, "show_progress": "hidden", "concurrency_limit": 16, "concurrency_id": "clicks",
            "api_visibility": "private",
        }  # fmt: skip
        gr.on([self.message.submit, self.send.click], self.say, [*here, self.message], **streaming)
        for part in (self.history, self.cards, self.next):
            part.say(self.say_from_button, here, **streaming)
        for part in (self.history, self.cards, self.profile):
            part.feedback(self.feedback, here, trigger_mode="multiple", **quick)
        self.next.undo(self.undo, here, **streaming)
        self.understood.drop(self.drop, here, **streaming)
        self.understood.narrow(self.add, here, **streaming)
        self.who.pick(self.pick_user, here, **quick)
        self.chats.fresh(self.fresh, here, **quick)
        self.chats.reopen(self.reopen, here, **quick)
        self.stop.click(self.stop_answer, self.chat, None, queue=False, api_visibility="private")
        self.toggle.click(None, js=TOGGLE)
        self.chat.change(None, here, js=REMEMBER)

    # ------------------------------------------------------------------ events

    def load(self, session: str) -> Update:
        """First draw: the chat in the address, else the last user of this browser, else nobody."""
        user_id, chat_id = _session(session)
        if user_id and chat_id:
            try:
                return self.show(self._service.dialogues.open(user_id, chat_id=chat_id))
            except TastemakerError as error:
                log.info("chat_not_reopened", chat=chat_id, error=str(error))
        return self.welcome(user_id)

    def say(self, user_id: str, chat_id: str, message: str) -> Iterator[Update]:
        """A typed message."""
        text = message.strip()[:MAX_MESSAGE]
        if not text:
            yield {self.message: ""}
            return
        yield from self._answer(user_id, chat_id, lambda chat: self._service.dialogues.respond(chat, text), asked=text)

    def say_from_button(self, user_id: str, chat_id: str, event: gr.EventData) -> Iterator[Update]:
        """A suggestion, an example, or "like this" on a card."""
        yield from self.say(user_id, chat_id, str(event._data.get("text", "")))

    def drop(self, user_id: str, chat_id: str, event: gr.EventData) -> Iterator[Update]:
        """The x of a chip."""
        key = str(event._data.get("key", ""))
        yield from self._answer(user_id, chat_id, lambda chat: self._service.dialogues.remove_chip(chat, key))

    def add(self, user_id: str, chat_id: str, event: gr.EventData) -> Iterator[Update]:
        """The field under the chips."""
        text = str(event._data.get("text", ""))[:MAX_MESSAGE]
        yield from self._answer(user_id, chat_id, lambda chat: self._service.dialogues.add_chip(chat, text))

    def undo(self, user_id: str, chat_id: str) -> Iterator[Update]:
        """Take the last turn or opinion back."""
        yield from self._answer(user_id, chat_id, self._service.dialogues.undo)

    def stop_answer(self, chat_id: str) -> None:
        """Stop the words; what was shown stays."""
        self._stopped.add(chat_id)

    def feedback(self, user_id: str, chat_id: str, event: gr.EventData) -> Update:
        """+ and - on a card, and x in the profile. Opens a chat where there is none: opinions are kept with it."""
        item_id, kind = str(event._data.get("item", "")), str(event._data.get("kind", ""))
        if kind not in ("like", "dislike", "none"):
            return {}
        try:
            first = not chat_id
            view = self._open(user_id, chat_id)
            view = self._service.dialogues.feedback(view.chat_id, item_id, kind)
        except TastemakerError as error:
            return {self.words: self._words(problem=error)}
        if first or not view.messages:
            return self.show(view)
        # The conversation is drawn again only where this card is in an older answer: it may be long.
        update = self.show(view)
        older = _turns(view)[:-1]
        if not any(card.item.item_id == item_id for turn in older for card in turn.cards):
            del update[self.history]
        return update

    def pick_user(self, user_id: str, chat_id: str, event: gr.EventData) -> Update:
        """Another user, or a new one."""
        key = str(event._data.get("key", ""))
        if key.startswith(NEW):
            name = key.removeprefix(NEW).strip()
            key = name
            self._service.store.ensure_user(key, name=name)
        return self.welcome(key)

    def fresh(self, user_id: str, chat_id: str) -> Update:
        """New chat."""
        return self.welcome(user_id)

    def reopen(self, user_id: str, chat_id: str, event: gr.EventData) -> Update:
        """An old chat of this user."""
        try:
            return self.show(self._service.dialogues.open(user_id, chat_id=str(event._data.get("key", ""))))
        except TastemakerError as error:
            return {self.words: self._words(problem=error)}

    # ------------------------------------------------------------------ drawing

    def welcome(self, user_id: str) -> Update:
        """A page that invites: nothing is stored until something is asked or liked."""
        vocabulary = self._service.recommender.vocabulary()
        cards: tuple[Card, ...] = ()
        heading = "Liked by many. Press + on what you like, and it learns."
        known = self._known(user_id)
        try:
            query = Query(user_id=user_id if known else None, history=None if known else (), k=FIRST_CARDS)
            found = self._service.recommender.recommend(query).items
            cards = tuple(Card(one.item, "", subtitle(one.item), one) for one in found)
            if known:
                heading = f"For {person(self._service.store.user(user_id))}, before anything is asked"
        except TastemakerError as error:
            log.warning("welcome_without_cards", error=str(error))
        examples = example_requests(vocabulary, [card.item for card in cards])
        return {
            self.user: user_id,
            self.chat: "",
            self.history: self._draw("empty.html", examples=examples, cards=cards, heading=heading),
            self.words: "",
            self.cards: "",
            self.next: "",
            self.understood: self._understood(()),
            self.who: self._who(user_id),
            self.profile: self._draw("profile.html", profile=None, taste=(), editable=False)
            if not known
            else self._stored_profile(user_id),
            self.did: "",
            self.chats: self._chats(user_id, "") if known else "",
            **self._idle(),
        }

    def show(self, view: ChatView) -> Update:
        """A whole chat from the database."""
        turns = _turns(view)
        if not turns:
            update = self.welcome(view.user_id)
        else:
            last = turns[-1]
            before = [*turns[:-1], Turn(last.asked)]
            update = {
                self.history: self._draw("conversation.html", turns=before),
                self.words: self._words(last.text),
                self.cards: self._draw("cards.html", cards=last.cards) if last.cards else "",
                **self._idle(),
            }
        return update | {
            self.user: view.user_id,
            self.chat: view.chat_id,
            self.next: self._draw("next.html", suggestions=view.suggestions, can_undo=view.can_undo),
            self.understood: self._understood(view.chips),
            self.who: self._who(view.user_id),
            self.profile: self._profile(view),
            self.did: self._draw("did.html", trace=view.trace, milliseconds={}),
            self.chats: self._chats(view.user_id, view.chat_id),
        }

    def _answer(
        self, user_id: str, chat_id: str, ask: Callable[[str], Iterator[TurnEvent]], *, asked: str = ""
    ) -> Iterator[Update]:
        """Run one turn and draw it as it comes: request, cards, words."""
        try:
            view = self._open(user_id, chat_id)
            chat = view.chat_id
            self._stopped.discard(chat)
            turns = [*_turns(view), Turn(asked)] if asked else _turns(view)
            yield {
                self.user: view.user_id,
                self.chat: chat,
                self.history: self._draw("conversation.html", turns=turns),
                self.words: self._words(busy=True),
                self.cards: "",
                self.next: "",
                self.message: "",
                self.send: gr.Button(visible=False),
                self.stop: gr.Button(visible=True),
            }
            shown = yield from self._stream(chat, ask(chat))
            yield self.show(self._service.dialogues.view(chat)) | shown
        except TastemakerError as error:
            log.warning("turn_failed", chat=chat_id, error=str(error))
            yield {self.words: self._words(problem=error), **self._idle(), self.message: asked}

    def _stream(self, chat: str, events: Iterator[TurnEvent]) -> Iterator[Update]:
        """Draw events until the end or a stop; returns what only the last event knows."""
        text = ""
        shown: Update = {}
        for event in events:
            if isinstance(event, Understood):
                yield {self.understood: self._understood(event.chips)}
            elif isinstance(event, Cards):
                yield {self.cards: self._draw("cards.html", cards=event.cards)}
            elif isinstance(event, Words):
                text += event.text
                yield {self.words: self._words(text, busy=True)}
            elif isinstance(event, Finished):
                trace = self._draw("did.html", trace=event.trace, milliseconds=event.milliseconds)
                shown = {self.did: trace}
                if event.degraded:
                    shown[self.words] = self._words(text, notes=[degraded_note(event.degraded)])
            if chat in self._stopped:
                self._stopped.discard(chat)
                close = getattr(events, "close", None)
                if close:
                    close()
                break
        return shown

    def _open(self, user_id: str, chat_id: str) -> ChatView:
        if chat_id:
            return self._service.dialogues.open(user_id, chat_id=chat_id)
        if not user_id:
            user_id = self._service.store.ensure_user(f"guest-{secrets.token_hex(4)}", name="Guest").user_id
        return self._service.dialogues.open(user_id)

    def _known(self, user_id: str) -> bool:
        try:
            self._service.store.user(user_id)
        except TastemakerError:
            return False
        return True

    def _words(
        self, text: str = "", *, busy: bool = False, notes: Sequence[str] = (), problem: TastemakerError | None = None
    ) -> str:
        shown = {"what": problem.problem.rstrip(".") + ".", "fix": problem.fix} if problem else None
        return self._draw("words.html", text=text, busy=busy, notes=notes, problem=shown)

    def _understood(self, chips: Sequence[object]) -> str:
        return self._draw("understood.html", chips=chips, example=example_chip(self._service.recommender.vocabulary()))

    def _who(self, user_id: str) -> str:
        name = person(self._service.store.user(user_id)) if self._known(user_id) else ""
        return picker(
            self._draw, name="who-field", label="You are", placeholder="Guest. Choose or create a user", value=name
        )

    def _profile(self, view: ChatView) -> str:
        taste = sorted(view.profile.taste.items(), key=lambda pair: -pair[1])[:5]
        return self._draw("profile.html", profile=view.profile, taste=taste, editable=True)

    def _stored_profile(self, user_id: str) -> str:
        chats = self._service.dialogues.chats(user_id)
        if not chats:
            return ""
        return self._profile(self._service.dialogues.view(chats[0][0]))

    def _chats(self, user_id: str, current: str) -> str:
        chats = [(key, line) for key, line in self._service.dialogues.chats(user_id) if line or key == current]
        return self._draw("chats.html", chats=chats, current=current)

    def _idle(self) -> Update:
        return {self.send: gr.Button(visible=True), self.stop: gr.Button(visible=False)}


def degraded_note(degraded: Sequence[str]) -> str:
    """One line on what could not run and what still holds."""
    names = ", ".join(name.replace("_", " ") for name in degraded)
    return f"Without {names} just now: the words are from a template, the recommendations are complete."


def example_chip(vocabulary: Vocabulary) -> str:
    """Something that this catalogue understands, for the field under the chips."""
    categories = list(vocabulary.facets.get("category", {}))
    return f"no {categories[1]}" if len(categories) > 1 else "newer"


def example_requests(vocabulary: Vocabulary, popular: Sequence[Item]) -> list[str]:
    """Four first requests in the catalogue's own words."""
    categories = list(vocabulary.facets.get("category", {}))
    examples: list[str] = []
    if categories and "year" in vocabulary.numeric:
        low, high = vocabulary.numeric["year"]
        examples.append(f"{categories[0]} after {int(max(low, high - 8))}")
    if popular:
        newer = " but newer" if "year" in vocabulary.numeric else ""
        examples.append(f"Something like {popular[0].title}{newer}")
    if len(categories) > 3:
        examples.append(f"{categories[3]}, no {categories[1]}")
    examples.append("Surprise me")
    return examples


def _turns(view: ChatView) -> list[Turn]:
    """Messages as pairs of a question and its answer; an answer to a button has no question."""
    turns: list[Turn] = []
    for message in view.messages:
        if message.role == "user":
            turns.append(Turn(message.text))
        elif turns and not turns[-1].text and not turns[-1].cards:
            turns[-1] = Turn(turns[-1].asked, message.text, message.cards)
        else:
            turns.append(Turn("", message.text, message.cards))
    return turns


def _session(text: str) -> tuple[str, str]:
    """User and chat id from the browser; anything odd counts as a first visit."""
    try:
        session = json.loads(text or "{}")
    except ValueError:
        return "", ""
    if not isinstance(session, dict):
        return "", ""
    user_id, chat_id = session.get("user"), session.get("chat")
    return (user_id if isinstance(user_id, str) else "")[:512], (chat_id if isinstance(chat_id, str) else "")[:512]


TOGGLE = """() => {
  const layout = document.querySelector(".chat-layout");
  const open = layout.classList.toggle("pane-open");
  const button = layout.querySelector(".pane-toggle");
  button.textContent = open ? "Close" : "About you";
  button.setAttribute("aria-expanded", open);
}"""
"""At phone width the right pane is a sheet under this button."""

RECALL = """() => {
  const address = new URLSearchParams(location.search);
  return JSON.stringify({
    user: address.get("user") ?? localStorage.getItem("tastemaker-user") ?? "",
    chat: address.get("chat") ?? "",
  });
}"""
"""Browser to ``ChatTab.load``: who was here, and which chat the address names."""

REMEMBER = """(user, chat) => {
  const address = new URL(location.href);
  for (const [name, value] of [["user", user], ["chat", chat]])
    value ? address.searchParams.set(name, value) : address.searchParams.delete(name);
  history.replaceState(null, "", address);
  if (user) localStorage.setItem("tastemaker-user", user);
}"""
"""Ids into the address (a reload opens the same chat) and the user into the browser's storage."""
