"""The model of speech that the settings name."""

from __future__ import annotations

from pathlib import Path

from agent.hearing import Listener, ListenerSettings
from serving.settings import VoiceSection


def listener_of(section: VoiceSection) -> Listener | None:
    """None where no model is set.

    Raises:
        InputError: the folder holds none.
        UnsafeInput: its weights could run code.
    """
    if not section.model:
        return None
    return Listener(ListenerSettings(Path(section.model), longest=section.longest, deadline=section.deadline))
