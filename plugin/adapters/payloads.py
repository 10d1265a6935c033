"""What the generic webhook takes as JSON: one event a request, told apart by `type` (docs/webhook.md).

References (`conversation_id`, `author`) are the platform's own; the gateway turns them into keyed pseudonyms.
"""

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter

from stream.contracts.base import Contract, Language, MessageId, Text, Utc
from stream.contracts.messages import Consent, Participant
from stream.contracts.vocabulary import Role

SCHEMA = Path(__file__).parents[2] / "docs" / "webhook.schema.json"


def _without_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("reference holds a NUL character")
    return value


Reference = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_without_nul)]
"""The platform's own name for a conversation or a person. It never leaves the gateway."""


class Conversation(Contract):
    """Common to every payload."""

    conversation_id: Reference


class MessageSent(Conversation):
    """A chat message as first sent."""

    type: Literal["message"]
    message_id: MessageId
    role: Role
    author: Reference
    text: Text
    sent_at: Utc
    consent: Consent = Consent()
    language: Language | None = None


class MessageEdited(Conversation):
    """New words for a message."""

    type: Literal["edit"]
    message_id: MessageId
    text: Text
    edited_at: Utc
    consent: Consent = Consent()


class MessageDeleted(Conversation):
    """A message taken back."""

    type: Literal["deletion"]
    message_id: MessageId
    deleted_at: Utc


class ParticipantsKnown(Conversation):
    """Names and handles of those who take part; used to remove them from the text that a model sees."""

    type: Literal["participants"]
    participants: tuple[Participant, ...] = Field(max_length=50)


class ConsentWithdrawn(Conversation):
    """The client takes consent back."""

    type: Literal["consent_withdrawal"]
    withdrawn_at: Utc


class SessionEnded(Conversation):
    """The session is over."""

    type: Literal["session_end"]
    ended_at: Utc


WebhookPayload = MessageSent | MessageEdited | MessageDeleted | ParticipantsKnown | ConsentWithdrawn | SessionEnded

PAYLOADS: dict[str, type[WebhookPayload]] = {
    "message": MessageSent,
    "edit": MessageEdited,
    "deletion": MessageDeleted,
    "participants": ParticipantsKnown,
    "consent_withdrawal": ConsentWithdrawn,
    "session_end": SessionEnded,
}


def schema() -> str:
    """JSON Schema of a request body, for platforms' developers; a test holds the file against it."""
    any_payload: TypeAdapter[WebhookPayload] = TypeAdapter(Annotated[WebhookPayload, Field(discriminator="type")])
    return json.dumps(any_payload.json_schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema())
