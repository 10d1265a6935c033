"""The plain values of a service's own criteria: what is asked, and what supervisors said; pure functions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from plugin.plain_text import printable
from stream.contracts.errors import Misconfigured

MAX_QUESTION: Final = 300
"""Characters of a question, which is read beside every moment: two sentences."""
MAX_WORD: Final = 60
"""Characters of the service's own words for one step of a scale, so that they fit on a button of a phone."""
MAX_ASKED: Final = 20
"""Criteria that are asked at once: more than anybody answers with care in one review."""
MAX_ANSWER_NOTE: Final = 1000
"""Characters of a note with an answer, half a page; what is longer is a coaching note."""
CANNOT_SAY: Final = "cannot_say"
UNDONE: Final = "undone"
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


class CriterionAbout(StrEnum):
    """What a criterion is asked of; the values are stored."""

    MOMENT = "moment"
    SESSION = "session"


class CriterionScale(StrEnum):
    """The scale of a criterion; the values are stored."""

    YES_NO = "yes_no"
    LEVELS = "levels"
    """None, weak, strong."""
    STEPS = "steps"
    """0 to 3, each with words of the service's own."""


CODES: Final[Mapping[CriterionScale, tuple[str, ...]]] = {
    CriterionScale.YES_NO: ("yes", "no"),
    CriterionScale.LEVELS: ("none", "weak", "strong"),
    CriterionScale.STEPS: ("0", "1", "2", "3"),
}
"""The steps of each scale as answers store them; *cannot say* belongs to every scale."""
STEPS: Final = len(CODES[CriterionScale.STEPS])


@dataclass(frozen=True)
class Wording:
    """What one version of a criterion asks, and whether therapists read its answers."""

    question: str
    scale: CriterionScale
    words: tuple[str, ...] = ()
    """The service's own words for the steps of a scale from 0 to 3."""
    shared: bool = False


@dataclass(frozen=True)
class Criterion:
    """One version of a criterion."""

    criterion_id: UUID
    name: str
    about: CriterionAbout
    version: int
    question: str
    scale: CriterionScale
    words: tuple[str, ...]
    shared: bool
    is_retired: bool = False

    @property
    def wording(self) -> Wording:
        """What it asks, and whether therapists read its answers."""
        return Wording(self.question, self.scale, self.words, self.shared)

    @property
    def choices(self) -> dict[str, str]:
        """What a supervisor may answer, by its code, in words."""
        if self.scale is CriterionScale.STEPS:
            words = [f"{code} {words}" for code, words in zip(CODES[self.scale], self.words, strict=True)]
        else:
            words = [code.capitalize() for code in CODES[self.scale]]
        return {**dict(zip(CODES[self.scale], words, strict=True)), CANNOT_SAY: "Cannot say"}


@dataclass(frozen=True)
class CriterionVersion:
    """A version of a criterion with who wrote it and when, for those who manage criteria."""

    criterion: Criterion
    by: str | None
    """The display name of the operator; None for a command."""
    at: datetime


@dataclass(frozen=True)
class Said:
    """What a supervisor says to one version of a criterion, about a moment or the session."""

    criterion_id: UUID
    version: int
    exchange_id: UUID | None
    code: str
    note: str = field(default="", repr=False)


@dataclass(frozen=True)
class CriterionAnswer:
    """The answer that stands to a criterion about a moment or the session, with the version that was answered."""

    criterion: Criterion
    exchange_id: UUID | None
    """The moment that it is about; None for the session."""
    said: str
    by: str
    is_own: bool
    """Whether its reader has given it."""
    at: datetime
    revision: int
    """The revision of the session that was read."""
    note: str = field(default="", repr=False)

    @property
    def said_words(self) -> str:
        """What was said, in words."""
        return self.criterion.choices[self.said]


def checked_name(name: str) -> str:
    """Return a criterion's name without the blanks around it.

    Raises:
        Misconfigured: it is not one.
    """
    stripped = name.strip()
    if not _NAME.fullmatch(stripped):
        raise Misconfigured("A criterion's name has 1 to 40 small letters, digits and hyphens, such as `pacing`.")
    return stripped


def checked_wording(question: str, scale: CriterionScale, words: Sequence[str], *, shared: bool) -> Wording:
    """Return a wording whose texts are each one line.

    Raises:
        Misconfigured: a text is missing, too long or steers a screen, or the words do not fit the scale.
    """
    wording = Wording(_line(question), scale, tuple(_line(word) for word in words if word.strip()), shared)
    _check_text("A question", wording.question, MAX_QUESTION)
    for word in wording.words:
        _check_text("A step's words", word, MAX_WORD)
    if scale is not CriterionScale.STEPS and wording.words:
        raise Misconfigured("Words of your own belong to a scale from 0 to 3; the other scales have theirs.")
    if scale is CriterionScale.STEPS and len(set(wording.words)) != STEPS:
        raise Misconfigured(f"A scale from 0 to 3 has words for each of its {STEPS} steps, and no two alike.")
    return wording


def _line(text: str) -> str:
    return " ".join(text.split())


def _check_text(what: str, text: str, longest: int) -> None:
    if not text or len(text) > longest or printable(text) != text:
        raise Misconfigured(f"{what}: 1 to {longest} characters, none of them invisible.")
