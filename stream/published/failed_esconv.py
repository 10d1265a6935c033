"""The reader of FailedESConv: 196 typed conversations of emotional support that went badly, in one JSON file.

In it whoever seeks support is the `speaker` and whoever gives it is the `listener`. A listener's utterance may have a
strategy, and a speaker's what they think of the support so far, from 1 to 5. A survey asks the seeker for the strength
of the feeling before and after, and for empathy and relevance, from 1 to 5.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from stream.contracts.errors import Misconfigured
from stream.contracts.vocabulary import Role
from stream.published.conversations import PublishedConversation, PublishedUtterance
from stream.published.files import read_file
from stream.published.rows import Row, choice_of, json_value, step_of, text_of

DIALOG: Final = "dialog"
"""The field by which a conversation of the file is known."""
SCORES: Final = {
    "initial_emotion_intensity": "emotion_before",
    "final_emotion_intensity": "emotion_after",
    "empathy": "empathy_after",
    "relevance": "relevance_after",
}
"""The columns that the seeker's answers in the survey become."""
_ROLES: Final = {"speaker": Role.CLIENT, "listener": Role.COUNSELLOR}
_STEPS: Final = range(1, 6)
_STRATEGY: Final = re.compile(r"[A-Za-z][A-Za-z -]{0,63}")
_OTHER: Final = re.compile(r"[^a-z]+")


def read(path: Path) -> list[PublishedConversation]:
    """Return the conversations of the file, named by their number in it.

    Raises:
        Misconfigured: the file has another form; the message names the item.
    """
    values = json_value(read_file(path), path.name)
    if not isinstance(values, list) or not values:
        raise Misconfigured(f"{path.name}: it is no list of conversations, as FailedESConv.json is.")
    return [_conversation(value, f"{path.name}, item {number}", number) for number, value in enumerate(values, start=1)]


def _conversation(value: object, place: str, number: int) -> PublishedConversation:
    row = _object(value, place)
    said = row.get(DIALOG)
    if not isinstance(said, list) or not said:
        raise Misconfigured(f"{place}: it has no list {DIALOG}, which holds what was said.")
    utterances = tuple(
        _utterance(_object(each, where), where)
        for each, where in ((each, f"{place}, utterance {count}") for count, each in enumerate(said, start=1))
    )
    return PublishedConversation(str(number), str(number), utterances, dict(_scores(row, place)))


def _utterance(row: Row, place: str) -> PublishedUtterance:
    for name in ("speaker", "content"):
        if name not in row:
            raise Misconfigured(f"{place}: it lacks {name}.")
    role = _ROLES[choice_of(row, "speaker", place, _ROLES)]
    labels = _object(row.get("annotation", {}), f"{place}, annotation")
    score = step_of(labels, "feedback", place, _STEPS) if "feedback" in labels else None
    return PublishedUtterance(place, role, text_of(row, "content", place), _code(labels, place), score)


def _code(labels: Row, place: str) -> str | None:
    if "strategy" not in labels:
        return None
    strategy = text_of(labels, "strategy", place)
    if not _STRATEGY.fullmatch(strategy):
        raise Misconfigured(f"{place}: strategy is no name of a strategy.")
    return _OTHER.sub("_", strategy.lower()).strip("_")


def _scores(row: Row, place: str) -> Iterator[tuple[str, int]]:
    survey = _object(row.get("survey_score", {}), f"{place}, survey_score")
    seeker = _object(survey.get("seeker", {}), f"{place}, survey_score.seeker")
    for name, column in SCORES.items():
        if name in seeker:
            yield column, step_of(seeker, name, place, _STEPS)


def _object(value: object, place: str) -> Row:
    if not isinstance(value, dict):
        raise Misconfigured(f"{place}: it is no JSON object.")
    return value
