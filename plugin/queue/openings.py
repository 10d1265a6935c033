"""Openings: who of the service has opened a released session, as its therapist may see it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from plugin.database.viewer import AccountRole


@dataclass(frozen=True)
class Opening:
    """One person's openings of a session on one day, as the audit trail has them."""

    name: str
    role: AccountRole
    first: datetime
    times: int


def openings_of(session: Session, session_id: UUID) -> tuple[Opening, ...]:
    """Return who has opened a session, the latest day first; empty for all but a therapist of a released session.

    The database decides that for the account that the transaction names.
    """
    found = session.execute(
        text("SELECT name, role, first, times FROM public.counterpoint_openings(:session)"), {"session": session_id}
    )
    return tuple(Opening(row.name, AccountRole(row.role), row.first, row.times) for row in found)
