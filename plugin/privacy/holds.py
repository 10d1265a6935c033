"""Legal holds as an operator sets and ends them; each of the two is on the trail."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database import tombstones
from plugin.database.audit import note
from plugin.database.locks import lock_conversation
from plugin.database.removal import erase_sessions, withdraw_restricted_sessions
from plugin.database.tables import ForgottenKind, Hold, StoredSession
from plugin.database.tombstone_key import guard_key
from plugin.database.tombstones import Subject
from stream.contracts.errors import Misconfigured

LONGEST_REASON = 200
"""Characters: a file number and a word, not the story."""


@dataclass(frozen=True)
class Ended:
    """What the end of a hold brought about."""

    erased: int
    """Sessions whose erasure had been asked for meanwhile."""
    withdrawn: int
    """Sessions whose consent had been taken back meanwhile."""


def add(session: Session, conversation: Subject, reason: str, now: datetime) -> int:
    """Hold a conversation; returns how many of its sessions are stored. A second time changes the reason.

    Raises:
        Misconfigured: the reason is missing or too long.
    """
    if not reason.strip() or len(reason) > LONGEST_REASON or not reason.isprintable():
        raise Misconfigured(f"A hold needs a reason of 1 to {LONGEST_REASON} printable characters, e.g. a file number.")
    lock_conversation(session, conversation.tenant, conversation.pseudonym)
    session.merge(Hold(tenant=conversation.tenant, conversation_id=conversation.pseudonym, reason=reason, added_at=now))
    session.flush()
    _note(session, conversation, "hold_added", now)
    found = select(StoredSession.session_id).where(
        col(StoredSession.tenant) == conversation.tenant, col(StoredSession.conversation_id) == conversation.pseudonym
    )
    return len(session.exec(found).all())


def remove(session: Session, kek: KeyEncryptionKey, conversation: Subject, now: datetime) -> Ended:
    """End a hold, and do what was asked for while it stood.

    Raises:
        Misconfigured: there is none.
    """
    tenant, conversation_id = conversation.tenant, conversation.pseudonym
    lock_conversation(session, tenant, conversation_id)
    row = session.get(Hold, (tenant, conversation_id))
    if row is None:
        raise Misconfigured("There is no hold on this conversation; `counterpoint hold list` names those there are.")
    session.delete(row)
    session.flush()
    key = guard_key(session, kek)
    oldest = select(StoredSession.started_at).where(
        col(StoredSession.tenant) == tenant, col(StoredSession.conversation_id) == conversation_id
    )
    since = session.exec(oldest.order_by(col(StoredSession.started_at)).limit(1)).first()
    erased = withdrawn = 0
    if since is not None:
        asked = Subject(ForgottenKind.ERASURE, tenant, conversation_id)
        for until in tombstones.until(session, key, asked, since):
            sessions, _ = erase_sessions(session, tenant, conversation_id, until)
            erased += sessions
        withdrawn = withdraw_restricted_sessions(session, tenant, conversation_id, now)
    _note(session, conversation, "hold_removed", now)
    return Ended(erased, withdrawn)


def listed(session: Session) -> list[Hold]:
    """All holds, the oldest first."""
    rows = session.exec(select(Hold).order_by(col(Hold.added_at))).all()
    session.expunge_all()
    return list(rows)


def _note(session: Session, conversation: Subject, outcome: str, now: datetime) -> None:
    note(
        session,
        None,
        purpose="hold",
        object_type="conversation",
        object_id=f"{conversation.tenant}:{conversation.pseudonym}",
        outcome=outcome,
        request_id="",
        now=now,
    )
