"""A fixture of the tests in which intervals are told, and are not what the test is about."""

from collections.abc import Iterator

import pytest

from training.measures import intervals


@pytest.fixture(scope="module")
def few_resamples() -> Iterator[None]:
    """Draw few samples for each interval, since a thousand take a second; `test_intervals.py` draws them all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intervals, "_RESAMPLES", 20)
        yield
