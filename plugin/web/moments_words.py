"""The words of moments across sessions: what they are filtered by, how many there are, and how far was searched."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Final

from plugin.queue.alphabet import TherapistName
from plugin.queue.filters import QueueState
from plugin.queue.labels import behaviour
from plugin.queue.moment_views import MomentAcross, MomentPart, VersionCount
from plugin.queue.views import SessionRow
from plugin.web import queue_groups, review_words
from plugin.web.labels import counted, mechanism_title, short_day
from plugin.web.moments_address import MomentsAddress
from plugin.web.queue_words import STATE_WORDS, Choice
from plugin.web.times import Times
from stream.contracts.rubric import LEVEL_TITLES
from stream.contracts.vocabulary import Level, Mechanism, ResistanceType

DECIDED_WORDS: Final = {"no": "not decided", "yes": "decided"}
OWN_DIFFERS: Final = "another than the model\u2019s"


def choices(address: MomentsAddress, therapists: Sequence[TherapistName]) -> tuple[Choice, ...]:
    """Return the selects of the filter's form."""
    written = address.model_dump(mode="json", by_alias=True)
    options = {
        ("mechanism", "Mechanism", "every mechanism"): [(each.value, mechanism_title(each)) for each in Mechanism],
        ("level", "Its level", "every level"): [(each.name.lower(), LEVEL_TITLES[each].lower()) for each in Level],
        ("own", "A supervisor\u2019s own level", "any or none"): [("differs", OWN_DIFFERS)],
        ("type", "Behaviour", "every behaviour"): [(each.value, behaviour(each)) for each in ResistanceType],
        ("therapist", "Counsellor", "everybody"): [(str(each.account_id), each.name) for each in therapists],
        ("decided", "Session", "decided or not"): list(DECIDED_WORDS.items()),
        ("state", "State", "every state"): [(state.value, STATE_WORDS[state]) for state in QueueState],
    }
    return tuple(
        Choice(name, label, everything, tuple(found), written[name] or "")
        for (name, label, everything), found in options.items()
        if found
    )


def filtered_by(address: MomentsAddress, therapists: Sequence[TherapistName]) -> Iterator[str]:
    """Yield by what the moments are filtered, one phrase for each field."""
    if address.mechanism is not None:
        level = "" if address.level is None else f": {LEVEL_TITLES[address.level].lower()}"
        yield f"{mechanism_title(address.mechanism)}{level}"
    if address.own is not None:
        yield f"a supervisor\u2019s own level is {OWN_DIFFERS}"
    if address.resistance_type is not None:
        yield behaviour(address.resistance_type)
    if address.therapist is not None:
        names = {each.account_id: each.name for each in therapists}
        yield f"counsellor {names.get(address.therapist, 'outside of your teams')}"
    if address.decided is not None:
        yield f"sessions that are {DECIDED_WORDS[address.decided]}"
    if address.state is not None:
        yield f"sessions that are {STATE_WORDS[address.state]}"
    if address.ended_from is not None:
        yield f"ended on {short_day(address.ended_from)} or later"
    if address.ended_to is not None:
        yield f"ended on {short_day(address.ended_to)} or before"


def version(count: VersionCount) -> str:
    """Return how many moments one version rated by one version of the rubric."""
    model = count.model
    name = f"{model.name} (weights {model.weights}, prompt {model.prompt})"
    return f"{counted(count.moments, 'moment')} rated by {name}, by rubric {model.rubric}"


def searched(part: MomentPart, times: Times) -> str:
    """Return how far was searched, where there are older sessions; empty where there are none."""
    if part.searched_to is None:
        return ""
    return f"The {part.searched} newest sessions were searched, back to {times.short_day(part.searched_to)}."


def left_out(part: MomentPart) -> str:
    """Return how many sessions are left out because their reader has yet to rate them; empty for none."""
    if not part.to_rate_first:
        return ""
    which = counted(part.to_rate_first, "session is", "sessions are")
    return f"{which} left out here: a calibration of yours asks you to rate a moment of each before you see its levels."


def state(row: SessionRow, times: Times) -> str:
    """Return where a session stands: its decision, or else its review."""
    review = None if row.is_decided else review_words.state(row, times)
    return queue_groups.decision_text(row) if review is None else review[1]


def by_day(moments: Iterable[MomentAcross], times: Times) -> list[tuple[date, list[MomentAcross]]]:
    """Return moments by the day on which their session ended, in their order."""
    return [(day, list(each)) for day, each in groupby(moments, key=lambda each: times.local(each.row.ended_at).date())]
