"""The rubric: the one source of the definitions that prompt, page, digest, training and docs/rubric.md use.

`python -m stream.contracts.rubric > docs/rubric.md` writes the page; a test compares the page with this folder.
"""

from stream.contracts.rubric.hard_cases import HARD_CASES, DecidedReply, HardCase
from stream.contracts.rubric.mechanisms import RUBRIC
from stream.contracts.rubric.mistakes import COLLUSION, MISTAKES, Mistake
from stream.contracts.rubric.page import anchor, markdown
from stream.contracts.rubric.principles import PRINCIPLES, Principle
from stream.contracts.rubric.resistance import BEHAVIOURS, COLLABORATION, GROUPS, Behaviour, ResistanceGroup
from stream.contracts.rubric.shape import LEVEL_TITLES, Example, LevelRubric, MechanismRubric
from stream.contracts.rubric.techniques import GROUP_OF_TECHNIQUE, TECHNIQUES, Technique, TechniqueGroup
from stream.contracts.rubric.version import HOW_TO_READ, ORIGIN, RUBRIC_VERSION

__all__ = [
    "BEHAVIOURS",
    "COLLABORATION",
    "COLLUSION",
    "GROUPS",
    "GROUP_OF_TECHNIQUE",
    "HARD_CASES",
    "HOW_TO_READ",
    "LEVEL_TITLES",
    "MISTAKES",
    "ORIGIN",
    "PRINCIPLES",
    "RUBRIC",
    "RUBRIC_VERSION",
    "TECHNIQUES",
    "Behaviour",
    "DecidedReply",
    "Example",
    "HardCase",
    "LevelRubric",
    "MechanismRubric",
    "Mistake",
    "Principle",
    "ResistanceGroup",
    "Technique",
    "TechniqueGroup",
    "anchor",
    "markdown",
]
