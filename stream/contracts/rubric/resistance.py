"""How a client resists in text: the 13 behaviours of PsyFIRE in their four groups.

Names and groups are those of arXiv 2601.14780; every definition and example line is our own. Resistance is something
between two people at a moment, never a trait of the client.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from stream.contracts.vocabulary import ResistanceType


class Group(StrEnum):
    """The four groups of behaviours."""

    ARGUING = "arguing"
    DENYING = "denying"
    AVOIDING = "avoiding"
    IGNORING = "ignoring"


GROUPS: Final = {
    Group.ARGUING: "The client turns against the counsellor: what was said, how well, or whether it is meant.",
    Group.DENYING: "The client does not go along with a step: not with the problem, the part in it, or the advice.",
    Group.AVOIDING: "The client keeps away from a subject, by saying little or by saying no to it.",
    Group.IGNORING: "The client does not take up what the counsellor said, as if it had not been said.",
}


@dataclass(frozen=True)
class Behaviour:
    """One behaviour. `meaning` completes "the client ..."; `example` is a line a client might type, written by us."""

    group: Group
    meaning: str
    example: str


BEHAVIOURS: Final[dict[ResistanceType, Behaviour]] = {
    ResistanceType.CHALLENGING: Behaviour(
        Group.ARGUING,
        "disputes that what the counsellor said is right",
        "That's just not true, I never said I was angry with her.",
    ),
    ResistanceType.DISCOUNTING: Behaviour(
        Group.ARGUING,
        "doubts or belittles the counsellor's ability or usefulness",
        "No offence, but you read this off a card, don't you.",
    ),
    ResistanceType.BLAMING: Behaviour(
        Group.DENYING,
        "answers a step the counsellor proposes by laying the problem on others",
        "Why should I call him? He's the one who broke it off.",
    ),
    ResistanceType.DISAGREEING: Behaviour(
        Group.DENYING,
        "turns down what the counsellor proposes and offers nothing in its place",
        "No. A diary wouldn't do anything for me.",
    ),
    ResistanceType.EXCUSING: Behaviour(
        Group.DENYING,
        "justifies own behaviour in order not to follow a direction",
        "With my shifts there's no evening left for any of that.",
    ),
    ResistanceType.MINIMIZING: Behaviour(
        Group.DENYING,
        "says that the risk or the trouble is made too much of",
        "It's only a couple of beers, everybody on the site has those.",
    ),
    ResistanceType.PESSIMISM: Behaviour(
        Group.DENYING,
        "answers a step with hopelessness about own chances",
        "I've tried it all before. It never lasts with me.",
    ),
    ResistanceType.RELUCTANCE: Behaviour(
        Group.DENYING,
        "voices reservations about information or advice",
        "I don't know, a group of strangers isn't really my thing.",
    ),
    ResistanceType.UNWILLINGNESS: Behaviour(
        Group.DENYING,
        "is content as things are, or says there is no wish to change",
        "I like my evenings the way they are. I'm not looking to change them.",
    ),
    ResistanceType.MINIMUM_TALK: Behaviour(
        Group.AVOIDING,
        "answers an open question with next to nothing",
        "dunno. ok i guess",
    ),
    ResistanceType.LIMIT_SETTING: Behaviour(
        Group.AVOIDING,
        "declines to talk about a subject",
        "I'm not getting into my childhood here.",
    ),
    ResistanceType.INATTENTION: Behaviour(
        Group.IGNORING,
        "goes on with the own subject as if the counsellor had not spoken",
        "And another thing, the letter from the landlord came on the same day.",
    ),
    ResistanceType.SIDETRACKING: Behaviour(
        Group.IGNORING,
        "changes the subject",
        "Anyway. Do you know when the new app is coming out?",
    ),
}

COLLABORATION: Final = (
    "Not resistance: the client takes up where the counsellor points, also by disagreeing with somebody else, by"
    " correcting a fact, by asking back, or by saying no to one thing and yes to the work."
)
