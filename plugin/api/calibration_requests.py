"""The JSON that requests about calibrations carry."""

from typing import Annotated, Final
from uuid import UUID

from pydantic import Field, StringConstraints

from plugin.api.calibration_models import Levels
from plugin.api.codes import Day, LevelName, ZoneName
from plugin.api.requests import Asked
from plugin.queue.calibration_steps import MAX_WORDS, FinalLevels
from plugin.queue.calibrations import MAX_MOMENTS
from plugin.time_zones import NO_ZONE
from stream.contracts.vocabulary import Mechanism

MAX_COLLEAGUES: Final = 50
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_WORDS)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_WORDS)]


class OpenCalibration(Asked):
    """Whom to invite, how many moments to draw, and until the end of which day."""

    colleagues: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=MAX_COLLEAGUES)]
    size: Annotated[int, Field(ge=1, le=MAX_MOMENTS, strict=True)]
    day: Annotated[Day, Field(description="The last day on which moments can be rated.")]
    zone: Annotated[ZoneName, Field(description="The time zone of that day, such as Europe/Berlin.")] = NO_ZONE


class AskedLevels(Levels):
    """A level for each mechanism, all of which must be named."""

    model_config = Asked.model_config


class RateMoment(Asked):
    """What the rater says of a moment, in the place of what she said before."""

    levels: AskedLevels
    note: Annotated[Words, Field(repr=False)] = ""


class SettledLevel(Asked):
    """The level of one mechanism, null where it cannot be said, with the reason."""

    mechanism: Mechanism
    level: LevelName | None
    reason: Annotated[Reason, Field(repr=False)]


class SettleMoment(Asked):
    """The levels on which the raters settled together."""

    levels: Annotated[tuple[SettledLevel, ...], Field(min_length=1, max_length=len(Mechanism))]

    @property
    def final(self) -> FinalLevels:
        """The levels by mechanism."""
        return {each.mechanism: (each.level, each.reason) for each in self.levels}
