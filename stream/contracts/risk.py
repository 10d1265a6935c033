"""`counterpoint.risk.v1`: one record for each revision of a client's message in which risk language was heard.

It is the only record that leaves while a session is open. It says that there is something to read, and where; it holds
no text, no score and no level.
"""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from stream.contracts.base import ConversationRecord, MessageId, Utc
from stream.contracts.ids import risk_signal_id
from stream.contracts.vocabulary import Concern, HeardBy


class RiskSignal(ConversationRecord):
    """A signal to the platform's own protocol that a client's message holds risk language."""

    event_type: ClassVar[str] = "counterpoint.risk.v1"

    session_id: UUID
    message_id: MessageId
    revision: int = Field(ge=0)
    concerns: tuple[Concern, ...] = Field(min_length=1)
    """What the words may speak of: suicide, self_harm, harm_to_others, abuse."""
    heard_by: tuple[HeardBy, ...] = Field(min_length=1)
    appended_at: Utc
    """The broker's append time of the message, or of the edit that brought these words."""

    @property
    def event_id(self) -> UUID:
        """The id of the signal, which is the same each time it is raised for this revision of the message."""
        return risk_signal_id(self.tenant, self.conversation_id, self.message_id, self.revision)
