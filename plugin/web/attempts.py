"""Slow down the guessing of passwords: a bounded count of failed logins, in the memory of this process."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

MAX_FAILURES = 5  # by hand nobody mistypes more often in a row; at 5 per 10 minutes a guesser gets 720 tries a day
WINDOW_S = 600.0  # seconds
MAX_KEYS = 10_000  # about 2 MB; when full, the oldest count makes room


@dataclass
class LoginAttempts:
    """Failed logins by (username, address). `now` gives seconds on any clock that only goes forward."""

    now: Callable[[], float]
    _failures: OrderedDict[tuple[str, str], list[float]] = field(default_factory=OrderedDict, repr=False)

    def wait_s(self, username: str, address: str) -> float:
        """Seconds until the next try is accepted; 0 when it is accepted now."""
        recent = self._recent((username.casefold(), address))
        if len(recent) < MAX_FAILURES:
            return 0.0
        return recent[-MAX_FAILURES] + WINDOW_S - self.now()

    def failed(self, username: str, address: str) -> None:
        """Count one failure."""
        key = (username.casefold(), address)
        self._failures[key] = [*self._recent(key), self.now()][-MAX_FAILURES:]
        self._failures.move_to_end(key)
        while len(self._failures) > MAX_KEYS:
            self._failures.popitem(last=False)

    def succeeded(self, username: str, address: str) -> None:
        """Forget the failures of somebody who has proved who they are."""
        self._failures.pop((username.casefold(), address), None)

    def _recent(self, key: tuple[str, str]) -> list[float]:
        since = self.now() - WINDOW_S
        return [at for at in self._failures.get(key, []) if at > since]
