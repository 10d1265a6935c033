"""The 17 techniques that a counsellor's message can mainly use, named as in studies of motivational interviewing.

The names follow the behaviour counts of motivational interviewing (MITI 4.2.1) with the additions for online chat that
studies of peer counselling made (arXiv 2211.05182); the definitions are our own.
"""

from enum import StrEnum
from typing import Final


class Technique(StrEnum):
    """The main technique of a counsellor's message."""

    SIMPLE_REFLECTION = "simple_reflection"
    COMPLEX_REFLECTION = "complex_reflection"
    OPEN_QUESTION = "open_question"
    CLOSED_QUESTION = "closed_question"
    AFFIRMATION = "affirmation"
    EMPHASIZE_AUTONOMY = "emphasize_autonomy"
    ADVICE_WITH_PERMISSION = "advice_with_permission"
    ADVICE_WITHOUT_PERMISSION = "advice_without_permission"
    INFORMATION = "information"
    CONFRONTATION = "confrontation"
    STRUCTURE = "structure"
    REASSURANCE = "reassurance"
    NORMALIZING = "normalizing"
    SELF_DISCLOSURE = "self_disclosure"
    APOLOGY = "apology"
    CHIT_CHAT = "chit_chat"
    MINIMAL = "minimal"


TECHNIQUES: Final[dict[Technique, str]] = {
    Technique.SIMPLE_REFLECTION: "says back what the client said, in the same or nearly the same words",
    Technique.COMPLEX_REFLECTION: "says back what the client meant or felt, beyond the words",
    Technique.OPEN_QUESTION: "asks something that wants more than yes, no or a number",
    Technique.CLOSED_QUESTION: "asks something that yes, no or a number would answer",
    Technique.AFFIRMATION: "names a strength or an effort of the client's",
    Technique.EMPHASIZE_AUTONOMY: "says that the choice is the client's",
    Technique.ADVICE_WITH_PERMISSION: "suggests something after asking, or on request",
    Technique.ADVICE_WITHOUT_PERMISSION: "tells the client what to do, and nobody has asked",
    Technique.INFORMATION: "gives facts or explains",
    Technique.CONFRONTATION: "disagrees, corrects, shames or warns",
    Technique.STRUCTURE: "says what happens next in the conversation, or sets its rules",
    Technique.REASSURANCE: "says that things are or will be fine",
    Technique.NORMALIZING: "says that others feel or do the same",
    Technique.SELF_DISCLOSURE: "tells something of the counsellor's own",
    Technique.APOLOGY: "says sorry for something the counsellor did",
    Technique.CHIT_CHAT: "talks of something that is not the client's matter",
    Technique.MINIMAL: "shows presence and no more",
}
"""What a message does that mainly uses each technique, as a verb after "the reply"."""


class TechniqueGroup(StrEnum):
    """What a technique does at its broadest: the four behaviours by which AnnoMI's people coded counsellors."""

    REFLECTION = "reflection"
    QUESTION = "question"
    INPUT = "input"
    """Information, advice, and the counsellor's own view."""
    OTHER = "other"


GROUP_OF_TECHNIQUE: Final[dict[Technique, TechniqueGroup]] = {
    Technique.SIMPLE_REFLECTION: TechniqueGroup.REFLECTION,
    Technique.COMPLEX_REFLECTION: TechniqueGroup.REFLECTION,
    Technique.OPEN_QUESTION: TechniqueGroup.QUESTION,
    Technique.CLOSED_QUESTION: TechniqueGroup.QUESTION,
    Technique.ADVICE_WITH_PERMISSION: TechniqueGroup.INPUT,
    Technique.ADVICE_WITHOUT_PERMISSION: TechniqueGroup.INPUT,
    Technique.INFORMATION: TechniqueGroup.INPUT,
    # What warns or corrects brings in the counsellor's own view.
    Technique.CONFRONTATION: TechniqueGroup.INPUT,
    Technique.AFFIRMATION: TechniqueGroup.OTHER,
    Technique.EMPHASIZE_AUTONOMY: TechniqueGroup.OTHER,
    Technique.STRUCTURE: TechniqueGroup.OTHER,
    Technique.REASSURANCE: TechniqueGroup.OTHER,
    Technique.NORMALIZING: TechniqueGroup.OTHER,
    Technique.SELF_DISCLOSURE: TechniqueGroup.OTHER,
    Technique.APOLOGY: TechniqueGroup.OTHER,
    Technique.CHIT_CHAT: TechniqueGroup.OTHER,
    Technique.MINIMAL: TechniqueGroup.OTHER,
}
"""The group of each technique. The mapping to AnnoMI's behaviours is ours."""
