"""The JSON of calibrations: what a rater may see of them, what she says of a moment, and what is settled."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from plugin.api.codes import LevelName
from plugin.api.list_models import Part
from plugin.api.session_models import Message
from plugin.queue.calibration_comparison import PairAgreement, PairLine, to_settle
from plugin.queue.calibration_views import CalibratedWords, Calibration, ComparedMoment, Said
from stream.contracts.feedback import ModelVersion
from stream.contracts.vocabulary import Level, Mechanism


class Colleague(Part):
    """A supervisor who can be invited."""

    account_id: UUID
    name: str


class Colleagues(Part):
    """The supervisors who can be invited, by the alphabet."""

    colleagues: tuple[Colleague, ...]


class Rater(Part):
    """One who rates."""

    account_id: UUID
    name: str
    is_done: bool


class CalibrationLine(Part):
    """A calibration in the list of one of its raters."""

    calibration_id: UUID
    opened_by: str
    is_own: bool = Field(description="Whether the caller opened it.")
    opened_at: datetime
    deadline_at: datetime
    cancelled_at: datetime | None = Field(description="When it was cancelled; then it has no moments.")
    raters: tuple[Rater, ...] = Field(description="By the alphabet.")
    drawn: int
    model: ModelVersion
    rubric: str
    left: int = Field(description="The moments that the caller can rate and has not.")
    is_done: bool
    is_open: bool = Field(description="Whether the caller may rate, or change what they said.")
    is_compared: bool = Field(description="Whether the caller sees what others say.")
    is_over: bool


class CalibrationLines(Part):
    """The calibrations of a supervisor, the latest first."""

    calibrations: tuple[CalibrationLine, ...]


class Opened(Part):
    """A calibration that was opened."""

    calibration_id: UUID


class MomentLine(Part):
    """A moment of a calibration."""

    number: int
    is_rated: bool
    is_readable: bool


class Levels(Part):
    """A level for each mechanism; null stands for "cannot say"."""

    respect_for_autonomy: LevelName | None
    stance_alignment: LevelName | None
    emotional_resonance: LevelName | None
    conversational_orientation: LevelName | None

    @property
    def said(self) -> Said:
        """What is said of the four mechanisms."""
        return {mechanism: getattr(self, mechanism.value) for mechanism in Mechanism}


class Agreement(Part):
    """Weighted kappa with its interval of 95 %, null where it is not defined, and the number of moments."""

    mechanism: Mechanism
    moments: int
    kappa: float | None
    low: float | None
    high: float | None


class Pair(Part):
    """The agreement of two raters; with the model where `other` is null. Only blind ratings count."""

    one: str
    other: str | None
    agreement: tuple[Agreement, ...]


class PeerRating(Part):
    """What one rater says of a moment."""

    name: str
    is_own: bool
    is_blind: bool = Field(description="Whether the rater had not seen the model's levels of the session.")
    levels: Levels
    note: str = Field(repr=False)


class FinalLevel(Part):
    """The level on which the raters settled; null where it cannot be said."""

    mechanism: Mechanism
    level: LevelName | None
    by: str
    at: datetime
    reason: str = Field(repr=False)


class Compared(Part):
    """A moment with what is said of it."""

    number: int
    ratings: tuple[PeerRating, ...]
    final: tuple[FinalLevel, ...]
    to_settle: tuple[Mechanism, ...] = Field(description="On which raters are two levels apart, or the opener asked.")


class OpenedCalibration(Part):
    """A calibration as one of its raters sees it; without pairs and comparison before her own ratings are in."""

    head: CalibrationLine
    moments: tuple[MomentLine, ...]
    dropped_out: int
    counted: int = Field(description="The moments that can count for the agreement of the model.")
    pairs: tuple[Pair, ...]
    compared: tuple[Compared, ...] = Field(description="Without notes and reasons, which stand with each moment.")


class RatedMoment(Part):
    """A moment with its words, without names of authors; `machine` is null before the raters have settled."""

    number: int
    context: tuple[Message, ...]
    client_turn: tuple[Message, ...]
    reply: tuple[Message, ...]
    own: PeerRating | None
    compared: Compared | None
    machine: Levels | None


def opened_calibration(found: Calibration, pairs: tuple[PairLine, ...]) -> OpenedCalibration:
    """Return a calibration as JSON holds it."""
    return OpenedCalibration(
        head=CalibrationLine.model_validate(found.head),
        moments=tuple(MomentLine.model_validate(each) for each in found.moments),
        dropped_out=found.dropped_out,
        counted=found.counted,
        pairs=tuple(
            Pair(one=line.one, other=line.other, agreement=tuple(_agreement(*each) for each in line.agreement.items()))
            for line in pairs
        ),
        compared=tuple(_compared(each, is_over=found.head.is_over) for each in found.compared),
    )


def rated_moment(found: CalibratedWords) -> RatedMoment:
    """Return a moment as JSON holds it."""
    compared = found.compared
    return RatedMoment.model_validate(
        {
            "number": found.number,
            "context": found.context,
            "client_turn": found.client_turn,
            "reply": found.reply,
            "own": None
            if found.own is None
            else PeerRating(
                name=found.own.name,
                is_own=True,
                is_blind=found.own.is_blind,
                levels=_levels(found.own.said),
                note=found.own.note,
            ),
            "compared": None if compared is None else _compared(compared, is_over=found.calibration.head.is_over),
            "machine": _machine(compared) if compared is not None and found.shows_machine else None,
        }
    )


def _agreement(mechanism: Mechanism, figure: PairAgreement) -> Agreement:
    kappa = figure.kappa
    return Agreement(
        mechanism=mechanism,
        moments=figure.items,
        kappa=None if kappa is None else kappa.value,
        low=None if kappa is None else kappa.low,
        high=None if kappa is None else kappa.high,
    )


def _compared(moment: ComparedMoment, *, is_over: bool) -> Compared:
    return Compared(
        number=moment.number,
        ratings=tuple(
            PeerRating(
                name=each.name,
                is_own=each.is_own,
                is_blind=each.is_blind,
                levels=_levels(each.said),
                note=each.note,
            )
            for each in moment.ratings.values()
        ),
        final=tuple(
            FinalLevel(mechanism=mechanism, level=each.level, by=each.by, at=each.at, reason=each.reason)
            for mechanism, each in moment.final.items()
        ),
        to_settle=to_settle(moment) if is_over else (),
    )


def _machine(moment: ComparedMoment) -> Levels:
    given = zip(Mechanism, moment.machine, strict=True)
    return _levels({mechanism: None if level is None else Level(level) for mechanism, level in given})


def _levels(said: Said) -> Levels:
    return Levels.model_validate({mechanism.value: said.get(mechanism) for mechanism in Mechanism})
