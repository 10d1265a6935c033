"""The invented client turns to which participants of a trial reply, in two forms that are alike."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from stream.contracts.vocabulary import ResistanceType

FormName = Literal["A", "B"]
_FILE = Path(__file__).parent / "items.toml"


class Item(BaseModel):
    """A client turn after a counsellor's turn, both invented."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    form: FormName
    number: int
    resistance: ResistanceType
    before: str
    client: str

    @property
    def id(self) -> str:
        """The item's id, such as A3."""
        return f"{self.form}{self.number}"


@cache
def load_items() -> tuple[Item, ...]:
    """Return the items of both forms, in order."""
    return TypeAdapter(tuple[Item, ...]).validate_python(tomllib.loads(_FILE.read_text(encoding="utf-8"))["items"])


def items_of(form: FormName) -> list[Item]:
    """Return the items of one form, in order."""
    return [each for each in load_items() if each.form == form]
