"""What the measures of course and distress show: human beside machine counsellors, agendas, trajectories."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from stream.contracts.vocabulary import Role
from stream.measures.anchors import Dimension
from stream.measures.base import take
from stream.measures.course import CourseMeasure, matters, quarters, takes_up
from stream.measures.cues import Cue, count, words
from stream.measures.dynamics import DynamicsMeasure
from training.corpora.transcripts import Conversation, Corpus
from training.estimate import Estimate
from training.measures.dynamics import RatedRow
from training.measures.intervals import by_bootstrap
from training.measures.sessions import HeardTalk, as_session

_MIN_RATED = 6
"""Rated client turns of a session of which a trajectory is compared."""
_WORDINGS = (Cue.CLAIMS_FEELING, Cue.CLAIMS_EXPERIENCE, Cue.CLAIMS_UNDERSTANDING, Cue.JOINT, Cue.PLEASANTRY)
"""The wordings of counsellors that were never read by anything but their lists, so that all transcripts count."""
_SEED = 0
_SHOWN_DYNAMICS = (Dimension.EMPATHY, Dimension.EXPLORATION)


@dataclass(frozen=True, slots=True)
class Beside:
    """One number of sessions of human counsellors beside that of a machine's, with the difference (machine - human)."""

    name: str
    human: Estimate
    machine: Estimate
    difference: Estimate


def side_by_side(talks: Sequence[HeardTalk]) -> list[Beside]:
    """Return each share of the course, and the mean empathy and exploration, for AnnoMI and for MIBot."""
    found = [(each, _numbers(each)) for each in talks]
    rows = []
    for name in sorted({name for _, numbers in found for name in numbers}):
        human, machine = (
            [(each.talk.group, own[name]) for each, own in found if each.talk.corpus == corpus and name in own]
            for corpus in ("annomi", "mibot")
        )
        if human and machine:  # no client of MIBot speaks of culture
            rows.append(_beside(name, human, machine))
    return rows


def _numbers(each: HeardTalk) -> dict[str, float]:
    numbers = {f.quantity: f.number for f in take(CourseMeasure(), each.session, each.heard) if f.number is not None}
    for dimension in _SHOWN_DYNAMICS:
        of_turns = [
            finding.number
            for finding in take(DynamicsMeasure(), each.session, each.heard)
            if finding.quantity == dimension and finding.number is not None
        ]
        if of_turns:
            numbers[f"mean {dimension}"] = float(np.mean(of_turns))
    return numbers


def wordings(talks: Sequence[Conversation]) -> list[Beside]:
    """Return how often counsellors of all transcripts have wordings: by turn and by 1,000 words.

    Wordings alone are counted, so that no reader had to be kept from the transcripts.
    """
    rows = []
    for cue in _WORDINGS:
        for name, each_word in (("of turns", False), ("of 1,000 words", True)):
            own: dict[Corpus, list[tuple[str, float]]] = {"annomi": [], "mibot": []}
            for talk in talks:
                said = [turn.text for turn in as_session(talk).turns if turn.role is Role.COUNSELLOR]
                hits = sum(count(cue, text) > 0 for text in said)
                size = sum(len(words(text)) for text in said) / 1_000 if each_word else len(said)
                if size:
                    own[talk.corpus].append((talk.group, hits / size))
            rows.append(_beside(f"{cue} {name}", own["annomi"], own["mibot"]))
    return rows


def _beside(name: str, human: Sequence[tuple[str, float]], machine: Sequence[tuple[str, float]]) -> Beside:
    rows = [*human, *machine]
    values = np.array([value for _, value in rows])
    is_machine = np.array([False] * len(human) + [True] * len(machine))

    def difference(drawn: Any) -> float:
        of_machine = is_machine[drawn]
        if of_machine.all() or not of_machine.any():
            return float("nan")
        return float(values[drawn][of_machine].mean() - values[drawn][~of_machine].mean())

    return Beside(name, _mean(human), _mean(machine), by_bootstrap(difference, [group for group, _ in rows]))


def _mean(rows: Sequence[tuple[str, float]]) -> Estimate:
    values = np.array([value for _, value in rows])
    return by_bootstrap(lambda drawn: float(values[drawn].mean()), [group for group, _ in rows])


@dataclass(frozen=True, slots=True)
class Uptake:
    """How often replies repeat a longer word of the client turn before them, and of one of another session."""

    own: Estimate
    other: Estimate
    difference: Estimate


