"""The written turns of written clients: for each behaviour and force, and for the beginning and the end of a talk."""

import tomllib
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cache
from hashlib import sha256

from plugin.written_client.profiles import FOLDER
from stream.contracts.vocabulary import ResistanceType


class Force(IntEnum):
    """How hard a written client resists."""

    MILD = 1
    FIRM = 2
    HARD = 3


class Movement(StrEnum):
    """What the last reply did to a client's openness."""

    FELL = "fell"
    STAYED = "stayed"
    ROSE = "rose"


class Ending(StrEnum):
    """How a talk with a written client ended; the values are stored."""

    OPENED = "opened"
    """The client opened up."""
    LEFT = "left"
    """The client left."""
    TIME = "time"
    """So many replies were given as there may be."""


@dataclass(frozen=True)
class Written:
    """A written sentence with places for a profile's words, and its id."""

    written_id: str
    text: str


@dataclass(frozen=True)
class WrittenTurns:
    """Everything that written clients say, beside what their profiles hold."""

    resisting: dict[tuple[ResistanceType, Force], tuple[Written, ...]]
    openings: tuple[Written, ...]
    """What the counsellor has said before the first turn."""
    leads: dict[Movement, tuple[Written, ...]]
    """A few words in front of a turn."""
    ends: dict[Ending, tuple[Written, ...]]
    """The last turn; of a client who opens up it is their profile's."""


@cache
def written_turns() -> WrittenTurns:
    """Return the turns of the file."""
    found = tomllib.loads((FOLDER / "turns.toml").read_text(encoding="utf-8"))
    return WrittenTurns(
        resisting={
            (behaviour, force): numbered(f"{behaviour}-{force.name.lower()}", found[behaviour][force.name.lower()])
            for behaviour in ResistanceType
            for force in Force
        },
        openings=numbered("opening", found["scene"]["openings"]),
        leads={each: numbered(each, found["leads"][each]) for each in Movement},
        ends={each: numbered(each, found["ends"][each]) for each in (Ending.LEFT, Ending.TIME)},
    )


def numbered(name: str, texts: list[str] | tuple[str, ...]) -> tuple[Written, ...]:
    """Return sentences with their ids: a name and their number."""
    return tuple(Written(f"{name}-{number}", text) for number, text in enumerate(texts, start=1))


def by_seed(seed: str, written: tuple[Written, ...]) -> list[Written]:
    """Return sentences in an order that a seed decides, the same on every machine and in every version."""
    return sorted(written, key=lambda each: sha256(f"{seed}/{each.written_id}".encode()).digest())
