"""The rows about one person, most of them of a therapist, read on their behalf: codes, times and names, no words."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from plugin.database.tables import (
    Account,
    Membership,
    SessionCounsellor,
    StoredAnswer,
    StoredDecision,
    StoredExchange,
    StoredLabel,
    StoredMeasures,
    StoredOutcome,
    StoredRerating,
    StoredSession,
    Team,
)
from plugin.database.viewer import Viewer
from stream.contracts.vocabulary import Role

Json = dict[str, Any]
_MEASURES_OF_CLIENTS: Final = frozenset({"trajectory"})
"""The measures whose findings about the whole session are about its client."""


def sessions_of(session: Session, person: Viewer) -> tuple[UUID, ...]:
    """Return the sessions in which this therapist wrote, in order; none that a legal hold alone keeps."""
    found = session.exec(
        select(StoredSession.session_id)
        .join(SessionCounsellor, col(SessionCounsellor.session_id) == col(StoredSession.session_id))
        .where(
            col(SessionCounsellor.tenant) == person.tenant,
            col(SessionCounsellor.counsellor) == person.counsellor,
            ~col(StoredSession.restricted),
        )
        .order_by(col(StoredSession.started_at), col(StoredSession.session_id))
    )
    return tuple(found)


def account_of(session: Session, person: Viewer) -> Json:
    """Return what is stored of this person's account, without the hash of the password."""
    row = session.exec(select(Account).where(col(Account.account_id) == person.user_id)).one()
    teams = session.exec(
        select(Team.name)
        .join(Membership, col(Membership.team_id) == col(Team.team_id))
        .where(col(Membership.account_id) == person.user_id)
        .order_by(Team.name)
    )
    return {
        "account": str(row.account_id),
        "user_name": row.username,
        "display_name": row.display_name,
        "role": row.role,
        "platform": row.tenant,
        "pseudonym": row.counsellor,
        "teams": list(teams),
        "provider": row.issuer,
        "created_at": time_of(row.created_at),
    }


def decisions_about(session: Session, session_id: UUID) -> list[Json]:
    """Return the decisions about a session's revisions, in order."""
    found = session.exec(
        select(StoredDecision, Account.display_name)
        .join(Account, col(Account.account_id) == col(StoredDecision.account_id))
        .where(col(StoredDecision.session_id) == session_id)
        .order_by(col(StoredDecision.revision))
    )
    return [
        {
            "revision": row.revision,
            "decision": row.kind,
            "by": by,
            "as_lead": row.as_lead,
            "at": time_of(row.decided_at),
        }
        for row, by in found
    ]


def moments_of(session: Session, person: Viewer, session_id: UUID) -> list[Json]:
    """Return the moments in which this therapist replied, with every answer that is kept, earlier ones too."""
    found = session.exec(
        select(StoredExchange, StoredAnswer)
        .join(StoredAnswer, col(StoredAnswer.exchange_id) == col(StoredExchange.exchange_id))
        .where(col(StoredExchange.session_id) == session_id, col(StoredExchange.counsellor) == person.counsellor)
        .order_by(col(StoredExchange.position), col(StoredAnswer.stored_at))
    ).all()
    labels, reratings = _labels(session, session_id), _reratings(session, session_id)
    return [
        {
            "moment": str(exchange.exchange_id),
            "position": exchange.position,
            "shown": exchange.shown,
            "model": answer.model,
            "superseded_by": answer.superseded_by,
            "abstained": answer.abstained,
            "verdict": answer.verdict,
            "resistance_type": answer.resistance_type,
            "levels": {rating["mechanism"]: rating["level"] for rating in answer.ratings or ()},
            "said_by_supervisors": labels.get(answer.assessment_id, []),
            "rated_again": reratings.get(answer.assessment_id, []),
        }
        for exchange, answer in found
    ]


