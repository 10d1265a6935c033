"""`counterpoint.transcripts.v1`: the whole talk of a closed session, for the measures stage alone.

The stream stage writes one beside the session record, where the settings turn measures on. It is the only record with
every word of a session, so its topic keeps it no longer than the messages topic kept the messages.
"""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from stream.contracts.base import Contract, ConversationRecord, Language, MessageId, Pseudonym, Text, Utc
from stream.contracts.ids import transcript_event_id
from stream.contracts.sessions import KnownName
from stream.contracts.vocabulary import Role


class TranscriptMessage(Contract):
    """A message with the text that it had at the close, and without its author: no measure is about a person."""

    message_id: MessageId
    role: Role
    text: Text
    sent_at: Utc


class Transcript(ConversationRecord):
    """The messages of one revision of a session, in order."""

    event_type: ClassVar[str] = "counterpoint.transcript.v1"

    session_id: UUID
    revision: int = Field(ge=1)
    first_appended_at: Utc
    """The broker's append time of the first message to arrive."""
    last_appended_at: Utc
    """The broker's append time of the last message to arrive."""
    language: Language | None = None
    """As in the session record."""
    clients: tuple[Pseudonym, ...] = ()
    """Every client who wrote in the session, so that an erasure finds it."""
    counsellors: tuple[Pseudonym, ...] = ()
    """The same of counsellors."""
    known_names: tuple[KnownName, ...] = ()
    """Names and handles for the de-identifier."""
    names_told: bool = False
    """Whether the platform has told names of people in the conversation."""
    too_large: bool = False
    """Whether the messages are left out since they would not fit into one record."""
    messages: tuple[TranscriptMessage, ...] = ()

    @property
    def event_id(self) -> UUID:
        """The id of the event, which is the same each time this revision is written."""
        return transcript_event_id(self.session_id, self.revision)
