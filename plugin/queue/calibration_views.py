"""The plain values of calibrations. `repr` never shows text of a session, a note or a reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from plugin.database.tables.base import Json
from plugin.queue.stratified_draw import Levels
from plugin.queue.views import MessageView
from stream.contracts.feedback import ModelVersion
from stream.contracts.vocabulary import Level, Mechanism

MECHANISMS: Final = tuple(Mechanism)
FAR_APART: Final = 2
"""Levels between two raters from which a moment is to be settled: none against strong, the whole scale."""

Said = Mapping[Mechanism, Level | None]
"""What is said of the four mechanisms; None stands for "cannot say"."""


class CalibrationOutcome(StrEnum):
    """The outcome of a step of a calibration."""

    DONE = "done"
    NOT_FOUND = "not_found"
    """There is no such calibration, or no such moment in it, for this person."""
    NOTHING_TO_DRAW = "nothing_to_draw"
    """No rated moment that all raters may read has its words still."""
    NOT_COLLEAGUES = "not_colleagues"
    """Nobody else is invited, or somebody who is no supervisor of a team of the opener's."""
    BAD_DEADLINE = "bad_deadline"
    """The deadline has passed already, or is too far away."""
    GONE = "gone"
    """The words of the moment are not there any more, or they have changed."""
    ENDED = "ended"
    """The deadline has passed, the rater has said that they are done, or another rubric holds now."""
    INCOMPLETE = "incomplete"
    """The rater has not rated every moment yet."""
    CANCELLED = "cancelled"
    """The opener has cancelled the calibration."""
    SETTLED = "settled"
    """A moment has been settled, so that the calibration is cancelled no more."""
    NOT_OVER = "not_over"
    """Others are not done yet, so there is nothing to settle."""
    NOT_TO_SETTLE = "not_to_settle"
    """There is nothing to settle here, or it has been settled."""


@dataclass(frozen=True)
class Colleague:
    """A supervisor who can be invited."""

    account_id: UUID
    name: str


@dataclass(frozen=True)
class Rater:
    """One who rates the moments of a calibration."""

    account_id: UUID
    name: str
    is_done: bool


@dataclass(frozen=True)
class PeerRating:
    """What one rater says of a moment, as it is compared."""

    name: str
    said: Said
    is_blind: bool
    """Whether the rater had not seen the model's levels of this session."""
    is_own: bool
    note: str = field(default="", repr=False)


@dataclass(frozen=True)
class FinalLevel:
    """The level on which the raters settled, with the reason; None where it cannot be said."""

    level: Level | None
    by: str
    at: datetime
    reason: str = field(default="", repr=False)
    """Empty once its time is over."""


@dataclass(frozen=True)
class ComparedMoment:
    """A moment with what is said of it, without text."""

    number: int
    machine: Levels
    ratings: Mapping[UUID, PeerRating]
    """By account, as far as the reader may see them."""
    final: Mapping[Mechanism, FinalLevel]
    is_asked_for: bool = False
    """Whether the opener asked to settle it although nobody is two levels apart."""


@dataclass(frozen=True)
class MomentLine:
    """A moment of a calibration in its list, as one rater sees it before the comparison."""

    number: int
    is_rated: bool
    is_readable: bool
    """Whether all of its words are still there."""


@dataclass(frozen=True)
class CalibrationHead:
    """A calibration in the list of one of its raters."""

    calibration_id: UUID
    opened_by: str
    is_own: bool
    """Whether the reader opened it."""
    opened_at: datetime
    deadline_at: datetime
    cancelled_at: datetime | None
    """When the opener cancelled it; then nobody rates, compares or settles."""
    raters: tuple[Rater, ...]
    """By the alphabet."""
    drawn: int
    model: ModelVersion
    rubric: str
    left: int
    """How many moments the reader can still rate and has not."""
    is_done: bool
    """Whether the reader has said that they are done."""
    is_open: bool
    """Whether the reader may rate, or change what they said; never by another rubric than that of the calibration."""
    is_compared: bool
    """Whether the reader sees what others say: they are done, or the deadline has passed."""
    is_over: bool
    """Whether everybody is done, or the deadline has passed."""


@dataclass(frozen=True)
class Calibration:
    """A calibration as one of its raters opens it."""

    head: CalibrationHead
    moments: tuple[MomentLine, ...]
    """Those that have not dropped out."""
    counted: int
    """How many of them can count for the agreement of the model: their clients agreed to secondary use."""
    compared: tuple[ComparedMoment, ...] = ()
    """The same moments with what is said of them; empty before the comparison."""

    @property
    def dropped_out(self) -> int:
        """How many moments were drawn and are gone, changed, or out of the reader's sight; none if it is cancelled."""
        return 0 if self.head.cancelled_at is not None else self.head.drawn - len(self.moments)

    @property
    def can_be_cancelled(self) -> bool:
        """Whether the reader opened it and has seen nothing settled in it."""
        return self.head.is_own and self.head.cancelled_at is None and not any(each.final for each in self.compared)

    @property
    def rated(self) -> int:
        """How many moments the reader has rated."""
        return sum(moment.is_rated for moment in self.moments)

    @property
    def next_number(self) -> int | None:
        """The first moment that the reader can rate and has not."""
        return next((each.number for each in self.moments if each.is_readable and not each.is_rated), None)


@dataclass(frozen=True)
class CalibratedWords:
    """A moment of a calibration with its words, to rate or to compare; without names of authors."""

    calibration: Calibration
    number: int
    context: tuple[MessageView, ...] = field(repr=False)
    client_turn: tuple[MessageView, ...] = field(repr=False)
    reply: tuple[MessageView, ...] = field(repr=False)
    own: PeerRating | None
    """What the reader has said of it."""
    compared: ComparedMoment | None
    """What everybody says; None before the comparison."""
    to_settle: tuple[Mechanism, ...]
    """The mechanisms on which the raters have yet to settle."""
    shows_machine: bool
    """Whether the model's levels are shown, which they are not before the raters have settled."""


@dataclass(frozen=True)
class CalibrationCounts:
    """The numbers of calibrations that an operator sees."""

    open: int = 0
    over: int = 0


def said_to_json(said: Said) -> Json:
    """Return what is said of the mechanisms as the value of a JSON column."""
    return {mechanism.value: None if level is None else int(level) for mechanism, level in said.items()}


def said_from_json(value: Json) -> Said:
    """Return what the value of a JSON column says of each mechanism."""
    return {
        mechanism: None if value.get(mechanism.value) is None else Level(value[mechanism.value])
        for mechanism in MECHANISMS
    }


def levels_of(said: Said) -> Levels:
    """Return the levels in the order of the mechanisms."""
    return tuple(said.get(mechanism) for mechanism in MECHANISMS)
