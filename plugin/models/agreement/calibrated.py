"""Agreement from calibrations of the database instead of sheets: the same figures, by the same rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from plugin.models.agreement.draw_sample import SampleReader
from plugin.models.agreement.rating_files import MECHANISMS, FinalLevels, Ratings, SampleKey, SampleKeyItem
from plugin.queue.calibration_measure import MeasuredCalibration
from plugin.queue.store import open_store
from stream.contracts.errors import Denied, Misconfigured
from stream.runtime.settings import Settings


@dataclass(frozen=True)
class CalibratedRatings:
    """What calibrations say of one model: a key, a sheet for each rater, and the levels on which they settled."""

    key: SampleKey
    sheets: tuple[Ratings, ...]
    final: FinalLevels
    without_consent: int
    """Moments that are left out, since their clients did not agree to secondary use."""
    not_blind: int
    """Ratings that are left out, since their raters had seen the model's levels."""


def read_calibrations(settings: Settings, reader: SampleReader, ids: Sequence[UUID]) -> CalibratedRatings:
    """Read calibrations on behalf of a supervisor who is a rater of each; the audit trail records it.

    Raises:
        Denied: the supervisor's name or password is wrong.
        Misconfigured: there is no such calibration for this person, one is not over, or they do not fit together.
        Unavailable: the database is away.
    """
    found = []
    with open_store(settings) as store:
        viewer = store.authenticate(reader.username, reader.password, request_id="model agreement")
        if viewer is None:
            raise Denied("There is no account with this name and password.")
        for calibration_id in dict.fromkeys(ids):
            measured = store.calibrations.measured(viewer, calibration_id, request_id="model agreement")
            if measured is None:
                raise Misconfigured(f"{reader.username} is no rater of a calibration {calibration_id} that stands.")
            found.append(measured)
    return combine(found)


def combine(calibrations: Sequence[MeasuredCalibration]) -> CalibratedRatings:
    """Return what calibrations of one model, by one rubric and by the same raters, say together.

    Raises:
        Misconfigured: there is none, one is not over, or they are of several models, rubrics or groups of raters.
    """
    if not calibrations:
        raise Misconfigured("Name a calibration.")
    if going_on := [each for each in calibrations if not each.is_over]:
        raise Misconfigured(f"Calibration {going_on[0].calibration_id} is not over: a rater is not done yet.")
    if len({each.model.key for each in calibrations}) > 1:
        raise Misconfigured("These calibrations are about several models or versions; name those of one.")
    if len({each.rubric for each in calibrations}) > 1:
        raise Misconfigured("These calibrations were rated by several versions of the rubric; name those of one.")
    groups = {frozenset(who for moment in each.moments for who in moment.ratings) for each in calibrations}
    groups.discard(frozenset())  # of a calibration in which nothing counts
    if len(groups) > 1:
        raise Misconfigured("These calibrations have different raters; name those that the same people rated.")
    items = [
        (f"{number}/{moment.number}", moment)
        for number, each in enumerate(calibrations, start=1)
        for moment in each.moments
    ]
    return CalibratedRatings(
        key=SampleKey(
            model=calibrations[0].model,
            items=tuple(
                SampleKeyItem(item=name, levels=moment.machine, reply_words=moment.reply_words)
                for name, moment in items
            ),
        ),
        sheets=tuple(
            {name: moment.ratings[rater] for name, moment in items if rater in moment.ratings}
            for rater in sorted(next(iter(groups), ()))
        ),
        final={
            name: {MECHANISMS.index(mechanism): level for mechanism, level in moment.final.items()}
            for name, moment in items
            if moment.final
        },
        without_consent=sum(each.without_consent for each in calibrations),
        not_blind=sum(each.not_blind for each in calibrations),
    )
