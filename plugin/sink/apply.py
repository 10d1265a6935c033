"""Applying one record of the feedback topic to the database, in the caller's transaction; a repeat changes nothing.

The records of a session are ordered by (revision, closed before reopened), and erased comes after everything. The
rows of a session say what its highest record says; a lower one changes nothing, so the order of arrival does not
matter. Decisions of supervisors are never touched: each names its revision and holds for no other.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from plugin.crypto.keys import FingerprintKey, KeyEncryptionKey
from plugin.database import tombstones
from plugin.database.locks import lock_conversation
from plugin.database.needs import facts_of, facts_to_json, need_of
from plugin.database.removal import erase_sessions, sessions_until, withdraw_session
from plugin.database.tables import ForgottenKind, StoredAnswer, StoredSession
from plugin.database.tombstone_key import guard_key
from plugin.database.tombstones import Subject
from plugin.sink.content import store_content
from plugin.sink.outline import people_in, store_outline
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import ConsentWithdrawal, Erasure
from stream.contracts.vocabulary import SessionState

FeedbackTopicRecord = FeedbackRecord | Erasure | ConsentWithdrawal

_WITHOUT_WORDS = defer(StoredAnswer.words, raiseload=True)  # type: ignore[arg-type] # a column, to the mapper
"""The sink has no right to read what was encrypted."""


class Applied(StrEnum):
    """The effect of a record; the values are those of the metric's label."""

    STORED = "stored"
    REPEATED = "repeated"
    OLDER = "older"
    ERASED = "erased"


def apply(session: Session, kek: KeyEncryptionKey, record: FeedbackTopicRecord, now: datetime) -> Applied:
    """Write one record. `now` is stored as the time of its arrival."""
    lock_conversation(session, record.tenant, record.conversation_id)
    key = guard_key(session, kek)
    match record:
        case Erasure():
            return _erase(session, key, record, now)
        case ConsentWithdrawal():
            return _withdraw(session, key, record, now)
        case FeedbackRecord():
            return _store(session, kek, key, record, now)


def _erase(session: Session, key: FingerprintKey, record: Erasure, now: datetime) -> Applied:
    subject = Subject(ForgottenKind.ERASURE, record.tenant, record.conversation_id)
    tombstones.remember(session, key, subject, until=record.requested_at, erasure_id=record.erasure_id, now=now)
    erase_sessions(session, record.tenant, record.conversation_id, record.requested_at)
    return Applied.ERASED


def _withdraw(session: Session, key: FingerprintKey, record: ConsentWithdrawal, now: datetime) -> Applied:
    subject = Subject(ForgottenKind.WITHDRAWAL, record.tenant, record.conversation_id)
    tombstones.remember(session, key, subject, until=record.withdrawn_at, erasure_id=None, now=now)
    row = _session_at(session, record.tenant, record.conversation_id, record.withdrawn_at)
    if row is not None and row.state != SessionState.ERASED:
        row.stored_at = now
        withdraw_session(session, row)
    return Applied.ERASED


def _store(
    session: Session, kek: KeyEncryptionKey, key: FingerprintKey, record: FeedbackRecord, now: datetime
) -> Applied:
    if _is_erased(session, key, record):
        return Applied.ERASED
    row = session.get(StoredSession, record.session_id)
    if row is not None and _order(row.state, row.revision) >= _order(record.state, record.revision):
        is_same = _order(row.state, row.revision) == _order(record.state, record.revision)
        return Applied.REPEATED if is_same else Applied.OLDER
    row = store_outline(session, row, record, now)
    if record.state is SessionState.CLOSED:
        store_content(session, kek, record, now)
        _store_need(session, row, record)
    if record.state is SessionState.ERASED or _is_withdrawn(session, key, row, record):
        withdraw_session(session, row)
        return Applied.ERASED
    return Applied.STORED


def _order(state: str, revision: int) -> tuple[bool, int, bool]:
    return state == SessionState.ERASED, revision, state == SessionState.REOPENED


def _is_erased(session: Session, key: FingerprintKey, record: FeedbackRecord) -> bool:
    erased = Subject(ForgottenKind.ERASURE, record.tenant, record.conversation_id)
    return bool(tombstones.until(session, key, erased, record.started_at)) or tombstones.is_any_of(
        session, key, people_in(record), record.started_at
    )


def _is_withdrawn(session: Session, key: FingerprintKey, row: StoredSession, record: FeedbackRecord) -> bool:
    """Whether a withdrawal known already speaks of this session: it names the latest that had begun by then."""
    withdrawn = Subject(ForgottenKind.WITHDRAWAL, record.tenant, record.conversation_id)
    return record.state is SessionState.CLOSED and any(
        _session_at(session, record.tenant, record.conversation_id, until) == row
        for until in tombstones.until(session, key, withdrawn, record.started_at)
    )


def _session_at(session: Session, tenant: str, conversation_id: str, at: datetime) -> StoredSession | None:
    """The conversation's latest session that began up to `at`."""
    return session.exec(
        sessions_until(tenant, conversation_id, at)
        .order_by(col(StoredSession.started_at).desc(), col(StoredSession.session_id))
        .limit(1)
    ).first()


def _store_need(session: Session, row: StoredSession, record: FeedbackRecord) -> None:
    """Derive the session's need from its marks and from the answers that stand (the first ones, not a repeat's)."""
    standing = select(StoredAnswer).where(
        col(StoredAnswer.session_id) == record.session_id, col(StoredAnswer.superseded_by).is_(None)
    )
    answers = session.exec(standing.options(_WITHOUT_WORDS)).all()
    facts = facts_of(record.marks, answers)
    row.facts = facts_to_json(facts)
    row.need = need_of(facts, record.marks, answers)
