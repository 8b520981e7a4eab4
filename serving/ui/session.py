"""What the browser remembers: two ids in the address, and the small scripts that keep them there."""

from __future__ import annotations

import json

MAX_ID = 512
"""Characters of an id."""


def read_session(text: str) -> tuple[str, str]:
    """User and chat id from the browser; anything odd counts as a first visit."""
    try:
        session = json.loads(text or "{}")
    except ValueError:
        return "", ""
    if not isinstance(session, dict):
        return "", ""
    user_id, chat_id = session.get("user"), session.get("chat")
    return (user_id if isinstance(user_id, str) else "")[:MAX_ID], (chat_id if isinstance(chat_id, str) else "")[
        :MAX_ID
    ]


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

KEYS = """() => {
  document.addEventListener("keydown", (key) => {
    const stop = document.querySelector("#stop");
    if (key.key === "Escape" && !key.defaultPrevented && stop?.checkVisibility()) stop.click();
  });
}"""
"""Escape stops an answer, wherever the focus is, unless what has it takes the key."""

FIT_CHARTS = """() => {
  requestAnimationFrame(() => window.dispatchEvent(new Event("resize")));
}"""
"""A chart that was hidden while the window changed its width learns of it when its tab comes to the front."""
