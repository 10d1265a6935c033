"""What a calibration says of the model that it is about: levels by moment, without text and without names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from plugin.queue.calibration_moments import StoredMoment
from plugin.queue.calibration_views import MECHANISMS, Calibration, ComparedMoment, levels_of
from plugin.queue.stratified_draw import Levels
from stream.contracts.feedback import ModelVersion
from stream.contracts.vocabulary import Level, Mechanism


@dataclass(frozen=True)
class MeasuredMoment:
    """A moment whose client agreed to secondary use, with what is said of it."""

    number: int
    reply_words: int
    machine: Levels
    ratings: Mapping[UUID, Levels]
    """By rater, those alone that were given blind."""
    final: Mapping[Mechanism, Level | None]
    """The levels on which the raters settled; None where they found that it cannot be said."""


@dataclass(frozen=True)
class MeasuredCalibration:
    """A calibration as the agreement of a model is measured by it."""

    calibration_id: UUID
    model: ModelVersion
    rubric: str
    is_over: bool
    moments: tuple[MeasuredMoment, ...]
    without_consent: int
    """Moments that are left out, since their clients did not agree to secondary use."""
    not_blind: int
    """Ratings that are left out, since their raters had seen the model's levels of the session."""


def measured(calibration: Calibration, moments: Iterable[StoredMoment]) -> MeasuredCalibration:
    """Return what a calibration says of its model; nothing of a moment without consent to secondary use."""
    agreed = {each.moment.number: each.moment.reply_words for each in moments if each.can_count}
    counted = [each for each in calibration.compared if each.number in agreed]
    return MeasuredCalibration(
        calibration_id=calibration.head.calibration_id,
        model=calibration.head.model,
        rubric=calibration.head.rubric,
        is_over=calibration.head.is_over,
        moments=tuple(_measured(each, agreed[each.number]) for each in counted),
        without_consent=len(calibration.moments) - len(agreed),
        not_blind=sum(not rating.is_blind for each in counted for rating in each.ratings.values()),
    )


def _measured(moment: ComparedMoment, reply_words: int) -> MeasuredMoment:
    return MeasuredMoment(
        number=moment.number,
        reply_words=reply_words,
        machine=moment.machine,
        ratings={who: levels_of(said.said) for who, said in moment.ratings.items() if said.is_blind},
        final={mechanism: moment.final[mechanism].level for mechanism in MECHANISMS if mechanism in moment.final},
    )
