"""A chat as others may read it: what it shows, without what its reasons tell of the reader's life elsewhere.

Whoever shares a chat shows its questions and cards. What they met or liked outside of it is named by reasons and
explanations; here such a reason says that it is a matter of taste and no more, and such a sentence is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from agent.chinese import is_chinese
from agent.plain_text import clean
from agent.saying import chat_voice
from agent.state import ChatState
from agent.turns import Card, Message

_SENTENCE = re.compile(r".+?(?:[.?!…]+(?=\s|$)|[。！？]|$)\s*", re.DOTALL)  # noqa: RUF001
_LETTER = r"[^\W\u2e80-\uffff]"
_TITLE = "\ue000"
"""Stands for a title while sentences are told apart; what goes through ``clean`` holds none."""


def for_others(messages: Sequence[Message], state: ChatState, met: Mapping[str, str]) -> tuple[Message, ...]:
    """Messages that name nothing which only the reader's profile holds.

    Args:
        messages: of the chat, as far as it is shared.
        state: of the chat.
        met: external id -> title of everything that the reader ever did something with.
    """
    shown = {card.item.item_id: card.item.title for message in messages for card in message.cards}
    said = " ".join(message.text for message in messages if message.role == "user").casefold()
    asked = set(_asked_for(state))
    open_titles = {clean(title) for title in shown.values()}
    open_titles |= {clean(title) for item, title in met.items() if item in asked or title.casefold() in said}
    hidden = {clean(title) for title in met.values()} - open_titles - {""}
    if not hidden:
        return tuple(messages)
    named = re.compile(
        "|".join(_bounded(title) for title in sorted({*hidden, *open_titles} - {""}, key=len, reverse=True))
    )

    def names_hidden(text: str) -> bool:
        return any(title in hidden for title in named.findall(text))

    return tuple(
        message
        if message.role == "user"
        else replace(
            message,
            text=_without(message.text, named, hidden),
            cards=tuple(_neutral(card) if names_hidden(card.reason) else card for card in message.cards),
        )
        for message in messages
    )


def _asked_for(state: ChatState) -> tuple[str, ...]:
    """Items that the chat's requests are or were about."""
    wishes = (state.memory.wish, *(entry.memory.wish for entry in state.undo))
    return tuple(item for wish in wishes for item in (*wish.items_like, *wish.items_unlike))


def _without(text: str, named: re.Pattern[str], hidden: AbstractSet[str]) -> str:
    """A text without the sentences that name something hidden. A full stop within a title ends none."""
    titles = named.findall(text)
    if not hidden & set(titles):
        return text
    kept, done = [], 0
    for sentence in _SENTENCE.findall(named.sub(_TITLE, text)):
        here = titles[done : done + sentence.count(_TITLE)]
        done += len(here)
        if not hidden & set(here):
            parts = sentence.split(_TITLE)
            kept.append("".join(part + title for part, title in zip(parts, [*here, ""], strict=True)))
    return "".join(kept).rstrip()


def _bounded(title: str) -> str:
    """Not within a longer word; Chinese is written without spaces and bounds nothing."""
    before = rf"(?<!{_LETTER})" if re.match(_LETTER, title[0]) else ""
    after = rf"(?!{_LETTER})" if re.match(_LETTER, title[-1]) else ""
    return f"{before}{re.escape(title)}{after}"


def _neutral(card: Card) -> Card:
    voice = chat_voice("zh" if is_chinese(card.reason) else "en")
    return replace(card, reason=voice.say("by_taste"))
