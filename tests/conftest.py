"""Fixtures that every test may use, and one that every test does."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

# No test judges speed: on a busy machine one example may take any time.
settings.register_profile("counterpoint", settings.default, deadline=None)
settings.load_profile("counterpoint")

pytest_plugins = [
    "tests.fixtures.directory_scope",
    "tests.fixtures.stack",
    "tests.fixtures.system",
    "tests.fixtures.nothing_left_out",
    "tests.fixtures.guarantees",
    "tests.fixtures.certificates",
    "tests.fixtures.secured_kafka",
]


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    """Undo what a test configured for logging, so that it does not decide what later tests can capture."""
    root = logging.getLogger()
    before = root.handlers, root.level
    yield
    if structlog.is_configured():
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
        root.handlers, root.level = before
