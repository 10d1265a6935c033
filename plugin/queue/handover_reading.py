"""Reading of hand-overs: with whom sessions are, without a reason, and the history of one session with its reasons.

An assignment is no state of its own. It is the latest hand-over of a session, and counts while the session waits for
its decision and the person with whom it is may review it. So it ends with the decision, and when that person's account
is disabled or removed or sees the session no more, whoever brings that about.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from plugin.crypto.text import TextCipher
from plugin.database.sealed_columns import handover_words_binding
from plugin.database.tables import Account, StoredDecision, StoredHandover, StoredSession
from plugin.database.viewer import Viewer
from plugin.queue.handover_views import Assignment, Handover, HandoverKind
from plugin.queue.scope import may_review, visible_to

# Made once, since SQLAlchemy derives all columns of an alias at its first use.
_SENDER, _RECEIVER, _LATER = aliased(Account), aliased(Account), aliased(StoredHandover)


@dataclass(frozen=True)
class Assigned:
    """The waiting sessions that are with somebody, of those that one person may see."""

    to_viewer: frozenset[UUID] = frozenset()
    to_others: frozenset[UUID] = frozenset()


def assigned_sessions(session: Session, viewer: Viewer) -> Assigned:
    """Return which of a supervisor's sessions are with her, and which with others: few, so they are read at once."""
    receiver = _RECEIVER
    found = session.exec(
        select(StoredHandover.session_id, receiver.account_id)
        .join(StoredSession, col(StoredSession.session_id) == col(StoredHandover.session_id))
        .join(receiver, col(receiver.account_id) == col(StoredHandover.receiver_id))
        .where(visible_to(viewer), is_latest(), is_not_decided_since(), may_review(receiver))
    ).all()
    hers = frozenset(session_id for session_id, account_id in found if account_id == viewer.user_id)
    return Assigned(hers, frozenset(session_id for session_id, _ in found) - hers)


def assignments_of(session: Session, sessions: Collection[UUID]) -> dict[UUID, Assignment]:
    """Return with whom some sessions are; one that is with nobody is missing."""
    if not sessions:
        return {}
    sender, receiver = _SENDER, _RECEIVER
    found = session.exec(
        select(StoredHandover, sender.display_name, receiver.display_name)
        .join(StoredSession, col(StoredSession.session_id) == col(StoredHandover.session_id))
        .join(sender, col(sender.account_id) == col(StoredHandover.account_id))
        .join(receiver, col(receiver.account_id) == col(StoredHandover.receiver_id))
        .where(
            col(StoredHandover.session_id).in_(sessions),
            is_latest(),
            is_not_decided_since(),
            may_review(receiver),
        )
    )
    return {
        row.session_id: Assignment(row.receiver_id, name, HandoverKind(row.kind), row.account_id, by, row.handed_at)
        for row, by, name in found
        if row.receiver_id is not None
    }


def was_with(session: Session, viewer: Viewer, session_id: UUID) -> bool:
    """Return whether a session was with this supervisor until she decided about it, handed it on or sent it back."""
    decided_before = select(StoredDecision.revision).where(
        col(StoredDecision.session_id) == col(StoredHandover.session_id),
        col(StoredDecision.revision) >= col(StoredHandover.revision),
        col(StoredDecision.revision) < col(StoredSession.revision),
    )
    latest = session.exec(
        select(StoredHandover)
        .join(StoredSession, col(StoredSession.session_id) == col(StoredHandover.session_id))
        .where(
            col(StoredHandover.session_id) == session_id,
            is_latest(),
            ~exists(decided_before.correlate(StoredHandover, StoredSession)),
        )
    ).first()
    if latest is None or latest.receiver_id == viewer.user_id:
        return latest is not None
    before = session.get(StoredHandover, (session_id, latest.number - 1))
    return latest.account_id == viewer.user_id and before is not None and before.receiver_id == viewer.user_id


def latest_number(session: Session, session_id: UUID) -> int:
    """Return the number of a session's latest hand-over; 0 if there is none."""
    numbers = select(func.max(StoredHandover.number)).where(col(StoredHandover.session_id) == session_id)
    return session.exec(numbers).one() or 0


def handovers_of(session: Session, cipher: TextCipher | None, row: StoredSession) -> tuple[Handover, ...]:
    """Return the hand-overs of a session in order. The caller is sure that its reader may review the session."""
    sender, receiver = _SENDER, _RECEIVER
    found = session.exec(
        select(StoredHandover, sender.display_name, receiver.display_name)
        .join(sender, col(sender.account_id) == col(StoredHandover.account_id))
        .outerjoin(receiver, col(receiver.account_id) == col(StoredHandover.receiver_id))
        .where(col(StoredHandover.session_id) == row.session_id)
        .order_by(col(StoredHandover.number))
    )
    return tuple(
        Handover(
            number=handover.number,
            kind=HandoverKind(handover.kind),
            by=by,
            to=to,
            at=handover.handed_at,
            text=_reason(cipher, row, handover),
        )
        for handover, by, to in found
    )


def is_latest() -> ColumnElement[bool]:
    """Return the condition that no later hand-over of its session follows a `StoredHandover`."""
    later = _LATER
    return ~exists(
        select(later.number)
        .where(col(later.session_id) == col(StoredHandover.session_id), col(later.number) > col(StoredHandover.number))
        .correlate(StoredHandover)
    )


def is_not_decided_since() -> ColumnElement[bool]:
    """Return the condition that its `StoredSession` waits, and no decision has ended a `StoredHandover`."""
    decided = col(StoredSession.decided_revision)
    return and_(~col(StoredSession.decided), or_(decided.is_(None), decided < col(StoredHandover.revision)))


def _reason(cipher: TextCipher | None, row: StoredSession, handover: StoredHandover) -> str:
    if cipher is None or handover.words is None:
        return ""
    return cipher.decrypt(handover.words, handover_words_binding(row.tenant, row.session_id, handover.number))
