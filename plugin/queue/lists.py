"""What stands in lists: a supervisor's queue, a therapist's own sessions, an operator's numbers. No text is read."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_
from sqlmodel import Session, col, select

from plugin.database.needs import Need, facts_from_json
from plugin.database.tables import (
    Account,
    SessionCounsellor,
    StoredAnswer,
    StoredDecision,
    StoredExchange,
    StoredSession,
)
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.scope import has_team, is_decided, is_for_therapist, visible
from plugin.queue.views import Accounted, Decision, DecisionKind, OperatorCounts, OwnRow, Queue, SessionRow
from stream.contracts.sessions import Counts
from stream.contracts.vocabulary import EndReason, LeftOut, NeedsHuman, SessionState

LIST_LIMIT: Final = 200
"""Rows of one list: more than anybody reads between two sessions."""
_PSEUDONYM_SHOWN: Final = 6
"""Letters of a pseudonym: enough to tell the people of one team apart."""


def queue_of(session: Session, viewer: Viewer) -> Queue:
    """A supervisor's three lists."""
    waiting, decided, left_out = and_(_has_place(), ~is_decided()), and_(_has_place(), is_decided()), ~_has_place()
    by_need = (col(StoredSession.need).asc(), col(StoredSession.ended_at).asc(), col(StoredSession.session_id).asc())
    latest = (col(StoredSession.ended_at).desc(), col(StoredSession.session_id).asc())
    decided_rows = _rows(session, viewer, decided, latest)
    return Queue(
        waiting=_rows(session, viewer, waiting, by_need),
        decided=tuple(sorted(decided_rows, key=lambda row: row.decision.at if row.decision else row.ended_at))[::-1],
        left_out=_rows(session, viewer, left_out, latest),
        waiting_total=_count(session, visible(viewer), waiting),
        decided_total=_count(session, visible(viewer), decided),
        left_out_total=_count(session, visible(viewer), left_out),
    )


def own_of(session: Session, viewer: Viewer) -> tuple[OwnRow, ...]:
    """A therapist's released sessions, latest release first."""
    moments = (
        select(func.count())
        .select_from(StoredExchange)
        .join(StoredAnswer, col(StoredAnswer.exchange_id) == col(StoredExchange.exchange_id))
        .where(
            col(StoredExchange.session_id) == col(StoredSession.session_id),
            col(StoredExchange.counsellor) == viewer.counsellor,
            is_for_therapist(),
        )
        .correlate(StoredSession)
        .scalar_subquery()
    )
    found = session.exec(
        select(StoredSession, StoredDecision, Account.display_name, moments)
        .join(
            StoredDecision,
            and_(
                col(StoredDecision.session_id) == col(StoredSession.session_id),
                col(StoredDecision.revision) == col(StoredSession.revision),
            ),
        )
        .join(Account, col(Account.account_id) == col(StoredDecision.account_id))
        .where(visible(viewer))
        .order_by(col(StoredDecision.decided_at).desc())
        .limit(LIST_LIMIT)
    )
    return tuple(
        OwnRow(
            session_id=row.session_id,
            started_at=row.started_at,
            ended_at=row.ended_at,
            moments=count,
            released_at=decision.decided_at,
            released_by=by,
        )
        for row, decision, by, count in found
    )


def new_since(session: Session, viewer: Viewer, since: datetime) -> tuple[UUID, ...]:
    """Sessions with something to read that came (for a therapist: were released) since then, by need."""
    released = (
        select(StoredDecision.session_id)
        .where(
            col(StoredDecision.session_id) == col(StoredSession.session_id),
            col(StoredDecision.revision) == col(StoredSession.revision),
            col(StoredDecision.decided_at) >= since,
        )
        .correlate(StoredSession)
    )
    is_new = exists(released) if viewer.role is AccountRole.THERAPIST else col(StoredSession.stored_at) >= since
    found = session.exec(
        select(StoredSession.session_id)
        .where(visible(viewer), is_new, _has_place())
        .order_by(col(StoredSession.need), col(StoredSession.ended_at))
        .limit(LIST_LIMIT)
    )
    return tuple(found)


def left_out_since(session: Session, viewer: Viewer, since: datetime) -> dict[LeftOut, int]:
    """How many sessions without anything to read came since then, by reason."""
    found = session.exec(
        select(StoredSession.left_out, func.count())
        .where(visible(viewer), col(StoredSession.stored_at) >= since, ~_has_place())
        .group_by(col(StoredSession.left_out))
        .order_by(col(StoredSession.left_out))
    )
    return {LeftOut(reason): count for reason, count in found if reason is not None}


def operator_counts(session: Session) -> OperatorCounts:
    """Numbers over all platforms."""
    reasons = session.exec(
        select(StoredSession.left_out, func.count())
        .where(col(StoredSession.left_out).is_not(None))
        .group_by(col(StoredSession.left_out))
    )
    closed = col(StoredSession.state) == SessionState.CLOSED.value
    eligible = col(StoredSession.left_out).is_(None)
    waiting, oldest_waiting = waiting_of_all(session)
    return OperatorCounts(
        stored=_count(session, closed, eligible),
        left_out={LeftOut(reason): count for reason, count in reasons if reason is not None},
        erased=_count(session, col(StoredSession.state) == SessionState.ERASED.value),
        reopened=_count(session, col(StoredSession.state) == SessionState.REOPENED.value),
        waiting=waiting,
        oldest_waiting=oldest_waiting,
        without_team=_count(session, ~has_team()),
    )


