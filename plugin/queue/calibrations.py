"""Calibrations: several supervisors rate the same moments blind, and then compare. Here they are opened and read.

Each method is one transaction. Opening a calibration and reading text are recorded in the audit trail.
"""

import secrets
from collections.abc import Callable, Collection
from datetime import date, datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import or_
from sqlmodel import Session, col

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.audit import add_audit_entry
from plugin.database.engine import Database, transaction
from plugin.database.tables import StoredCalibration
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.calibrated_words import calibrated_words
from plugin.queue.calibration_deadline import PossibleDays, deadline_of, possible_days
from plugin.queue.calibration_drawing import by_alphabet, colleagues_of, draw, store_moments
from plugin.queue.calibration_measure import MeasuredCalibration, measured
from plugin.queue.calibration_moments import moments_of
from plugin.queue.calibration_reading import (
    calibration_counts,
    calibrations_of,
    find_calibration,
    find_moment,
    read_calibration,
    read_head,
    sessions_to_rate_first,
)
from plugin.queue.calibration_views import (
    CalibratedWords,
    Calibration,
    CalibrationCounts,
    CalibrationHead,
    CalibrationOutcome,
    Colleague,
)
from stream.contracts.rubric import RUBRIC_VERSION

MAX_MOMENTS: Final = 100
"""Moments of one calibration: more are not rated with care within a month beside the daily work."""
DRAWN: Final = "calibration draw"
BLIND: Final = "calibration"
"""The purpose of reading a moment without the model's levels, as the audit trail calls it; migration 0019 knows it."""
WITH_MACHINE: Final = "calibration comparison"
"""The purpose of reading a moment beside the model's levels, after which no rating of its session is blind."""


