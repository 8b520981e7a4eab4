"""What it takes to lose an item: the part of the Why tab that searches the smallest removal when it is asked to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import gradio as gr

from serving.ui.api import UiService
from serving.ui.asked import asked_query
from serving.ui.conversation import stated
from serving.ui.parts import drawn
from serving.ui.render import Renderer
from serving.wording import removal_in_words
from store.errors import TastemakerError

K = 10
"""Places of the list that the item is to fall out of."""


class RemovalView:
    """Builds the part's component and answers its button. The ids of reader and item are the tab's own."""

    def __init__(self, service: UiService, renderer: Renderer) -> None:
        self._service = service
        self._draw = renderer

    def build(self) -> None:
        """Inside the tab, below what explains the item."""
        self.board = drawn(name="why-removal", events=("lose",))

    def connect(self, user: gr.Textbox, item: gr.Textbox, chat: gr.Textbox) -> None:
        """Wire the button; inside ``gr.Blocks``. The tab draws the offer together with what it explains.

        Args:
            user, item, chat: hidden fields with the ids in view.
        """
        # The search runs the models some hundred times: two at once are enough for this machine.
        self.board.lose(
            self.search, [user, item, chat], self.board,
            concurrency_limit=2, concurrency_id="removal", show_progress="hidden", api_visibility="private",
        )  # fmt: skip

    def offer(self, item_id: str) -> str:
        """The button, where an item is in view."""
        return self._draw("why_removal.html", stage="offer", k=K) if item_id else ""

    def search(self, user_id: str, item_id: str, chat_id: str) -> Iterator[str]:
        """Say that it runs, then what was found."""
        yield self._draw("why_removal.html", stage="wait", k=K)
        try:
            query = asked_query(self._service, user_id=user_id, chat_id=chat_id, item_id=item_id)
            recommender = self._service.recommender
            (standing,) = recommender.standings(query, [item_id])
            found = recommender.smallest_removal(replace(query, k=K), item_id)
        except TastemakerError as error:
            yield self._draw("problem.html", problem=stated(error))
            return
        words = removal_in_words(recommender, found, item_id).text
        yield self._draw("why_removal.html", stage="found", k=K, found=found, standing=standing, words=words)
