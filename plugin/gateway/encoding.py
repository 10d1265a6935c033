"""Chat events as records of the messages topic."""

from uuid import UUID

from plugin.adapters.base import PlatformEvent
from stream.contracts.ids import conversation_event_id, message_event_id, record_key, revision_of
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit, Message, Participants, SessionEnd
from stream.runtime.codec import Encoded, encode


def may_be_published(event: PlatformEvent) -> bool:
    """Text goes on only with the client's consent to processing; what carries no text always does."""
    return event.consent.processing if isinstance(event, Message | Edit) else True


def record_of(event: PlatformEvent, delivery: str, trace: bytes | None = None) -> Encoded:
    """The record of one event; the same event makes the same id on every retry of its `delivery`.

    `trace` is the `traceparent` that goes on from here.

    Raises:
        Poison: OVERSIZE.
    """
    return encode(
        event,
        event_type=event.event_type,
        event_id=_event_id(event, delivery),
        key=record_key(event.tenant, event.conversation_id),
        trace=trace,
    )


def _event_id(event: PlatformEvent, delivery: str) -> UUID:
    match event:
        case Message():
            return message_event_id(event.tenant, event.conversation_id, event.message_id, 0)
        case Edit():
            revision = revision_of(event.edited_at)
            return message_event_id(event.tenant, event.conversation_id, event.message_id, revision)
        case Deletion():
            return message_event_id(event.tenant, event.conversation_id, event.message_id, "deletion")
        case Participants():
            # Named by its delivery: an id made of names could be searched for by names.
            detail = delivery
        case SessionEnd():
            detail = event.ended_at.isoformat()
        case ConsentWithdrawal():
            detail = event.withdrawn_at.isoformat()
    return conversation_event_id(event.tenant, event.conversation_id, event.event_type, detail)