def waiting_of_all(session: Session) -> tuple[int, datetime | None]:
    """How many sessions of all platforms wait for a decision, and when the one that waits longest ended."""
    waits = and_(col(StoredSession.state) == SessionState.CLOSED.value, _has_place(), ~is_decided())
    return _count(session, waits), session.exec(select(func.min(StoredSession.ended_at)).where(waits)).one()


def accounted(session: Session, tenant: str, conversation_ids: Collection[str]) -> Accounted:
    """What became of the finished sessions of some conversations."""
    of_these = (
        col(StoredSession.tenant) == tenant,
        col(StoredSession.conversation_id).in_(conversation_ids),
        col(StoredSession.state) != SessionState.REOPENED.value,
    )
    reasons = session.exec(
        select(StoredSession.left_out, func.count()).where(*of_these).group_by(col(StoredSession.left_out))
    )
    sessions = dict(reasons.all())
    answers = session.exec(
        select(StoredAnswer.abstained, func.count())
        .join(StoredSession, col(StoredSession.session_id) == col(StoredAnswer.session_id))
        .where(*of_these, col(StoredAnswer.superseded_by).is_(None))
        .group_by(col(StoredAnswer.abstained))
    )
    answered = dict(answers.all())
    return Accounted(
        sessions=sum(sessions.values()),
        stored=sessions.get(None, 0),
        left_out={LeftOut(reason): count for reason, count in sessions.items() if reason is not None},
        assessments=answered.get(None, 0),
        abstentions={NeedsHuman(reason): count for reason, count in answered.items() if reason is not None},
    )


def rows_of(session: Session, sessions: Sequence[StoredSession]) -> tuple[SessionRow, ...]:
    """Rows of a supervisor's list, in the order given."""
    ids = [row.session_id for row in sessions]
    counsellors, decisions, moments = _counsellors(session, ids), _decisions(session, ids), _moments(session, ids)
    return tuple(
        SessionRow(
            session_id=row.session_id,
            tenant=row.tenant,
            counsellors=tuple(counsellors[row.session_id].values()),
            started_at=row.started_at,
            ended_at=row.ended_at,
            end_reason=EndReason(row.end_reason),
            revision=row.revision,
            need=Need(row.need),
            facts=facts_from_json(row.facts),
            moments=moments.get(row.session_id, 0),
            counts=Counts.model_validate(row.counts),
            left_out=None if row.left_out is None else LeftOut(row.left_out),
            decision=decisions.get(row.session_id),
        )
        for row in sessions
    )


def names_of_counsellors(session: Session, tenant: str, pseudonyms: Iterable[str]) -> dict[str, str]:
    """What to call each counsellor: the account's display name, or the beginning of the pseudonym."""
    wanted = dict.fromkeys(pseudonyms)
    known = session.exec(
        select(Account.counsellor, Account.display_name).where(
            col(Account.tenant) == tenant, col(Account.counsellor).in_(wanted)
        )
    )
    names = {counsellor: name for counsellor, name in known if counsellor is not None}
    return {pseudonym: names.get(pseudonym) or _short(pseudonym) for pseudonym in wanted}


def _has_place() -> ColumnElement[bool]:
    """A session with feedback; one with risk language whatever it was left out for."""
    return or_(col(StoredSession.left_out).is_(None), col(StoredSession.need) == Need.RISK.value)


def _rows(
    session: Session, viewer: Viewer, condition: ColumnElement[bool], order: Sequence[ColumnElement[Any]]
) -> tuple[SessionRow, ...]:
    found = session.exec(select(StoredSession).where(visible(viewer), condition).order_by(*order).limit(LIST_LIMIT))
    return rows_of(session, found.all())


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.exec(select(func.count()).select_from(StoredSession).where(*conditions)).one()


def _counsellors(session: Session, ids: Sequence[UUID]) -> dict[UUID, dict[str, str]]:
    found = session.exec(
        select(SessionCounsellor, Account.display_name)
        .outerjoin(
            Account,
            and_(
                col(Account.tenant) == col(SessionCounsellor.tenant),
                col(Account.counsellor) == col(SessionCounsellor.counsellor),
            ),
        )
        .where(col(SessionCounsellor.session_id).in_(ids))
        .order_by(col(SessionCounsellor.position))
    )
    names: dict[UUID, dict[str, str]] = defaultdict(dict)
    for row, name in found:
        names[row.session_id][row.counsellor] = name or _short(row.counsellor)
    return names


def _decisions(session: Session, ids: Sequence[UUID]) -> dict[UUID, Decision]:
    """The decision about the highest revision of each."""
    found = session.exec(
        select(StoredDecision, Account.display_name)
        .join(Account, col(Account.account_id) == col(StoredDecision.account_id))
        .where(col(StoredDecision.session_id).in_(ids))
        .order_by(col(StoredDecision.revision))
    )
    return {row.session_id: Decision(DecisionKind(row.kind), row.revision, by, row.decided_at) for row, by in found}


def _moments(session: Session, ids: Sequence[UUID]) -> dict[UUID, int]:
    found = session.exec(
        select(StoredExchange.session_id, func.count())
        .where(col(StoredExchange.session_id).in_(ids))
        .group_by(col(StoredExchange.session_id))
    )
    return dict(found.all())


def _short(pseudonym: str) -> str:
    return f"counsellor {pseudonym[:_PSEUDONYM_SHOWN]}"