def _reratings(session: Session, session_id: UUID) -> dict[UUID, list[Json]]:
    """Return what later versions of the model say, by the answer beside which it stands; nothing of one in shadow."""
    found = session.exec(
        select(StoredRerating)
        .where(col(StoredRerating.session_id) == session_id, ~col(StoredRerating.shadow))
        .order_by(col(StoredRerating.rated_at))
    )
    reratings: dict[UUID, list[Json]] = {}
    for row in found:
        reratings.setdefault(row.assessment_id, []).append(
            {
                "model": row.model,
                "at": time_of(row.rated_at),
                "abstained": row.abstained,
                "verdict": row.verdict,
                "levels": {rating["mechanism"]: rating["level"] for rating in row.ratings},
            }
        )
    return reratings


def _labels(session: Session, session_id: UUID) -> dict[UUID, list[Json]]:
    found = session.exec(
        select(StoredLabel, Account.display_name)
        .join(Account, col(Account.account_id) == col(StoredLabel.account_id))
        .where(col(StoredLabel.session_id) == session_id)
        .order_by(col(StoredLabel.number))
    )
    labels: dict[UUID, list[Json]] = {}
    for row, by in found:
        labels.setdefault(row.assessment_id, []).append(
            {
                "statement": row.statement,
                "judgement": row.judgement,
                "reason": row.reason,
                "own_level": row.level,
                "by": by,
                "at": time_of(row.said_at),
                "rubric": row.rubric,
            }
        )
    return labels


def measures_about(session: Session, row: StoredSession) -> Json | None:
    """Return what measures say of a session and of its counsellor's turns, also what no page shows.

    None where it was not measured, or several counsellors wrote in it: then what is said is about none of them alone.
    """
    stored = session.get(StoredMeasures, row.session_id)
    if stored is None or len(row.counsellor_keys) != 1:
        return None
    own = {number for number, turn in enumerate(stored.turns, start=1) if turn["role"] == Role.COUNSELLOR}
    return {
        "revision": stored.revision,
        "reader": stored.reader,
        "absent": stored.absent,
        "measures": [
            measure | {"findings": [one for one in measure["findings"] if one.get("turn") in {None, *own}]}
            for measure in stored.measures
            if measure["name"] not in _MEASURES_OF_CLIENTS
        ],
    }


def outcomes_by(session: Session, person: Viewer) -> list[Json]:
    """Return the outcomes that this counsellor gave, in order; those that clients gave are the clients'."""
    found = session.exec(
        select(StoredOutcome)
        .where(
            col(StoredOutcome.tenant) == person.tenant,
            col(StoredOutcome.author) == person.counsellor,
            col(StoredOutcome.given_by) == Role.COUNSELLOR.value,
        )
        .order_by(col(StoredOutcome.given_at), col(StoredOutcome.outcome_key))
    )
    return [
        {
            "conversation": row.conversation_id,
            "instrument": row.instrument,
            "score": row.score,
            "occasion": row.occasion,
            "at": time_of(row.given_at),
        }
        for row in found
    ]


def calibrated_about(session: Session) -> list[Json]:
    """Return the levels that raters of calibrations gave to this therapist's replies, in order, without their names.

    Such ratings tell how a rubric is read, so they are without names elsewhere too; those that may still change are
    not among them.
    """
    found = session.execute(
        text("SELECT session, exchange, rubric, said, is_final, at FROM public.counterpoint_calibrated_about_account()")
    )
    return [
        {
            "session": str(row.session),
            "moment": str(row.exchange),
            "levels": row.said,
            "settled_together": row.is_final,
            "rubric": row.rubric,
            "at": time_of(row.at),
        }
        for row in found
    ]


def trail_about(session: Session) -> list[Json]:
    """Return the entries of the audit trail about this therapist's account and sessions, every opening among them."""
    found = session.execute(
        text(
            "SELECT at, person, role, purpose, object_type, object_id, outcome"
            " FROM public.counterpoint_trail_about_account()"
        )
    )
    return [{**row._mapping, "at": time_of(row.at)} for row in found]  # noqa: SLF001 - SQLAlchemy's name for a row's dict


def time_of(at: datetime) -> str:
    """Return a time as JSON holds it."""
    return at.isoformat()