class Calibrations:
    """The calibrations of a database. Every method may raise `Unavailable` when the database is away."""

    def __init__(self, database: Database, kek: KeyEncryptionKey, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._kek = kek
        self._now = now

    def colleagues(self, viewer: Viewer) -> tuple[Colleague, ...]:
        """Return whom a supervisor can invite: those of her teams, by the alphabet; nobody for any other role."""
        if viewer.role is not AccountRole.SUPERVISOR:
            return ()
        with transaction(self._database, viewer.user_id) as session:
            return by_alphabet(colleagues_of(session, viewer).values())

    def possible_days(self, zone: str) -> PossibleDays:
        """Return the last days that may be chosen now on the clocks of a zone."""
        return possible_days(zone, self._now())

    def listed(self, viewer: Viewer) -> tuple[CalibrationHead, ...]:
        """Return the calibrations in which a supervisor is a rater, the latest first; none for any other role.

        Of those that were cancelled there are her own alone.
        """
        now = self._now()
        with transaction(self._database, viewer.user_id) as session:
            is_hers = col(StoredCalibration.account_id) == viewer.user_id
            found = calibrations_of(session, viewer, or_(col(StoredCalibration.cancelled_at).is_(None), is_hers))
            return tuple(read_head(session, viewer, stored, now) for stored in found)

    def waiting(self, viewer: Viewer) -> tuple[CalibrationHead, ...]:
        """Return the calibrations that a supervisor can still rate, the nearest deadline first."""
        now = self._now()
        with transaction(self._database, viewer.user_id) as session:
            found = calibrations_of(session, viewer, col(StoredCalibration.deadline_at) > now)
            heads = [read_head(session, viewer, stored, now) for stored in found]
        return tuple(sorted((each for each in heads if each.is_open), key=lambda each: each.deadline_at))

    def to_rate_first(self, viewer: Viewer) -> frozenset[UUID]:
        """Return the sessions of moments that a supervisor has yet to rate, which she had better not open before."""
        with transaction(self._database, viewer.user_id) as session:
            return sessions_to_rate_first(session, viewer, self._now())

    def counts(self, viewer: Viewer) -> CalibrationCounts | None:
        """Return an operator's numbers; None for any other role."""
        if viewer.role is not AccountRole.OPERATOR:
            return None
        with transaction(self._database, viewer.user_id) as session:
            return calibration_counts(session, self._now())

    def open(
        self,
        viewer: Viewer,
        colleagues: Collection[UUID],
        size: int,
        day: date,
        zone: str,
        *,
        seed: int | None = None,
        request_id: str = "",
    ) -> tuple[CalibrationOutcome, UUID | None]:
        """Draw moments for this supervisor and the colleagues whom she invites, to be rated until the end of a day.

        Fewer than `size` are drawn where there are no more; `day` is meant on the clocks of `zone`.
        """
        calibration_id, chance = uuid4(), secrets.randbits(32) if seed is None else seed
        with transaction(self._database, viewer.user_id) as session:
            outcome = self._open(session, viewer, calibration_id, set(colleagues), size, day, zone, chance, request_id)
            add_calibration_entry(session, viewer, "open calibration", calibration_id, outcome, request_id)
        return outcome, calibration_id if outcome is CalibrationOutcome.DONE else None

    def read(self, viewer: Viewer, calibration_id: UUID) -> Calibration | None:
        """Return a calibration as one of its raters sees it, without text; None for anybody else."""
        with transaction(self._database, viewer.user_id) as session:
            stored = find_calibration(session, viewer, calibration_id)
            return None if stored is None else read_calibration(session, viewer, stored, self._now())

    def measured(self, viewer: Viewer, calibration_id: UUID, *, request_id: str = "") -> MeasuredCalibration | None:
        """Return what a calibration says of its model, in codes and without names.

        None where it was cancelled, and to who is no rater of it.
        """
        with transaction(self._database, viewer.user_id) as session:
            stored = find_calibration(session, viewer, calibration_id)
            found = None
            if stored is not None and stored.cancelled_at is None:
                calibration = read_calibration(session, viewer, stored, self._now())
                found = measured(calibration, moments_of(session, viewer, stored))
            outcome = CalibrationOutcome.NOT_FOUND if found is None else CalibrationOutcome.DONE
            add_calibration_entry(session, viewer, "calibration agreement", calibration_id, outcome, request_id)
            return found

    def moment(
        self, viewer: Viewer, calibration_id: UUID, number: int, *, request_id: str = ""
    ) -> tuple[CalibrationOutcome, CalibratedWords | None]:
        """Return a moment with its words, to rate it, or to compare what was said of it."""
        with transaction(self._database, viewer.user_id) as session:
            calibration, found = find_moment(session, viewer, calibration_id, number, self._now())
            if calibration is None or found is None:
                return missing_moment(calibration, number), None
            words = calibrated_words(session, self._kek, viewer, calibration, found)
            if not found.is_readable and not calibration.head.is_compared:
                return CalibrationOutcome.GONE, None
            purpose = WITH_MACHINE if words.shows_machine else BLIND
            _add_reading(session, viewer, purpose, found.row.session_id, request_id)
            return CalibrationOutcome.DONE, words

    def _open(
        self,
        session: Session,
        viewer: Viewer,
        calibration_id: UUID,
        colleagues: set[UUID],
        size: int,
        day: date,
        zone: str,
        seed: int,
        request_id: str,
    ) -> CalibrationOutcome:
        if viewer.role is not AccountRole.SUPERVISOR:
            return CalibrationOutcome.NOT_FOUND
        found = colleagues_of(session, viewer)
        if not colleagues or not colleagues <= found.keys():
            return CalibrationOutcome.NOT_COLLEAGUES
        deadline = deadline_of(day, zone, self._now())
        if deadline is None:
            return CalibrationOutcome.BAD_DEADLINE
        raters = [viewer, *(found[account_id] for account_id in sorted(colleagues))]
        drawn = draw(session, raters, size, seed)
        if not drawn:
            return CalibrationOutcome.NOTHING_TO_DRAW
        session.add(
            StoredCalibration(
                calibration_id=calibration_id,
                account_id=viewer.user_id,
                raters=[rater.user_id for rater in raters],
                drawn=len(drawn),
                model=drawn[0].model.model_dump(mode="json"),
                rubric=RUBRIC_VERSION,
                opened_at=self._now(),
                deadline_at=deadline,
            )
        )
        session.flush()
        store_moments(session, self._kek, calibration_id, drawn)
        for session_id in dict.fromkeys(moment.session for moment in drawn):  # whose replies were counted word by word
            _add_reading(session, viewer, DRAWN, session_id, request_id)
        return CalibrationOutcome.DONE


def missing_moment(calibration: Calibration | None, number: int) -> CalibrationOutcome:
    """Return why a moment is not there: it has dropped out, the calibration was cancelled, or it never was one."""
    if calibration is None or not 1 <= number <= calibration.head.drawn:
        return CalibrationOutcome.NOT_FOUND
    return CalibrationOutcome.GONE if calibration.head.cancelled_at is None else CalibrationOutcome.CANCELLED


def add_calibration_entry(
    session: Session, viewer: Viewer, purpose: str, object_id: object, outcome: CalibrationOutcome, request_id: str
) -> None:
    """Write the entry of a step of a calibration."""
    add_audit_entry(
        session,
        viewer,
        purpose=purpose,
        object_type="calibration",
        object_id=object_id,
        outcome=outcome.value,
        request_id=request_id,
    )


def _add_reading(session: Session, viewer: Viewer, purpose: str, session_id: UUID, request_id: str) -> None:
    add_audit_entry(
        session,
        viewer,
        purpose=purpose,
        object_type="session",
        object_id=session_id,
        outcome=CalibrationOutcome.DONE.value,
        request_id=request_id,
    )
