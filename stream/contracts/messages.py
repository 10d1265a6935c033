"""`counterpoint.messages.v1`: what a platform tells us, one CloudEvent each.

A message is identified by (tenant, conversation, message id, revision) from this data, never by the envelope:
revision 0 is the original, an edit's revision is the platform's edit time in milliseconds, a deletion always wins.
"""

from typing import ClassVar, Literal

from pydantic import Field, StrictBool

from stream.contracts.base import Contract, Language, MessageId, Name, Pseudonym, Tenant, Text, Utc
from stream.contracts.vocabulary import Role


class Consent(Contract):
    """What the client agreed to at the time of a message. Absent means no, and only a plain `true` means yes."""

    processing: StrictBool = False
    secondary_use: StrictBool = False


class ChatEvent(Contract):
    """Common to everything on the messages topic that belongs to one conversation."""

    event_type: ClassVar[str]

    tenant: Tenant
    conversation_id: Pseudonym


class Message(ChatEvent):
    """One chat message as first sent (revision 0)."""

    event_type: ClassVar[str] = "counterpoint.message.v1"

    message_id: MessageId
    role: Role
    author: Pseudonym
    text: Text
    sent_at: Utc
    consent: Consent = Consent()
    language: Language | None = None


class Edit(ChatEvent):
    """New words for a message. `edited_at` in milliseconds since 1970 is its revision; the highest stands."""

    event_type: ClassVar[str] = "counterpoint.edit.v1"

    message_id: MessageId
    text: Text
    edited_at: Utc
    consent: Consent = Consent()


class Deletion(ChatEvent):
    """The message is gone, whatever edits say, in whatever order they come."""

    event_type: ClassVar[str] = "counterpoint.deletion.v1"

    message_id: MessageId
    deleted_at: Utc


class Participant(Contract):
    """Names and handles by which one person may be mentioned in the chat."""

    role: Role
    names: tuple[Name, ...] = Field(default=(), max_length=50)


class Participants(ChatEvent):
    """Who takes part, for the de-identifier alone. Later lists add to earlier ones."""

    event_type: ClassVar[str] = "counterpoint.participants.v1"

    participants: tuple[Participant, ...] = Field(max_length=50)


class SessionEnd(ChatEvent):
    """The platform says that the session is over."""

    event_type: ClassVar[str] = "counterpoint.session-end.v1"

    ended_at: Utc


class ConsentWithdrawal(ChatEvent):
    """The client takes consent back: final for the session, nothing of it stays."""

    event_type: ClassVar[str] = "counterpoint.consent-withdrawal.v1"

    withdrawn_at: Utc


class Erasure(ChatEvent):
    """Everything of this conversation is to be forgotten, here and further down."""

    event_type: ClassVar[str] = "counterpoint.erasure.v1"

    erasure_id: str = Field(pattern=r"^[0-9a-f-]{36}$")
    requested_at: Utc


class PersonErasure(Contract):
    """Everything of one person is to be forgotten; our own word, put on each partition.

    It reaches the sessions that are still open. Of a client the whole conversation goes, of a counsellor the sessions
    in which they wrote.
    """

    event_type: ClassVar[str] = "counterpoint.person-erasure.v1"

    tenant: Tenant
    person: Pseudonym
    role: Literal[Role.CLIENT, Role.COUNSELLOR]
    erasure_id: str = Field(pattern=r"^[0-9a-f-]{36}$")
    requested_at: Utc
    partition: int = Field(ge=0)


class Tick(Contract):
    """Our own clock: put on each partition every second; its append time is what counts."""

    event_type: ClassVar[str] = "counterpoint.tick.v1"

    partition: int = Field(ge=0)


ConversationEvent = Message | Edit | Deletion | Participants | SessionEnd | ConsentWithdrawal | Erasure
MessagesRecord = ConversationEvent | PersonErasure | Tick

MESSAGES_RECORDS: tuple[type[MessagesRecord], ...] = (
    Message, Edit, Deletion, Participants, SessionEnd, ConsentWithdrawal, Erasure, PersonErasure, Tick,
)  # fmt: skip
"""Every type that may stand on the messages topic."""

Speaker = Literal[Role.CLIENT, Role.COUNSELLOR]
"""The roles whose words are a turn in the conversation."""
