"""Storing and removal of outcomes. Whoever is about one conversation holds its lock."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Exists
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, exists, func, select

from plugin.database.tables import Hold, StoredOutcome
from stream.contracts.outcomes import Outcome

_IDENTITY: Final = frozenset({"outcome_key", "tenant", "conversation_id"})
"""What an outcome keeps for good; everything else goes with the one that was given last."""


def put_outcome(session: Session, outcome: Outcome, appended_at: datetime, now: datetime) -> None:
    """Store an outcome, or replace the one of its id if this was given later. Again changes nothing."""
    values = outcome.model_dump(
        mode="python",
        include={"tenant", "conversation_id", "session_id", "score", "author", "given_at"},
    )
    values |= outcome.model_dump(mode="json", include={"instrument", "occasion", "given_by"})
    values |= {
        "outcome_key": outcome.outcome_key,
        "secondary_use": outcome.consent.secondary_use,
        "appended_at": appended_at,
        "stored_at": now,
    }
    session.exec(
        insert(StoredOutcome)
        .values(**values)
        .on_conflict_do_update(
            index_elements=["outcome_key"],
            # The values themselves: reading them from `excluded` takes a right to read them, which the page has not.
            set_={name: values[name] for name in values.keys() - _IDENTITY},
            where=col(StoredOutcome.given_at) < outcome.given_at,
        )
    )


def remove_outcomes(session: Session, tenant: str, conversation_id: str, until: datetime | None) -> None:
    """Remove a conversation's outcomes that came up to the broker time `until`; None means all."""
    theirs = [col(StoredOutcome.tenant) == tenant, col(StoredOutcome.conversation_id) == conversation_id]
    if until is not None:
        theirs.append(col(StoredOutcome.appended_at) <= until)
    session.exec(delete(StoredOutcome).where(*theirs))


def oldest_outcome(session: Session, tenant: str, conversation_id: str) -> datetime | None:
    """Return the broker time of a conversation's first outcome, if it has one."""
    return session.scalar(
        select(func.min(StoredOutcome.appended_at)).where(
            col(StoredOutcome.tenant) == tenant, col(StoredOutcome.conversation_id) == conversation_id
        )
    )


def remove_outcomes_by(session: Session, tenant: str, author: str) -> None:
    """Remove the outcomes that a person gave, unless their conversation is under a legal hold."""
    theirs = col(StoredOutcome.tenant) == tenant, col(StoredOutcome.author) == author
    session.exec(delete(StoredOutcome).where(*theirs, ~_is_held()))


def remove_outcomes_of_session(session: Session, session_id: UUID) -> None:
    """Remove the outcomes that name a session."""
    session.exec(delete(StoredOutcome).where(col(StoredOutcome.session_id) == session_id))


def remove_old_outcomes(session: Session, cutoff: datetime) -> None:
    """Remove the outcomes that came before a broker time, unless their conversation is under a legal hold."""
    session.exec(delete(StoredOutcome).where(col(StoredOutcome.appended_at) < cutoff, ~_is_held()))


def _is_held() -> Exists:
    same = (
        col(Hold.tenant) == col(StoredOutcome.tenant),
        col(Hold.conversation_id) == col(StoredOutcome.conversation_id),
    )
    return exists(select(Hold.tenant).where(*same).correlate(StoredOutcome))
