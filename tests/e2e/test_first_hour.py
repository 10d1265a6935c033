"""The first hour of docs/first-hour.md, run line by line against a demo: what the page shows is what comes."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from plugin.local.paths import ROOT
from plugin.local.process import Command, Process
from tests.fixtures.waiting import DEADLOCK_S, wait_until

PAGE: Final = ROOT / "docs" / "first-hour.md"
START: Final = "make demo\n"
"""What the page says to start it; the test runs what the target runs, without the setup of an environment."""
READY: Final = "Serving until Ctrl-C."
DEMO: Final = """
import sys
from pathlib import Path
from rich.console import Console
from plugin.local import demo
demo.STATE = Path.cwd() / ".counterpoint"
sys.exit(demo.run_demo(once=False, paths=[], console=Console(width=200)))
"""
BLOCK: Final = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class DemoProcess(Process):
    """A demo in a folder of its own, which is ready when it says so."""

    def __init__(self, folder: Path) -> None:
        super().__init__("demo", folder / "log")
        self._folder = folder

    def command(self) -> Command:
        """Say how to run it."""
        env = {**os.environ, "PYTHONUNBUFFERED": "1"}
        return Command([sys.executable, "-c", DEMO], env, self._folder)

    def is_ready(self) -> bool:
        """Ask its log."""
        return READY in self.log.read_text()


@pytest.fixture(scope="module")
def folder(run_dir: Path) -> Iterator[Path]:
    """Yield a folder that looks like the repository to who follows the page, with a demo that is ready."""
    folder = run_dir / "first-hour"
    folder.mkdir()
    (folder / ".venv").symlink_to(ROOT / ".venv")
    demo = DemoProcess(folder)
    demo.launch()
    try:
        wait_until(lambda: demo.is_ready() or not demo.alive, "the demo serves")
        assert demo.alive, demo.tail()
        yield folder
    finally:
        demo.stop()


def blocks() -> list[tuple[str, str]]:
    """Return what the page says to type, each part with what is to come of it."""
    found: list[tuple[str, str]] = []
    for kind, content in BLOCK.findall(PAGE.read_text()):
        if kind == "sh":
            found.append((content, ""))
        else:
            found[-1] = (found[-1][0], content)
    return found


def test_the_page_leads_from_nothing_to_a_moment_in_the_digest(folder: Path) -> None:
    """Every line that the page says to type is run in one shell, and what it shows comes of it."""
    typed = blocks()
    assert typed[0] == (START, "")
    script = "".join(f"{content}echo 'END OF {number}'\n" for number, (content, _) in enumerate(typed[1:]))
    done = subprocess.run(
        ["/bin/bash", "--noprofile", "--norc"],
        input=script,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=DEADLOCK_S,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    rest = done.stdout
    for number, (content, shown) in enumerate(typed[1:]):
        came, _, rest = rest.partition(f"END OF {number}\n")
        words = " ".join(came.split())
        assert "error" not in came or "error" in shown, (content, came)
        for line in shown.splitlines():
            assert line in words, (content, line, came)


def test_the_page_needs_nothing_that_debian_lacks() -> None:
    """The page uses no program that Debian installs only on request, beside those that it names."""
    script = "".join(content for content, _ in blocks())
    assert not re.search(r"\b(uuidgen|python3?|jq|xxd|perl)\b", script)
