"""The panel of the Why tab on what the models know apart from one explanation: a person's taste, an item's readers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.query import Query
from serving.ui.api import UiService
from serving.ui.conversation import stated
from serving.ui.parts import drawn
from serving.ui.render import Renderer, person
from serving.wording import taste_in_words
from store.errors import TastemakerError


class KnownPanel:
    """Builds the panel and answers its two buttons; nothing is worked out before one is pressed."""

    def __init__(self, service: UiService, renderer: Renderer) -> None:
        self._service = service
        self._draw = renderer

    def build(self) -> None:
        """Inside the tab."""
        self.part = drawn(name="why-known", events=("taste", "profile"))

    def connect(self, *, user: Any, item: Any, settings: dict[str, Any]) -> None:
        """Wire the events; ``user`` and ``item`` are the components that hold the ids."""
        self.part.taste(self.taste, [user, item], **settings | {"outputs": self.part})
        self.part.profile(self.profile, [user, item], **settings | {"outputs": self.part})

    def closed(self, user_id: str, item_id: str) -> str:
        """The panel before a button is pressed. Raises ``UnknownUser``, ``UnknownItem``."""
        return self._panel(user_id, item_id)

    def taste(self, user_id: str, item_id: str) -> Iterator[str]:
        """The history of the user in groups."""
        yield from self._answered(user_id, item_id, "taste")

    def profile(self, user_id: str, item_id: str) -> Iterator[str]:
        """Who gets the item, and what it is owed to."""
        yield from self._answered(user_id, item_id, "profile")

    def _answered(self, user_id: str, item_id: str, what: str) -> Iterator[str]:
        try:
            yield self._panel(user_id, item_id, waiting=True)
            recommender = self._service.recommender
            if what == "taste":
                found = recommender.taste(Query(user_id=user_id))
                yield self._panel(user_id, item_id, taste=found, told=taste_in_words(found).passages[0].sentences)
            else:
                yield self._panel(user_id, item_id, profile=recommender.item_profile(item_id))
        except TastemakerError as error:
            yield self._draw("problem.html", problem=stated(error))

    def _panel(self, user_id: str, item_id: str, **shown: Any) -> str:
        empty: dict[str, Any] = {"waiting": False, "taste": None, "told": (), "profile": None}
        return self._draw(
            "why_known.html",
            user_name=person(self._service.store.user(user_id)) if user_id else "",
            item_name=self._service.recommender.item(item_id).title,
            **empty | shown,
        )
