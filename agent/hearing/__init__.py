"""Words of recordings: what a reader says into a microphone, for them to see and to send."""

from agent.hearing.listener import Listener, ListenerSettings

__all__ = ["Listener", "ListenerSettings"]