def uptake(talks: Sequence[Conversation], corpus: Corpus) -> Uptake:
    """Return the uptake of a corpus, as means over sessions. Where taking up means anything, own is above other."""
    pairs = [
        (talk.group, talk.id, turns[place - 1].text, turns[place].text)
        for talk in talks
        if talk.corpus == corpus
        for turns in [as_session(talk).turns]
        for place in range(1, len(turns))
        if turns[place].role is Role.COUNSELLOR and takes_up("", turns[place - 1].text) is not None
    ]
    random_ = random.Random(_SEED)
    by_session: dict[str, tuple[str, list[tuple[bool, bool]]]] = {}
    for group, name, client, reply in pairs:
        others = [
            other for other_group, _, other, _ in random_.sample(pairs, min(20, len(pairs))) if other_group != group
        ]
        if others:
            own, other = bool(takes_up(reply, client)), bool(takes_up(reply, others[0]))
            by_session.setdefault(name, (group, []))[1].append((own, other))
    rows = [(group, *np.mean(found, axis=0)) for group, found in by_session.values()]
    return Uptake(
        _mean([(group, own) for group, own, _ in rows]),
        _mean([(group, other) for group, _, other in rows]),
        _mean([(group, own - other) for group, own, other in rows]),
    )


@dataclass(frozen=True, slots=True)
class Culture:
    """How often clients speak of faith, origin, language, custom or belonging, and what the replies do then."""

    client_turns: int
    spoken_of: int
    sessions: int
    """Sessions in which a client turn has such a wording."""
    replies: int
    """Replies to such turns."""
    taken_up: int
    """Those of them that have such a wording too."""
    elsewhere: float
    """The share of replies to all other client turns that have such a wording."""


def culture(talks: Sequence[Conversation], corpus: Corpus) -> Culture:
    """Return how often culture is spoken of in the transcripts of a corpus, by wordings alone."""
    own = [(talk.id, as_session(talk).turns) for talk in talks if talk.corpus == corpus]
    clients = [(name, turn) for name, turns in own for turn in turns if turn.role is Role.CLIENT]
    named = [(name, turn) for name, turn in clients if count(Cue.CULTURE, turn.text)]
    after: dict[bool, list[bool]] = {True: [], False: []}
    for _, turns in own:
        for before, turn in pairwise(turns):
            if turn.role is Role.COUNSELLOR:
                after[count(Cue.CULTURE, before.text) > 0].append(count(Cue.CULTURE, turn.text) > 0)
    return Culture(
        len(clients),
        len(named),
        len({name for name, _ in named}),
        len(after[True]),
        sum(after[True]),
        float(np.mean(after[False])) if after[False] else float("nan"),
    )


def own_agenda_nearer(talks: Sequence[Conversation], corpus: Corpus) -> Estimate:
    """Return how often a session's end shares more words with its own beginning than with that of another session.

    By chance it is a half. Where drift means anything, it is near one.
    """
    sessions = [(talk.group, *quarters(as_session(talk).turns)) for talk in talks if talk.corpus == corpus]
    parts = [(group, frozenset(matters(first)), matters(last)) for group, first, last in sessions if last]
    shares = []
    for group, agenda, late in parts:
        own = _overlap(agenda, late)
        others = [_overlap(other, late) for other_group, other, _ in parts if other_group != group]
        shares.append(float(np.mean([(own > each) + (own == each) / 2 for each in others])))
    return _mean([(group, share) for (group, _, _), share in zip(parts, shares, strict=True)])


def _overlap(agenda: frozenset[str], late: Sequence[str]) -> float:
    return sum(word in agenda for word in late) / len(late) if late else 0.0


@dataclass(frozen=True, slots=True)
class TrajectoryWorth:
    """How near trajectories come to rated ones, as means over sessions: after the benchmark's metrics."""

    sessions: int
    correlation: float
    """Pearson's within a session; sessions whose ratings are all equal have none."""
    with_correlation: int
    rmse: float
    dtw: float
    """Dynamic time warping: the mean distance along the best alignment."""


def trajectories(rows: Sequence[RatedRow], given: Any) -> TrajectoryWorth:
    """Compare estimates with ratings of distress turn by turn, in sessions with enough rated turns."""
    correlations, errors, warped = [], [], []
    talks = np.array([row.talk for row in rows])
    ratings = np.array([row.rating for row in rows])
    for talk in sorted(set(talks.tolist())):
        y, p = ratings[talks == talk], given[talks == talk]
        if len(y) < _MIN_RATED:
            continue
        if y.std() > 0 and p.std() > 0:
            correlations.append(float(np.corrcoef(y, p)[0, 1]))
        errors.append(float(np.sqrt(((y - p) ** 2).mean())))
        warped.append(_dtw(y, p))
    means = [float(np.mean(each)) if each else float("nan") for each in (correlations, errors, warped)]
    return TrajectoryWorth(len(errors), means[0], len(correlations), means[1], means[2])


def _dtw(one: Any, other: Any) -> float:
    """Return the mean distance along the alignment of two courses that has the smallest sum of distances."""
    sums = np.full((len(one) + 1, len(other) + 1), np.inf)
    steps = np.zeros_like(sums)
    sums[0, 0] = 0
    for row in range(1, len(one) + 1):
        for column in range(1, len(other) + 1):
            before = ((row - 1, column - 1), (row - 1, column), (row, column - 1))
            best = min(before, key=lambda place: sums[place])
            sums[row, column] = sums[best] + abs(one[row - 1] - other[column - 1])
            steps[row, column] = steps[best] + 1
    return float(sums[-1, -1] / steps[-1, -1])
