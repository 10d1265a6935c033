"""Precision and recall of what is shown, estimated from blind looks at the random sample; for each version apart.

Precision: of the turns that were shown, how many a supervisor calls resistance. Recall: of the turns that a supervisor
calls resistance, how many were shown. A turn of which she is unsure counts for neither. Of critical content both grades
are a sign for recall, since neither is rated, and each has a precision of its own, since only the surer one puts a
session first. Pure functions, by no person.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass

from plugin.queue.look_views import LookAnswer, MachineOpinion, TurnAnswers
from plugin.queue.proportion import Proportion, proportion


@dataclass(frozen=True)
class VersionName:
    """The versions of detector and feedback model whose opinions may be counted together."""

    name: str
    """The model's name, as people read it."""
    version: str
    """Everything that decides its answers, joined."""
    detector: str


@dataclass(frozen=True)
class LookedAt:
    """One turn of a blind look. `session` tells only which turns lie in the same session."""

    session: Hashable
    version: VersionName
    said: TurnAnswers
    machine: MachineOpinion


@dataclass(frozen=True)
class SampleEstimate:
    """What blind looks say of one version."""

    version: VersionName
    sessions: int
    turns: int
    unsure: int
    """Turns of which a supervisor was not sure whether they are resistance."""
    precision: Proportion
    recall: Proportion
    critical_precision: Proportion
    """Of the turns with a sign for critical content, how many speak of some; without those of a possible sign."""
    possible_precision: Proportion
    """Of the turns with a possible sign, how many speak of critical content."""
    critical_recall: Proportion
    """Of the turns that speak of critical content, how many have a sign of either grade."""


_Truth = Callable[[LookedAt], LookAnswer]
_Sign = Callable[[LookedAt], bool]


def estimates(looked_at: Iterable[LookedAt]) -> tuple[SampleEstimate, ...]:
    """Return an estimate for each version, by name; versions are never mixed."""
    by_version: dict[VersionName, list[LookedAt]] = defaultdict(list)
    for turn in looked_at:
        by_version[turn.version].append(turn)
    ordered = sorted(by_version, key=lambda version: (version.name, version.version, version.detector))
    return tuple(_estimate(version, by_version[version]) for version in ordered)


def _estimate(version: VersionName, turns: list[LookedAt]) -> SampleEstimate:
    sessions: dict[Hashable, list[LookedAt]] = defaultdict(list)
    for turn in turns:
        sessions[turn.session].append(turn)
    return SampleEstimate(
        version=version,
        sessions=len(sessions),
        turns=len(turns),
        unsure=sum(_is_resistance(turn) is LookAnswer.UNSURE for turn in turns),
        precision=_precision(sessions, _is_shown, _is_resistance),
        recall=_recall(sessions, _is_shown, _is_resistance),
        critical_precision=_precision(sessions, _has_sign, _is_critical),
        possible_precision=_precision(sessions, _has_possible_sign, _is_critical),
        critical_recall=_recall(sessions, _has_any_sign, _is_critical),
    )


def _precision(sessions: Mapping[Hashable, list[LookedAt]], sign: _Sign, truth: _Truth) -> Proportion:
    known = ([t for t in turns if sign(t) and truth(t) is not LookAnswer.UNSURE] for turns in sessions.values())
    return proportion([(sum(truth(t) is LookAnswer.YES for t in turns), len(turns)) for turns in known])


def _recall(sessions: Mapping[Hashable, list[LookedAt]], sign: _Sign, truth: _Truth) -> Proportion:
    true = ([t for t in turns if truth(t) is LookAnswer.YES] for turns in sessions.values())
    return proportion([(sum(sign(t) for t in turns), len(turns)) for turns in true])


def _is_shown(turn: LookedAt) -> bool:
    return turn.machine.shown


def _has_sign(turn: LookedAt) -> bool:
    return turn.machine.critical


def _has_possible_sign(turn: LookedAt) -> bool:
    return turn.machine.possible_critical


def _has_any_sign(turn: LookedAt) -> bool:
    return _has_sign(turn) or _has_possible_sign(turn)


def _is_resistance(turn: LookedAt) -> LookAnswer:
    return turn.said.resistance


def _is_critical(turn: LookedAt) -> LookAnswer:
    return turn.said.critical
