"""The moments of calibrations as they are stored: which are still as they were drawn, and which can be read."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from plugin.database.tables import (
    StoredAnswer,
    StoredCalibration,
    StoredCalibrationMoment,
    StoredExchange,
    StoredMessage,
    StoredSession,
)
from plugin.database.tables.base import Json
from plugin.database.viewer import Viewer
from plugin.queue.calibration_views import MECHANISMS
from plugin.queue.scope import visible_to
from plugin.queue.stratified_draw import Levels
from stream.contracts.messages import Consent


@dataclass(frozen=True)
class StoredMoment:
    """A moment that has not dropped out, with its session and its place in it."""

    moment: StoredCalibrationMoment
    row: StoredSession
    exchange: StoredExchange
    machine: Levels
    is_readable: bool

    @property
    def can_count(self) -> bool:
        """Whether its client agreed to secondary use, without which it tells nothing of a model."""
        return Consent.model_validate(self.row.consent).secondary_use


def moments_of(session: Session, viewer: Viewer, stored: StoredCalibration) -> list[StoredMoment]:
    """Return the moments of a calibration that this person may still see and that are as they were drawn, in order."""
    found = session.exec(
        select(StoredCalibrationMoment, StoredSession, StoredExchange, StoredAnswer.ratings)
        .join(StoredSession, col(StoredSession.session_id) == col(StoredCalibrationMoment.session_id))
        .join(StoredExchange, col(StoredExchange.exchange_id) == col(StoredCalibrationMoment.exchange_id))
        .join(StoredAnswer, col(StoredAnswer.assessment_id) == col(StoredCalibrationMoment.assessment_id))
        .where(
            col(StoredCalibrationMoment.calibration_id) == stored.calibration_id,
            visible_to(viewer),
            col(StoredAnswer.superseded_by).is_(None),
        )
        .order_by(col(StoredCalibrationMoment.number))
    ).all()
    ids = stored_ids(session, {row.session_id for _, row, *_ in found})
    return [
        StoredMoment(moment, row, exchange, machine_levels(ratings), is_readable(exchange, ids.get(row.session_id, ())))
        for moment, row, exchange, ratings in found
    ]


def machine_levels(ratings: Json) -> Levels:
    """Return the levels of an answer's ratings in the order of the mechanisms."""
    levels = {rating["mechanism"]: rating["level"] for rating in ratings or ()}
    return tuple(levels.get(mechanism.value) for mechanism in MECHANISMS)


def stored_ids(session: Session, sessions: Collection[UUID]) -> dict[UUID, set[str]]:
    """Return the ids of the messages that are stored of some sessions."""
    found: dict[UUID, set[str]] = {}
    of_sessions = col(StoredMessage.session_id).in_(sessions)
    for session_id, message_id in session.exec(
        select(StoredMessage.session_id, StoredMessage.message_id).where(of_sessions)
    ):
        found.setdefault(session_id, set()).add(message_id)
    return found


def is_readable(exchange: StoredExchange, stored: Collection[str]) -> bool:
    """Return whether the words of the client's turn and of the reply are all stored."""
    return all(message_id in stored for message_id in (*exchange.client_turn, *exchange.reply))
