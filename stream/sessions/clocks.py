"""The tolerance for senders' clocks: a time that lies too far from the broker's append time is moved to its bound."""

from datetime import UTC, datetime

from stream.contracts.messages import ConversationEvent, Edit, Message
from stream.sessions.rules import Arrival, Rules


def clamped_time(time: datetime, at: Arrival, rules: Rules) -> datetime:
    """Return a sender's time, moved to the nearest time that is tolerated for an event that arrived at `at`."""
    earliest = datetime.fromtimestamp((at.time_ms - rules.clock_back_ms) / 1000, UTC)
    latest = datetime.fromtimestamp((at.time_ms + rules.clock_ahead_ms) / 1000, UTC)
    return min(max(time, earliest), latest)


def with_clamped_time(event: ConversationEvent, at: Arrival, rules: Rules) -> ConversationEvent:
    """Return a message or an edit with its time within the tolerance; any other event as it is.

    An event whose time is tolerated is returned itself, so that the caller can count the others.
    """
    match event:
        case Message():
            time = clamped_time(event.sent_at, at, rules)
            return event if time == event.sent_at else event.model_copy(update={"sent_at": time})
        case Edit():
            time = clamped_time(event.edited_at, at, rules)
            return event if time == event.edited_at else event.model_copy(update={"edited_at": time})
        case _:
            return event
