"""Which part of the audit trail an auditor asks for, and the condition of SQL that it is."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, column, false, func, not_, or_, table, true

from plugin.privacy.trail_kinds import KNOWN, PATTERNS, TrailKind

VIEW: Final = table(
    "counterpoint_trail",
    *(
        column(name)
        for name in (
            *("seq", "at", "account_id", "role", "purpose", "object_type", "object_id", "outcome", "request_id"),
            *("previous", "hash"),
        )
    ),
    schema="public",
)
"""The trail as the database shows it to the auditor whom the transaction names, and to nobody else."""


@dataclass(frozen=True)
class TrailFilter:
    """A part of the trail; what is None does not count."""

    kind: TrailKind | None = None
    account: UUID | None = None
    """Whoever acted, or whom an entry is about."""
    first: date | None = None
    """The first day, in UTC."""
    last: date | None = None

    @property
    def condition(self) -> ColumnElement[bool]:
        """The condition on `VIEW`."""
        return and_(true(), *self._conditions())

    def _conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.kind is TrailKind.OTHER:
            found.append(not_(_is_like(*KNOWN)))
        elif self.kind is not None:
            found.append(_is_like(*PATTERNS[self.kind]))
        if self.account is not None:
            is_about = and_(VIEW.c.object_type == "account", VIEW.c.object_id == str(self.account))
            found.append(or_(VIEW.c.account_id == self.account, is_about))
        if self.first is not None:
            found.append(VIEW.c.at >= _begin(self.first))
        if self.last is not None:
            found.append(_before_end(self.last))
        return found


WHOLE: Final = TrailFilter()


def _is_like(*patterns: str) -> ColumnElement[bool]:
    return or_(false(), *(VIEW.c.purpose.like(pattern) for pattern in patterns))


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _before_end(day: date) -> ColumnElement[bool]:
    """Return the condition that an entry was written on this day or before; the last day of all has no next one."""
    if day == date.max:
        return true()
    found: ColumnElement[bool] = VIEW.c.at < _begin(day + timedelta(days=1))
    return found


def written_at() -> ColumnElement[Any]:
    """Return the time of an entry as text, since the database can hold times that Python cannot."""
    return func.to_char(func.timezone("UTC", VIEW.c.at), "YYYY-MM-DD HH24:MI:SS")
