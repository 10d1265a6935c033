"""The clocks of what is stored: text, quotations, assessments, the trail. Run nightly; running it again does the rest.

A conversation is one step: its lock keeps the sink from writing in between. Nothing is remembered between two runs
but the report: what is due is what is old and still there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Engine, and_, exists, or_, tuple_, update
from sqlmodel import Session, col, delete, func, select

from plugin.database import holds
from plugin.database.audit import note
from plugin.database.conversation_keys import delete_unused_key
from plugin.database.engine import transaction
from plugin.database.locks import lock_conversation
from plugin.database.tables import RetentionRun, StoredAnswer, StoredMessage, StoredSession
from plugin.privacy import trail
from stream.runtime.settings import Retention

BATCH: Final = 50
"""Conversations a transaction: well under the statement timeout, and a kill loses no more than these."""


@dataclass(frozen=True)
class Clocks:
    """What ended before each of these times has had its time."""

    texts: datetime
    quotes: datetime
    assessments: datetime
    audit: datetime

    @classmethod
    def at(cls, now: datetime, settings: Retention) -> Self:
        """The times as the settings have them."""
        return cls(
            texts=now - timedelta(days=settings.text_days),
            quotes=now - timedelta(days=settings.quotes_days),
            assessments=now - timedelta(days=settings.assessments_days),
            audit=now - timedelta(days=settings.audit_days),
        )


@dataclass(frozen=True)
class Report:
    """What a run did, or would do. All but the last two are numbers of sessions."""

    texts: int = 0
    quotes: int = 0
    sessions: int = 0
    held: int = 0
    keys: int = 0
    audit_entries: int = 0


def due(session: Session, clocks: Clocks) -> Report:
    """What is due now; changes nothing. Keys cannot be told before."""
    held = ~_is_free()
    return Report(
        texts=_count(session, _text_due(clocks), _is_free(), ~_session_due(clocks)),
        quotes=_count(session, _quotes_due(clocks), _is_free(), ~_session_due(clocks)),
        sessions=_count(session, _session_due(clocks), _is_free()),
        held=_count(session, _any_due(clocks), held),
        audit_entries=trail.count_before(session, clocks.audit),
    )


def broken_off(session: Session) -> datetime | None:
    """When the latest run began, if it did not end."""
    row = session.exec(
        select(RetentionRun.started_at, RetentionRun.finished_at).order_by(col(RetentionRun.started_at).desc()).limit(1)
    ).first()
    return None if row is None or row[1] is not None else row[0]


class Keeper:
    """One run."""

    def __init__(self, engine: Engine, clocks: Clocks, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clocks = clocks
        self._now = now
        self._run = uuid4()

    def run(self, *, step: Callable[[int], object] = lambda _done: None) -> Report:
        """Do what is due; `step` hears how many conversations or entries are done.

        Raises:
            Unavailable: the database is away. Run it again.
        """
        with transaction(self._engine) as session:
            session.add(RetentionRun(run_id=self._run, started_at=self._now()))
        after: tuple[str, str] | None = None
        while batch := self._next(after):
            after = batch[-1]
            with transaction(self._engine) as session:
                for tenant, conversation_id in batch:
                    self._add(session, self._keep(session, tenant, conversation_id))
            step(len(batch))
        while cut := self._cut():
            step(cut)
        return self._finish()

    def _next(self, after: tuple[str, str] | None) -> Sequence[tuple[str, str]]:
        """The next conversations with something due, in the order in which their locks are taken."""
        place = tuple_(col(StoredSession.tenant), col(StoredSession.conversation_id))
        wanted = select(StoredSession.tenant, StoredSession.conversation_id).where(_any_due(self._clocks)).distinct()
        if after is not None:
            wanted = wanted.where(place > tuple_(*after))
        ordered = wanted.order_by(StoredSession.tenant, StoredSession.conversation_id).limit(BATCH)
        with transaction(self._engine) as session:
            return session.exec(ordered).all()

    def _keep(self, session: Session, tenant: str, conversation_id: str) -> Report:
        lock_conversation(session, tenant, conversation_id)
        mine = col(StoredSession.tenant) == tenant, col(StoredSession.conversation_id) == conversation_id
        if holds.is_held(session, tenant, conversation_id):
            return Report(held=_count(session, _any_due(self._clocks), *mine))
        gone = session.exec(delete(StoredSession).where(_session_due(self._clocks), *mine)).rowcount
        without_text = self._ids(session, _text_due(self._clocks), *mine)
        session.exec(delete(StoredMessage).where(col(StoredMessage.session_id).in_(without_text)))
        without_quotes = self._ids(session, _quotes_due(self._clocks), *mine)
        session.exec(
            update(StoredAnswer)
            .where(col(StoredAnswer.session_id).in_(without_quotes), col(StoredAnswer.has_words))
            .values(words=None)
        )
        keys = delete_unused_key(session, tenant, conversation_id)
        return Report(texts=len(without_text), quotes=len(without_quotes), sessions=gone, keys=keys)

    def _ids(self, session: Session, *conditions: ColumnElement[bool]) -> Sequence[UUID]:
        return session.exec(select(StoredSession.session_id).where(*conditions)).all()

    def _cut(self) -> int:
        with transaction(self._engine) as session:
            entries = trail.cut(session, self._clocks.audit, self._now())
            self._add(session, Report(audit_entries=entries))
            return entries

    def _add(self, session: Session, done: Report) -> None:
        names = ("texts", "quotes", "sessions", "keys", "audit_entries", "held")
        values = {name: getattr(RetentionRun, name) + getattr(done, name) for name in names if getattr(done, name)}
        if values:
            session.exec(update(RetentionRun).where(col(RetentionRun.run_id) == self._run).values(**values))

    def _finish(self) -> Report:
        with transaction(self._engine) as session:
            row = session.get_one(RetentionRun, self._run)
            row.finished_at = self._now()
            session.flush()
            note(
                session,
                None,
                purpose="retention",
                object_type="retention_run",
                object_id=self._run,
                outcome="done",
                request_id="",
                now=self._now(),
            )
            return Report(row.texts, row.quotes, row.sessions, row.held, row.keys, row.audit_entries)


def _text_due(clocks: Clocks) -> ColumnElement[bool]:
    texts = select(StoredMessage.message_id).where(col(StoredMessage.session_id) == col(StoredSession.session_id))
    return and_(col(StoredSession.ended_at) < clocks.texts, exists(texts.correlate(StoredSession)))


def _quotes_due(clocks: Clocks) -> ColumnElement[bool]:
    words = select(StoredAnswer.assessment_id).where(
        col(StoredAnswer.session_id) == col(StoredSession.session_id), col(StoredAnswer.has_words)
    )
    return and_(col(StoredSession.ended_at) < clocks.quotes, exists(words.correlate(StoredSession)))


def _session_due(clocks: Clocks) -> ColumnElement[bool]:
    return col(StoredSession.ended_at) < clocks.assessments


def _any_due(clocks: Clocks) -> ColumnElement[bool]:
    return or_(_session_due(clocks), _text_due(clocks), _quotes_due(clocks))


def _is_free() -> ColumnElement[bool]:
    return ~holds.of_session()


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.exec(select(func.count()).select_from(StoredSession).where(*conditions)).one()
