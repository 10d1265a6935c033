"""What must not come back: asked before a dead letter is sent again, or its words are shown."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlmodel import Session

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database import tombstones
from plugin.database.tables import ForgottenKind
from plugin.database.tombstone_key import guard_key
from plugin.database.tombstones import Subject
from plugin.operations.dead_letter import Letter
from stream.contracts.base import Contract
from stream.contracts.messages import ConsentWithdrawal, ConversationEvent, Edit, Erasure, Message, PersonErasure
from stream.contracts.sessions import SessionOutline
from stream.contracts.vocabulary import Role

_KEY: Final = re.compile(rb"([a-z0-9][a-z0-9-]{0,62}):([A-Za-z0-9_.~-]{1,128})")
_TIMES: Final = ("sent_at", "edited_at", "deleted_at", "ended_at", "started_at")
"""Fields by which a record says when what it tells of happened."""


@dataclass(frozen=True)
class Conversation:
    """Whose record it is."""

    tenant: str
    conversation_id: str


def conversation_of(letter: Letter, data: Contract | None) -> Conversation | None:
    """As the record says, or as its key does where the record cannot be read; None when neither tells."""
    if isinstance(data, ConversationEvent | SessionOutline):
        return Conversation(data.tenant, data.conversation_id)
    found = _KEY.fullmatch(letter.key or b"")
    return None if found is None else Conversation(found[1].decode(), found[2].decode())


def has_consent(data: Contract) -> bool:
    """Whether text travels with the client's consent; what carries no text needs none."""
    return data.consent.processing if isinstance(data, Message | Edit) else True


def is_forgotten(session: Session, kek: KeyEncryptionKey, letter: Letter, data: Contract | None) -> bool:
    """Whether an erasure or a withdrawal came that may mean this record.

    In doubt it does: the record counts from the earliest time it can be of (its own, or when the broker first took
    it), and a withdrawal speaks for everything before it. Withdrawals and erasures themselves only take away, so they
    may always go on.
    """
    whose = conversation_of(letter, data)
    if whose is None or isinstance(data, Erasure | ConsentWithdrawal | PersonErasure):
        return False
    ms = letter.set_aside_ms if letter.appended_ms is None else letter.appended_ms
    own = [time for time in (getattr(data, name, None) for name in _TIMES) if isinstance(time, datetime)]
    since = min([datetime.fromtimestamp(ms / 1000, UTC), *own])
    key = guard_key(session, kek)
    kinds = (ForgottenKind.ERASURE, ForgottenKind.WITHDRAWAL)
    subjects = [Subject(kind, whose.tenant, whose.conversation_id) for kind in kinds]
    return any(tombstones.until(session, key, subject, since) for subject in subjects) or tombstones.is_any_of(
        session, key, _people(whose.tenant, data), since
    )


def _people(tenant: str, data: Contract | None) -> list[Subject]:
    clients: Sequence[str] = ()
    counsellors: Sequence[str] = ()
    if isinstance(data, SessionOutline):
        clients, counsellors = data.clients, data.counsellors
    elif isinstance(data, Message) and data.role is Role.CLIENT:
        clients = [data.author]
    elif isinstance(data, Message) and data.role is Role.COUNSELLOR:
        counsellors = [data.author]
    return [Subject(ForgottenKind.CLIENT, tenant, name) for name in clients] + [
        Subject(ForgottenKind.COUNSELLOR, tenant, name) for name in counsellors
    ]
