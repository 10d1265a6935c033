"""The measure of a session's course: what can be counted of agenda, collaboration, small talk, claims and culture.

These are the topics of the comparison of a prompted model with peer counsellors (HELPERT, arXiv 2409.02244), where
psychologists rated sessions by the Cognitive Therapy Rating Scale. Nobody rated anything here: the quantities count
wordings and techniques, and none of them says how good a session was.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from stream.contracts.measures import Absent
from stream.contracts.rubric import Technique
from stream.contracts.vocabulary import Role
from stream.measures.base import About, Card, Finding, Quantity, why_silent
from stream.measures.cues import CUES_VERSION, Cue, count, words
from stream.measures.hearing import Heard
from stream.measures.techniques import techniques_of
from stream.measures.turns import FinishedSession, Turn

DRIFT: Final = "agenda_drift"
SMALL_TALK: Final = "small_talk"
DIRECTING: Final = "directing"
TALKING: Final = "counsellor_words"
COUNTED: Final = {
    Cue.PERMISSION: "asks_permission",
    Cue.ASKS_VIEW: "asks_view",
    Cue.CLAIMS_FEELING: "claims_feeling",
    Cue.CLAIMS_EXPERIENCE: "claims_experience",
    Cue.CLAIMS_UNDERSTANDING: "claims_understanding",
    Cue.JOINT: "speaks_of_both",
    Cue.PLEASANTRY: "pleasantries",
}
TAKES_UP: Final = "takes_up"
CULTURE: Final = "culture"
CULTURE_TAKEN_UP: Final = "culture_taken_up"
_MIN_TURNS: Final = 16
"""Turns of a session of which drift is said: a quarter of fewer holds too few words for an agenda."""
_AGENDA_LETTERS: Final = 5
"""Letters from which on a word may be a matter; shorter ones are mostly grammar."""
_DIRECTS: Final = frozenset({Technique.ADVICE_WITHOUT_PERMISSION, Technique.CONFRONTATION})


def _share_of(name: str, meaning: str) -> Quantity:
    # Nothing of this was compared with what people say, so nothing of it is shown.
    return Quantity(name, About.SESSION, f"The share of {meaning}.", 0, 1, shown=False)


CARD: Final = Card(
    "course",
    f"2+{CUES_VERSION}",
    (
        _share_of(DRIFT, "longer words of the last quarter that nobody said in the first"),
        _share_of(TALKING, "all words that counsellors said"),
        _share_of(SMALL_TALK, "replies' sentences that are small talk"),
        _share_of(DIRECTING, "replies' sentences that direct or confront"),
        _share_of(COUNTED[Cue.PERMISSION], "replies with a wording that asks for permission"),
        _share_of(COUNTED[Cue.ASKS_VIEW], "replies with a wording that asks for the client's view"),
        _share_of(COUNTED[Cue.CLAIMS_FEELING], "replies with a wording that claims a feeling of the counsellor's"),
        _share_of(COUNTED[Cue.CLAIMS_EXPERIENCE], "replies with a wording that claims an own experience"),
        _share_of(COUNTED[Cue.CLAIMS_UNDERSTANDING], "replies with a wording that claims to understand"),
        _share_of(COUNTED[Cue.JOINT], "replies with a wording of doing something together"),
        _share_of(COUNTED[Cue.PLEASANTRY], "replies with a pleasantry"),
        _share_of(TAKES_UP, "replies to a client turn with longer words that repeat one of them"),
        _share_of(CULTURE, "client turns with a wording of faith, origin, language, custom or belonging"),
        _share_of(CULTURE_TAKEN_UP, "replies to such client turns that have such a wording too"),
    ),
    not_for=(
        "Saying how good a session or a counsellor was, and comparing counsellors: wordings are counted, and what they"
        " meant to this client is not known."
    ),
)


class CourseMeasure:
    """How a session went on, in shares of words, sentences and turns."""

    card = CARD

    def findings(self, session: FinishedSession, heard: Heard) -> Iterator[Finding]:
        """See `Measure`."""
        if not heard.knows_language:
            for quantity in CARD.quantities:
                yield Finding(quantity.name, absent=Absent.LANGUAGE)
            return
        yield _drift(session.turns)
        yield _share(TALKING, _words(session.turns, Role.COUNSELLOR), _words(session.turns, Role.CLIENT))
        replies = [
            place
            for place, turn in enumerate(session.turns)
            if turn.role is Role.COUNSELLOR and why_silent(session, heard, place) is None
        ]
        parts = Counter(
            part for place in replies for part in techniques_of(session.turns[place].text, heard.turns[place])[1]
        )
        for name, those in ((SMALL_TALK, {Technique.CHIT_CHAT}), (DIRECTING, _DIRECTS)):
            hits = sum(parts[part] for part in those)
            yield _share(name, hits, parts.total() - hits)
        for cue, name in COUNTED.items():
            hits = sum(count(cue, session.turns[place].text) > 0 for place in replies)
            yield _share(name, hits, len(replies) - hits)
        yield _taken_up(session, replies)
        yield from _of_culture(session, heard, replies)


def takes_up(reply: str, client: str) -> bool | None:
    """Return whether a reply repeats a longer word of the client turn before it; None where that has none."""
    offered = {word for word in words(client) if len(word) >= _AGENDA_LETTERS}
    return not offered.isdisjoint(words(reply)) if offered else None


def _taken_up(session: FinishedSession, replies: Sequence[int]) -> Finding:
    found = [takes_up(session.turns[place].text, session.before(place)) for place in replies]
    return _share(TAKES_UP, found.count(True), found.count(False))


def _of_culture(session: FinishedSession, heard: Heard, replies: Sequence[int]) -> Iterator[Finding]:
    clients = [
        place
        for place, turn in enumerate(session.turns)
        if turn.role is Role.CLIENT and why_silent(session, heard, place) is None
    ]
    spoken_of = {place for place in clients if count(Cue.CULTURE, session.turns[place].text)}
    yield _share(CULTURE, len(spoken_of), len(clients) - len(spoken_of))
    answers = [count(Cue.CULTURE, session.turns[place].text) > 0 for place in replies if place - 1 in spoken_of]
    yield _share(CULTURE_TAKEN_UP, answers.count(True), answers.count(False))


def _share(name: str, hits: int, others: int) -> Finding:
    if not hits + others:
        return Finding(name, absent=Absent.NOTHING_TO_MEASURE)
    return Finding(name, number=hits / (hits + others))


def _words(turns: Sequence[Turn], role: Role) -> int:
    return sum(len(words(turn.text)) for turn in turns if turn.role is role)


def _drift(turns: Sequence[Turn]) -> Finding:
    first, last = quarters(turns)
    if not last:
        return Finding(DRIFT, absent=Absent.TOO_SHORT)
    agenda, late = frozenset(matters(first)), matters(last)
    return _share(DRIFT, sum(word not in agenda for word in late), sum(word in agenda for word in late))


def quarters(turns: Sequence[Turn]) -> tuple[Sequence[Turn], Sequence[Turn]]:
    """Return the first and the last quarter of a session; both are empty where it is too short to have an agenda."""
    quarter = len(turns) // 4 if len(turns) >= _MIN_TURNS else 0
    return turns[:quarter], turns[len(turns) - quarter :]


def matters(turns: Sequence[Turn]) -> list[str]:
    """Return the longer words of turns, which may be what they are about."""
    return [word for turn in turns for word in words(turn.text) if len(word) >= _AGENDA_LETTERS]
