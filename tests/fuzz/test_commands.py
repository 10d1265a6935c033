"""Tests of every command with bad arguments: a sentence and status 1 or 2, never a traceback or a secret."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main

from plugin.cli import app
from tests.fixtures.waiting import DEADLOCK_S
from tests.fuzz.strategies import CANARY

ROOT = Path(__file__).parents[2]
STARTS = {"up", "demo"}
"""Commands that start the whole system; only argument errors that are refused before that are tried."""
BAD_VALUES = ("", "nonsense", "-1", "9" * 5_000, "1e999", "\u0663", "a\nb", "../../etc/passwd", CANARY)
SETTINGS = f"""
[kafka]
bootstrap_servers = "127.0.0.1:1"
[feedback]
triton_url = "127.0.0.1:1"
[database]
url = "postgresql+psycopg://u:{CANARY.replace(" ", "")}@127.0.0.1:1/d"
"""  # fmt: skip


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command that is not a group, with its path."""
    if hasattr(command, "commands"):
        for name, child in command.commands.items():
            yield from leaves(child, (*path, name))
    else:
        yield path, command


LEAVES = dict(leaves(typer.main.get_command(app)))


def arguments_of(command: Any) -> list[Any]:
    """Return the positional arguments of a command."""
    return [p for p in command.params if p.param_type_name == "argument"]


def lines() -> Iterator[list[str]]:
    """Yield bad command lines made from the declared parameters of each command."""
    yield ["no-such-command"]
    yield ["--no-such-option"]
    for path, command in LEAVES.items():
        options = [p for p in command.params if p.param_type_name == "option" and "--help" not in p.opts]
        arguments = arguments_of(command)
        yield [*path, "--no-such-option", CANARY]
        yield [*path, *["one too many"] * (len(arguments) + 1), "--no-such-option"]
        for option in options:
            if not option.is_flag:
                yield [*path, option.opts[0]]
        if path[0] in STARTS:
            continue
        yield list(path)
        if arguments:
            for value in BAD_VALUES:
                yield [*path, *[value] * len(arguments)]
        for option in options:
            if option.is_flag:
                yield [*path, *["x"] * len(arguments), option.opts[0]]
                continue
            for value in BAD_VALUES[:: 1 if option.required else 3]:
                others = [o for o in options if o.required and o is not option and not o.is_flag]
                needed = [part for o in others for part in (o.opts[0], "x")]
                yield [*path, *["x"] * len(arguments), *needed, f"{option.opts[0]}={value}"]


@pytest.fixture(scope="module", params=["without settings", "nobody answers", "broken settings"])
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return the results of all command lines, run in one process in a folder of its own."""
    folder: Path = tmp_path_factory.mktemp("commands")
    given = list(lines())
    if request.param != "without settings":
        given = [[*path, *["x"] * len(arguments_of(leaf))] for path, leaf in LEAVES.items() if path[0] not in STARTS]
    if request.param == "nobody answers":
        (folder / "counterpoint.toml").write_text(SETTINGS)
    elif request.param == "broken settings":
        (folder / "counterpoint.toml").write_text(f"[kafka]\npartitions = '{CANARY}'\n[{CANARY}")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERPOINT_")}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("commands.py"))],
        input="\n".join(json.dumps(line) for line in given),
        cwd=folder,
        env=clean | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=DEADLOCK_S,
        check=False,
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == len(given), done.stderr[-2_000:]
    return told


def test_every_bad_command_line_is_a_sentence_and_a_status(outcomes: list[dict[str, Any]]) -> None:
    """A bad command line ends with output and status 2 (a person must change something) or 1 (no answer)."""
    wrong = [
        (one["argv"], one["status"], one["err"][-600:])
        for one in outcomes
        if one["status"] not in {0, 1, 2}
        or "Traceback" in one["err"]
        or (one["status"] and not one["err"] + one["out"])
    ]
    assert wrong == []


def test_no_secret_of_the_settings_is_printed(outcomes: list[dict[str, Any]]) -> None:
    """No command prints a secret of the settings, whatever fails."""
    secret = CANARY.replace(" ", "")
    assert [one["argv"] for one in outcomes if secret in one["err"] + one["out"]] == []


def test_the_commands_are_really_tried(outcomes: list[dict[str, Any]]) -> None:
    """At least 80 % of the command lines fail, which shows that they reach the commands."""
    failed = sum(one["status"] in {1, 2} for one in outcomes)
    assert failed >= len(outcomes) * 0.8
