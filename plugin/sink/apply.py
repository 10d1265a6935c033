"""Application of one record of the feedback topic, or of a risk signal, to the database, in the caller's transaction.

The records of a session are ordered by (revision, closed before reopened), and erased comes after everything. The rows
of a session are those of its highest record; a lower or repeated one changes nothing, so the order of arrival does not
matter. What decides whether a session began before an erasure or a withdrawal is the broker's append time. Decisions of
supervisors stay until the session is withdrawn or erased: each names its revision and counts for
no other.
"""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col

from plugin.crypto.keys import FingerprintKey, KeyEncryptionKey
from plugin.database import holds
from plugin.database.locks import lock_conversation
from plugin.database.measure_store import (
    forget_people,
    remove_measures_of_session,
    remove_measures_with,
    remove_measures_without_session,
    remove_older_measures,
)
from plugin.database.outcome_store import remove_outcomes
from plugin.database.removal import erase_sessions, sessions_until, withdraw_session
from plugin.database.tables import StoredSession, TombstoneKind
from plugin.database.tombstone_key import tombstone_key
from plugin.database.tombstones import (
    Subject,
    add_tombstone,
    deleted_messages,
    find_tombstone_times,
    has_person_tombstone,
)
from plugin.sink.changes import change_message, remove_messages, tombstone_message
from plugin.sink.content import store_content
from plugin.sink.measures import store_measures
from plugin.sink.moments import leave_out_unconfirmed, store_shown
from plugin.sink.need import store_need
from plugin.sink.outcomes import store_outcome
from plugin.sink.outline import people_in, store_outline
from plugin.sink.risk import store_risk
from plugin.sink.sample import store_sample
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.measures import MeasuresRecord
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit, Erasure
from stream.contracts.outcomes import Outcome
from stream.contracts.risk import RiskSignal
from stream.contracts.vocabulary import SessionState

FeedbackTopicRecord = FeedbackRecord | Erasure | ConsentWithdrawal | Deletion | Edit
SinkRecord = FeedbackTopicRecord | RiskSignal | Outcome | MeasuresRecord


class ApplyResult(StrEnum):
    """The effect of a record; the values are those of the metric's label."""

    STORED = "stored"
    REPEATED = "repeated"
    OLDER = "older"
    ERASED = "erased"
    CHANGED = "changed"
    """A stored message was deleted or edited."""
    SIGNALLED = "signalled"
    """A risk signal was stored, so that it can be acknowledged."""
    RATED = "rated"
    """An outcome was stored."""
    MEASURED = "measured"
    """What measures say of a session was stored, unless that of as high a revision is."""


def apply(session: Session, kek: KeyEncryptionKey, record: SinkRecord, now: datetime) -> ApplyResult:
    """Apply one record to the database. `now` is stored as the time of its arrival."""
    lock_conversation(session, record.tenant, record.conversation_id)
    key = tombstone_key(session, kek)
    match record:
        case Erasure():
            return _erase(session, key, record, now)
        case ConsentWithdrawal():
            return _withdraw(session, key, record, now)
        case Deletion():
            _forget_measures(session, record)
            tombstone_message(session, key, record, now)
            changed = remove_messages(session, record.tenant, record.conversation_id, {record.message_id}, now)
            return ApplyResult.CHANGED if changed else ApplyResult.REPEATED
        case Edit():
            _forget_measures(session, record)
            return ApplyResult.CHANGED if change_message(session, kek, key, record, now) else ApplyResult.REPEATED
        case FeedbackRecord():
            return _store(session, kek, key, record, now)
        case RiskSignal() | Outcome() | MeasuresRecord():
            return _store_beside(session, key, record, now)


def _erase(session: Session, key: FingerprintKey, record: Erasure, now: datetime) -> ApplyResult:
    subject = Subject(TombstoneKind.ERASURE, record.tenant, record.conversation_id)
    until = record.appended_at or record.requested_at
    add_tombstone(session, key, subject, until=until, erasure_id=record.erasure_id, now=now)
    erase_sessions(session, record.tenant, record.conversation_id, until)
    return ApplyResult.ERASED


def _withdraw(session: Session, key: FingerprintKey, record: ConsentWithdrawal, now: datetime) -> ApplyResult:
    subject = Subject(TombstoneKind.WITHDRAWAL, record.tenant, record.conversation_id)
    until = record.appended_at or record.withdrawn_at
    add_tombstone(session, key, subject, until=until, erasure_id=None, now=now)
    row = _latest_session_until(session, record.tenant, record.conversation_id, until)
    if row is not None and row.state != SessionState.ERASED:
        row.stored_at = now
        withdraw_session(session, row)
    _remove_outcomes(session, record.tenant, record.conversation_id, until)
    remove_measures_without_session(session, record.tenant, record.conversation_id)  # in doubt it is about them
    return ApplyResult.ERASED


