"""Acknowledgements: a therapist says once a release that they have read it, and supervisors see when."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from plugin.database.tables import Account, StoredAcknowledgement, StoredDecision, StoredSession
from plugin.database.viewer import Viewer
from plugin.queue.dispute_views import Acknowledgement
from plugin.queue.scope import decides_present_revision


def acknowledgements_of(session: Session, sessions: Sequence[UUID]) -> dict[UUID, tuple[Acknowledgement, ...]]:
    """Return the acknowledgements of the standing releases of some sessions, in order."""
    if not sessions:
        return {}
    found = session.exec(
        select(StoredAcknowledgement, Account.display_name)
        .join(
            StoredDecision,
            and_(
                col(StoredDecision.session_id) == col(StoredAcknowledgement.session_id),
                col(StoredDecision.revision) == col(StoredAcknowledgement.revision),
                col(StoredDecision.decided_at) == col(StoredAcknowledgement.released_at),
            ),
        )
        .join(StoredSession, decides_present_revision())
        .join(Account, col(Account.account_id) == col(StoredAcknowledgement.account_id))
        .where(col(StoredAcknowledgement.session_id).in_(sessions))
        .order_by(col(StoredAcknowledgement.acknowledged_at), col(Account.display_name))
    )
    acknowledged: dict[UUID, list[Acknowledgement]] = defaultdict(list)
    for row, by in found:
        acknowledged[row.session_id].append(Acknowledgement(row.account_id, by, row.acknowledged_at))
    return {session_id: tuple(each) for session_id, each in acknowledged.items()}


def store_acknowledgement(session: Session, viewer: Viewer, release: StoredDecision, now: datetime) -> None:
    """Store a therapist's acknowledgement of a release; a repeated one changes nothing."""
    session.exec(
        insert(StoredAcknowledgement)
        .values(
            session_id=release.session_id,
            revision=release.revision,
            released_at=release.decided_at,
            account_id=viewer.user_id,
            acknowledged_at=now,
        )
        .on_conflict_do_nothing()
    )
