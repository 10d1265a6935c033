"""The question file of a study: what is asked, of which columns, by which rules, written before anybody has looked.

It is TOML. The report carries its SHA-256, so that a question that was changed after the answer can be told from one
that was not.
"""

import hashlib
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from stream.contracts.errors import Misconfigured

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""A name of a column or of what is made of columns."""
Sentence = Annotated[str, Field(min_length=1, max_length=2_000)]
Correction = Literal["holm", "benjamini-hochberg"]
Direction = Literal["higher", "lower", "unknown"]


class Part(BaseModel):
    """A part of a question file. A field that is not known is refused: it may be a rule that nobody would follow."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SessionOutcome(Part):
    """A column of sessions that the study wants to explain."""

    column: Name
    before: Name | None = None
    """The same measure before the session; it is held constant, and the change from it is reported."""


class TurnOutcome(Part):
    """A column of client turns that the study wants to explain."""

    column: Name
    binary: bool = False
    """Whether the column holds 0 and 1, so that odds are modelled."""


class Predictor(Part):
    """A column that may explain an outcome."""

    name: Name
    expected: Direction = "unknown"
    """What earlier work leads to expect of the outcome where there is more of this."""


class SessionPredictor(Predictor):
    """A column of sessions, or the share of a session's counsellor turns that have one of some codes."""

    share_of: tuple[str, ...] = ()
    """Codes of the column `code` of the turns; empty: `name` is a column."""


class Exclusion(Part):
    """A rule by which rows are left out, with its reason."""

    column: Name
    below: float | None = None
    above: float | None = None
    because: Sentence

    @model_validator(mode="after")
    def _has_a_bound(self) -> "Exclusion":
        if self.below is None and self.above is None:
            raise ValueError("an exclusion needs `below` or `above`")
        return self


class Question(Part):
    """What every question file states."""

    title: Sentence
    question: Sentence
    written_on: date
    seed: int = Field(ge=0)
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    correction: Correction = "holm"
    known: tuple[Sentence, ...] = ()
    """What readers must know of the data, such as who made the labels; it stands on top of the report."""
    no_counsellors_because: Sentence | None = None
    """Why counsellors need not be counted, such as that a program wrote the replies."""


class QuestionOfLabels(Question):
    """What a question about columns that a model may have filled states too."""

    versions_mixed_because: Sentence | None = None
    """Why numbers that several versions of a model made may stand side by side; without it they are refused."""


class TechniquesQuestion(QuestionOfLabels):
    """Do sessions with more of a technique have other outcomes?"""

    study: Literal["techniques"]
    outcomes: tuple[SessionOutcome, ...] = Field(min_length=1)
    predictors: tuple[SessionPredictor, ...] = Field(min_length=1)
    covariates: tuple[Name, ...] = ()
    exclude: tuple[Exclusion, ...] = ()

    @property
    def columns(self) -> frozenset[str]:
        """The columns of sessions that it is about."""
        outcomes = (name for each in self.outcomes for name in (each.column, each.before) if name)
        predictors = (each.name for each in self.predictors if not each.share_of)
        return frozenset((*outcomes, *predictors, *self.covariates, *(rule.column for rule in self.exclude)))


class TurnsQuestion(QuestionOfLabels):
    """Does what a counsellor does in one turn go with what the client does in the next?"""

    study: Literal["turns"]
    outcomes: tuple[TurnOutcome, ...] = Field(min_length=1)
    """Columns of client turns."""
    predictors: tuple[Predictor, ...] = Field(min_length=1)
    """Columns of counsellor turns."""
    moderator: Name | None = None
    """A column of counsellor turns: what was there before the turn, such as rapport."""
    exclude: tuple[Exclusion, ...] = ()
    """Rules about columns of counsellor turns."""

    @property
    def columns(self) -> frozenset[str]:
        """The columns of turns that it is about."""
        named = (*(each.column for each in self.outcomes), *(each.name for each in self.predictors))
        ruled = (rule.column for rule in self.exclude)
        return frozenset((*named, *ruled, *([self.moderator] if self.moderator else [])))


class TrialQuestion(Question):
    """Do counsellors reply otherwise after feedback than others who had none?"""

    study: Literal["trial"]
    smallest_effect: float = Field(gt=0, le=3)
    """The smallest difference that would matter, in standard deviations."""
    before_after_correlation: float = Field(default=0.5, ge=0, lt=1)
    """How far scores before and after are expected to go together without feedback."""
    power: float = Field(default=0.8, gt=0.5, lt=1)


class TopicsQuestion(Question):
    """What do the counsellors of a team speak of, and how does that change?"""

    study: Literal["topics"]
    numbers: tuple[Annotated[int, Field(ge=2, le=60)], ...] = Field(min_length=1)
    """Numbers of topics that are tried; the most stable one is taken, and of equals the larger, which says more."""
    resamples: int = Field(default=20, ge=5, le=200)
    """How often topics are found anew in four fifths of the remarks, to see which of them come back."""
    least_words: int = Field(default=4, ge=1)
    """Shorter remarks are left out, such as sounds of listening."""


_Questions = TechniquesQuestion | TurnsQuestion | TrialQuestion | TopicsQuestion
AnyQuestion = Annotated[_Questions, Field(discriminator="study")]
_FORM: Final[TypeAdapter[_Questions]] = TypeAdapter(AnyQuestion)


class QuestionFile(Part):
    """A question with the SHA-256 of its file."""

    question: AnyQuestion
    sha256: str


def read_question(path: Path) -> QuestionFile:
    """Read a question file.

    Raises:
        Misconfigured: it cannot be read, or is no question of this version.
    """
    try:
        raw = path.read_bytes()
        question = _FORM.validate_python(tomllib.loads(raw.decode()))
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} is no TOML: {error}.") from None
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise Misconfigured(f"{path}: {place}: {first['msg']}.") from None
    return QuestionFile(question=question, sha256=hashlib.sha256(raw).hexdigest())
