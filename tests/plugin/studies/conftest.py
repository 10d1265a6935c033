"""Fixtures of the tests of studies."""

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits

from plugin.studies import imputation


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Keep the models of simulated tables, which are small, to one thread each."""
    with threadpool_limits(limits=1):
        yield


@pytest.fixture(scope="module", autouse=True)
def _few_draws() -> Iterator[None]:
    """Complete tables with missing values a few times only: what is shown of the estimates is their rule."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(imputation, "DRAWS", 5)
        yield
