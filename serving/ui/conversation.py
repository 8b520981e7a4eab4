"""Parts of the Chat tab as HTML: what a chat holds, drawn; nothing here knows Gradio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agent.comparison import Table
from agent.explaining.voices import card_reason
from agent.profile import profile_of
from agent.turns import Card, ChatView, Chip, Profile
from pipeline.query import Query, Vocabulary
from serving.ui.api import UiService
from serving.ui.parts import picker
from serving.ui.render import Renderer, person, subtitle
from store.errors import TastemakerError
from store.records import Item, User

FIRST_CARDS = 5
"""Cards on the page before anything was asked."""
PROFILE_EVENTS = 500
"""Newest events that the profile looks at."""
PICTURED_TURNS = 6
"""Newest turns that keep their cards."""
TASTES = 5
"""Bars of the profile."""


@dataclass(frozen=True)
class Turn:
    """One question with its answer, as drawn.

    Attributes:
        place: of the question in the chat, where it can be said differently.
        picture: name of the one that was sent with the question.
    """

    asked: str
    text: str = ""
    cards: tuple[Card, ...] = ()
    place: int | None = None
    table: Table = ()
    picture: str = ""


class ChatDrawing:
    """Draws the parts of a chat."""

    def __init__(self, service: UiService, renderer: Renderer) -> None:
        self._service = service
        self._draw = renderer

    def conversation(self, turns: Sequence[Turn], chat_id: str) -> str:
        """Questions and answers, oldest first; cards of the older ones as their titles: pictures weigh."""
        return self._draw("conversation.html", turns=turns, pictured=PICTURED_TURNS, chat_id=chat_id)

    def words(
        self,
        text: str = "",
        *,
        busy: bool = False,
        turn: int | None = None,
        notes: Sequence[str] = (),
        cards: Sequence[Card] = (),
        retry: bool = False,
    ) -> str:
        """Text of the last answer.

        Args:
            busy: whether more is to come.
            turn: which one is complete.
            notes: lines under it.
            cards: what is copied with it.
            retry: whether it can be made again.
        """
        lines = (f"- {card.item.title}" + (f" ({card.subtitle})" if card.subtitle else "") for card in cards)
        copied = "\n".join((text.strip(), *lines))
        return self._draw(
            "words.html", text=text, busy=busy, turn=turn, notes=notes, problem=None, copied=copied, retry=retry
        )

    def problem(self, error: TastemakerError) -> str:
        """What stands where the answer should be."""
        return self._draw("problem.html", problem=stated(error))

    def cards(self, cards: Sequence[Card], table: Table = ()) -> str:
        """Cards of the last answer, and what a comparison of them says."""
        return self._draw("cards.html", cards=cards, table=table) if cards else ""

    def next(self, view: ChatView) -> str:
        """What can be said next."""
        suggestions = [text for text in view.suggestions if text != "undo"]  # it has a button of its own
        return self._draw("next.html", suggestions=suggestions, can_undo=view.can_undo, question=view.question)

    def did(self, trace: Sequence[str], milliseconds: Mapping[str, float]) -> str:
        """What was done, folded."""
        return self._draw("did.html", trace=trace, milliseconds=milliseconds)

    def understood(self, chips: Sequence[Chip], chat_id: str = "") -> str:
        """The request in force as chips, and a field to add to it."""
        example = example_chip(self._service.recommender.vocabulary())
        return self._draw("understood.html", chips=chips, chat_id=chat_id, example=example)

    def who(self, user: User | None) -> str:
        """Field to choose or create a user."""
        value = person(user) if user else ""
        return picker(
            self._draw, name="who-field", label="You are", placeholder="Guest. Choose or create a user", value=value
        )

    def profile(self, profile: Profile | None) -> str:
        """Likes, dislikes and taste; an invitation where nothing is known."""
        taste = sorted(profile.taste.items(), key=lambda pair: -pair[1])[:TASTES] if profile else []
        return self._draw("profile.html", profile=profile, taste=taste)

    def stored_profile(self, user: User | None) -> str:
        """The profile of someone who has no chat open, from their events."""
        if user is None:
            return self.profile(None)
        events = self._service.store.history(user.user_id, limit=PROFILE_EVENTS)
        ids = list(dict.fromkeys(event.item_id for event in events))
        items = {item.item_id: item for item in self._service.recommender.items(ids)}
        return self.profile(profile_of(events, items))

    def chats(self, user_id: str, current: str, *, opened: str = "") -> str:
        """Chats of a user that hold something; ``opened`` is the one whose actions are unfolded."""
        every = self._service.dialogues.history.chats(user_id)
        chats = [line for line in every if line.title or line.chat_id == current]
        return self._draw("chats.html", chats=chats, current=current, opened=opened)

    def welcome(self, user: User | None) -> str:
        """Example requests in the catalogue's own words, and a few cards to like.

        Raises:
            NoSnapshot: nothing is trained yet.
        """
        vocabulary = self._service.recommender.vocabulary()
        query = Query(user_id=user.user_id, k=FIRST_CARDS) if user else Query(history=(), k=FIRST_CARDS)
        found = self._service.recommender.recommend(query).items
        self._service.note_shown(query.user_id, found, source="page")
        cards = [Card(one.item, card_reason(one.reasons) if user else "", subtitle(one.item), one) for one in found]
        heading = f"For {person(user)}" if user else "Liked by many. Press + on what you like, and it learns."
        examples = example_requests(vocabulary, [card.item for card in cards])
        return self._draw("empty.html", examples=examples, cards=cards, heading=heading)


def stated(problem: TastemakerError | None) -> dict[str, str] | None:
    """A problem as the templates want it: what happened, what to do."""
    if problem is None:
        return None
    what = problem.problem.rstrip(".")
    return {"what": f"{what[:1].upper()}{what[1:]}.", "fix": problem.fix}


def degraded_note(degraded: Sequence[str]) -> str:
    """One line on what could not run and what still holds."""
    if set(degraded) == {"llm"}:
        return "The language model did not answer in time: these words are from a template, the items are complete."
    return f"Not everything could run just now: {', '.join(name.replace('_', ' ') for name in degraded)} was left out."


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


def turns_of(view: ChatView) -> list[Turn]:
    """Messages as pairs of a question and its answer; an answer to a button has no question."""
    turns: list[Turn] = []
    for message in view.messages:
        if message.role == "user":
            place = message.place if message.editable else None
            turns.append(Turn(message.text, place=place, picture=message.picture))
        elif turns and not turns[-1].text and not turns[-1].cards:
            turns[-1] = replace(turns[-1], text=message.text, cards=message.cards, table=message.table)
        else:
            turns.append(Turn("", message.text, message.cards, table=message.table))
    return turns
