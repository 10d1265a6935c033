"""The 13 behaviours of PsyFIRE by which a client resists in text, in their four groups.

Names and groups are those of arXiv 2601.14780; every definition and example line is our own. Resistance is something
between two people at a moment, never a trait of the client.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from stream.contracts.vocabulary import ResistanceType


class ResistanceGroup(StrEnum):
    """The four groups of behaviours by which a client resists."""

    ARGUING = "arguing"
    DENYING = "denying"
    AVOIDING = "avoiding"
    IGNORING = "ignoring"


GROUPS: Final = {
    ResistanceGroup.ARGUING: (
        "The client turns against the counsellor: what was said, how well, or whether it is meant."
    ),
    ResistanceGroup.DENYING: (
        "The client does not go along with a step: not with the problem, the part in it, or the advice."
    ),
    ResistanceGroup.AVOIDING: "The client keeps away from a subject, by saying little or by saying no to it.",
    ResistanceGroup.IGNORING: "The client does not take up what the counsellor said, as if it had not been said.",
}


@dataclass(frozen=True)
class Behaviour:
    """A behaviour of resistance. `meaning` completes "the client ..."; `example` is a client's line, written by us."""

    group: ResistanceGroup
    meaning: str
    example: str


BEHAVIOURS: Final[dict[ResistanceType, Behaviour]] = {
    ResistanceType.CHALLENGING: Behaviour(
        ResistanceGroup.ARGUING,
        "disputes that what the counsellor said is right",
        "That's just not true, I never said I was angry with her.",
    ),
    ResistanceType.DISCOUNTING: Behaviour(
        ResistanceGroup.ARGUING,
        "doubts or belittles the counsellor's ability or usefulness",
        "No offence, but you read this off a card, don't you.",
    ),
    ResistanceType.BLAMING: Behaviour(
        ResistanceGroup.DENYING,
        "answers a step the counsellor proposes by laying the problem on others",
        "Why should I call him? He's the one who broke it off.",
    ),
    ResistanceType.DISAGREEING: Behaviour(
        ResistanceGroup.DENYING,
        "turns down what the counsellor proposes and offers nothing in its place",
        "No. A diary wouldn't do anything for me.",
    ),
    ResistanceType.EXCUSING: Behaviour(
        ResistanceGroup.DENYING,
        "justifies own behaviour in order not to follow a direction",
        "With my shifts there's no evening left for any of that.",
    ),
    ResistanceType.MINIMIZING: Behaviour(
        ResistanceGroup.DENYING,
        "says that the risk or the trouble is made too much of",
        "It's only a couple of beers, everybody on the site has those.",
    ),
    ResistanceType.PESSIMISM: Behaviour(
        ResistanceGroup.DENYING,
        "answers a step with hopelessness about own chances",
        "I've tried it all before. It never lasts with me.",
    ),
    ResistanceType.RELUCTANCE: Behaviour(
        ResistanceGroup.DENYING,
        "voices reservations about information or advice",
        "I don't know, a group of strangers isn't really my thing.",
    ),
    ResistanceType.UNWILLINGNESS: Behaviour(
        ResistanceGroup.DENYING,
        "is content as things are, or says there is no wish to change",
        "I like my evenings the way they are. I'm not looking to change them.",
    ),
    ResistanceType.MINIMUM_TALK: Behaviour(
        ResistanceGroup.AVOIDING,
        "answers an open question with next to nothing",
        "dunno. ok i guess",
    ),
    ResistanceType.LIMIT_SETTING: Behaviour(
        ResistanceGroup.AVOIDING,
        "declines to talk about a subject",
        "I'm not getting into my childhood here.",
    ),
    ResistanceType.INATTENTION: Behaviour(
        ResistanceGroup.IGNORING,
        "goes on with the own subject as if the counsellor had not spoken",
        "And another thing, the letter from the landlord came on the same day.",
    ),
    ResistanceType.SIDETRACKING: Behaviour(
        ResistanceGroup.IGNORING,
        "changes the subject",
        "Anyway. Do you know when the new app is coming out?",
    ),
}

COLLABORATION: Final = (
    "Not resistance: the client takes up where the counsellor points, also by disagreeing with somebody else, by"
    " correcting a fact, by asking back, or by saying no to one thing and yes to the work."
)
