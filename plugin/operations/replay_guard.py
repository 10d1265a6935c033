"""The check whether a dead letter's record may come back, made before it is replayed and before its text is shown."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlmodel import Session

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.tables import TombstoneKind
from plugin.database.tombstone_key import tombstone_key
from plugin.database.tombstones import Subject, deleted_messages, find_tombstone_times, has_person_tombstone
from plugin.operations.dead_letter import DeadLetter
from stream.contracts.base import Contract, ConversationRecord
from stream.contracts.measures import MeasuresRecord
from stream.contracts.messages import ConsentWithdrawal, Edit, Erasure, Message, PersonErasure
from stream.contracts.outcomes import Outcome
from stream.contracts.sessions import SessionOutline
from stream.contracts.vocabulary import Role

_KEY: Final = re.compile(rb"([a-z0-9][a-z0-9-]{0,62}):([A-Za-z0-9_.~-]{1,128})")
_TIMES: Final = ("sent_at", "edited_at", "deleted_at", "ended_at", "started_at", "first_appended_at", "appended_at")
"""Fields that say when what a record is about happened."""


@dataclass(frozen=True)
class RecordConversation:
    """The conversation that a record is of."""

    tenant: str
    conversation_id: str


def conversation_of(letter: DeadLetter, data: Contract | None) -> RecordConversation | None:
    """Return the conversation named by the record, or by its key where the record cannot be read; None without both."""
    if isinstance(data, ConversationRecord):
        return RecordConversation(data.tenant, data.conversation_id)
    found = _KEY.fullmatch(letter.key or b"")
    return None if found is None else RecordConversation(found[1].decode(), found[2].decode())


def has_consent(data: Contract) -> bool:
    """Return whether a record with text, or an outcome, has the client's consent; no other record needs it."""
    return data.consent.processing if isinstance(data, Message | Edit | Outcome) else True


def is_erased_or_withdrawn(session: Session, kek: KeyEncryptionKey, letter: DeadLetter, data: Contract | None) -> bool:
    """Return whether an erasure, a withdrawal or a deletion came that may mean this record.

    In doubt it does: the record counts from the earliest time it can be of (its own, or when the broker first took
    it), and a withdrawal speaks for everything before it. Withdrawals and erasures themselves only take away, so they
    may always go on.
    """
    conversation = conversation_of(letter, data)
    if conversation is None or isinstance(data, Erasure | ConsentWithdrawal | PersonErasure):
        return False
    taken_ms = letter.set_aside_ms if letter.appended_ms is None else letter.appended_ms
    own_times = [time for time in (getattr(data, name, None) for name in _TIMES) if isinstance(time, datetime)]
    since = min([datetime.fromtimestamp(taken_ms / 1000, UTC), *own_times])
    key = tombstone_key(session, kek)
    kinds = (TombstoneKind.ERASURE, TombstoneKind.WITHDRAWAL)
    subjects = [Subject(kind, conversation.tenant, conversation.conversation_id) for kind in kinds]
    if any(find_tombstone_times(session, key, subject, since) for subject in subjects):
        return True
    if isinstance(data, Message | Edit) and holds_deleted_text(session, kek, data):
        return True
    return has_person_tombstone(session, key, _person_subjects(conversation.tenant, data), since)


def holds_deleted_text(session: Session, kek: KeyEncryptionKey, data: Contract | None) -> bool:
    """Return whether a record has the text of a message that was deleted after its session was stored.

    A session record that has one may be replayed, since the sink leaves the message out; it may not be shown.
    """
    if isinstance(data, Message | Edit):
        message_ids = [data.message_id]
    elif isinstance(data, SessionOutline):
        message_ids = [message.message_id for message in data.messages]
    else:
        return False
    return bool(deleted_messages(session, tombstone_key(session, kek), data.tenant, data.conversation_id, message_ids))


def _person_subjects(tenant: str, data: Contract | None) -> list[Subject]:
    clients: Sequence[str] = ()
    counsellors: Sequence[str] = ()
    if isinstance(data, SessionOutline | MeasuresRecord):
        clients, counsellors = data.clients, data.counsellors
    elif isinstance(data, Outcome) and data.given_by is Role.CLIENT:
        clients = [data.author]
    elif isinstance(data, Outcome):
        counsellors = [data.author]
    elif isinstance(data, Message) and data.role is Role.CLIENT:
        clients = [data.author]
    elif isinstance(data, Message) and data.role is Role.COUNSELLOR:
        counsellors = [data.author]
    return [Subject(TombstoneKind.CLIENT, tenant, name) for name in clients] + [
        Subject(TombstoneKind.COUNSELLOR, tenant, name) for name in counsellors
    ]
