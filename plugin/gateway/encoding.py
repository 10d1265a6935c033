"""Encoding of chat events as records of the messages topic."""

from plugin.adapters.base import PlatformEvent
from stream.contracts.ids import conversation_event_id
from stream.contracts.messages import Edit, Message, Participants
from stream.runtime.codec import EncodedRecord, encode


def has_consent(event: PlatformEvent) -> bool:
    """Whether an event may be published: text needs the client's consent to processing, other events need none."""
    return event.consent.processing if isinstance(event, Message | Edit) else True


def encode_event(event: PlatformEvent, delivery: str, trace: bytes | None = None) -> EncodedRecord:
    """Encode an event as a record; on every retry of its `delivery` the same event gets the same id.

    `trace` is the `traceparent` header of the record.

    Raises:
        Poison: The record is too large (OVERSIZE).
    """
    # The id of a participants event is derived from its delivery: from an id made of names, names could be guessed.
    event_id = None
    if isinstance(event, Participants):
        event_id = conversation_event_id(event.tenant, event.conversation_id, event.event_type, delivery)
    return encode(event, event_id=event_id, trace=trace)
