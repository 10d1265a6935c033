"""One record of the feedback topic becomes rows, in the caller's transaction. Doing it again changes nothing.

The records of a session are ordered by (revision, closed before reopened), and erased comes after everything. The
rows of a session say what its highest record says; a lower one changes nothing, so the order in which they come does
not matter. Decisions of supervisors are never touched: each names its revision and holds for no other.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import defer
from sqlmodel import Session, col, delete, select
from sqlmodel.sql.expression import SelectOfScalar

from plugin.crypto.keys import FingerprintKey, KeyEncryptionKey
from plugin.queue import forgotten, holds
from plugin.queue.content import remove_content, store_content
from plugin.queue.conversation_keys import forget_unused
from plugin.queue.facts import facts_of, facts_to_json, need_of
from plugin.queue.forgotten import Subject
from plugin.queue.guard_key import guard_key
from plugin.queue.locks import lock_conversation
from plugin.queue.tables import ForgottenKind, SessionClient, SessionCounsellor, StoredAnswer, StoredSession
from plugin.queue.views import Need
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import ConsentWithdrawal, Erasure
from stream.contracts.sessions import SessionOutline
from stream.contracts.vocabulary import EndReason, LeftOut, Role, SessionState

FeedbackTopicRecord = FeedbackRecord | Erasure | ConsentWithdrawal

_WITHOUT_WORDS = defer(StoredAnswer.words, raiseload=True)  # type: ignore[arg-type] # a column, to the mapper
"""What was sealed is not read again: the sink has no right to."""


class Applied(StrEnum):
    """What became of a record; the names are those of the metric."""

    STORED = "stored"
    REPEATED = "repeated"
    OLDER = "older"
    ERASED = "erased"


def apply(session: Session, kek: KeyEncryptionKey, record: FeedbackTopicRecord, now: datetime) -> Applied:
    """Write one record. `now` is stored as the time it came."""
    lock_conversation(session, record.tenant, record.conversation_id)
    if isinstance(record, Erasure):
        return _erase(session, kek, record, now)
    if isinstance(record, ConsentWithdrawal):
        return _withdraw(session, kek, record, now)
    return _store(session, kek, record, now)


def _store(session: Session, kek: KeyEncryptionKey, record: FeedbackRecord, now: datetime) -> Applied:
    key = guard_key(session, kek)
    if _is_erased(session, key, record):
        return Applied.ERASED
    row = session.get(StoredSession, record.session_id)
    if row is not None:
        if _order(row.state, row.revision) > _order(record.state, record.revision):
            return Applied.OLDER
        if _order(row.state, row.revision) == _order(record.state, record.revision):
            return Applied.REPEATED
    row = _outline(session, row, record, now)
    if record.state is SessionState.CLOSED:
        store_content(session, kek, record, now)
        _place(session, row, record)
        withdrawn = Subject(ForgottenKind.WITHDRAWAL, record.tenant, record.conversation_id)
        for until in forgotten.until(session, key, withdrawn, record.started_at):
            if _session_at(session, record.tenant, record.conversation_id, until) == row:
                _take_back(session, row)
                return Applied.ERASED
    elif record.state is SessionState.ERASED:
        _take_back(session, row)
        return Applied.ERASED
    return Applied.STORED


def _is_erased(session: Session, key: FingerprintKey, record: FeedbackRecord) -> bool:
    erased = Subject(ForgottenKind.ERASURE, record.tenant, record.conversation_id)
    return bool(forgotten.until(session, key, erased, record.started_at)) or forgotten.is_any_of(
        session, key, people_in(record), record.started_at
    )


def people_in(record: SessionOutline) -> set[Subject]:
    """Everybody whose erasure would concern this session."""
    clients = {*record.clients, *(m.author for m in record.messages if m.role is Role.CLIENT)}
    return {Subject(ForgottenKind.CLIENT, record.tenant, name) for name in clients} | {
        Subject(ForgottenKind.COUNSELLOR, record.tenant, name) for name in record.counsellors
    }


def _order(state: str, revision: int) -> tuple[bool, int, bool]:
    return state == SessionState.ERASED, revision, state == SessionState.REOPENED


def _outline(session: Session, row: StoredSession | None, record: FeedbackRecord, now: datetime) -> StoredSession:
    """Bring the session's own row up to date, and who wrote in it."""
    values = record.model_dump(
        mode="python",
        include={"tenant", "conversation_id", "revision", "started_at", "ended_at", "closed_at", "language"},
    )
    values |= record.model_dump(mode="json", include={"state", "end_reason", "left_out", "consent", "counts", "marks"})
    values["detector"] = None if record.detector is None else record.detector.model_dump(mode="json")
    values["stored_at"] = now
    if row is None:
        nothing = {"need": Need.OTHER.value, "facts": facts_to_json(facts_of((), ()))}
        row = StoredSession(session_id=record.session_id, **nothing, **values)
    else:
        for name, value in values.items():
            setattr(row, name, value)
    session.add(row)
    session.flush()
    session.exec(delete(SessionCounsellor).where(col(SessionCounsellor.session_id) == record.session_id))
    session.add_all(
        SessionCounsellor(session_id=record.session_id, counsellor=name, tenant=record.tenant, position=position)
        for position, name in enumerate(dict.fromkeys(record.counsellors))
    )
    session.exec(delete(SessionClient).where(col(SessionClient.session_id) == record.session_id))
    session.add_all(
        SessionClient(session_id=record.session_id, client=person.pseudonym, tenant=record.tenant)
        for person in people_in(record)
        if person.kind is ForgottenKind.CLIENT
    )
    return row


