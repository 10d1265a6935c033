"""The data classes of the rubric, which prompt, page, digest, document and training data read."""

from dataclasses import dataclass
from typing import Final

from stream.contracts.vocabulary import Level, Mechanism

LEVEL_TITLES: Final = {
    Level.NONE: "No expression",
    Level.WEAK: "Weak expression",
    Level.STRONG: "Strong expression",
}


@dataclass(frozen=True)
class Example:
    """A reply to a client turn, both written by us."""

    client: str
    reply: str


@dataclass(frozen=True)
class LevelRubric:
    """A level of a mechanism: when it applies, how it looks in typed chat, and two examples."""

    definition: str
    in_chat: str
    examples: tuple[Example, Example]


@dataclass(frozen=True)
class MechanismRubric:
    """A mechanism: its name, its meaning, its theoretical basis, and its three levels."""

    title: str
    definition: str
    theory: str
    """The origin of the idea: names and years of published work, in our words."""
    levels: dict[Level, LevelRubric]
    neighbours: dict[Mechanism, str]
    """The difference from each of the other mechanisms."""