def _remove_outcomes(session: Session, tenant: str, conversation_id: str, until: datetime) -> None:
    """Remove what was given in a conversation up to a withdrawal, whichever of its sessions it was about."""
    if not holds.is_held(session, tenant, conversation_id):
        remove_outcomes(session, tenant, conversation_id, until)


def _forget_measures(session: Session, record: Deletion | Edit) -> None:
    """Remove what was said of a session whose words have changed after the stream had dropped them."""
    if not holds.is_held(session, record.tenant, record.conversation_id):
        remove_measures_with(session, record.tenant, record.conversation_id, {record.message_id})


def _store(
    session: Session, kek: KeyEncryptionKey, key: FingerprintKey, record: FeedbackRecord, now: datetime
) -> ApplyResult:
    if _is_erased(session, key, record):
        remove_measures_of_session(session, record.session_id)
        return ApplyResult.ERASED
    if record.state is SessionState.ERASED:  # a dead letter of the session must not come back as a session of its own
        subject = Subject(TombstoneKind.WITHDRAWAL, record.tenant, record.conversation_id)
        add_tombstone(session, key, subject, until=record.closed_at, erasure_id=None, now=now)
        _remove_outcomes(session, record.tenant, record.conversation_id, record.closed_at)
    row = session.get(StoredSession, record.session_id)
    if row is not None:
        stored, arriving = _precedence(row.state, row.revision), _precedence(record.state, record.revision)
        if stored == arriving:
            return ApplyResult.REPEATED
        if stored > arriving:
            return ApplyResult.OLDER
        if record.state is SessionState.ERASED and holds.is_held(session, record.tenant, record.conversation_id):
            withdraw_session(session, row)  # which keeps the outline that the hold found, too
            return ApplyResult.ERASED
    is_new = row is None
    row = store_outline(session, row, record, now)
    forget_people(session, record.session_id, record.revision)
    if record.state is SessionState.CLOSED:
        store_content(session, kek, record, now, is_new=is_new)
        remove_older_measures(session, record.session_id, record.revision)
        moments = store_shown(session, row)
        store_need(session, row)
        store_sample(session, record, is_new=is_new)
        leave_out_unconfirmed(session, row, moments, sampled=bool(record.sampled_turns))
        _remove_deleted(session, key, record, now)
    if record.state is SessionState.ERASED or _is_withdrawn(session, key, row, record):
        withdraw_session(session, row)
        return ApplyResult.ERASED
    return ApplyResult.STORED


def _store_beside(
    session: Session, key: FingerprintKey, record: RiskSignal | Outcome | MeasuresRecord, now: datetime
) -> ApplyResult:
    """Store what stands beside sessions, whether its session is stored or not."""
    if isinstance(record, RiskSignal):
        return ApplyResult.ERASED if store_risk(session, key, record, now) else ApplyResult.SIGNALLED
    if isinstance(record, MeasuresRecord):
        return ApplyResult.ERASED if store_measures(session, key, record, now) else ApplyResult.MEASURED
    return ApplyResult.ERASED if store_outcome(session, key, record, now) else ApplyResult.RATED


def _precedence(state: str, revision: int) -> tuple[bool, int, bool]:
    return state == SessionState.ERASED, revision, state == SessionState.REOPENED


def _is_erased(session: Session, key: FingerprintKey, record: FeedbackRecord) -> bool:
    conversation = Subject(TombstoneKind.ERASURE, record.tenant, record.conversation_id)
    if find_tombstone_times(session, key, conversation, record.began_at):
        return True
    return has_person_tombstone(session, key, people_in(record), record.began_at)


def _remove_deleted(session: Session, key: FingerprintKey, record: FeedbackRecord, now: datetime) -> None:
    """Remove messages that were deleted before this record came, which is then a replayed dead letter."""
    message_ids = [message.message_id for message in record.messages]
    deleted = deleted_messages(session, key, record.tenant, record.conversation_id, message_ids)
    remove_messages(session, record.tenant, record.conversation_id, deleted, now)


def _is_withdrawn(session: Session, key: FingerprintKey, row: StoredSession, record: FeedbackRecord) -> bool:
    """Return whether a withdrawal is about this session, which was the latest that had begun at that time."""
    if record.state is not SessionState.CLOSED:
        return False
    conversation = Subject(TombstoneKind.WITHDRAWAL, record.tenant, record.conversation_id)
    return any(
        _latest_session_until(session, record.tenant, record.conversation_id, withdrawn_at) == row
        for withdrawn_at in find_tombstone_times(session, key, conversation, record.began_at)
    )


def _latest_session_until(session: Session, tenant: str, conversation_id: str, until: datetime) -> StoredSession | None:
    """Return the conversation's latest session that began up to the broker time `until`."""
    return session.exec(
        sessions_until(tenant, conversation_id, until)
        .order_by(col(StoredSession.first_appended_at).desc(), col(StoredSession.session_id))
        .limit(1)
    ).first()
