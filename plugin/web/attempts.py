"""Limiting of failed logins per account, per address and in all, counted in the memory of this process.

The rule stands in docs/operations.md, section "Logging in". In short: a known device has a budget of its own. For all
others there are budgets per account and address together, and per address, that end attempts; and wider ones per
account and in all, after which an address that has not failed still has its try. So a guesser gets few tries from each
address, and uses up nobody's but those of whoever shares an address with them on a device that is not known.
"""

import hashlib
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from plugin.http_connections import address_of
from plugin.queue.accounts import normalise_username

WINDOW_S: Final = 600
MAX_FAILURES: Final = 5
"""Failures of one account from one address, or on one known device: people rarely mistype more often in a row, and a
guesser is limited to 720 tries a day."""
MAX_FAILURES_OF_ADDRESS: Final = 30
"""Failures from one address: enough for an office behind one address."""
MAX_FAILURES_OF_ACCOUNT: Final = 20
"""Failures of one account from all addresses; after that, addresses with a failure wait."""
MAX_FAILURES_IN_ALL: Final = 300
"""Failures of all accounts from all addresses; after that, addresses with a failure wait."""
CEILING: Final = 3_000
"""Failures after which every device that is not known waits, so that a flood from many addresses fills no memory."""
SOON_S: Final = 5.0
"""Seconds to wait for attempts that are being checked at the moment."""
_SWEEP_AT: Final = 10_000
"""Counts in memory at which those that are over are dropped; the storage keeps an empty list for each."""

_Budget = tuple[RateLimitItemPerSecond, str]


@dataclass(frozen=True)
class Visitor:
    """Who tries to log in: the account as it was typed, the client's address, and the id of a known device."""

    username: str = field(repr=False)
    address: str = field(repr=False)
    device: str | None = field(default=None, repr=False)


class LoginAttempts:
    """A thread-safe counter of failed logins. An attempt counts as failed while it is being checked."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._lock = threading.Lock()  # the storage does not expect a count to be dropped while another is added
        self._under_way: Counter[str] = Counter()

    def begin(self, visitor: Visitor, now: float) -> float:
        """Begin an attempt and return 0; or return the seconds until one is accepted (`now` is seconds since 1970).

        After an attempt has begun, `end` must be called.
        """
        budgets = _Budgets.of(visitor)
        with self._lock:
            full = self._first_full(budgets)
            if full is None:
                self._under_way.update(_keys(budgets.counted))
                return 0.0
            window = self._limiter.get_window_stats(*full)
            return SOON_S if window.remaining > 0 else max(1.0, window.reset_time - now)

    def end(self, visitor: Visitor, *, failed: bool) -> None:
        """End an attempt, and count it if the name or the password was wrong."""
        budgets = _Budgets.of(visitor)
        with self._lock:
            self._under_way.subtract(_keys(budgets.counted))
            self._under_way += Counter()  # drops what is zero
            if failed:
                for budget in budgets.counted:
                    self._limiter.hit(*budget)
                self._sweep()

    def succeeded(self, visitor: Visitor) -> None:
        """Drop the count of the account on this device or from this address, for a person who has logged in."""
        item, name = _Budgets.of(visitor).counted[0]
        with self._lock:
            self._drop(item.key_for(name))

    def _first_full(self, budgets: "_Budgets") -> _Budget | None:
        """Return the first budget that refuses the attempt, or None."""
        has_failed = budgets.address is not None and not self._is_unused(budgets.address)
        checked = (*budgets.ending, *budgets.slowing) if has_failed else budgets.ending
        return next((budget for budget in checked if not self._has_room(budget)), None)

    def _has_room(self, budget: _Budget) -> bool:
        item, name = budget
        return self._limiter.test(item, name, cost=1 + self._under_way[item.key_for(name)])

    def _is_unused(self, budget: _Budget) -> bool:
        item, name = budget
        remaining = self._limiter.get_window_stats(item, name).remaining
        return remaining == item.amount and not self._under_way[item.key_for(name)]

    def _sweep(self) -> None:
        if len(self._storage.events) > _SWEEP_AT:
            for key in [key for key, events in self._storage.events.items() if not events]:
                self._drop(key)

    def _drop(self, key: str) -> None:
        with self._storage.locks[key]:  # the storage's own timer reads a count in two steps
            self._storage.clear(key)


@dataclass(frozen=True)
class _Budgets:
    """The budgets of a visitor: those that end attempts, and those that slow down an address that has failed."""

    ending: Sequence[_Budget]
    slowing: Sequence[_Budget] = ()
    address: _Budget | None = None

    @property
    def counted(self) -> Sequence[_Budget]:
        """Every budget in which a failure counts, the narrowest first."""
        return (*self.ending, *self.slowing)

    @classmethod
    def of(cls, visitor: Visitor) -> "_Budgets":
        account = normalise_username(visitor.username)
        if visitor.device is not None:
            return cls(ending=((_DEVICE, _hash(account, visitor.device)),))
        place = address_of((visitor.address, 0))
        address = (_ADDRESS, _hash(place))
        return cls(
            ending=((_PAIR, _hash(account, place)), address, (_CEILING, "all")),
            slowing=((_ACCOUNT, _hash(account)), (_ALL, "all")),
            address=address,
        )


def _item(amount: int, name: str) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(amount, WINDOW_S, namespace=name)


_DEVICE: Final = _item(MAX_FAILURES, "device")
_PAIR: Final = _item(MAX_FAILURES, "account and address")
_ADDRESS: Final = _item(MAX_FAILURES_OF_ADDRESS, "address")
_ACCOUNT: Final = _item(MAX_FAILURES_OF_ACCOUNT, "account")
_ALL: Final = _item(MAX_FAILURES_IN_ALL, "all")
_CEILING: Final = _item(CEILING, "ceiling")


def _keys(budgets: Sequence[_Budget]) -> list[str]:
    return [item.key_for(name) for item, name in budgets]


def _hash(*parts: str) -> str:
    """Return the hash under which something is counted.

    What was typed as a name may be a password, and exceptions of the storage may quote its keys.
    """
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
