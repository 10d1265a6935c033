"""What the messages topic holds of the conversations of some tenants, as far back as anybody looks."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from plugin.adapters.base import PlatformEvent
from stream.contracts.messages import (
    ConsentWithdrawal,
    Deletion,
    Erasure,
    Message,
    MessagesRecord,
    PersonErasure,
    SessionEnd,
)


@dataclass
class SeenConversation:
    """The events of one conversation that are on the topic."""

    messages: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    ends: set[datetime] = field(default_factory=set)
    is_refused: bool = False
    """Whether its client withdrew consent, or it was erased: nothing of it is ever published again from outside."""


@dataclass
class Seen:
    """The events of the conversations of some tenants that are on the topic; others are passed over."""

    tenants: Collection[str]
    _conversations: dict[tuple[str, str], tuple[SeenConversation, datetime]] = field(default_factory=dict)
    _erased: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def add(self, record: MessagesRecord | PlatformEvent, appended_at: datetime) -> None:
        """Add a record of the topic, or one that will be on it."""
        if isinstance(record, PersonErasure):
            self._erased[record.tenant, record.person] = appended_at
            return
        if not isinstance(record, Message | Deletion | SessionEnd | ConsentWithdrawal | Erasure):
            return
        if record.tenant not in self.tenants:
            return
        key = (record.tenant, record.conversation_id)
        known = self.conversation(*key)
        self._conversations[key] = (known, appended_at)
        match record:
            case Message():
                known.messages.add(record.message_id)
            case Deletion():
                known.deleted.add(record.message_id)
            case SessionEnd():
                known.ends.add(record.ended_at)
            case ConsentWithdrawal() | Erasure():
                known.is_refused = True

    def conversation(self, tenant: str, conversation_id: str) -> SeenConversation:
        """Return what is known of a conversation, by its pseudonym."""
        found = self._conversations.get((tenant, conversation_id))
        return SeenConversation() if found is None else found[0]

    def is_erased(self, tenant: str, person: str) -> bool:
        """Return whether a person was erased, by their pseudonym."""
        return (tenant, person) in self._erased

    def forget(self, before: datetime) -> None:
        """Forget the conversations, and the erasures of people, of which nothing came since a time."""
        self._conversations = {key: kept for key, kept in self._conversations.items() if kept[1] >= before}
        self._erased = {key: at for key, at in self._erased.items() if at >= before}
