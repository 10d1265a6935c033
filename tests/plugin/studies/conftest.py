"""Fixtures of the tests of studies."""

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Keep the models of simulated tables, which are small, to one thread each."""
    with threadpool_limits(limits=1):
        yield
