"""Risk signals as people work on them: which are open, and that somebody says what was done about one.

A signal says where there is something to read and never holds a word. Nothing here names or counts who acknowledged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, literal, true, tuple_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from plugin.database.audit import add_audit_entry
from plugin.database.engine import Database, transaction
from plugin.database.tables import StoredRiskSignal, StoredSession
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.scope import signal_visible_to, visible_to
from plugin.queue.views import DecisionOutcome
from stream.contracts.vocabulary import Concern

PAGE: Final = 25
"""Signals of one part of a list, as sessions have it."""


class RiskAction(StrEnum):
    """What was done about a risk signal; the values are stored, and no free text is."""

    CONTACTED = "contacted"
    """Somebody spoke with the client about it."""
    PROTOCOL_STARTED = "protocol_started"
    NO_DANGER = "no_danger"
    """Somebody read the message, and it is none."""
    OTHER = "other"


class RiskState(StrEnum):
    """Which signals a list holds."""

    OPEN = "open"
    """Nobody has acknowledged it; the one that has waited longest comes first."""
    ACKNOWLEDGED = "acknowledged"
    """Somebody has, by the latest message first."""


@dataclass(frozen=True)
class RiskRow:
    """A risk signal in a list, with what became of it."""

    signal_id: UUID
    tenant: str
    conversation_id: str
    session_id: UUID
    message_id: str
    """The platform's own id of the message."""
    concerns: tuple[Concern, ...]
    heard_by: tuple[str, ...]
    appended_at: datetime
    escalated_at: datetime | None
    acknowledged_at: datetime | None
    action: RiskAction | None
    can_be_opened: bool
    """Whether its session is over, and this person may read it in the queue."""


@dataclass(frozen=True)
class RiskList:
    """A part of a list of risk signals."""

    rows: tuple[RiskRow, ...] = ()
    goes_on: bool = False


class RiskSignals:
    """The risk signals of a database. Every method may raise `Unavailable` when the database is away."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def page(self, viewer: Viewer, state: RiskState, after: UUID | None = None, *, size: int = PAGE) -> RiskList | None:
        """Return the signals after one of them, or from the beginning; none to a role that reviews no sessions.

        None where the signal that it should begin after is not there any more, or has changed its list.
        """
        if not viewer.role.reviews:
            return RiskList()
        with transaction(self._database, viewer.user_id) as session:
            theirs = and_(signal_visible_to(viewer), _is_in(state))
            begun = None if after is None else session.exec(_one(after, theirs)).first()
            if after is not None and begun is None:
                return None
            found = session.execute(
                select(StoredRiskSignal, _can_be_opened(viewer))
                .where(theirs, true() if begun is None else _comes_after(begun, state))
                .order_by(*_order(state))
                .limit(size + 1)
            ).all()
            return RiskList(tuple(_row(row, can) for row, can in found[:size]), len(found) > size)

    def count_open(self, viewer: Viewer) -> int:
        """Return how many signals nobody has acknowledged that this person may acknowledge; 0 for other roles."""
        if not viewer.role.reviews:
            return 0
        counted = select(func.count()).select_from(StoredRiskSignal)
        with transaction(self._database, viewer.user_id) as session:
            return session.exec(counted.where(signal_visible_to(viewer), _is_in(RiskState.OPEN))).one()

    def acknowledge(
        self, viewer: Viewer, signal_id: UUID, action: RiskAction, *, request_id: str = ""
    ) -> DecisionOutcome:
        """Acknowledge a signal, which is then not escalated; of several actions the latest stands.

        The time of the first acknowledgement stays. Who said it stands on the audit trail alone. An operator, whose
        token a platform's own protocol may have, acknowledges any signal by its id, and sees none.
        """
        theirs = true() if viewer.role is AccountRole.OPERATOR else signal_visible_to(viewer)
        with transaction(self._database, viewer.user_id) as session:
            row = session.exec(_one(signal_id, theirs).with_for_update(of=StoredRiskSignal)).first()
            if row is None:
                return DecisionOutcome.NOT_FOUND
            self._store(session, row, action)
            add_audit_entry(
                session,
                viewer,
                purpose="risk acknowledgement",
                object_type="risk_signal",
                object_id=signal_id,
                outcome=action.value,
                request_id=request_id,
            )
        return DecisionOutcome.DONE

    def _store(self, session: Session, row: StoredRiskSignal, action: RiskAction) -> None:
        row.acknowledged_at, row.action = row.acknowledged_at or self._now(), action.value
        session.add(row)
        session.flush()


def _one(signal_id: UUID, theirs: ColumnElement[bool]) -> SelectOfScalar[StoredRiskSignal]:
    return select(StoredRiskSignal).where(col(StoredRiskSignal.signal_id) == signal_id, theirs)


def _is_in(state: RiskState) -> ColumnElement[bool]:
    is_open = col(StoredRiskSignal.acknowledged_at).is_(None)
    return is_open if state is RiskState.OPEN else ~is_open


def _order(state: RiskState) -> list[ColumnElement[Any]]:
    columns = col(StoredRiskSignal.appended_at), col(StoredRiskSignal.signal_id)
    return [column.asc() if state is RiskState.OPEN else column.desc() for column in columns]


def _comes_after(begun: StoredRiskSignal, state: RiskState) -> ColumnElement[bool]:
    here = tuple_(col(StoredRiskSignal.appended_at), col(StoredRiskSignal.signal_id))
    there = tuple_(literal(begun.appended_at), literal(begun.signal_id))
    return here > there if state is RiskState.OPEN else here < there


def _can_be_opened(viewer: Viewer) -> ColumnElement[bool]:
    its_session = select(StoredSession.session_id).where(
        col(StoredSession.session_id) == col(StoredRiskSignal.session_id), visible_to(viewer)
    )
    return exists(its_session.correlate(StoredRiskSignal))


def _row(row: StoredRiskSignal, can_be_opened: bool) -> RiskRow:
    return RiskRow(
        signal_id=row.signal_id,
        tenant=row.tenant,
        conversation_id=row.conversation_id,
        session_id=row.session_id,
        message_id=row.message_id,
        concerns=tuple(map(Concern, row.concerns)),
        heard_by=tuple(row.heard_by),
        appended_at=row.appended_at,
        escalated_at=row.escalated_at,
        acknowledged_at=row.acknowledged_at,
        action=None if row.action is None else RiskAction(row.action),
        can_be_opened=can_be_opened,
    )
