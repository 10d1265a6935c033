"""Decisions about sessions: release or withhold the revision that a supervisor has read, one session or several.

A caller's transaction takes these steps; the sessions stay locked until it ends.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from plugin.database.locks import lock_conversation
from plugin.database.needs import Need
from plugin.database.tables import StoredDecision, StoredSession
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue import lists
from plugin.queue.claims import end_claim, lock_for_review, refusal_of_review, standing_decision
from plugin.queue.release_notices import announce_release
from plugin.queue.scope import visible_to
from plugin.queue.views import DecisionKind, DecisionOutcome

NO_DECISION: Final = "none"  # what a form says where no decision stands


@dataclass(frozen=True)
class AskedDecision:
    """A decision about the revision of a session that a supervisor has read."""

    session_id: UUID
    revision: int
    kind: DecisionKind
    stands: str | None = None
    """The decision that she has seen, "none" without one; where it is None, nothing is compared."""
    as_read: bool = False
    """Whether the session's own page is not on her screen, so that she must have read it (`SessionRow.is_read_by`)."""


def lock_sessions(session: Session, viewer: Viewer, session_ids: Collection[UUID]) -> None:
    """Lock several sessions with their conversations, in the order in which everybody locks several conversations."""
    conversations = select(StoredSession.tenant, StoredSession.conversation_id).where(
        visible_to(viewer), col(StoredSession.session_id).in_(session_ids)
    )
    for tenant, conversation_id in sorted(set(session.exec(conversations))):
        lock_conversation(session, tenant, conversation_id)
    for session_id in sorted(session_ids):
        lock_for_review(session, viewer, session_id)


def store_decision(session: Session, viewer: Viewer, asked: AskedDecision, now: datetime) -> DecisionOutcome:
    """Store a decision in the place of an earlier one about the same revision, or return why it is refused."""
    row = lock_for_review(session, viewer, asked.session_id)
    if row is None:
        return DecisionOutcome.NOT_FOUND
    if (refusal := refusal_of_review(session, viewer, row, now)) is not None:
        return refusal
    stands = standing_decision(session, row)
    is_unseen = asked.stands is not None and asked.stands != (stands or NO_DECISION) and stands is not asked.kind
    if row.revision != asked.revision or is_unseen or not _may_be_decided(row, asked.kind):
        return DecisionOutcome.CHANGED
    if stands is asked.kind:
        return DecisionOutcome.DONE
    if asked.as_read and not lists.session_rows(session, [row], now)[0].is_read_by(viewer.user_id):
        return DecisionOutcome.NOT_READ
    values = {
        "kind": asked.kind.value,
        "account_id": viewer.user_id,
        "decided_at": now,
        "as_lead": viewer.role is AccountRole.LEAD,
    }
    session.exec(
        insert(StoredDecision)
        .values(session_id=asked.session_id, revision=asked.revision, **values)
        .on_conflict_do_update(index_elements=["session_id", "revision"], set_=values)
    )
    end_claim(session, viewer, asked.session_id, now)
    if asked.kind is DecisionKind.RELEASED:
        announce_release(session, row, now)
    return DecisionOutcome.DONE


def _may_be_decided(row: StoredSession, kind: DecisionKind) -> bool:
    """Return whether the decision is possible.

    A session without feedback has nothing to release; one with risk language may be withheld.
    """
    if row.left_out is None:
        return True
    return kind is DecisionKind.WITHHELD and row.need == Need.RISK
