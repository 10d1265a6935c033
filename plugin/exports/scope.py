"""The sessions that an export takes from, within what its supervisor may see, and the therapists whom it concerns."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlmodel import Session, col, select

from plugin.database.engine import transaction
from plugin.database.tables import (
    Account,
    SessionCounsellor,
    StoredAnswer,
    StoredCriterionAnswer,
    StoredLabel,
    StoredMeasures,
    StoredOutcome,
    StoredSession,
)
from plugin.database.viewer import AccountRole, Viewer
from plugin.exports.run import ExportRun
from plugin.queue.scope import visible_to
from stream.contracts.errors import Misconfigured

SESSIONS_AT_ONCE: Final = 100
"""Sessions that one transaction reads: few enough to be in memory, and to be read well within a statement's time."""


@dataclass(frozen=True)
class SessionKey:
    """A session with its platform and its conversation."""

    session_id: UUID
    tenant: str
    conversation_id: str


def with_answers(*, agreed_alone: bool) -> ColumnElement[bool]:
    """Return the condition that a session has answers; `agreed_alone` leaves out those without secondary use."""
    answers = (
        select(StoredAnswer.assessment_id)
        .where(col(StoredAnswer.session_id) == col(StoredSession.session_id), col(StoredAnswer.superseded_by).is_(None))
        .correlate(StoredSession)
    )
    return and_(exists(answers), _is_agreed()) if agreed_alone else exists(answers)


def with_reviews() -> ColumnElement[bool]:
    """Return the condition that somebody reviewed a session whose clients agreed to secondary use."""
    labels = (
        select(StoredLabel.number)
        .where(col(StoredLabel.session_id) == col(StoredSession.session_id))
        .correlate(StoredSession)
    )
    return and_(exists(labels), _is_agreed())


def with_criterion_answers(*, agreed_alone: bool) -> ColumnElement[bool]:
    """Return the condition that a criterion was answered; `agreed_alone` leaves out those without secondary use."""
    answers = (
        select(StoredCriterionAnswer.number)
        .where(col(StoredCriterionAnswer.session_id) == col(StoredSession.session_id))
        .correlate(StoredSession)
    )
    return and_(exists(answers), _is_agreed()) if agreed_alone else exists(answers)


def with_outcomes() -> ColumnElement[bool]:
    """Return the condition that a session's conversation has outcomes, and its clients agreed to secondary use."""
    outcomes = (
        select(StoredOutcome.outcome_key)
        .where(
            col(StoredOutcome.tenant) == col(StoredSession.tenant),
            col(StoredOutcome.conversation_id) == col(StoredSession.conversation_id),
            col(StoredOutcome.secondary_use),
        )
        .correlate(StoredSession)
    )
    return and_(exists(outcomes), _is_agreed())


def with_measures() -> ColumnElement[bool]:
    """Return the condition that a session was measured as it is now, and its clients agreed to secondary use."""
    measures = (
        select(StoredMeasures.session_id)
        .where(
            col(StoredMeasures.session_id) == col(StoredSession.session_id),
            col(StoredMeasures.revision) == col(StoredSession.revision),
            col(StoredMeasures.absent).is_(None),
        )
        .correlate(StoredSession)
    )
    return and_(exists(measures), _is_agreed())


def for_studies() -> ColumnElement[bool]:
    """Return the condition that a session has answers, measures or outcomes, and its clients agreed to that use."""
    return or_(with_answers(agreed_alone=True), with_measures(), with_outcomes())


def find_sessions(run: ExportRun, condition: ColumnElement[bool]) -> tuple[list[SessionKey], set[UUID]]:
    """Return the sessions that an export takes from, and the accounts of the therapists who wrote in them.

    Raises:
        Misconfigured: somebody asks who is no supervisor, or a platform's pseudonym key is missing.
    """
    if run.viewer.role is not AccountRole.SUPERVISOR:
        raise Misconfigured("A supervisor alone exports, from the sessions of their own teams.")
    therapists: set[UUID] = set()
    with transaction(run.engine, run.viewer.user_id) as session:
        sessions = _sessions(session, run.viewer, condition)
        for ids in portions(sessions):
            therapists |= {one.account_id for accounts in therapists_of(session, ids).values() for one in accounts}
    for tenant in {key.tenant for key in sessions}:
        run.pseudonyms.of(tenant)
    return sessions, therapists


def _sessions(session: Session, viewer: Viewer, condition: ColumnElement[bool]) -> list[SessionKey]:
    """Return the sessions that this supervisor may see and that meet the condition.

    They come in the order of their ids, which says nothing of their times.
    """
    found = session.exec(
        select(StoredSession.session_id, StoredSession.tenant, StoredSession.conversation_id)
        .where(visible_to(viewer), condition)
        .order_by(col(StoredSession.session_id))
    )
    return [SessionKey(*row) for row in found]


def portions(sessions: Sequence[SessionKey]) -> Iterator[list[UUID]]:
    """Yield the ids of the sessions, as many at once as one transaction reads."""
    for begin in range(0, len(sessions), SESSIONS_AT_ONCE):
        yield [key.session_id for key in sessions[begin : begin + SESSIONS_AT_ONCE]]


def therapists_of(session: Session, sessions: Sequence[UUID]) -> dict[UUID, list[Account]]:
    """Return the accounts of the therapists who wrote in some sessions."""
    found = session.exec(
        select(SessionCounsellor.session_id, Account)
        .join(
            Account,
            and_(
                col(Account.tenant) == col(SessionCounsellor.tenant),
                col(Account.counsellor) == col(SessionCounsellor.counsellor),
            ),
        )
        .where(col(SessionCounsellor.session_id).in_(sessions), col(Account.role) == AccountRole.THERAPIST.value)
        .order_by(col(SessionCounsellor.position))
    )
    accounts: dict[UUID, list[Account]] = defaultdict(list)
    for session_id, account in found:
        accounts[session_id].append(account)
    return accounts


def _is_agreed() -> ColumnElement[bool]:
    agreed: ColumnElement[bool] = col(StoredSession.consent)["secondary_use"].as_boolean()
    return agreed
