"""The JSON of a service's own criteria, as an operator words, orders and retires them. It holds no answer."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from plugin.api.list_models import Part
from plugin.api.requests import Asked, SeenVersion
from plugin.api.session_models import Criterion
from plugin.queue.criterion_views import (
    MAX_QUESTION,
    MAX_WORD,
    STEPS,
    CriterionAbout,
    CriterionScale,
    Wording,
    checked_wording,
)

Question = Annotated[str, StringConstraints(max_length=MAX_QUESTION)]
Word = Annotated[str, StringConstraints(max_length=MAX_WORD)]


class WrittenCriterion(Criterion):
    """The latest version of a criterion, or one before it, as an operator wrote it."""

    words: tuple[str, ...] = Field(description="The service's own words for the steps of a scale from 0 to 3.")
    is_retired: bool = Field(description="Whether the criterion is asked no more, in whichever version.")


class WrittenCriteria(Part):
    """The latest version of every criterion: those that are asked in their order, then the retired ones."""

    criteria: tuple[WrittenCriterion, ...]


class CriterionVersion(Part):
    """A version of a criterion."""

    criterion: WrittenCriterion
    by: str | None = Field(description="The display name of whoever wrote it; null for a command.")
    at: datetime


class CriterionVersions(Part):
    """Every version of a criterion, the latest first."""

    versions: tuple[CriterionVersion, ...]


class WordCriterion(Asked):
    """What a criterion asks, and whether therapists read its answers."""

    question: Question = Field(description="About what was said, never about a person; without a name.")
    scale: CriterionScale
    words: Annotated[tuple[Word, ...], Field(max_length=STEPS)] = Field(
        default=(), description="For a scale of `steps` one for each of 0, 1, 2 and 3; for the others none."
    )
    shared: Annotated[bool, Field(strict=True, description="Whether a therapist reads the answers after a release.")]

    @property
    def wording(self) -> Wording:
        """The wording, checked.

        Raises:
            Misconfigured: it is none; the message says why.
        """
        return checked_wording(self.question, self.scale, self.words, shared=self.shared)


class AddCriterion(WordCriterion):
    """A criterion to be asked after the others."""

    name: Annotated[str, StringConstraints(max_length=40)] = Field(
        description="1 to 40 small letters, digits and hyphens; never used before."
    )
    about: CriterionAbout = Field(description="What it is asked of, which never changes.")


class ChangeCriterion(WordCriterion):
    """The next version of a criterion; answers keep the version to which they were given."""

    seen: SeenVersion


class MoveTo(StrEnum):
    """Where a criterion goes among the others, by one place."""

    EARLIER = "earlier"
    LATER = "later"


class MoveCriterion(Asked):
    """Whether a criterion is to be asked earlier or later among the others, by one place."""

    to: MoveTo


class AddedCriterion(Part):
    """The criterion that was added."""

    criterion_id: UUID
