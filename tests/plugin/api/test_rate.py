"""Tests of the limit of requests of one token."""

import time
from uuid import UUID

from plugin.api.rate import RequestRate

ONE, OTHER = UUID(int=1), UUID(int=2)


def test_each_token_has_its_own_count() -> None:
    """A token above its number waits at least a second and at most a minute; another one does not."""
    rate = RequestRate(per_minute=2)
    assert [rate.take(ONE, time.time()) for _ in range(2)] == [0.0, 0.0]
    assert 1 <= rate.take(ONE, time.time()) <= 60
    assert rate.take(OTHER, time.time()) == 0.0
