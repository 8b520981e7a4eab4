"""The Gradio app: four tabs over one service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from serving.identity.principal import Scope
from serving.ui.api import UiService
from serving.ui.audit import AuditView
from serving.ui.batch import BatchView
from serving.ui.catalogue import CatalogueView
from serving.ui.chat import ChatTab
from serving.ui.compare import CompareView
from serving.ui.onboard import OnboardTab
from serving.ui.parts import sent
from serving.ui.render import Renderer
from serving.ui.session import FIT_CHARTS, KEYS, RECALL
from serving.ui.status import StatusTab
from serving.ui.theme import stylesheet, theme
from serving.ui.what_if import WhatIfView
from serving.ui.why import WhyTab

QUEUE = 64
"""Waiting events, over all visitors; more are refused instead of growing memory."""

GRANTED = {"onboard": Scope.WRITE, "audit": Scope.ADMIN, "status": Scope.ADMIN}
"""Tabs, by id, that are not for everyone."""


def build_ui(service: UiService, renderer: Renderer) -> gr.Blocks:
    """The page over a running service. Mount or launch it with ``page_settings()``."""
    chat, onboard = ChatTab(service, renderer), OnboardTab(service, renderer)
    catalogue = CatalogueView(service, renderer)
    batch = BatchView(service, renderer)
    why, what_if = WhyTab(service, renderer), WhatIfView(service, renderer)
    compare = CompareView(service, renderer)
    audit, status = AuditView(service, renderer), StatusTab(service, renderer)

    def open_why(user_id: str, chat_id: str, event: gr.EventData) -> dict[Any, Any]:
        opened = {tabs: gr.Tabs(selected="why"), why_views: gr.Tabs(selected="item")}
        return {**opened, **why.show(user_id, sent(event, "item"), chat_id=chat_id)}

    def open_chat(event: gr.EventData) -> Iterator[dict[Any, Any]]:
        yield {tabs: gr.Tabs(selected="chat"), chat.chat: ""}
        yield from chat.say(sent(event, "user"), "", sent(event, "text"))

    def without_closed_tabs() -> str:
        """A style that leaves out the tabs that the visitor may not use. What they show is refused in any case.

        Gradio hides a tab's content when it is told to, and leaves its name in the row of tabs.
        """
        closed = [f'[data-tab-id="{tab}"]' for tab, scope in GRANTED.items() if not service.may(scope)]
        return f"<style>#tabs :is({', '.join(closed)}) {{ display: none }}</style>" if closed else ""

    with gr.Blocks(title="Tastemaker", analytics_enabled=False, fill_width=True) as page:
        gr.HTML(renderer("header.html", log_out=service.limited), apply_default_css=False)
        session = gr.Textbox(visible="hidden")
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Chat", id="chat"):
                chat.build()
            with gr.Tab("Onboard", id="onboard"), gr.Tabs(elem_id="onboard-views") as onboard_views:
                with gr.Tab("One item", id="one"):
                    onboard.build()
                with gr.Tab("A file", id="file") as file_tab:
                    batch.build()
                with gr.Tab("Catalogue", id="catalogue") as catalogue_tab:
                    catalogue.build()
            with gr.Tab("Why", id="why"), gr.Tabs(elem_id="why-views") as why_views:
                with gr.Tab("Item", id="item"):
                    why.build()
                    why.removal.build()
                with gr.Tab("What if", id="what-if") as what_if_tab:
                    what_if.build()
                with gr.Tab("Compare", id="compare") as compare_tab:
                    compare.build()
                with gr.Tab("Audit", id="audit") as audit_tab:
                    audit.build()
            with gr.Tab("Status", id="status") as status_tab:
                status.build()
        for tab in (chat, onboard, why):
            tab.connect()
        what_if.connect(what_if_tab, why.user)
        batch.connect(file_tab)
        status.connect(status_tab)
        catalogue.connect(catalogue_tab)
        compare.connect(compare_tab, why.user, why.item)
        audit.connect(audit_tab)
        across: dict[str, Any] = {"show_progress": "hidden", "concurrency_limit": 4, "api_visibility": "private"}
        for part in (chat.history, chat.cards):
            part.why(open_why, [chat.user, chat.chat], [tabs, why_views, *why.outputs], **across)
        for views in (tabs, onboard_views, why_views):
            views.select(None, js=FIT_CHARTS, show_progress="hidden", api_visibility="private")
        onboard.done.attempt(open_chat, None, [tabs, *chat.outputs], **across)
        if service.limited:
            closed = gr.HTML("", apply_default_css=False)
            page.load(without_closed_tabs, None, closed, show_progress="hidden", api_visibility="private")
        page.load(None, js=KEYS, show_progress="hidden", api_visibility="private")
        page.load(chat.load, session, chat.outputs, js=RECALL, show_progress="hidden", api_visibility="private")
    return page.queue(max_size=QUEUE, default_concurrency_limit=8)


def page_settings(max_file_size: int) -> dict[str, Any]:
    """Arguments of the page for ``gr.mount_gradio_app`` or ``launch``: look, no branding, no file access.

    Args:
        max_file_size: bytes of an upload; each field looks at its own limits besides.
    """
    return {
        "theme": theme(),
        "css": stylesheet(),
        "footer_links": [],
        "allowed_paths": [],
        "max_file_size": max_file_size,
        "ssr_mode": False,
        "show_error": False,
    }
