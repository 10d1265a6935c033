"""Show the record of a dead letter to a supervisor with a reason; every attempt is on the audit trail."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.audit import add_audit_entry
from plugin.database.engine import transaction
from plugin.database.key_encryption_key import check_key_encryption_key
from plugin.database.tables import Account, Membership, StoredSession
from plugin.database.viewer import AccountRole, Viewer
from plugin.operations.dead_letter import DeadLetter, decode_for_replay
from plugin.operations.replay_guard import (
    RecordConversation,
    conversation_of,
    holds_deleted_text,
    is_erased_or_withdrawn,
)
from plugin.plain_text import printable
from plugin.queue.scope import visible_to
from plugin.queue.views import DecisionOutcome
from stream.contracts.base import Contract
from stream.contracts.errors import Poison
from stream.contracts.measures import MeasuresRecord
from stream.contracts.messages import Message
from stream.contracts.sessions import SessionOutline
from stream.contracts.vocabulary import Role


class ReadReason(StrEnum):
    """Reasons for reading a client's text outside of the page: a closed list, since the trail holds nothing typed."""

    SAFETY = "safety"
    """Somebody may be in danger."""
    COMPLAINT = "complaint"
    CLIENT_REQUEST = "client_request"
    """The client asks for what is kept."""
    FAULT = "fault"
    """The platform's records are broken and nothing else shows how."""


@dataclass(frozen=True)
class ContentReader:
    """Reads the content of dead letters for supervisors."""

    engine: Engine = field(repr=False)
    kek: KeyEncryptionKey = field(repr=False)
    partitions: int

    def read(self, viewer: Viewer, letter: DeadLetter, reason: ReadReason) -> str | None:
        """Return the record's bytes as printable text; None when the viewer may not read them, or they were erased.

        Raises:
            Unavailable: the database is away; then nothing is shown, since the audit trail cannot be written.
            Misconfigured: the key encryption key is another one than the database's.
        """
        data = self._decode(letter)
        with transaction(self.engine) as session:
            check_key_encryption_key(session, self.kek)
            allowed = _may_read(session, viewer, conversation_of(letter, data), data)
            gone = is_erased_or_withdrawn(session, self.kek, letter, data) or holds_deleted_text(
                session, self.kek, data
            )
            shown = allowed and not gone
            add_audit_entry(
                session,
                viewer,
                purpose=f"read a dead letter: {reason.value}",
                object_type="dead_letter",
                object_id=letter.id,
                outcome=(DecisionOutcome.DONE if shown else DecisionOutcome.NOT_FOUND).value,
                request_id="",
            )
        return printable(letter.value.decode("utf-8", "backslashreplace")) if shown else None

    def _decode(self, letter: DeadLetter) -> Contract | None:
        try:
            return decode_for_replay(letter.record(self.partitions), self.partitions).data
        except Poison:
            return None


def _may_read(session: Session, viewer: Viewer, conversation: RecordConversation | None, data: Contract | None) -> bool:
    """Return whether a record is within the scope of this supervisor.

    The stored sessions of its conversation decide; where there are none, the counsellors that the record names; where
    it names none, the record is for the supervisor whose account names the platform.
    """
    if viewer.role is not AccountRole.SUPERVISOR or conversation is None:
        return False
    stored = (
        col(StoredSession.tenant) == conversation.tenant,
        col(StoredSession.conversation_id) == conversation.conversation_id,
    )
    if session.exec(select(StoredSession.session_id).where(*stored)).first() is not None:
        visible = select(StoredSession.session_id).where(*stored, visible_to(viewer))
        return session.exec(visible).first() is not None
    teams = _team_ids(session, conversation.tenant, _counsellors(data))
    return bool(teams & viewer.team_ids) if teams else viewer.tenant == conversation.tenant


def _counsellors(data: Contract | None) -> Collection[str]:
    if isinstance(data, SessionOutline | MeasuresRecord):
        return data.counsellors
    return [data.author] if isinstance(data, Message) and data.role is Role.COUNSELLOR else []


def _team_ids(session: Session, tenant: str, counsellors: Collection[str]) -> set[object]:
    found = session.exec(
        select(Membership.team_id)
        .join(Account, col(Account.account_id) == col(Membership.account_id))
        .where(col(Account.tenant) == tenant, col(Account.counsellor).in_(counsellors))
    )
    return set(found.all())
