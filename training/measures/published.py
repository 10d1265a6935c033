"""What the measures show on published corpora that an operator has: whole conversations, or messages with labels.

None of these corpora is here. What is printed is beside a constant or what loses, as everywhere.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from stream.contracts.measures import Absent
from stream.contracts.vocabulary import Role
from stream.measures.anchors import Dimension
from stream.measures.base import Measure, take, why_silent
from stream.measures.course import CourseMeasure
from stream.measures.cues import words
from stream.measures.dynamics import estimate_at
from stream.measures.hearing import Heard
from stream.measures.techniques import techniques_of
from stream.measures.trajectory import TrajectoryMeasure
from stream.measures.turns import FinishedSession, SaidMessage, finished_session, sentences
from stream.published.annomi_full import AnnotatedUtterance, by_turn
from stream.published.conversations import PublishedConversation
from stream.published.oncoco import CodedMessage
from training.errors import DataError
from training.estimate import Estimate
from training.measures.codes import ANNOMI_FULL, ONCOCO, ONCOCO_FAMILY
from training.measures.intervals import by_bootstrap

_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class HeardConversation:
    """A published conversation as a finished session, with what the reader hears in it."""

    conversation: PublishedConversation
    session: FinishedSession = field(repr=False)
    heard: Heard = field(repr=False)


Hear = Callable[[Sequence[FinishedSession]], list[Heard]]


def hear_conversations(conversations: Sequence[PublishedConversation], hear: Hear) -> list[HeardConversation]:
    """Return conversations with what a reader hears; none of them has times, so each utterance takes a second."""
    sessions = [
        finished_session((SaidMessage(said.role, said.text, at) for at, said in enumerate(each.utterances)), _LANGUAGE)
        for each in conversations
    ]
    return [HeardConversation(*each) for each in zip(conversations, sessions, hear(sessions), strict=True)]


def means(found: Sequence[HeardConversation], measure: Measure) -> dict[str, tuple[int, Estimate]]:
    """Return the mean of each number that a measure says of sessions, and of how many sessions it says it."""
    rows: dict[str, list[tuple[str, float]]] = {}
    for each in found:
        for finding in take(measure, each.session, each.heard):
            if finding.turn is None and finding.number is not None:
                rows.setdefault(finding.quantity, []).append((each.conversation.group, finding.number))
    return {name: (len(own), _mean(own)) for name, own in rows.items()}


def course_means(found: Sequence[HeardConversation]) -> dict[str, tuple[int, Estimate]]:
    """Return the means of the measure of a session's course."""
    return means(found, CourseMeasure())


def trajectory_means(found: Sequence[HeardConversation]) -> dict[str, tuple[int, Estimate]]:
    """Return the means of the measure of distress over a session."""
    return means(found, TrajectoryMeasure())


def silenced(found: Sequence[HeardConversation]) -> int:
    """Return how many sessions have no trajectory because of critical content."""
    measure = TrajectoryMeasure()
    return sum(
        any(finding.absent is Absent.CRITICAL_CONTENT for finding in take(measure, each.session, each.heard))
        for each in found
    )


@dataclass(frozen=True, slots=True)
class MarkedReply:
    """A reply with the mark that whoever got it gave to the support so far, and what may go with it."""

    group: str
    mark: int
    given: Mapping[str, float]


def marked_replies(found: Sequence[HeardConversation]) -> list[MarkedReply]:
    """Return the replies before which nothing critical stands, and after which the seeker gave a mark."""
    rows = []
    for each in found:
        for place, mark in _marks(each.conversation):
            reply = place - 1
            if reply < 0 or why_silent(each.session, each.heard, reply) is not None:
                continue
            given = {
                dimension.value: estimate_at(dimension, each.session, each.heard, reply)
                for dimension in (Dimension.EMPATHY, Dimension.EXPLORATION)
            }
            length = float(len(words(each.session.turns[reply].text)))
            rows.append(MarkedReply(each.conversation.group, mark, given | {"length in words": length}))
    return rows


def _marks(conversation: PublishedConversation) -> Iterator[tuple[int, int]]:
    """Yield the places of client turns that hold a mark, with the first one."""
    place, before, seen = -1, None, set()
    for said in conversation.utterances:
        if said.role is not before:
            place, before = place + 1, said.role
        if said.score is not None and place not in seen:
            seen.add(place)
            yield place, said.score


