"""Real conversations as live chat: read from files, signed, and sent through the gateway like any platform's."""

from plugin.replay.command import replay
from plugin.replay.sending import Replayed, send_all

__all__ = ["Replayed", "replay", "send_all"]
