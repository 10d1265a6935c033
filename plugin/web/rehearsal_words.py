"""The words of rehearsals: who the client is, how a reply was rated, an example beside it, and how it ended."""

from dataclasses import dataclass
from typing import Final

from plugin.queue.labels import LEVELS_FOR_THERAPIST, behaviour, source
from plugin.queue.practice_views import Unrated
from plugin.queue.rehearsal_views import Rehearsal, RehearsedReply
from plugin.web.practice_limit import ATTEMPTS_AN_HOUR
from plugin.written_client.client import MAX_REPLIES
from plugin.written_client.counsellor import example_for
from plugin.written_client.turns import Ending, Force
from stream.contracts.feedback import Alternative, Assessment, Rating
from stream.contracts.rubric import BEHAVIOURS
from stream.contracts.vocabulary import ResistanceType

FORCES: Final = {Force.MILD: "mildly", Force.FIRM: "firmly", Force.HARD: "hard"}
ENDINGS: Final = {
    Ending.OPENED: "The client opened up.",
    Ending.LEFT: "The client left.",
    Ending.TIME: f"Time was over: a rehearsal has {MAX_REPLIES} replies at most.",
}
UNRATED: Final = {
    Unrated.AWAY: "The model is not there just now, or did not answer in time. Your words are kept here. The client"
    " waits until they are rated, so have them rated whenever you like.",
    Unrated.TOO_MANY: f"You have had {ATTEMPTS_AN_HOUR} replies rated within an hour, and the model has to be there for"
    " others too. Your words are kept here, and the client waits; please come back to them a little later.",
}
NOTHING_RATED: Final = (
    "The model rated nothing this time: it did not take the client\u2019s words for resistance,"
    " or was not sure of them."
)
NOT_RATED: Final = "not rated"
OURS: Final = "What we wrote for words of this kind"


@dataclass(frozen=True)
class Example:
    """A reply that could have been given, and where it comes from."""

    source: str
    text: str


def kind(rehearsal: Rehearsal) -> str:
    """Return in a few words how the client resists, such as "minimum talk, firmly"."""
    return f"{behaviour(rehearsal.client.behaviour)}, {FORCES[rehearsal.client.force]}"


def meaning(behaves: ResistanceType) -> str:
    """Return what a client does who resists in this behaviour, as the rest of a sentence about the client."""
    return BEHAVIOURS[behaves].meaning


def state(rehearsal: Rehearsal) -> str:
    """Return how far a rehearsal has come."""
    return ENDINGS[rehearsal.ending] if rehearsal.ending is not None else "Not over yet."


def ratings(reply: RehearsedReply) -> list[Rating]:
    """Return the ratings of a reply; none where the model rated nothing."""
    answer = reply.rated.answer
    if not isinstance(answer, Assessment):
        return []
    rated = list(answer.ratings)
    return rated if any(each.level is not None for each in rated) else []


def level(rating: Rating) -> str:
    """Return a level as a remark on the words of one reply."""
    return NOT_RATED if rating.level is None else LEVELS_FOR_THERAPIST[rating.level]


def why_unrated(reply: RehearsedReply) -> str:
    """Return why a reply has no ratings; empty if it has some."""
    return "" if ratings(reply) else NOTHING_RATED


def strengths(reply: RehearsedReply) -> tuple[str, ...]:
    """Return what the model hears done well in a reply."""
    answer = reply.rated.answer
    return answer.strengths if isinstance(answer, Assessment) else ()


def example(rehearsal: Rehearsal, reply: RehearsedReply) -> Example:
    """Return an example beside a reply: what the model suggests, unless it did so before, or else a reply of ours."""
    answer = reply.rated.answer
    before = {each.text for other in rehearsal.replies[: reply.number - 1] for each in _suggested(other)}
    new = [each for each in _suggested(reply) if each.text not in before]
    if answer is not None and new:
        return Example(source(new[0], answer.model), new[0].text)
    client = rehearsal.client
    return Example(OURS, example_for(client.profile, client.behaviour, client.seed, reply.number))


def _suggested(reply: RehearsedReply) -> tuple[Alternative, ...]:
    answer = reply.rated.answer
    return answer.alternatives if isinstance(answer, Assessment) else ()
