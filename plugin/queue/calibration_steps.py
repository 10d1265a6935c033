"""The steps of a calibration: rate a moment, say that one is done, cancel, ask to settle a moment, and settle it.

Each method is one transaction with its entry in the audit trail. What a rater says goes into tables of its own, since a
label decides what a therapist reads, and is seen by colleagues at once.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.conversation_keys import find_cipher
from plugin.database.engine import Database, transaction
from plugin.database.locks import lock_calibration
from plugin.database.sealed_columns import final_level_words_binding, rating_words_binding
from plugin.database.tables import (
    StoredCalibrationDone,
    StoredCalibrationMoment,
    StoredCalibrationRating,
    StoredFinalLevel,
)
from plugin.database.viewer import Viewer
from plugin.queue.calibration_comparison import can_be_asked_for, to_settle
from plugin.queue.calibration_drawing import seen_by
from plugin.queue.calibration_moments import StoredMoment
from plugin.queue.calibration_reading import find_calibration, find_moment, read_head
from plugin.queue.calibration_views import Calibration, CalibrationOutcome, ComparedMoment, Said, said_to_json
from plugin.queue.calibrations import add_calibration_entry, missing_moment
from plugin.queue.claims import lock_session
from stream.contracts.vocabulary import Level, Mechanism

MAX_WORDS: Final = 2000
"""Characters of a note or of a reason: one page of a book."""
FinalLevels = Mapping[Mechanism, tuple[Level | None, str]]
"""The levels on which raters settle, each with its reason; None where it cannot be said."""


class CalibrationSteps:
    """The steps of the calibrations of a database. Every method may raise `Unavailable`."""

    def __init__(self, database: Database, kek: KeyEncryptionKey, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._kek = kek
        self._now = now

    def rate(
        self, viewer: Viewer, calibration_id: UUID, number: int, said: Said, note: str = "", *, request_id: str = ""
    ) -> CalibrationOutcome:
        """Store what a rater says of a moment, in the place of what she said of it before."""

        def act(session: Session, calibration: Calibration, found: StoredMoment) -> CalibrationOutcome:
            if not calibration.head.is_open:
                return CalibrationOutcome.ENDED
            return self._store_rating(session, viewer, found, said, note)

        return self._act(viewer, calibration_id, number, act, "calibration rating", request_id)

    def finish(self, viewer: Viewer, calibration_id: UUID, *, request_id: str = "") -> CalibrationOutcome:
        """Store that a rater is done, once she has rated every moment; then she compares, and changes nothing more."""
        with transaction(self._database, viewer.user_id) as session:
            lock_calibration(session, calibration_id)
            stored = find_calibration(session, viewer, calibration_id)
            head = None if stored is None else read_head(session, viewer, stored, self._now())
            if head is None:
                outcome = CalibrationOutcome.NOT_FOUND
            elif head.cancelled_at is not None:
                outcome = CalibrationOutcome.CANCELLED
            elif not head.is_open:
                outcome = CalibrationOutcome.ENDED
            elif head.left:
                outcome = CalibrationOutcome.INCOMPLETE
            else:
                key = {"calibration_id": calibration_id, "account_id": viewer.user_id}
                session.add(StoredCalibrationDone(**key, done_at=self._now()))
                session.flush()
                outcome = CalibrationOutcome.DONE
            add_calibration_entry(session, viewer, "calibration done", calibration_id, outcome, request_id)
            return outcome

    def cancel(self, viewer: Viewer, calibration_id: UUID, *, request_id: str = "") -> CalibrationOutcome:
        """Cancel a calibration of which nothing is settled, as its opener; what was said of its moments is removed."""
        with transaction(self._database, viewer.user_id) as session:
            lock_calibration(session, calibration_id)
            stored = find_calibration(session, viewer, calibration_id)
            if stored is None or stored.account_id != viewer.user_id:
                outcome = CalibrationOutcome.NOT_FOUND
            elif stored.cancelled_at is not None:
                outcome = CalibrationOutcome.CANCELLED
            else:
                statement = text("SELECT public.counterpoint_calibration_cancel(:calibration, :at)")
                is_done = session.scalar(statement, {"calibration": calibration_id, "at": self._now()})
                outcome = CalibrationOutcome.DONE if is_done else CalibrationOutcome.SETTLED
            add_calibration_entry(session, viewer, "cancel calibration", calibration_id, outcome, request_id)
            return outcome

    def ask(self, viewer: Viewer, calibration_id: UUID, number: int, *, request_id: str = "") -> CalibrationOutcome:
        """Store that the opener asks to settle a moment on which nobody is far apart."""

        def act(session: Session, calibration: Calibration, found: StoredMoment) -> CalibrationOutcome:
            if not calibration.head.is_own:
                return CalibrationOutcome.NOT_FOUND
            if not calibration.head.is_over:
                return CalibrationOutcome.NOT_OVER
            if not can_be_asked_for(_compared(calibration, number)):
                return CalibrationOutcome.NOT_TO_SETTLE
            found.moment.asked_at = self._now()
            session.add(found.moment)
            session.flush()
            return CalibrationOutcome.DONE

        return self._act(viewer, calibration_id, number, act, "calibration ask", request_id)

    def settle(
        self,
        viewer: Viewer,
        calibration_id: UUID,
        number: int,
        final: FinalLevels,
        *,
        request_id: str = "",
    ) -> CalibrationOutcome:
        """Store the levels on which the raters settled, each with its reason; nobody can change them."""

        def act(session: Session, calibration: Calibration, found: StoredMoment) -> CalibrationOutcome:
            if not calibration.head.is_over:
                return CalibrationOutcome.NOT_OVER
            if not final or not final.keys() <= set(to_settle(_compared(calibration, number))):
                return CalibrationOutcome.NOT_TO_SETTLE
            return self._store_final(session, viewer, found, final)

        return self._act(viewer, calibration_id, number, act, "calibration settled", request_id)

    def _store_rating(
        self, session: Session, viewer: Viewer, found: StoredMoment, said: Said, note: str
    ) -> CalibrationOutcome:
        row, key = found.row, (found.moment.calibration_id, found.moment.number, viewer.user_id)
        cipher = find_cipher(session, self._kek, row.tenant, row.conversation_id)
        if cipher is None or not found.is_readable:
            return CalibrationOutcome.GONE
        levels, before = said_to_json(said), session.get(StoredCalibrationRating, key)
        was_blind = before is not None and before.blind and before.levels == levels
        values = {
            "levels": levels,
            "blind": was_blind or not seen_by(session, [viewer.user_id], [row.session_id]),
            "words": cipher.encrypt(note, rating_words_binding(row.tenant, *key)) if note else None,
            "said_at": self._now(),
        }
        names = ("calibration_id", "number", "account_id")
        session.exec(
            insert(StoredCalibrationRating)
            .values(**dict(zip(names, key, strict=True)), session_id=row.session_id, **values)
            .on_conflict_do_update(index_elements=names, set_=values)
        )
        return CalibrationOutcome.DONE

    def _store_final(
        self, session: Session, viewer: Viewer, found: StoredMoment, final: FinalLevels
    ) -> CalibrationOutcome:
        row, calibration_id, number = found.row, found.moment.calibration_id, found.moment.number
        cipher = find_cipher(session, self._kek, row.tenant, row.conversation_id)
        if cipher is None:
            return CalibrationOutcome.GONE
        for mechanism, (level, reason) in final.items():
            binding = final_level_words_binding(row.tenant, calibration_id, number, mechanism.value)
            session.add(
                StoredFinalLevel(
                    calibration_id=calibration_id,
                    number=number,
                    mechanism=mechanism.value,
                    session_id=row.session_id,
                    level=level,
                    words=cipher.encrypt(reason, binding),
                    account_id=viewer.user_id,
                    settled_at=self._now(),
                )
            )
        session.flush()
        return CalibrationOutcome.DONE

    def _act(
        self,
        viewer: Viewer,
        calibration_id: UUID,
        number: int,
        act: Callable[[Session, Calibration, StoredMoment], CalibrationOutcome],
        purpose: str,
        request_id: str,
    ) -> CalibrationOutcome:
        """Take a step about one moment, whose session is locked meanwhile, and write its entry with the outcome."""
        with transaction(self._database, viewer.user_id) as session:
            lock_calibration(session, calibration_id)
            moment = session.get(StoredCalibrationMoment, (calibration_id, number))
            if moment is not None:
                lock_session(session, viewer, moment.session_id, with_text=True)
            calibration, found = find_moment(session, viewer, calibration_id, number, self._now())
            if calibration is None or found is None:
                outcome = missing_moment(calibration, number)
            else:
                outcome = act(session, calibration, found)
            add_calibration_entry(session, viewer, purpose, f"{calibration_id}/{number}", outcome, request_id)
            return outcome


def _compared(calibration: Calibration, number: int) -> ComparedMoment:
    return next(each for each in calibration.compared if each.number == number)
