"""Legal holds: adding, removing and listing them. Additions and removals are recorded in the audit trail."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.audit import add_audit_entry
from plugin.database.locks import lock_conversation
from plugin.database.measure_store import remove_measures_without_session
from plugin.database.outcome_store import oldest_outcome, remove_outcomes
from plugin.database.removal import erase_sessions, withdraw_restricted_sessions
from plugin.database.tables import Hold, StoredSession, TombstoneKind
from plugin.database.tombstone_key import tombstone_key
from plugin.database.tombstones import Subject, find_tombstone_times
from stream.contracts.errors import Misconfigured

MAX_REASON_CHARACTERS = 200
"""Characters; enough for a file number and a word, too few for an account of the case."""


@dataclass(frozen=True)
class HoldRemoval:
    """The removals that had waited for the end of a hold."""

    erased: int
    """The number of sessions whose erasure was requested during the hold."""
    withdrawn: int
    """The number of sessions whose consent was withdrawn during the hold."""


def add_hold(session: Session, conversation: Subject, reason: str, now: datetime) -> int:
    """Put a conversation under a legal hold, or change the hold's reason; return how many of its sessions are stored.

    Raises:
        Misconfigured: the reason is missing or too long.
    """
    if not reason.strip() or len(reason) > MAX_REASON_CHARACTERS or not reason.isprintable():
        raise Misconfigured(
            f"A hold needs a reason of 1 to {MAX_REASON_CHARACTERS} printable characters, e.g. a file number."
        )
    lock_conversation(session, conversation.tenant, conversation.pseudonym)
    session.merge(Hold(tenant=conversation.tenant, conversation_id=conversation.pseudonym, reason=reason, added_at=now))
    session.flush()
    _audit(session, conversation, "hold_added")
    found = select(StoredSession.session_id).where(
        col(StoredSession.tenant) == conversation.tenant, col(StoredSession.conversation_id) == conversation.pseudonym
    )
    return len(session.exec(found).all())


def remove_hold(session: Session, kek: KeyEncryptionKey, conversation: Subject, now: datetime) -> HoldRemoval:
    """End a legal hold, and apply the erasures and withdrawals that were requested during it.

    Raises:
        Misconfigured: there is no hold on the conversation.
    """
    tenant, conversation_id = conversation.tenant, conversation.pseudonym
    lock_conversation(session, tenant, conversation_id)
    row = session.get(Hold, (tenant, conversation_id))
    if row is None:
        raise Misconfigured("There is no hold on this conversation; `counterpoint hold list` shows all holds.")
    session.delete(row)
    session.flush()
    key = tombstone_key(session, kek)
    oldest_first = select(StoredSession.first_appended_at).where(
        col(StoredSession.tenant) == tenant, col(StoredSession.conversation_id) == conversation_id
    )
    first = session.exec(oldest_first.order_by(col(StoredSession.first_appended_at)).limit(1)).first()
    remove_measures_without_session(session, tenant, conversation_id)  # erased or withdrawn meanwhile, in doubt
    stored = [time for time in (first, oldest_outcome(session, tenant, conversation_id)) if time is not None]
    erased = withdrawn = 0
    if stored:
        since = min(stored)
        subject = Subject(TombstoneKind.ERASURE, tenant, conversation_id)
        for until in find_tombstone_times(session, key, subject, since):
            sessions, _ = erase_sessions(session, tenant, conversation_id, until)
            erased += sessions
        for until in find_tombstone_times(session, key, replace(subject, kind=TombstoneKind.WITHDRAWAL), since):
            remove_outcomes(session, tenant, conversation_id, until)
        withdrawn = withdraw_restricted_sessions(session, tenant, conversation_id, now)
    _audit(session, conversation, "hold_removed")
    return HoldRemoval(erased, withdrawn)


def list_holds(session: Session) -> list[Hold]:
    """Return all legal holds, the oldest first."""
    rows = session.exec(select(Hold).order_by(col(Hold.added_at))).all()
    session.expunge_all()
    return list(rows)


def _audit(session: Session, conversation: Subject, outcome: str) -> None:
    add_audit_entry(
        session,
        None,
        purpose="hold",
        object_type="conversation",
        object_id=f"{conversation.tenant}:{conversation.pseudonym}",
        outcome=outcome,
        request_id="",
    )