def goes_with_marks(rows: Sequence[MarkedReply]) -> dict[str, Estimate]:
    """Return Pearson's correlation of the marks with each estimate, with intervals over conversations."""
    marks, groups = np.array([row.mark for row in rows], dtype=float), [row.group for row in rows]
    found = {}
    for name in rows[0].given if rows else ():
        given = np.array([row.given[name] for row in rows])
        found[name] = by_bootstrap(lambda drawn, given=given: _pearson(given[drawn], marks[drawn]), groups)  # type: ignore[misc]
    return found


@dataclass(frozen=True, slots=True)
class Compared:
    """Codes that people gave, and those of the measure, turn by turn."""

    truth: list[str]
    given: list[str]
    groups: list[str]


def compare_annomi(rows: Sequence[AnnotatedUtterance], seen: frozenset[str], hear: Hear) -> Compared:
    """Compare the kinds of AnnoMI-full with the main technique, in transcripts of videos that are new to the reader."""
    talks = [turns for _, turns in by_turn(rows) if turns[0][0].group not in seen]
    sessions = [
        finished_session(
            (
                SaidMessage(Role.CLIENT if turn[0].is_client else Role.COUNSELLOR, _words(turn), at)
                for at, turn in enumerate(turns)
            ),
            _LANGUAGE,
        )
        for turns in talks
    ]
    found = Compared([], [], [])
    for turns, session, heard in zip(talks, sessions, hear(sessions), strict=True):
        for place, turn in enumerate(turns):
            if turn[0].is_client or why_silent(session, heard, place) is not None:
                continue
            code = min(turn, key=lambda row: (row.number, row.annotator)).code
            assert code is not None  # noqa: S101 - a therapist's row has one
            main, _ = techniques_of(session.turns[place].text, heard.turns[place])
            found.truth.append(code)
            found.given.append(ANNOMI_FULL[main])
            found.groups.append(turn[0].group)
    return found


def annotators(rows: Sequence[AnnotatedUtterance]) -> Compared:
    """Return the codes of two annotators side by side, for each two that labelled one utterance."""
    by_utterance: dict[tuple[str, int], list[AnnotatedUtterance]] = {}
    for row in rows:
        if row.code is not None:
            by_utterance.setdefault((row.transcript, row.number), []).append(row)
    found = Compared([], [], [])
    for own in by_utterance.values():
        for one, other in combinations(own, 2):
            assert one.code is not None and other.code is not None  # noqa: S101, PT018 - chosen so
            found.truth.append(one.code)
            found.given.append(other.code)
            found.groups.append(one.group)
    return found


def compare_oncoco(messages: Sequence[CodedMessage], hear: Hear) -> Compared:
    """Compare the families of OnCoCo's codes with the main technique of English messages of counsellors, each alone.

    Raises:
        DataError: a code is none of the corpus; the message names its place.
    """
    own = [each for each in messages if each.role is Role.COUNSELLOR and each.language == _LANGUAGE]
    for each in own:
        if each.code not in ONCOCO_FAMILY:
            raise DataError(f"{each.place}: its code is none of OnCoCo's 38 of counsellors.")
    sessions = [finished_session([SaidMessage(Role.COUNSELLOR, each.text, 0)], _LANGUAGE) for each in own]
    found = Compared([], [], [])
    for message, session, heard in zip(own, sessions, hear(sessions), strict=True):
        if sentences(session.turns[0].text):
            main, _ = techniques_of(session.turns[0].text, heard.turns[0])
            found.truth.append(ONCOCO_FAMILY[message.code])
            found.given.append(ONCOCO[main])
            found.groups.append(message.id)
    return found


def commonest(compared: Compared) -> list[str]:
    """Return the code that most turns have, for each turn: what one would say without reading."""
    return [Counter(compared.truth).most_common(1)[0][0]] * len(compared.truth)


def _words(turn: Sequence[AnnotatedUtterance]) -> str:
    return " ".join({row.number: row.text for row in turn}.values())


def _mean(rows: Sequence[tuple[str, float]]) -> Estimate:
    values = np.array([value for _, value in rows])
    return by_bootstrap(lambda drawn: float(values[drawn].mean()), [group for group, _ in rows])


def _pearson(one: Any, other: Any) -> float:
    if one.std() == 0 or other.std() == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])
