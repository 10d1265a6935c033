"""What is said of the moments of a calibration, by each rater and by all together, without notes and reasons."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from plugin.database.tables import Account, StoredCalibrationRating, StoredFinalLevel
from plugin.database.viewer import Viewer
from plugin.queue.calibration_moments import StoredMoment
from plugin.queue.calibration_views import CalibrationHead, ComparedMoment, FinalLevel, PeerRating, said_from_json
from stream.contracts.vocabulary import Level, Mechanism


def compared_moments(
    session: Session, viewer: Viewer, head: CalibrationHead, moments: Sequence[StoredMoment]
) -> tuple[ComparedMoment, ...]:
    """Return the moments with the ratings that can no longer change: of those who are done, or of all in the end."""
    ratings = _ratings(session, viewer, head, {each.account_id for each in head.raters if each.is_done or head.is_over})
    final = _final_levels(session, head.calibration_id)
    return tuple(
        ComparedMoment(
            number=each.moment.number,
            machine=each.machine,
            ratings=ratings.get(each.moment.number, {}),
            final=final.get(each.moment.number, {}),
            is_asked_for=each.moment.asked_at is not None,
        )
        for each in moments
    )


def _ratings(
    session: Session, viewer: Viewer, head: CalibrationHead, authors: Collection[UUID]
) -> Mapping[int, dict[UUID, PeerRating]]:
    names = {each.account_id: each.name for each in head.raters}
    rating: Any = StoredCalibrationRating
    found = session.exec(
        select(rating.number, rating.account_id, rating.levels, rating.blind).where(
            rating.calibration_id == head.calibration_id, rating.account_id.in_(authors)
        )
    )
    ratings: dict[int, dict[UUID, PeerRating]] = defaultdict(dict)
    for number, account_id, levels, blind in found:
        is_own = account_id == viewer.user_id
        ratings[number][account_id] = PeerRating(names[account_id], said_from_json(levels), blind, is_own)
    return {
        number: {each.account_id: said[each.account_id] for each in head.raters if each.account_id in said}
        for number, said in ratings.items()
    }


def _final_levels(session: Session, calibration_id: UUID) -> Mapping[int, dict[Mechanism, FinalLevel]]:
    found = session.exec(
        select(StoredFinalLevel, Account.display_name)
        .join(Account, col(Account.account_id) == col(StoredFinalLevel.account_id))
        .where(col(StoredFinalLevel.calibration_id) == calibration_id)
    )
    levels: dict[int, dict[Mechanism, FinalLevel]] = defaultdict(dict)
    for row, by in found:
        level = None if row.level is None else Level(row.level)
        levels[row.number][Mechanism(row.mechanism)] = FinalLevel(level, by, row.settled_at)
    return levels
