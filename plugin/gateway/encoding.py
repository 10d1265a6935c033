"""Encoding of a platform's events as records, and the topic of each."""

from plugin.adapters.base import PlatformEvent
from stream.contracts.ids import conversation_event_id
from stream.contracts.messages import Edit, Message, Participants
from stream.contracts.outcomes import Outcome
from stream.contracts.topics import MESSAGES, OUTCOMES
from stream.runtime.codec import EncodedRecord, encode


def has_consent(event: PlatformEvent) -> bool:
    """Whether an event may be published: text and outcomes need the client's consent to processing, others none."""
    return event.consent.processing if isinstance(event, Message | Edit | Outcome) else True


def topic_of(event: PlatformEvent) -> str:
    """Return the topic of an event: outcomes have one of their own."""
    return OUTCOMES if isinstance(event, Outcome) else MESSAGES


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
