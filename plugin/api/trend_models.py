"""The JSON of a trend: how often each mechanism was heard in one therapist's released moments, version by version."""

from datetime import UTC, datetime
from uuid import UUID

from pydantic import Field

from plugin.api.codes import LevelName
from plugin.api.list_models import Part
from plugin.queue.trend import FEWEST, Period, VersionTrend
from stream.contracts.feedback import ModelVersion
from stream.contracts.vocabulary import Mechanism


class LevelShare(Part):
    """How many of some moments have one level, and the interval of 95 % of that share."""

    level: LevelName
    count: int
    share: float
    low: float
    high: float


class MechanismShares(Part):
    """The levels of one mechanism in a period."""

    mechanism: Mechanism
    moments: int = Field(description="The moments of the period in which the mechanism has a level.")
    levels: tuple[LevelShare, ...] = Field(description="Empty where it has none in this period.")


class TrendPeriod(Part):
    """A month, or ten or more moments in a row."""

    month: str | None = Field(description="Such as 2026-11, on the clocks of `/me`; null where moments are in a row.")
    begin: datetime = Field(description="When the session of its first moment began.")
    end: datetime = Field(description="When the session of its last moment began.")
    moments: int
    mechanisms: tuple[MechanismShares, ...]


class TrendVersion(Part):
    """The moments that one version of a model rated by one version of the rubric; versions are never compared."""

    model: ModelVersion
    moments: int
    rated_again: int = Field(
        description="How many of them another version had rated before, whose levels were released."
    )
    begin: datetime
    end: datetime
    is_by_month: bool
    periods: tuple[TrendPeriod, ...] = Field(description=f"In order; none with fewer than {FEWEST} moments.")


class Trend(Part):
    """The trend of one therapist. It holds nothing about anybody else, and there is no target."""

    account_id: UUID
    name: str
    versions: tuple[TrendVersion, ...] = Field(description="The one that rated last first.")


def trend(account_id: UUID, name: str, versions: tuple[VersionTrend, ...]) -> Trend:
    """Return a therapist's trend as JSON holds it."""
    return Trend(account_id=account_id, name=name, versions=tuple(_version(each) for each in versions))


def _version(found: VersionTrend) -> TrendVersion:
    return TrendVersion(
        model=found.model,
        moments=found.moments,
        rated_again=found.rated_again,
        begin=found.begin.astimezone(UTC),
        end=found.end.astimezone(UTC),
        is_by_month=found.is_by_month,
        periods=tuple(_period(each, is_month=found.is_by_month) for each in found.periods),
    )


def _period(found: Period, *, is_month: bool) -> TrendPeriod:
    return TrendPeriod(
        month=f"{found.begin:%Y-%m}" if is_month else None,
        begin=found.begin.astimezone(UTC),
        end=found.end.astimezone(UTC),
        moments=found.moments,
        mechanisms=tuple(
            MechanismShares(
                mechanism=mechanism,
                moments=found.totals[mechanism],
                levels=tuple(
                    LevelShare(level=level, count=share.count, share=share.share, low=share.low, high=share.high)
                    for level, share in found.shares.get(mechanism, {}).items()
                ),
            )
            for mechanism in Mechanism
        ),
    )
