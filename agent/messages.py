"""Messages of a chat as they are shown, and as text to keep."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from html import escape

from agent.cards import card_of
from agent.lexicon import Lexicon
from agent.plain_text import clean
from agent.state import ChatState, Opinion, StoredMessage
from agent.turns import Message

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|~])")


def messages_of(
    state: ChatState,
    lexicon: Lexicon,
    opinions: Mapping[str, Opinion],
    *,
    editable: Collection[int] = (),
    until: int | None = None,
) -> tuple[Message, ...]:
    """Messages with the items of their cards as they are now; cards of items that are gone are left out.

    Args:
        opinions: shown on the cards.
        editable: places of messages that can be said differently.
        until: leaves out what was said after this turn.
    """
    every = state.all_messages()
    first = state.earlier + len(state.messages) - len(every)

    def drawn(place: int, message: StoredMessage) -> Message:
        cards = tuple(
            card_of(lexicon.items[card.item_id], lexicon, opinions, reason=card.reason)
            for card in message.cards
            if card.item_id in lexicon.items
        )
        return Message(
            message.role,
            message.text,
            cards,
            place=place,
            editable=place in editable,
            table=message.table,
            picture=message.picture,
        )

    return tuple(
        drawn(place, message)
        for place, message in enumerate(every, start=first)
        if until is None or message.serial <= until
    )


def as_markdown(title: str, messages: Sequence[Message]) -> str:
    """A chat as Markdown in which no text of an item or a person is markup."""
    return "\n\n".join((f"# {_plain(title) or 'A chat'}", *(_paragraphs(messages)))) + "\n"


def _paragraphs(messages: Sequence[Message]) -> Iterator[str]:
    for message in messages:
        if message.role == "user":
            yield f"> {' '.join(filter(None, ('(with a picture)' if message.picture else '', _plain(message.text))))}"
            continue
        if message.text:
            yield _plain(message.text)
        lines = [
            " — ".join(filter(None, (f"**{_plain(card.item.title)}**", _plain(card.subtitle), _plain(card.reason))))
            for card in message.cards
        ]
        if lines:
            yield "\n".join(f"- {line}" for line in lines)


def _plain(text: str) -> str:
    return escape(_MARKUP.sub(r"\\\1", clean(text)), quote=False)
