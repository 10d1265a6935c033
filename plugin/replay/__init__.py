"""The replay of recorded conversations as live chat: read from files, signed, and sent through the gateway."""

from plugin.replay.command import replay
from plugin.replay.sending import ReplayResult, send_conversations

__all__ = ["ReplayResult", "replay", "send_conversations"]
