"""Invitations to calibrations: which of them are new for one supervisor in a span of time."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import any_, literal
from sqlmodel import Session, col, select

from plugin.database.tables import Account, StoredCalibration
from plugin.database.viewer import AccountRole, Viewer


@dataclass(frozen=True)
class Invitation:
    """A calibration that somebody else has opened and in which a supervisor is to rate."""

    calibration_id: UUID
    by: str
    deadline_at: datetime
    at: datetime


def invitations_between(session: Session, viewer: Viewer, since: datetime, until: datetime) -> tuple[Invitation, ...]:
    """Return the calibrations to which others invited a supervisor after `since` and up to `until`, in order.

    One that was cancelled meanwhile is no invitation.
    """
    if viewer.role is not AccountRole.SUPERVISOR:
        return ()
    found = session.exec(
        select(StoredCalibration, Account.display_name)
        .join(Account, col(Account.account_id) == col(StoredCalibration.account_id))
        .where(
            literal(viewer.user_id) == any_(col(StoredCalibration.raters)),
            col(StoredCalibration.account_id) != viewer.user_id,
            col(StoredCalibration.cancelled_at).is_(None),
            col(StoredCalibration.opened_at) > since,
            col(StoredCalibration.opened_at) <= until,
        )
        .order_by(col(StoredCalibration.opened_at), col(StoredCalibration.calibration_id))
    )
    return tuple(Invitation(row.calibration_id, by, row.deadline_at, row.opened_at) for row, by in found)
