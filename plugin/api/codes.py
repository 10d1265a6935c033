"""The forms in which JSON holds codes: needs, levels and time zones by their names, statements, plain days."""

from collections.abc import Mapping
from datetime import date
from enum import IntEnum
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, StringConstraints, WithJsonSchema

from plugin.database.needs import Need
from plugin.queue.statements import Statement
from plugin.time_zones import MAX_ZONE, zone_names
from stream.contracts.vocabulary import Level

_STATEMENT: Final = r"^(moment|verdict|rating|level|strengths|suggestion)(:[a-z0-9_]{1,40})?$"
_NEEDS: Final = {need.name.lower(): need for need in Need}
_LEVELS: Final = {level.name.lower(): level for level in Level}


def _name(value: IntEnum) -> str:
    return value.name.lower()


def _by_name(names: Mapping[str, IntEnum], value: object) -> object:
    """Return what a name stands for; a number, as which a request might give it, stands for nothing."""
    if isinstance(value, IntEnum):
        return value
    found = names.get(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("no such name")
    return found


def _day(value: object) -> date:
    if not isinstance(value, str):
        raise ValueError("a day is written as 2026-11-03")  # noqa: TRY004 - what pydantic expects
    return date.fromisoformat(value)


def _zone(name: str) -> str:
    if name not in zone_names():
        raise ValueError("there is no such time zone")
    return name


def _statement(value: object) -> object:
    return str(value) if isinstance(value, Statement) else value


NeedName = Annotated[
    Need,
    BeforeValidator(lambda value: _by_name(_NEEDS, value)),
    PlainSerializer(_name),
    WithJsonSchema({"type": "string", "enum": list(_NEEDS)}),
]
LevelName = Annotated[
    Level,
    BeforeValidator(lambda value: _by_name(_LEVELS, value)),
    PlainSerializer(_name),
    WithJsonSchema({"type": "string", "enum": list(_LEVELS)}),
]
StatementName = Annotated[str, BeforeValidator(_statement)]
"""A statement as answers name it, such as "rating:stance_alignment"."""
AskedStatement = Annotated[str, StringConstraints(pattern=_STATEMENT)]
"""A statement as a request names it."""
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A day such as 2026-11-03; pydantic alone would take any number for seconds since 1970."""
ZoneName = Annotated[str, StringConstraints(max_length=MAX_ZONE), AfterValidator(_zone)]
"""A time zone that this machine knows, such as Europe/Berlin."""
