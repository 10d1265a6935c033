"""The lists and numbers of sessions for supervisors, therapists and operators; they read no text."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import and_, func
from sqlmodel import Session, col, select

from plugin.database.needs import Need, facts_from_json
from plugin.database.tables import (
    Account,
    SessionCounsellor,
    StoredAnswer,
    StoredDecision,
    StoredSession,
)
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.acknowledgements import acknowledgements_of
from plugin.queue.claims import claims_of
from plugin.queue.dispute_reading import count_open, has_open_dispute
from plugin.queue.handover_reading import assignments_of
from plugin.queue.review_states import NOT_BEGUN, review_states
from plugin.queue.scope import has_team, is_decided, is_queued, visible_to
from plugin.queue.views import (
    ConversationTotals,
    Decision,
    DecisionKind,
    OperatorCounts,
    SessionList,
    SessionRow,
)
from stream.contracts.sessions import Counts
from stream.contracts.vocabulary import EndReason, LeftOut, NeedsHuman, SessionState

LIST_LIMIT: Final = 200
"""Rows of one list, which are more than anybody reads between two sessions."""
DISPUTED_SHOWN: Final = 25
"""Sessions with an open dispute that the start page names; others follow as these are resolved."""
SHORT_NAME: Final = "counsellor "
SHORT_PSEUDONYM: Final = 6
"""Characters that are shown of a pseudonym: enough to tell the people of one team apart."""


def disputed_sessions(session: Session, viewer: Viewer, now: datetime) -> SessionList:
    """Return the first sessions with an open dispute, the longest ended first, and how many there are.

    For a lead those alone with a dispute that was escalated.
    """
    oldest_first = col(StoredSession.ended_at).asc(), col(StoredSession.session_id).asc()
    disputed = select(StoredSession.session_id).where(visible_to(viewer), has_open_dispute(viewer))
    ids = session.exec(disputed.order_by(*oldest_first)).all()  # few, so they are looked for once
    shown = col(StoredSession.session_id).in_(ids[:DISPUTED_SHOWN])
    found = session.exec(select(StoredSession).where(shown).order_by(*oldest_first)).all() if ids else ()
    return SessionList(rows=session_rows(session, found, now), total=len(ids), matching=len(ids))


def new_since(session: Session, viewer: Viewer, since: datetime) -> tuple[UUID, ...]:
    """Return the sessions with something to read that arrived since a time, by need.

    For a therapist: those that were released since then.
    """
    came = StoredSession.decided_at if viewer.role is AccountRole.THERAPIST else StoredSession.stored_at
    found = session.exec(
        select(StoredSession.session_id)
        .where(visible_to(viewer), col(came) >= since, is_queued())
        .order_by(col(StoredSession.need), col(StoredSession.ended_at))
        .limit(LIST_LIMIT)
    )
    return tuple(found)


def left_out_since(session: Session, viewer: Viewer, since: datetime) -> dict[LeftOut, int]:
    """Return how many sessions without anything to read arrived since a time, by reason."""
    found = session.exec(
        select(StoredSession.left_out, func.count())
        .where(visible_to(viewer), col(StoredSession.stored_at) >= since, ~is_queued())
        .group_by(col(StoredSession.left_out))
        .order_by(col(StoredSession.left_out))
    )
    return {LeftOut(reason): count for reason, count in found if reason is not None}


def operator_counts(session: Session) -> OperatorCounts:
    """Return an operator's numbers, over all platforms."""
    reasons = session.exec(
        select(StoredSession.left_out, func.count())
        .where(col(StoredSession.left_out).is_not(None))
        .group_by(col(StoredSession.left_out))
    )
    closed = col(StoredSession.state) == SessionState.CLOSED.value
    eligible = col(StoredSession.left_out).is_(None)
    stored, erased, reopened, without_team = session.exec(
        select(
            func.count().filter(closed, eligible),
            func.count().filter(col(StoredSession.state) == SessionState.ERASED.value),
            func.count().filter(col(StoredSession.state) == SessionState.REOPENED.value),
            func.count().filter(~has_team()),
        ).select_from(StoredSession)
    ).one()
    waiting, oldest_waiting = waiting_on_all_platforms(session)
    return OperatorCounts(
        stored=stored,
        left_out={LeftOut(reason): count for reason, count in reasons if reason is not None},
        erased=erased,
        reopened=reopened,
        waiting=waiting,
        oldest_waiting=oldest_waiting,
        without_team=without_team,
    )


def waiting_on_all_platforms(session: Session) -> tuple[int, datetime | None]:
    """Return how many sessions of all platforms wait for a decision, and the earliest end of one of them."""
    waits = and_(col(StoredSession.state) == SessionState.CLOSED.value, is_queued(), ~is_decided())
    return session.exec(select(func.count(), func.min(StoredSession.ended_at)).where(waits)).one()


