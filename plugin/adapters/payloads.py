"""The JSON payloads of the generic webhook: one event per request, distinguished by `type` (docs/webhook.md).

References (`conversation_id`, `author`) are the platform's own; the gateway turns them into keyed pseudonyms.
"""

import json
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter

from stream.contracts.base import Contract, Language, MessageId, Text, Utc
from stream.contracts.messages import Consent, Participant
from stream.contracts.outcomes import GivenBy, Instrument, Occasion, Score
from stream.contracts.vocabulary import Role

SCHEMA = Path(__file__).parents[2] / "docs" / "webhook.schema.json"


def _without_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("reference holds a NUL character")
    return value


MAX_REFERENCE = 255
MAX_PARTICIPANTS = 50
"""Of one event, and the most names of each."""
MAX_NAMES = 200
"""Names that one event may tell: as many as are kept of a conversation, so that none told at once is lost unseen."""


def _few_enough(participants: tuple[Participant, ...]) -> tuple[Participant, ...]:
    if sum(len(one.names) for one in participants) > MAX_NAMES:
        raise ValueError(f"more than {MAX_NAMES} names")
    return participants


Reference = Annotated[str, StringConstraints(min_length=1, max_length=MAX_REFERENCE), AfterValidator(_without_nul)]
"""The platform's own identifier of a conversation or a person; it never leaves the gateway."""


class ConversationPayload(Contract):
    """The field that every payload has."""

    conversation_id: Reference


class MessageSent(ConversationPayload):
    """A chat message as it was first sent."""

    type: Literal["message"]
    message_id: MessageId
    role: Role
    author: Reference
    text: Text
    sent_at: Utc
    consent: Consent = Consent()
    language: Language | None = None


class MessageEdited(ConversationPayload):
    """The new text of an edited message."""

    type: Literal["edit"]
    message_id: MessageId
    text: Text
    edited_at: Utc
    consent: Consent = Consent()


class MessageDeleted(ConversationPayload):
    """The deletion of a message."""

    type: Literal["deletion"]
    message_id: MessageId
    deleted_at: Utc


class ParticipantsKnown(ConversationPayload):
    """The names and handles of the participants, used to remove them from the text that a model sees."""

    type: Literal["participants"]
    participants: Annotated[tuple[Participant, ...], Field(max_length=MAX_PARTICIPANTS), AfterValidator(_few_enough)]


class ConsentWithdrawn(ConversationPayload):
    """The withdrawal of the client's consent."""

    type: Literal["consent_withdrawal"]
    withdrawn_at: Utc


class SessionEnded(ConversationPayload):
    """The end of a session."""

    type: Literal["session_end"]
    ended_at: Utc


class OutcomeFields(ConversationPayload):
    """What every way in says of an outcome."""

    outcome_id: MessageId
    instrument: Instrument
    score: Score
    occasion: Occasion
    given_by: GivenBy
    author: Reference
    given_at: Utc
    session_id: UUID | None = None
    consent: Consent = Consent()


class OutcomeGiven(OutcomeFields):
    """A rating or an instrument's score that a client or a counsellor gave."""

    type: Literal["outcome"]


WebhookPayload = (
    MessageSent | MessageEdited | MessageDeleted | ParticipantsKnown | ConsentWithdrawn | SessionEnded | OutcomeGiven
)

PAYLOADS: dict[str, type[WebhookPayload]] = {
    "message": MessageSent,
    "edit": MessageEdited,
    "deletion": MessageDeleted,
    "participants": ParticipantsKnown,
    "consent_withdrawal": ConsentWithdrawn,
    "session_end": SessionEnded,
    "outcome": OutcomeGiven,
}


def schema() -> str:
    """Return the JSON Schema of a request body for developers of platforms.

    A test checks that docs/webhook.schema.json equals this.
    """
    any_payload: TypeAdapter[WebhookPayload] = TypeAdapter(Annotated[WebhookPayload, Field(discriminator="type")])
    return json.dumps(any_payload.json_schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema())
