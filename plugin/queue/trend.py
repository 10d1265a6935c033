"""The trend of one therapist's own released moments: how often each mechanism was heard, as a pure function of them.

Levels of different versions of a model or the rubric are never counted together. Nobody else's moments come into it.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, Self

from stream.contracts.feedback import ModelVersion
from stream.contracts.vocabulary import Level, Mechanism

FEWEST: Final = 10
"""Moments of one version below which nothing is said, and of one period: the interval of a share of ten already spans
half of all shares."""
Z: Final = 1.96
"""The standard score of an interval of 95 %."""


@dataclass(frozen=True)
class RatedMoment:
    """A released moment of the therapist, with the levels that stand of it."""

    at: datetime
    """When its session began."""
    model: ModelVersion
    levels: Mapping[Mechanism, Level]
    """The supervisor's own level where she set one; nothing for a mechanism that has no level or was withheld."""
    rated_again: bool = False
    """Whether another version had rated it before, whose levels are those that were released."""


@dataclass(frozen=True)
class Share:
    """How many of some moments have one level: a number, its share, and Wilson's interval of 95 % for that share."""

    count: int
    share: float
    low: float
    high: float

    @classmethod
    def of(cls, count: int, total: int) -> Self:
        """Return the share of `count` of `total`, which is at least 1."""
        share, weight = count / total, Z * Z / total
        middle = (share + weight / 2) / (1 + weight)
        half = Z / (1 + weight) * math.sqrt(share * (1 - share) / total + weight / (4 * total))
        return cls(count, share, max(0.0, middle - half), min(1.0, middle + half))


@dataclass(frozen=True)
class Period:
    """The moments of one month, or ten or more in a row, with the shares of the levels of each mechanism."""

    begin: datetime
    end: datetime
    moments: int
    totals: Mapping[Mechanism, int]
    """The number of moments in which the mechanism has a level."""
    shares: Mapping[Mechanism, Mapping[Level, Share]]
    """Nothing for a mechanism without a level in this period."""


@dataclass(frozen=True)
class VersionTrend:
    """The trend of the moments that one version of a model rated by one version of the rubric."""

    model: ModelVersion
    moments: int
    begin: datetime
    end: datetime
    is_by_month: bool
    periods: tuple[Period, ...]
    """In order; none where there are too few moments to say anything."""
    rated_again: int = 0
    """How many of the moments another version had rated before."""


def trend_of(moments: Iterable[RatedMoment]) -> tuple[VersionTrend, ...]:
    """Return the trend of each version, the one that rated last first."""
    versions: dict[str, list[RatedMoment]] = defaultdict(list)
    for moment in sorted(moments, key=lambda each: each.at):
        versions[moment.model.key].append(moment)
    return tuple(_version(rated) for rated in sorted(versions.values(), key=lambda each: each[-1].at, reverse=True))


def _version(moments: Sequence[RatedMoment]) -> VersionTrend:
    months = [list(each) for _, each in groupby(moments, key=lambda moment: (moment.at.year, moment.at.month))]
    by_month = len(months) > 1 and all(len(month) >= FEWEST for month in months)
    parts = months if by_month else _tens(moments)
    return VersionTrend(
        model=moments[-1].model,
        moments=len(moments),
        begin=moments[0].at,
        end=moments[-1].at,
        is_by_month=by_month,
        periods=tuple(_period(part) for part in parts),
        rated_again=sum(moment.rated_again for moment in moments),
    )


def _tens(moments: Sequence[RatedMoment]) -> list[Sequence[RatedMoment]]:
    """Return the moments by ten; the last ones join the ten before, and fewer than ten in all are no part."""
    whole = len(moments) // FEWEST
    ends = [*range(FEWEST, whole * FEWEST, FEWEST), len(moments)] if whole else []
    return [moments[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


def _period(moments: Sequence[RatedMoment]) -> Period:
    levels = {
        mechanism: [moment.levels[mechanism] for moment in moments if mechanism in moment.levels]
        for mechanism in Mechanism
    }
    return Period(
        begin=moments[0].at,
        end=moments[-1].at,
        moments=len(moments),
        totals={mechanism: len(found) for mechanism, found in levels.items()},
        shares={
            mechanism: {level: Share.of(found.count(level), len(found)) for level in Level}
            for mechanism, found in levels.items()
            if found
        },
    )
