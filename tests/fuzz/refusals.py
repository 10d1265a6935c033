"""Saying something on the terminal while a test runs, for whoever waits."""

import sys
from collections.abc import Callable

import pytest


def teller(config: pytest.Config) -> Callable[[str], None]:
    """A function that writes one line past pytest's capture."""
    capture = config.pluginmanager.get_plugin("capturemanager")

    def say(line: str) -> None:
        if capture is None:
            return
        with capture.global_and_fixture_disabled():
            sys.stdout.write(f"\n{line}")
            sys.stdout.flush()

    return say
