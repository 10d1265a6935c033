"""Fixtures that start one system for all end-to-end tests that do not break it."""

from collections.abc import Callable

import pytest

from tests.fixtures.system import RECORD_STAGES, RunningSystem


@pytest.fixture(scope="module")
def system(start_system: Callable[..., RunningSystem]) -> RunningSystem:
    """Start the four stages that carry a record, closing sessions by explicit end or after 4 s of silence."""
    return start_system(
        names=RECORD_STAGES, COUNTERPOINT_SESSIONS__IDLE_S="4", COUNTERPOINT_SESSIONS__REOPEN_WITHIN_S="1"
    )
