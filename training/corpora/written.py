"""Reads the written exchanges: invented by a language model after a written brief, no real person, no copied text.

Labels, kinds of critical content and target levels were drawn by chance before an item was written, so they are the
writer's intent; `README.md` beside the files says how far blind readers agree with it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from stream.contracts.rubric import MISTAKES, Technique
from stream.contracts.vocabulary import Concern, Level, Mechanism, ResistanceType
from training.errors import DataError

FOLDER = Path(__file__).parent / "written"
DANGER = Path(__file__).parent / "danger"
"""Turns about danger, said plainly or not, and harmless turns beside them; nobody replies in these."""
PORTABLE = Path(__file__).parent / "portable"
"""Replies that fit many moments of a type of resistance; no model learns from them."""
Label = ResistanceType | Literal["none"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ContextTurn(_Strict):
    """A turn before the client's."""

    role: Literal["client", "counsellor"]
    text: str = Field(min_length=1, repr=False)


class WrittenReply(_Strict):
    """A reply with its intended levels, the words that carry each level, and why."""

    text: tuple[str, ...] = Field(min_length=1, repr=False)
    levels: dict[Mechanism, Level] = Field(min_length=len(Mechanism))
    evidence: dict[Mechanism, str] = Field(repr=False)
    reason: dict[Mechanism, str] = Field(repr=False)
    technique: Technique
    mistake: str | None = None
    """The code of the mistake the reply makes above all, or None."""

    @field_validator("mistake")
    @classmethod
    def _is_known(cls, code: str | None) -> str | None:
        if code not in {None, *(mistake.code for mistake in MISTAKES)}:
            raise ValueError("no code of a mistake")
        return code


class WrittenExchange(_Strict):
    """A client turn with what came before, two replies to it, and one that could be offered in their place."""

    id: str
    topic: str = Field(repr=False)
    context: tuple[ContextTurn, ...]
    client: tuple[str, ...] = Field(min_length=1, repr=False)
    label: Label
    lookalike: str | None
    """What a harmless turn resembles, or None."""
    critical: Concern | None
    critical_lookalike: bool
    replies: tuple[WrittenReply, ...]
    better: str = Field(repr=False)

    @property
    def writer(self) -> str:
        """The hand that wrote the item; writers are never split between training and test."""
        return self.id.partition("-")[0]

    @property
    def before(self) -> str:
        """The counsellor's last turn before the client's, or an empty text."""
        return next((turn.text for turn in reversed(self.context) if turn.role == "counsellor"), "")

    @property
    def client_text(self) -> str:
        """The client's turn as one text."""
        return " ".join(self.client)


def read_written(path: Path) -> list[WrittenExchange]:
    """Return the exchanges of one file, in order.

    Raises:
        DataError: a line has another shape; the message names its number and the field, never its text.
    """
    found: list[WrittenExchange] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            found.append(WrittenExchange.model_validate_json(line))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise DataError(f"{path}, line {number}: {place or 'not JSON'}: {first['type']}") from None
    return found


def load_written(folder: Path = FOLDER) -> list[WrittenExchange]:
    """Return all written exchanges, in the order of files and lines.

    Raises:
        DataError: there are none, a line has another shape, or an id stands twice.
    """
    found = [exchange for path in sorted(folder.glob("*.jsonl")) for exchange in read_written(path)]
    if not found:
        raise DataError(f"{folder} holds no written exchange")
    twice = _repeated([exchange.id for exchange in found])
    if twice:
        raise DataError(f"{folder}: the id {twice} stands twice")
    return found


def _repeated(ids: Sequence[str]) -> str | None:
    seen: set[str] = set()
    for each in ids:
        if each in seen:
            return each
        seen.add(each)
    return None
