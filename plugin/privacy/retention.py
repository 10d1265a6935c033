"""Retention: the removal of texts, quotes, assessments and audit entries when their time is over.

It is run every night; a run after an interrupted one does the rest. Each conversation is one step, and its lock keeps
the sink from writing in between. Runs share no state except their reports: what is due is what is old and still stored.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Engine, and_, exists, or_, tuple_, update
from sqlmodel import Session, col, delete, func, select

from plugin.database.audit import add_audit_entry
from plugin.database.conversation_keys import delete_unused_data_key
from plugin.database.engine import transaction
from plugin.database.holds import is_held, session_is_held
from plugin.database.locks import lock_conversation
from plugin.database.measure_store import remove_old_measures
from plugin.database.outcome_store import remove_old_outcomes
from plugin.database.removal import remove_handover_words
from plugin.database.risk_removal import remove_old_risk
from plugin.database.tables import (
    RetentionRun,
    StoredAnswer,
    StoredAttempt,
    StoredCalibration,
    StoredCalibrationMoment,
    StoredCalibrationRating,
    StoredCriterionAnswer,
    StoredDispute,
    StoredFinalLevel,
    StoredHandover,
    StoredMessage,
    StoredNote,
    StoredRehearsal,
    StoredSession,
)
from plugin.privacy.audit_trail import count_old_entries, remove_old_entries
from stream.runtime.settings import RetentionSettings

BATCH: Final = 50
"""Conversations in one transaction, which takes well under the statement timeout; a killed run loses no more work."""


@dataclass(frozen=True)
class RetentionCutoffs:
    """The broker time of each part of a session before which its last message must have come to be removed now."""

    texts: datetime
    quotes: datetime
    assessments: datetime
    audit: datetime

    @classmethod
    def at(cls, now: datetime, settings: RetentionSettings) -> Self:
        """Return the cutoffs of the settings at a time."""
        return cls(
            texts=now - timedelta(days=settings.text_days),
            quotes=now - timedelta(days=settings.quotes_days),
            assessments=now - timedelta(days=settings.assessments_days),
            audit=now - timedelta(days=settings.audit_days),
        )


@dataclass(frozen=True)
class RetentionReport:
    """The numbers of what a run did, or would do. All but the last two are numbers of sessions."""

    texts: int = 0
    quotes: int = 0
    sessions: int = 0
    held: int = 0
    keys: int = 0
    audit_entries: int = 0


def count_due(session: Session, cutoffs: RetentionCutoffs) -> RetentionReport:
    """Count what is due now, and change nothing. The number of keys is only known after a run."""
    return RetentionReport(
        texts=_count(session, _text_due(cutoffs), ~session_is_held(), ~_session_due(cutoffs)),
        quotes=_count(session, _quotes_due(cutoffs), ~session_is_held(), ~_session_due(cutoffs)),
        sessions=_count(session, _session_due(cutoffs), ~session_is_held()),
        held=_count(session, _any_due(cutoffs), session_is_held()),
        audit_entries=count_old_entries(session, cutoffs.audit),
    )


def find_interrupted_run(session: Session) -> datetime | None:
    """Return when the latest run started, if it did not finish."""
    row = session.exec(
        select(RetentionRun.started_at, RetentionRun.finished_at).order_by(col(RetentionRun.started_at).desc()).limit(1)
    ).first()
    return None if row is None or row[1] is not None else row[0]


class RetentionRunner:
    """A runner that removes everything that is due, once."""

    def __init__(self, engine: Engine, cutoffs: RetentionCutoffs, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._cutoffs = cutoffs
        self._now = now
        self._run_id = uuid4()

    def run(self, *, step: Callable[[int], object] = lambda _done: None) -> RetentionReport:
        """Remove what is due; `step` is called with the number of conversations or audit entries after each batch.

        Raises:
            Unavailable: the database is away. Run retention again.
        """
        with transaction(self._engine) as session:
            session.add(RetentionRun(run_id=self._run_id, started_at=self._now()))
        after: tuple[str, str] | None = None
        while batch := self._next_batch(after):
            after = batch[-1]
            with transaction(self._engine) as session:
                for tenant, conversation_id in batch:
                    self._add_to_report(session, self._apply(session, tenant, conversation_id))
            step(len(batch))
        self._remove_empty_calibrations()
        with transaction(self._engine) as session:
            remove_old_risk(session, self._cutoffs.texts)
            remove_old_outcomes(session, self._cutoffs.assessments)
            remove_old_measures(session, self._cutoffs.assessments)
            session.exec(delete(StoredRehearsal).where(col(StoredRehearsal.begun_at) < self._cutoffs.texts))
        while removed := self._remove_audit_entries():
            step(removed)
        return self._finish()

    def _next_batch(self, after: tuple[str, str] | None) -> Sequence[tuple[str, str]]:
        """Return the next conversations with something due, in the order in which their locks are taken."""
        conversation = tuple_(col(StoredSession.tenant), col(StoredSession.conversation_id))
        due = select(StoredSession.tenant, StoredSession.conversation_id).where(_any_due(self._cutoffs)).distinct()
        if after is not None:
            due = due.where(conversation > tuple_(*after))
        ordered = due.order_by(StoredSession.tenant, StoredSession.conversation_id).limit(BATCH)
        with transaction(self._engine) as session:
            return session.exec(ordered).all()

    def _apply(self, session: Session, tenant: str, conversation_id: str) -> RetentionReport:
        lock_conversation(session, tenant, conversation_id)
        in_conversation = col(StoredSession.tenant) == tenant, col(StoredSession.conversation_id) == conversation_id
        if is_held(session, tenant, conversation_id):
            return RetentionReport(held=_count(session, _any_due(self._cutoffs), *in_conversation))
        removed = session.exec(delete(StoredSession).where(_session_due(self._cutoffs), *in_conversation)).rowcount
        without_text = self._ids(session, _text_due(self._cutoffs), *in_conversation)
        session.exec(delete(StoredMessage).where(col(StoredMessage.session_id).in_(without_text)))
        session.exec(delete(StoredAttempt).where(col(StoredAttempt.session_id).in_(without_text)))
        without_quotes = self._ids(session, _quotes_due(self._cutoffs), *in_conversation)
        session.exec(
            update(StoredAnswer)
            .where(col(StoredAnswer.session_id).in_(without_quotes), col(StoredAnswer.has_words))
            .values(words=None)
        )
        session.exec(delete(StoredNote).where(col(StoredNote.session_id).in_(without_quotes)))  # and their comments
        remove_handover_words(session, without_quotes)
        session.exec(
            update(StoredCriterionAnswer)
            .where(col(StoredCriterionAnswer.session_id).in_(without_quotes), col(StoredCriterionAnswer.has_words))
            .values(words=None)
        )
        session.exec(delete(StoredDispute).where(col(StoredDispute.session_id).in_(without_quotes)))
        for table in (StoredCalibrationRating, StoredFinalLevel):
            of_sessions = col(table.session_id).in_(without_quotes), col(table.has_words)
            # Without the ids of the rows, which this role may not read.
            unread = update(table).where(*of_sessions).execution_options(synchronize_session=False)
            session.exec(unread.values(words=None))
        keys = delete_unused_data_key(session, tenant, conversation_id)
        return RetentionReport(texts=len(without_text), quotes=len(without_quotes), sessions=removed, keys=keys)

    def _ids(self, session: Session, *conditions: ColumnElement[bool]) -> Sequence[UUID]:
        return session.exec(select(StoredSession.session_id).where(*conditions)).all()

    def _remove_empty_calibrations(self) -> None:
        """Remove the calibrations of which no moment is left, once their moments would be as old as removed sessions.

        One that is open stays, and says that all of its moments have dropped out.
        """
        moments = select(StoredCalibrationMoment.calibration_id).where(
            col(StoredCalibrationMoment.calibration_id) == col(StoredCalibration.calibration_id)
        )
        is_old = col(StoredCalibration.deadline_at) < self._cutoffs.assessments
        with transaction(self._engine) as session:
            session.exec(delete(StoredCalibration).where(is_old, ~exists(moments.correlate(StoredCalibration))))

    def _remove_audit_entries(self) -> int:
        with transaction(self._engine) as session:
            entries = remove_old_entries(session, self._cutoffs.audit)
            self._add_to_report(session, RetentionReport(audit_entries=entries))
            return entries

    def _add_to_report(self, session: Session, done: RetentionReport) -> None:
        names = ("texts", "quotes", "sessions", "keys", "audit_entries", "held")
        values = {name: getattr(RetentionRun, name) + getattr(done, name) for name in names if getattr(done, name)}
        if values:
            session.exec(update(RetentionRun).where(col(RetentionRun.run_id) == self._run_id).values(**values))

    def _finish(self) -> RetentionReport:
        with transaction(self._engine) as session:
            row = session.get_one(RetentionRun, self._run_id)
            row.finished_at = self._now()
            session.flush()
            add_audit_entry(
                session,
                None,
                purpose="retention",
                object_type="retention_run",
                object_id=self._run_id,
                outcome="done",
                request_id="",
            )
            return RetentionReport(row.texts, row.quotes, row.sessions, row.held, row.keys, row.audit_entries)


def _text_due(cutoffs: RetentionCutoffs) -> ColumnElement[bool]:
    stored_texts = select(StoredMessage.message_id).where(
        col(StoredMessage.session_id) == col(StoredSession.session_id)
    )
    return and_(col(StoredSession.last_appended_at) < cutoffs.texts, exists(stored_texts.correlate(StoredSession)))


def _quotes_due(cutoffs: RetentionCutoffs) -> ColumnElement[bool]:
    stored_words = select(StoredAnswer.assessment_id).where(
        col(StoredAnswer.session_id) == col(StoredSession.session_id), col(StoredAnswer.has_words)
    )
    notes = select(StoredNote.note_id).where(col(StoredNote.session_id) == col(StoredSession.session_id))
    answer_notes = select(StoredCriterionAnswer.number).where(
        col(StoredCriterionAnswer.session_id) == col(StoredSession.session_id), col(StoredCriterionAnswer.has_words)
    )
    reasons = select(StoredHandover.session_id).where(
        col(StoredHandover.session_id) == col(StoredSession.session_id), col(StoredHandover.has_words)
    )
    disputes = select(StoredDispute.dispute_id).where(col(StoredDispute.session_id) == col(StoredSession.session_id))
    ratings, final_levels = (
        select(table.session_id).where(col(table.session_id) == col(StoredSession.session_id), col(table.has_words))
        for table in (StoredCalibrationRating, StoredFinalLevel)
    )
    found = (stored_words, notes, answer_notes, reasons, disputes, ratings, final_levels)
    stored = or_(*(exists(each.correlate(StoredSession)) for each in found))
    return and_(col(StoredSession.last_appended_at) < cutoffs.quotes, stored)


def _session_due(cutoffs: RetentionCutoffs) -> ColumnElement[bool]:
    return col(StoredSession.last_appended_at) < cutoffs.assessments


def _any_due(cutoffs: RetentionCutoffs) -> ColumnElement[bool]:
    return or_(_session_due(cutoffs), _text_due(cutoffs), _quotes_due(cutoffs))


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.exec(select(func.count()).select_from(StoredSession).where(*conditions)).one()
