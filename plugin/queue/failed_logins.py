"""Failed logins, counted until they are written to the audit trail as one entry for each account and window."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

WINDOW: Final = timedelta(minutes=10)
"""The time that one entry covers: a guesser adds at most six entries an hour for an account to the trail."""


@dataclass(frozen=True)
class FailedLoginCount:
    """The number of failed logins of one account, or of all unknown names, since a time."""

    account_id: UUID | None
    since: datetime
    count: int


class FailedLogins:
    """A thread-safe count of failed logins; unknown names, which may be passwords, are counted together."""

    def __init__(self) -> None:
        self._counts: dict[UUID | None, FailedLoginCount] = {}
        self._lock = threading.Lock()

    def add(self, account_id: UUID | None, now: datetime) -> None:
        """Count one failed login of an account, or of an unknown name."""
        self.put_back([FailedLoginCount(account_id, now, 1)])

    def put_back(self, counts: Iterable[FailedLoginCount]) -> None:
        """Add counts to those that wait, for instance after they could not be written."""
        with self._lock:
            for each in counts:
                before = self._counts.get(each.account_id, FailedLoginCount(each.account_id, each.since, 0))
                since, count = min(before.since, each.since), before.count + each.count
                self._counts[each.account_id] = FailedLoginCount(each.account_id, since, count)

    def take(self, now: datetime | None = None) -> list[FailedLoginCount]:
        """Remove and return the counts whose window is over at `now`, or all of them without a time."""
        with self._lock:
            due = [each for each in self._counts.values() if now is None or now - each.since >= WINDOW]
            for each in due:
                del self._counts[each.account_id]
            return due
