"""The records of `counterpoint.messages.v1`: the events that a platform sends, one CloudEvent each.

A message is identified by (tenant, conversation, message id, revision) from this data, never by the envelope:
revision 0 is the original, an edit's revision is the platform's edit time in milliseconds, a deletion always wins.
"""

from typing import ClassVar, Literal
from uuid import UUID, uuid4

from pydantic import Field, StrictBool

from stream.contracts.base import (
    Contract,
    ConversationRecord,
    Language,
    MessageId,
    Name,
    Pseudonym,
    Tenant,
    Text,
    TopicRecord,
    Utc,
)
from stream.contracts.ids import conversation_event_id, message_event_id, revision_of
from stream.contracts.vocabulary import Role


class Consent(Contract):
    """The client's consent at the time of a message. A missing field means no, and only a plain `true` means yes."""

    processing: StrictBool = False
    secondary_use: StrictBool = False


class Message(ConversationRecord):
    """A chat message as first sent (revision 0)."""

    event_type: ClassVar[str] = "counterpoint.message.v1"

    message_id: MessageId
    role: Role
    author: Pseudonym
    text: Text
    sent_at: Utc
    consent: Consent = Consent()
    language: Language | None = None

    @property
    def event_id(self) -> UUID:
        """The id of the event that carries the original revision of the message."""
        return message_event_id(self.tenant, self.conversation_id, self.message_id, 0)


class Edit(ConversationRecord):
    """An edit of a message. `edited_at` in milliseconds since 1970 is its revision; the highest revision counts."""

    event_type: ClassVar[str] = "counterpoint.edit.v1"

    message_id: MessageId
    text: Text
    edited_at: Utc
    consent: Consent = Consent()
    author: Pseudonym | None = None
    """Who edited, from a platform that lets anybody try: only the message's own author may. None: its author did."""

    @property
    def revision(self) -> int:
        """The revision that the edit gives to its message."""
        return revision_of(self.edited_at)

    @property
    def event_id(self) -> UUID:
        """The id of the event that carries this revision of the message."""
        return message_event_id(self.tenant, self.conversation_id, self.message_id, self.revision)


class Deletion(ConversationRecord):
    """A deletion of a message. It wins over every edit, in whatever order they come."""

    event_type: ClassVar[str] = "counterpoint.deletion.v1"

    message_id: MessageId
    deleted_at: Utc

    @property
    def event_id(self) -> UUID:
        """The id of the deletion, which is the same for every deletion of the message."""
        return message_event_id(self.tenant, self.conversation_id, self.message_id, "deletion")


class Participant(Contract):
    """Names and handles by which one person may be mentioned in the chat."""

    role: Role
    names: tuple[Name, ...] = Field(default=(), max_length=50)


class Participants(ConversationRecord):
    """A list of people in a conversation, used only by the de-identifier. Later lists add to earlier ones."""

    event_type: ClassVar[str] = "counterpoint.participants.v1"

    participants: tuple[Participant, ...] = Field(max_length=50)

    @property
    def event_id(self) -> UUID:
        """A random id, since an id made of the names could be found by guessing names."""
        return uuid4()


class SessionEnd(ConversationRecord):
    """The end of a session, as the platform reports it."""

    event_type: ClassVar[str] = "counterpoint.session-end.v1"

    ended_at: Utc

    @property
    def event_id(self) -> UUID:
        """The id of the session end at its time."""
        return conversation_event_id(self.tenant, self.conversation_id, self.event_type, self.ended_at.isoformat())


class ConsentWithdrawal(ConversationRecord):
    """A withdrawal of the client's consent. It is final for the session, and no text of the session is kept."""

    event_type: ClassVar[str] = "counterpoint.consent-withdrawal.v1"

    withdrawn_at: Utc
    appended_at: Utc | None = None
    """The broker's append time on the messages topic; the stream sets it when it passes the withdrawal on."""

    @property
    def event_id(self) -> UUID:
        """The id of the withdrawal at its time."""
        return conversation_event_id(self.tenant, self.conversation_id, self.event_type, self.withdrawn_at.isoformat())


class Erasure(ConversationRecord):
    """An erasure of a conversation: every stage removes what it holds of it and passes the record on."""

    event_type: ClassVar[str] = "counterpoint.erasure.v1"

    erasure_id: str = Field(pattern=r"^[0-9a-f-]{36}$")
    requested_at: Utc
    appended_at: Utc | None = None
    """The broker's append time on the messages topic; the stream sets it when it passes the erasure on."""

    @property
    def event_id(self) -> UUID:
        """The id of the erasure in this conversation."""
        return conversation_event_id(self.tenant, self.conversation_id, self.event_type, self.erasure_id)


class PersonErasure(TopicRecord):
    """An erasure of a person, which Counterpoint writes to each partition of the messages topic.

    It reaches the sessions of which the stream still keeps text. Of a client the whole conversation is removed, of a
    counsellor the sessions in which they wrote.
    """

    event_type: ClassVar[str] = "counterpoint.person-erasure.v1"

    tenant: Tenant
    person: Pseudonym
    role: Literal[Role.CLIENT, Role.COUNSELLOR]
    erasure_id: str = Field(pattern=r"^[0-9a-f-]{36}$")
    requested_at: Utc
    partition: int = Field(ge=0)

    @property
    def event_id(self) -> str:
        """The id of the erasure on this partition."""
        return f"{self.erasure_id}-{self.partition}"


class Tick(TopicRecord):
    """A tick, which Counterpoint writes to each partition every second. Its append time is the time for idle rules."""

    event_type: ClassVar[str] = "counterpoint.tick.v1"

    partition: int = Field(ge=0)

    @property
    def event_id(self) -> str:
        """A random id, since ticks have nothing else in which they differ."""
        return str(uuid4())


ConversationEvent = Message | Edit | Deletion | Participants | SessionEnd | ConsentWithdrawal | Erasure
PartitionEvent = PersonErasure | Tick
MessagesRecord = ConversationEvent | PartitionEvent

MESSAGES_RECORDS: tuple[type[MessagesRecord], ...] = (
    Message, Edit, Deletion, Participants, SessionEnd, ConsentWithdrawal, Erasure, PersonErasure, Tick,
)  # fmt: skip
"""The type of every record that may be on the messages topic."""

TEXTLESS_EVENTS: tuple[type[MessagesRecord], ...] = (
    Deletion, SessionEnd, ConsentWithdrawal, Erasure, PersonErasure, Tick,
)  # fmt: skip
"""The records that have no place for text or names, so that they need no consent."""
