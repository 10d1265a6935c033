"""A stage of ours as a local process, which is ready when its ``/readyz`` says so."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from plugin.local.loopback import responds
from plugin.local.process import Command, Process


class StageProcess(Process):
    """``counterpoint NAME`` with its own log."""

    def __init__(
        self,
        name: str,
        data_dir: Path,
        *,
        env: Mapping[str, str],
        health_url: str,
        arguments: Sequence[str] = (),
    ) -> None:
        """``env`` are the settings, on top of our environment; ``health_url`` is the base of ``/readyz``."""
        super().__init__(name, data_dir)
        self._env = dict(env)
        self._arguments = list(arguments)
        self.health_url = health_url.rstrip("/")

    def command(self) -> Command:
        """Say how to run the stage, in the interpreter that runs us."""
        argv = [sys.executable, "-m", "plugin.cli", self.name, *self._arguments]
        return Command(argv, {**os.environ, **self._env}, Path.cwd())

    def is_ready(self) -> bool:
        """Ask the stage's own readiness page."""
        return responds(f"{self.health_url}/readyz")