def conversation_totals(session: Session, tenant: str, conversation_ids: Collection[str]) -> ConversationTotals:
    """Return how many finished sessions of some conversations have feedback or were left out."""
    in_conversations = (
        col(StoredSession.tenant) == tenant,
        col(StoredSession.conversation_id).in_(conversation_ids),
        col(StoredSession.state) != SessionState.REOPENED.value,
    )
    reasons = session.exec(
        select(StoredSession.left_out, func.count()).where(*in_conversations).group_by(col(StoredSession.left_out))
    )
    sessions = dict(reasons.all())
    answers = session.exec(
        select(StoredAnswer.abstained, func.count())
        .join(StoredSession, col(StoredSession.session_id) == col(StoredAnswer.session_id))
        .where(*in_conversations, col(StoredAnswer.superseded_by).is_(None))
        .group_by(col(StoredAnswer.abstained))
    )
    answered = dict(answers.all())
    return ConversationTotals(
        sessions=sum(sessions.values()),
        stored=sessions.get(None, 0),
        left_out={LeftOut(reason): count for reason, count in sessions.items() if reason is not None},
        assessments=answered.get(None, 0),
        abstentions={NeedsHuman(reason): count for reason, count in answered.items() if reason is not None},
    )


def rows_of(session: Session, viewer: Viewer, session_ids: Collection[UUID], now: datetime) -> tuple[SessionRow, ...]:
    """Return the rows of those of some sessions that this person may see, in any order."""
    chosen = visible_to(viewer), col(StoredSession.session_id).in_(session_ids)
    return session_rows(session, session.exec(select(StoredSession).where(*chosen)).all(), now)


def session_rows(session: Session, sessions: Sequence[StoredSession], now: datetime) -> tuple[SessionRow, ...]:
    """Return the rows of a supervisor's list, in the order given."""
    ids = [row.session_id for row in sessions]
    decided = [row.session_id for row in sessions if row.decided]
    counsellors, reviews, claims = _counsellors(session, ids), review_states(session, ids), claims_of(session, ids, now)
    decisions = _decisions(session, [row.session_id for row in sessions if row.decided_revision is not None])
    acknowledgements, open_disputes = acknowledgements_of(session, decided), count_open(session, decided)
    assignments = assignments_of(session, [row.session_id for row in sessions if not row.decided])
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
            moments=review.moments,
            counts=Counts.model_validate(row.counts),
            left_out=None if row.left_out is None else LeftOut(row.left_out),
            decision=decisions.get(row.session_id),
            claim=claims.get(row.session_id),
            assignment=assignments.get(row.session_id),
            is_reviewed=review.is_reviewed,
            progress=review.progress,
            acknowledgements=acknowledgements.get(row.session_id, ()),
            open_disputes=open_disputes.get(row.session_id, 0),
            is_changed=review.is_changed,
        )
        for row, review in ((row, reviews.get(row.session_id, NOT_BEGUN)) for row in sessions)
    )


def counsellor_names(session: Session, tenant: str, pseudonyms: Iterable[str]) -> dict[str, str]:
    """Return a name for each counsellor: the account's display name, or the beginning of the pseudonym."""
    wanted = dict.fromkeys(pseudonyms)
    if not wanted:
        return {}
    known = session.exec(
        select(Account.counsellor, Account.display_name).where(
            col(Account.tenant) == tenant, col(Account.counsellor).in_(wanted)
        )
    )
    names = {counsellor: name for counsellor, name in known if counsellor is not None}
    return {pseudonym: names.get(pseudonym) or _short_name(pseudonym) for pseudonym in wanted}


def waits(row: StoredSession) -> bool:
    """Return whether a session waits for a decision, as `is_queued` and `is_decided` say in SQL."""
    return (row.left_out is None or row.need == Need.RISK) and not row.decided


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
        names[row.session_id][row.counsellor] = name or _short_name(row.counsellor)
    return names


def _decisions(session: Session, ids: Sequence[UUID]) -> dict[UUID, Decision]:
    """Return the latest decision about each session: that about the highest revision with a decision."""
    if not ids:
        return {}
    found = session.exec(
        select(StoredDecision, Account.display_name)
        .join(Account, col(Account.account_id) == col(StoredDecision.account_id))
        .where(col(StoredDecision.session_id).in_(ids))
        .order_by(col(StoredDecision.revision))
    )
    return {
        row.session_id: Decision(DecisionKind(row.kind), row.revision, by, row.decided_at, row.as_lead)
        for row, by in found
    }


def _short_name(pseudonym: str) -> str:
    return f"{SHORT_NAME}{pseudonym[:SHORT_PSEUDONYM]}"
