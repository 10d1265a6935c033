"""Claims of sessions: one supervisor reviews a session at a time, and a claim that is left alone ends by itself."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import and_, case, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from plugin.database.locks import lock_conversation
from plugin.database.tables import Account, StoredClaim, StoredDecision, StoredSession
from plugin.database.viewer import Viewer
from plugin.queue.handover_reading import assignments_of
from plugin.queue.review_views import Claim
from plugin.queue.scope import visible_to
from plugin.queue.views import DecisionKind, DecisionOutcome

CLAIM_LASTS: Final = timedelta(minutes=30)
"""From the last step of a review: long enough to read a moment, short enough that nobody waits for an open tab."""


def claims_of(session: Session, sessions: Sequence[UUID], now: datetime) -> dict[UUID, Claim]:
    """Return the claims of some sessions that are not over."""
    if not sessions:
        return {}
    found = session.exec(
        select(StoredClaim, Account.display_name)
        .join(Account, col(Account.account_id) == col(StoredClaim.account_id))
        .where(col(StoredClaim.session_id).in_(sessions), col(StoredClaim.until) > now)
    )
    return {row.session_id: Claim(row.account_id, by, row.until, row.read_revision) for row, by in found}


def is_claimed_by_another(session: Session, viewer: Viewer, session_id: UUID, now: datetime) -> bool:
    """Return whether somebody else reviews this session. The caller holds the session's row."""
    claim = session.get(StoredClaim, session_id)
    return claim is not None and claim.until > now and claim.account_id != viewer.user_id


def refusal_of_review(session: Session, viewer: Viewer, row: StoredSession, now: datetime) -> DecisionOutcome | None:
    """Return why this supervisor may not review or decide about a session, or None. The caller holds the session's row.

    Another's claim keeps her out until it ends, and so does an assignment to another until she takes the session over.
    Whoever holds the claim goes on in any case.
    """
    claim = session.get(StoredClaim, row.session_id)
    if claim is not None and claim.until > now:
        return None if claim.account_id == viewer.user_id else DecisionOutcome.CLAIMED
    stands = assignments_of(session, [row.session_id]).get(row.session_id)
    is_with_another = stands is not None and stands.account_id != viewer.user_id
    return DecisionOutcome.WITH_ANOTHER if is_with_another else None


def set_claim(session: Session, viewer: Viewer, session_id: UUID, now: datetime) -> None:
    """Begin this supervisor's claim or renew it. The caller holds the session's row and has checked the claim.

    What was read in an earlier claim does not count in a new one: others may have changed the session in between.
    """
    goes_on = and_(col(StoredClaim.account_id) == viewer.user_id, col(StoredClaim.until) > now)
    values = {"account_id": viewer.user_id, "until": now + CLAIM_LASTS}
    read = case((goes_on, col(StoredClaim.read_revision)), else_=None)
    session.exec(
        insert(StoredClaim)
        .values(session_id=session_id, **values)
        .on_conflict_do_update(index_elements=["session_id"], set_={**values, "read_revision": read})
    )


def keep_read_revision(session: Session, viewer: Viewer, session_id: UUID, revision: int, now: datetime) -> None:
    """Keep which revision this supervisor has opened, if she holds the session's claim."""
    hers = col(StoredClaim.session_id) == session_id, col(StoredClaim.account_id) == viewer.user_id
    session.exec(update(StoredClaim).where(*hers, col(StoredClaim.until) > now).values(read_revision=revision))


def end_claim(session: Session, viewer: Viewer, session_id: UUID, now: datetime) -> None:
    """End this supervisor's claim, if she has one."""
    hers = col(StoredClaim.session_id) == session_id, col(StoredClaim.account_id) == viewer.user_id
    session.exec(update(StoredClaim).where(*hers, col(StoredClaim.until) > now).values(until=now))


def lock_for_review(
    session: Session, viewer: Viewer, session_id: UUID, *, with_text: bool = False
) -> StoredSession | None:
    """Return a session that this supervisor may review, locked as by `lock_session`."""
    return lock_session(session, viewer, session_id, with_text=with_text) if viewer.role.reviews else None


def lock_session(session: Session, viewer: Viewer, session_id: UUID, *, with_text: bool) -> StoredSession | None:
    """Return a session that this person may see, locked, so that two who act on it come one after the other.

    `with_text` locks its conversation first, so that its data key stays until the transaction ends.
    """
    found = select(StoredSession).where(visible_to(viewer), col(StoredSession.session_id) == session_id)
    row = session.exec(found).first() if with_text else None
    if row is not None:
        lock_conversation(session, row.tenant, row.conversation_id)
        session.expire_all()
    return session.exec(found.with_for_update(of=StoredSession)).first()


def standing_decision(session: Session, row: StoredSession) -> DecisionKind | None:
    """Return the decision about the session's present revision. The caller holds the session's row."""
    decision = session.get(StoredDecision, (row.session_id, row.revision))
    return None if decision is None else DecisionKind(decision.kind)
