"""A stage is one of our own commands under the launcher, ready when its readiness page says so."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from plugin.local import stage_process as stage_module
from plugin.local.stage_process import StageProcess


@pytest.fixture
def gateway(tmp_path: Path) -> StageProcess:
    """A stage, not started."""
    env = {"COUNTERPOINT_LOG_LEVEL": "debug"}
    return StageProcess("gateway", tmp_path, env=env, health_url="http://127.0.0.1:1/", arguments=["--quiet"])


def test_it_runs_the_command_of_its_name_in_our_interpreter(gateway: StageProcess) -> None:
    """A stage process runs the command of its name in the current interpreter, as an operator would."""
    assert gateway.command().argv == [sys.executable, "-m", "plugin.cli", "gateway", "--quiet"]


def test_settings_come_on_top_of_our_environment(gateway: StageProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given settings win; the rest is inherited when it is started, not when it is made."""
    monkeypatch.setenv("COUNTERPOINT_LOG_LEVEL", "info")
    monkeypatch.setenv("COUNTERPOINT_INHERITED", "yes")
    env = gateway.command().env
    assert env["COUNTERPOINT_LOG_LEVEL"] == "debug"
    assert env["COUNTERPOINT_INHERITED"] == "yes"


def test_its_log_carries_its_name(gateway: StageProcess, tmp_path: Path) -> None:
    """Five stages share a folder of logs."""
    assert gateway.log == tmp_path / "gateway.log"


def test_its_readiness_page_decides(gateway: StageProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ready is what /readyz says, under the address it was given."""
    asked: list[str] = []

    def responds(url: str) -> bool:
        asked.append(url)
        return len(asked) > 1

    monkeypatch.setattr(stage_module, "responds", responds)
    assert not gateway.is_ready()
    assert gateway.is_ready()
    assert asked == ["http://127.0.0.1:1/readyz"] * 2
