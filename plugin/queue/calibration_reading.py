"""Reading of calibrations: their state for one rater, what is said of their moments, and an operator's numbers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, any_, func, literal
from sqlmodel import Session, col, select

from plugin.database.tables import (
    Account,
    StoredCalibration,
    StoredCalibrationDone,
    StoredCalibrationRating,
)
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.alphabet import place_in_alphabet
from plugin.queue.calibration_moments import StoredMoment, moments_of
from plugin.queue.calibration_said import compared_moments
from plugin.queue.calibration_views import (
    Calibration,
    CalibrationCounts,
    CalibrationHead,
    MomentLine,
    Rater,
)
from stream.contracts.feedback import ModelVersion
from stream.contracts.rubric import RUBRIC_VERSION

LISTED: Final = 50
"""Calibrations of one list, the latest first: those of years, one a month."""


def calibrations_of(session: Session, viewer: Viewer, *more: ColumnElement[bool]) -> Sequence[StoredCalibration]:
    """Return the calibrations in which this supervisor is a rater, the latest first; none for any other role."""
    if viewer.role is not AccountRole.SUPERVISOR:
        return ()
    is_rater = literal(viewer.user_id) == any_(col(StoredCalibration.raters))
    latest_first = col(StoredCalibration.opened_at).desc(), col(StoredCalibration.calibration_id)
    return session.exec(select(StoredCalibration).where(is_rater, *more).order_by(*latest_first).limit(LISTED)).all()


def find_calibration(session: Session, viewer: Viewer, calibration_id: UUID) -> StoredCalibration | None:
    """Return a calibration in which this supervisor is a rater, or None."""
    found = calibrations_of(session, viewer, col(StoredCalibration.calibration_id) == calibration_id)
    return found[0] if found else None


def read_head(session: Session, viewer: Viewer, stored: StoredCalibration, now: datetime) -> CalibrationHead:
    """Return where a calibration stands for this rater, without what anybody says."""
    return _head(session, viewer, stored, _lines(session, viewer, stored, moments_of(session, viewer, stored)), now)


def read_calibration(session: Session, viewer: Viewer, stored: StoredCalibration, now: datetime) -> Calibration:
    """Return a calibration as this rater sees it; what others say is among it only if they may compare."""
    moments = moments_of(session, viewer, stored)
    lines = _lines(session, viewer, stored, moments)
    head = _head(session, viewer, stored, lines, now)
    return Calibration(
        head=head,
        moments=lines,
        counted=sum(each.can_count for each in moments),
        compared=compared_moments(session, viewer, head, moments) if head.is_compared else (),
    )


def find_moment(
    session: Session, viewer: Viewer, calibration_id: UUID, number: int, now: datetime
) -> tuple[Calibration | None, StoredMoment | None]:
    """Return a calibration of this rater's and one moment of it, each as far as it is there."""
    stored = find_calibration(session, viewer, calibration_id)
    if stored is None:
        return None, None
    found = (each for each in moments_of(session, viewer, stored) if each.moment.number == number)
    return read_calibration(session, viewer, stored, now), next(found, None)


def sessions_to_rate(session: Session, viewer: Viewer, stored: StoredCalibration, now: datetime) -> set[UUID]:
    """Return the sessions of the moments of a calibration that this rater can still rate and has not."""
    moments = moments_of(session, viewer, stored)
    lines = _lines(session, viewer, stored, moments)
    if not _head(session, viewer, stored, lines, now).is_open:
        return set()
    missing = {each.number for each in lines if each.is_readable and not each.is_rated}
    return {each.row.session_id for each in moments if each.moment.number in missing}


def sessions_to_rate_first(session: Session, viewer: Viewer, now: datetime) -> frozenset[UUID]:
    """Return the sessions of every calibration that a rater has yet to rate; none for any other role."""
    found = calibrations_of(session, viewer, col(StoredCalibration.deadline_at) > now)
    return frozenset().union(*(sessions_to_rate(session, viewer, stored, now) for stored in found))


def calibration_counts(session: Session, now: datetime) -> CalibrationCounts:
    """Return how many calibrations of all teams are open and over, for an operator; cancelled ones are neither."""
    done = (
        select(func.count())
        .select_from(StoredCalibrationDone)
        .where(col(StoredCalibrationDone.calibration_id) == col(StoredCalibration.calibration_id))
        .correlate(StoredCalibration)
        .scalar_subquery()
    )
    is_over = (col(StoredCalibration.deadline_at) <= now) | (done >= func.cardinality(col(StoredCalibration.raters)))
    counted = select(func.count(), func.count().filter(is_over)).select_from(StoredCalibration)
    total, over = session.exec(counted.where(col(StoredCalibration.cancelled_at).is_(None))).one()
    return CalibrationCounts(total - over, over)


def _lines(
    session: Session, viewer: Viewer, stored: StoredCalibration, moments: Sequence[StoredMoment]
) -> tuple[MomentLine, ...]:
    rating: Any = StoredCalibrationRating
    own = select(rating.number).where(
        rating.calibration_id == stored.calibration_id, rating.account_id == viewer.user_id
    )
    rated = set(session.exec(own))
    return tuple(MomentLine(each.moment.number, each.moment.number in rated, each.is_readable) for each in moments)


def _head(
    session: Session, viewer: Viewer, stored: StoredCalibration, lines: Sequence[MomentLine], now: datetime
) -> CalibrationHead:
    done = set(
        session.exec(
            select(StoredCalibrationDone.account_id).where(
                col(StoredCalibrationDone.calibration_id) == stored.calibration_id
            )
        )
    )
    names = _names(session, stored.raters)
    raters = [Rater(account_id, names[account_id], account_id in done) for account_id in stored.raters]
    stands = stored.cancelled_at is None
    time_over, is_done = now >= stored.deadline_at, viewer.user_id in done
    return CalibrationHead(
        calibration_id=stored.calibration_id,
        opened_by=names[stored.account_id],
        is_own=stored.account_id == viewer.user_id,
        opened_at=stored.opened_at,
        deadline_at=stored.deadline_at,
        cancelled_at=stored.cancelled_at,
        raters=tuple(sorted(raters, key=lambda each: (place_in_alphabet(each.name), each.name, each.account_id))),
        drawn=stored.drawn,
        model=ModelVersion.model_validate(stored.model),
        rubric=stored.rubric,
        left=sum(each.is_readable and not each.is_rated for each in lines),
        is_done=is_done,
        is_open=stands and not time_over and not is_done and stored.rubric == RUBRIC_VERSION,
        is_compared=stands and (time_over or is_done),
        is_over=stands and (time_over or done >= set(stored.raters)),
    )


def _names(session: Session, accounts: Collection[UUID]) -> dict[UUID, str]:
    found = select(Account.account_id, Account.display_name).where(col(Account.account_id).in_(accounts))
    return dict(session.exec(found).all())