def _place(session: Session, row: StoredSession, record: FeedbackRecord) -> None:
    """Work out the session's need from its marks and from the answers that stand (the first ones, not a repeat's)."""
    answers = _standing(session, record.session_id)
    facts = facts_of(record.marks, answers)
    row.facts = facts_to_json(facts)
    row.need = need_of(facts, record.marks, answers)


def _standing(session: Session, session_id: UUID) -> list[StoredAnswer]:
    of_session = select(StoredAnswer).where(col(StoredAnswer.session_id) == session_id)
    without_words = of_session.options(_WITHOUT_WORDS)
    return list(session.exec(without_words.where(col(StoredAnswer.superseded_by).is_(None))).all())


def _take_back(session: Session, row: StoredSession) -> None:
    """Keep that there was a session, left out for lack of consent; nothing of what was in it.

    Under a legal hold its content stays, and is shown to nobody.
    """
    if holds.is_held(session, row.tenant, row.conversation_id):
        row.restricted = True
        session.add(row)
        session.flush()
        return
    remove_content(session, row.session_id)
    row.state = SessionState.ERASED.value
    row.left_out = LeftOut.NO_CONSENT.value
    row.end_reason = EndReason.WITHDRAWN.value
    row.consent, row.counts, row.marks, row.detector, row.language = {}, {}, [], None, None
    row.need, row.facts, row.restricted = Need.OTHER.value, facts_to_json(facts_of((), ())), False
    session.add(row)
    session.flush()
    forget_unused(session, row.tenant, row.conversation_id)


def _withdraw(session: Session, kek: KeyEncryptionKey, record: ConsentWithdrawal, now: datetime) -> Applied:
    subject = Subject(ForgottenKind.WITHDRAWAL, record.tenant, record.conversation_id)
    key = guard_key(session, kek)
    forgotten.remember(session, key, subject, until=record.withdrawn_at, erasure_id=None, now=now)
    row = _session_at(session, record.tenant, record.conversation_id, record.withdrawn_at)
    if row is not None and row.state != SessionState.ERASED:
        row.stored_at = now
        _take_back(session, row)
    return Applied.ERASED


def _session_at(session: Session, tenant: str, conversation_id: str, at: datetime) -> StoredSession | None:
    """The conversation's latest session that began up to `at`."""
    return session.exec(
        _sessions_until(tenant, conversation_id, at)
        .order_by(col(StoredSession.started_at).desc(), col(StoredSession.session_id))
        .limit(1)
    ).first()


def _sessions_until(tenant: str, conversation_id: str, at: datetime) -> SelectOfScalar[StoredSession]:
    return select(StoredSession).where(
        col(StoredSession.tenant) == tenant,
        col(StoredSession.conversation_id) == conversation_id,
        col(StoredSession.started_at) <= at,
    )


def _erase(session: Session, kek: KeyEncryptionKey, record: Erasure, now: datetime) -> Applied:
    subject = Subject(ForgottenKind.ERASURE, record.tenant, record.conversation_id)
    key = guard_key(session, kek)
    forgotten.remember(session, key, subject, until=record.requested_at, erasure_id=record.erasure_id, now=now)
    forget_conversation(session, record.tenant, record.conversation_id, record.requested_at)
    return Applied.ERASED


def forget_conversation(session: Session, tenant: str, conversation_id: str, until: datetime) -> tuple[int, int]:
    """Remove the sessions that began up to `until`, and the data key where nothing else needs it; how many of each.

    Under a legal hold they stay, and are shown to nobody. The caller holds the conversation's lock.
    """
    rows = session.exec(_sessions_until(tenant, conversation_id, until)).all()
    held = holds.is_held(session, tenant, conversation_id)
    for row in rows:
        if held:
            row.restricted = True
        else:
            session.delete(row)  # and with it, by the database, everything that hangs on it
    session.flush()
    keys = forget_unused(session, tenant, conversation_id)
    return 0 if held else len(rows), keys


def take_back_restricted(session: Session, tenant: str, conversation_id: str, now: datetime) -> int:
    """Do what withdrawals asked for while a hold stood; how many sessions. The caller holds the conversation's lock."""
    rows = session.exec(
        select(StoredSession).where(
            col(StoredSession.tenant) == tenant,
            col(StoredSession.conversation_id) == conversation_id,
            col(StoredSession.restricted),
        )
    ).all()
    for row in rows:
        row.stored_at = now
        _take_back(session, row)
    return len(rows)
