"""The plain values of moments across sessions, with rights already applied. `repr` never shows text of a session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from plugin.queue.judgements import Labels, is_kept_back
from plugin.queue.review_views import Label
from plugin.queue.statements import level_of
from plugin.queue.views import SessionRow
from stream.contracts.feedback import Assessment, ModelVersion, Rating
from stream.contracts.vocabulary import Level, Mechanism


@dataclass(frozen=True)
class MomentPlace:
    """The place of a moment among all: its session, and its position in it. What comes after it is older."""

    session_id: UUID
    position: int
    """0 is the place after the last moment of a session."""

    @property
    def is_after_session(self) -> bool:
        """Whether nothing of its session comes after it."""
        return self.position == 0


@dataclass(frozen=True)
class LevelAcross:
    """The level of one mechanism with its quotations, and a supervisor's own level beside it."""

    rating: Rating = field(repr=False)
    own: Label | None = None

    @property
    def own_level(self) -> Level | None:
        """A supervisor's own level; None where she set none."""
        return None if self.own is None else self.own.opinion.level

    @property
    def differs(self) -> bool:
        """Whether a supervisor's own level is another than the model's."""
        return self.own is not None and self.own_level is not self.rating.level


@dataclass(frozen=True)
class MomentAcross:
    """A rated moment with its session, without any of its messages."""

    row: SessionRow
    exchange_id: UUID
    counsellor: str | None
    """The display name of the reply's author; None when several people or a system wrote it."""
    answer: Assessment = field(repr=False)
    labels: Labels = field(default_factory=dict)

    @property
    def levels(self) -> tuple[LevelAcross, ...]:
        """The levels in the order of the mechanisms."""
        ratings: Mapping[Mechanism, Rating] = {rating.mechanism: rating for rating in self.answer.ratings}
        return tuple(
            LevelAcross(ratings[mechanism], self.labels.get(str(level_of(mechanism)))) for mechanism in Mechanism
        )

    @property
    def is_kept_back(self) -> bool:
        """Whether a supervisor keeps the moment from its therapist."""
        return is_kept_back(self.labels)


@dataclass(frozen=True)
class VersionCount:
    """How many moments one version of a model rated by one version of the rubric; versions are never added up."""

    model: ModelVersion
    moments: int


@dataclass(frozen=True)
class MomentPart:
    """A part of the moments that a filter leaves, the newest session first."""

    moments: tuple[MomentAcross, ...] = ()
    versions: tuple[VersionCount, ...] = ()
    """The numbers of moments in the sessions that were searched; of the first part alone, and of nobody by name."""
    searched: int = 0
    """The number of sessions that were searched for this part."""
    searched_to: datetime | None = None
    """The end of the oldest of them, where there are older ones; None where none is left."""
    to_rate_first: int = 0
    """The number of sessions that are left out, since the reader has yet to rate them in a calibration."""
    next_place: MomentPlace | None = None
    """The place after which the next part begins; None at the end."""
