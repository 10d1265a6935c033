"""What a model in shadow says beside the active one, counted; nothing in it is about a person or a session.

The database counts, for an operator or a role that works on every row, and gives no row of either model.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import text
from sqlmodel import Session

from stream.contracts.feedback import ModelVersion
from stream.contracts.vocabulary import Mechanism

LevelPairs = tuple[tuple[int, int, int], ...]
"""Pairs of levels, each with how often it was given."""


@dataclass(frozen=True)
class ComparedModel:
    """The version of one of the two models, as people tell versions apart."""

    name: str
    weights: str
    prompt: str
    rubric: str

    @classmethod
    def of(cls, version: ModelVersion) -> Self:
        """Return a version in these words."""
        return cls(version.name, version.weights, version.prompt, version.rubric)

    def __str__(self) -> str:
        """Return the version in one line."""
        return f"{self.name} (weights {self.weights}, prompt {self.prompt}, rubric {self.rubric})"


@dataclass(frozen=True)
class LevelComparison:
    """The levels of one mechanism, each pair counted."""

    mechanism: Mechanism
    models: LevelPairs
    """The active model's level, and that of the one in shadow."""
    active_and_people: LevelPairs
    """The active model's level, and the one with which a supervisor agreed or which she set."""
    shadow_and_people: LevelPairs


@dataclass(frozen=True)
class ModelComparison:
    """One version in shadow beside one active version, over the exchanges that both were asked about."""

    active: ComparedModel
    shadow: ComparedModel
    exchanges: int
    both_rated: int
    """Those about which neither of them abstained."""
    same_verdict: int
    """Those of `both_rated` which both confirm, or both reject."""
    active_abstained: int
    shadow_abstained: int
    levels: tuple[LevelComparison, ...]


def read_comparison(session: Session) -> ModelComparison | None:
    """Return the comparison of the two versions that were compared last; None if there is none for the reader."""
    verdicts = session.execute(text("SELECT * FROM public.counterpoint_shadow_verdicts()")).all()
    latest = max(verdicts, key=lambda row: row.latest, default=None)
    if latest is None:
        return None
    versions = _versions(latest)
    levels = session.execute(text("SELECT * FROM public.counterpoint_shadow_levels()"))
    return compare(
        ModelVersion.model_validate(latest.model),
        ModelVersion.model_validate(latest.shadow_model),
        [VerdictCount(*row[2:7]) for row in verdicts if _versions(row) == versions],
        [LevelCount(Mechanism(row.mechanism), *row[3:7]) for row in levels if _versions(row) == versions],
    )


def _versions(row: Any) -> tuple[str, str]:
    """Return the keys of both models: a validation makes another value of the same version."""
    return ModelVersion.model_validate(row.model).key, ModelVersion.model_validate(row.shadow_model).key


@dataclass(frozen=True)
class VerdictCount:
    """How often the two models gave these verdicts, or these reasons to abstain."""

    abstained: str | None
    verdict: str | None
    shadow_abstained: str | None
    shadow_verdict: str | None
    times: int


@dataclass(frozen=True)
class LevelCount:
    """How often a mechanism had these levels of the two models and of a supervisor; None where there is none."""

    mechanism: Mechanism
    level: int | None
    shadow_level: int | None
    own_level: int | None
    times: int


def compare(
    active: ModelVersion, shadow: ModelVersion, verdicts: Iterable[VerdictCount], levels: Iterable[LevelCount]
) -> ModelComparison:
    """Return the comparison that these counts make."""
    verdicts = list(verdicts)
    rated = [each for each in verdicts if each.abstained is None and each.shadow_abstained is None]
    return ModelComparison(
        active=ComparedModel.of(active),
        shadow=ComparedModel.of(shadow),
        exchanges=_times(verdicts),
        both_rated=_times(rated),
        same_verdict=_times(each for each in rated if each.verdict == each.shadow_verdict),
        active_abstained=_times(each for each in verdicts if each.abstained is not None),
        shadow_abstained=_times(each for each in verdicts if each.shadow_abstained is not None),
        levels=_levels(levels),
    )


def _times(counts: Iterable[VerdictCount]) -> int:
    return sum(each.times for each in counts)


def _levels(levels: Iterable[LevelCount]) -> tuple[LevelComparison, ...]:
    models, active, shadow = (defaultdict[Mechanism, Counter[tuple[int, int]]](Counter) for _ in range(3))
    for each in levels:
        for pairs, one, other in (
            (models, each.level, each.shadow_level),
            (active, each.level, each.own_level),
            (shadow, each.shadow_level, each.own_level),
        ):
            if one is not None and other is not None:
                pairs[each.mechanism][one, other] += each.times
    return tuple(
        LevelComparison(mechanism, *(_pairs(counted[mechanism]) for counted in (models, active, shadow)))
        for mechanism in Mechanism
    )


def _pairs(counted: Counter[tuple[int, int]]) -> LevelPairs:
    return tuple((one, other, times) for (one, other), times in sorted(counted.items()))
