"""Fixtures that every test may use, and one that every test does."""

import logging
import os
import tracemalloc  # noqa: F401 - pytest imports it while it reports an unclosed socket, and fails if another comes meanwhile
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings
from structlog.dev import ConsoleRenderer, plain_traceback

from plugin.local import loopback

# No test judges speed: on a busy machine one example may take any time.
settings.register_profile("counterpoint", settings.default, deadline=None)
settings.load_profile("counterpoint")

pytest_plugins = [
    "tests.fixtures.kept_objects",
    "tests.fixtures.directory_scope",
    "tests.fixtures.stack",
    "tests.fixtures.system",
    "tests.fixtures.nothing_left_out",
    "tests.fixtures.guarantees",
    "tests.fixtures.certificates",
    "tests.fixtures.kept_routes",
    "tests.fixtures.kept_command",
    "tests.fixtures.secured_kafka",
    "tests.fixtures.preloaded",
]


@pytest.fixture(scope="session", autouse=True)
def _own_ports() -> Iterator[None]:
    """Give each process of a run ports of its own, so that none takes that of a server which another one restarts."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loopback, "PORTS", loopback.PORTS[number::count])
        yield


@pytest.fixture(scope="session", autouse=True)
def _plain_tracebacks() -> None:
    """Print logged exceptions as Python does: structlog draws their variables too, in up to eight seconds."""
    ConsoleRenderer.get_active().exception_formatter = plain_traceback


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
