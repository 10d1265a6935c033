"""The guides of docs/platforms, each followed to its first digest.

One stack serves all guides, in place of a demo for each. Whoever follows a guide here chooses names for platform and
supervisor that no other guide has.
"""

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final

import pytest

from plugin.local.paths import ROOT
from plugin.queue.labels import mechanism_title
from stream.contracts.vocabulary import Mechanism
from tests.e2e.conversations import RESISTANT, ScriptedLine
from tests.e2e.guided_vendors import VENDORS, Proxy, Vendor, name_of
from tests.fixtures.command import run_command
from tests.fixtures.system import PARTITIONS, RECORD_STAGES, RunningSystem
from tests.fixtures.waiting import DEADLOCK_S, wait_until

COMMAND: Final = ".venv/bin/counterpoint"
PASSWORD: Final = "a password of twelve words"
BLOCK: Final = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GAP: Final = timedelta(seconds=10)
"""Between two messages: some platforms write seconds alone."""


@dataclass(frozen=True)
class Guide:
    """A guide that somebody follows in a folder, with their own names and values in its text."""

    text: str
    folder: Path

    @cached_property
    def blocks(self) -> list[str]:
        """The blocks of shell commands."""
        return BLOCK.findall(self.text)

    @cached_property
    def tenants(self) -> str:
        """What the first block has exported when it comes to `make demo`, which is another command in this shell."""
        make = 'make() { test "$*" = demo && printf %s "$COUNTERPOINT_TENANTS"; }\n'
        return output_of(["/bin/bash", "--noprofile", "--norc", "-euc", make + self.blocks[0]], self.folder)

    @property
    def env(self) -> dict[str, str]:
        """The environment of the second terminal: of its first line the file, and what it exports itself."""
        assert self.blocks[1].startswith(". ./")
        exported = dict(re.findall(r"^export (\w+)=(\S+)$", self.blocks[1], re.MULTILINE))
        return {"COUNTERPOINT_TENANTS": self.tenants, "COUNTERPOINT_KAFKA__PARTITIONS": str(PARTITIONS)} | exported

    def calls(self, program: str) -> list[list[str]]:
        """Return the arguments of each call of a program in the second terminal, up to the digest."""
        (digest,) = (block for block in self.blocks if block.startswith(f"{COMMAND} digest"))
        typed = [shlex.split(line, comments=True) for line in (self.blocks[1] + digest).splitlines()]
        return [words[1:] for words in typed if words[0] == program]

    def run(self, arguments: list[str]) -> str:
        """Run a `counterpoint` command, whose password comes from a pipe, and return what it prints."""
        done = run_command(*arguments, env=self.env, stdin=f"{PASSWORD}\n")
        assert done.returncode == 0, (arguments, done)
        return done.stdout

    @property
    def talk(self) -> list[ScriptedLine]:
        """A talk with what the guide lets the client say for instance."""
        (said,) = re.findall(r"say for instance `(.*?)`", " ".join(self.text.split()))
        return [*RESISTANT[:3], ("client", said), *RESISTANT[4:]]


def output_of(command: list[str], folder: Path) -> str:
    """Return what a command prints."""
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=DEADLOCK_S, check=True).stdout


def followed(vendor: Vendor, folder: Path) -> Guide:
    """Return a vendor's guide with what its reader chooses, knows and makes in it."""
    text = (ROOT / "docs" / "platforms" / f"{vendor.kind}.md").read_text()
    text = re.sub(r"\b(harbour|mara)\b", rf"\1-{vendor.kind}", text)
    for words, value in vendor.typed.items():
        assert text.count(f'"{words}"') == 1, words
        text = text.replace(words, value)
    made = re.sub(r"the output of: ([^\"]+)", lambda shown: output_of(shlex.split(shown[1]), folder).strip(), text)
    return Guide(made, folder)


@pytest.fixture(scope="module")
def guides(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Guide]:
    """Return the guides, followed in one folder, which looks like the repository to their readers."""
    folder = tmp_path_factory.mktemp("guides")
    return {name: followed(vendor, folder) for name, vendor in VENDORS.items()}


@pytest.fixture(scope="module")
def system(start_system: Callable[..., RunningSystem], guides: dict[str, Guide]) -> RunningSystem:
    """Start the stages that carry a record, where a demo would have its files, with the tenants of all guides."""
    tenants = {name: value for guide in guides.values() for name, value in json.loads(guide.tenants).items()}
    assert set(tenants) == {name_of(kind) for kind in VENDORS}
    folder = guides["chatwoot"].folder / ".counterpoint" / "demo"
    return start_system(names=RECORD_STAGES, folder=folder, COUNTERPOINT_TENANTS=json.dumps(tenants))


@pytest.mark.parametrize("name", VENDORS)
def test_a_guide_leads_to_a_moment_in_the_digest(
    name: str, guides: dict[str, Guide], system: RunningSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guide's settings, commands and talk lead to the client's words in the digest, with each mechanism's level."""
    guide, vendor, gateway = guides[name], VENDORS[name], system.settings.gateway
    proxy = Proxy(f"http://{gateway.host}:{gateway.port}", system.http)
    monkeypatch.chdir(guide.folder)

    *prepare, digest = guide.calls(COMMAND)
    assert [arguments[0] for arguments in prepare[:2]] == ["check", "users"]
    for arguments in prepare:
        guide.run(arguments)
    for arguments in guide.calls("curl"):
        answer = output_of(["curl", *map(proxy.passes_to, arguments)], guide.folder)
        assert json.loads(answer)["error"] == "denied"

    assert vendor.ending in " ".join(guide.text.split())
    (secret,) = json.loads(guide.tenants)[name_of(name)]["webhook_secrets"]
    begun = datetime.now(UTC) - GAP * (len(guide.talk) + 1)
    said = [vendor.say(role, words, number, begun + GAP * number) for number, (role, words) in enumerate(guide.talk, 1)]
    for number, raw in enumerate([*vendor.begin(begun), *said, vendor.end(datetime.now(UTC))]):
        vendor.deliver(proxy, secret, raw, number)
    stored = "SELECT 1 FROM sessions WHERE tenant = :tenant"
    wait_until(lambda: system.rows(stored, tenant=name_of(name)), "the session is stored")

    shown = " ".join(guide.run(digest).split())
    assert guide.talk[3][1] in shown
    for mechanism in Mechanism:
        assert re.search(rf"{mechanism_title(mechanism)}: \S+ (no|weak|strong) expression\. ", shown), shown
