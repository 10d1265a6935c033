"""Tests of docs/adapters.md: its example is a whole package that works, and it explains what an adapter may lack."""

import hashlib
import hmac
import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from plugin.adapter_contract import NOW, SENT
from plugin.adapters.base import Lack
from plugin.adapters.registry import GROUP, OWN
from plugin.local.paths import ROOT
from stream.runtime.settings import TenantSettings
from tests.fixtures.waiting import DEADLOCK_S
from tests.plugin.adapters.test_registry import install
from tests.plugin.gateway.gateways import TENANT, GatewayHarness

GUIDE = (ROOT / "docs" / "adapters.md").read_text()
SECRET = "m" * 32
QUICKLY = ("-p", "no:schemathesis", "-p", "no:cacheprovider")
"""Options that leave out a plugin which nothing here needs, and which takes two seconds to load."""


def blocks(language: str) -> list[str]:
    """Return the blocks of code of a language."""
    return [block.partition("```")[0] for block in GUIDE.split(f"```{language}\n")[1:]]


@pytest.fixture
def harness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GatewayHarness:
    """Return a gateway that serves a tenant with the guide's settings, of the guide's package, installed as it says."""
    _, package, settings = map(tomllib.loads, blocks("toml"))
    ((name, value),) = package["project"]["entry-points"][GROUP].items()
    install(tmp_path, monkeypatch, name=name, value=value, code=blocks("python")[0])
    given: dict[str, Any] = settings["tenants"]["meadow"] | TENANT.model_dump(include={"pseudonym_key"})
    return GatewayHarness(tenants={"meadow": TenantSettings.model_validate(given | {"webhook_secrets": [SECRET]})})


async def deliver(harness: GatewayHarness, event: dict[str, Any], secret: str = SECRET) -> tuple[int, dict[str, str]]:
    """Deliver an event as Meadow does, and return status and answer."""
    raw, stamp = json.dumps(event).encode(), str(int(NOW.timestamp()))
    signature = hmac.new(secret.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
    headers = {"x-meadow-signature": signature, "x-meadow-time": stamp}
    answer = await harness.post_as(headers, raw, "/v1/meadow/events")
    return answer.status_code, answer.json()


LINE: dict[str, Any] = {
    "kind": "line",
    "id": 7,
    "room": 3,
    "who": "g-1",
    "guest": True,
    "said": "no",
    "at": SENT.isoformat(),
}


async def test_the_example_is_a_package_that_the_gateway_serves(harness: GatewayHarness) -> None:
    """A line and a goodbye of the example's platform are published, with pseudonyms."""
    assert await deliver(harness, LINE | {"agreed": True}) == (202, {"outcome": "published"})
    goodbye = {"kind": "goodbye", "room": 3, "at": SENT.isoformat()}
    assert await deliver(harness, goodbye) == (202, {"outcome": "published"})
    message, end = harness.publisher.data()
    assert (message["role"], message["text"], message["message_id"]) == ("client", "no", "7")
    assert message["conversation_id"] == end["conversation_id"] != "3"


async def test_the_example_refuses_what_every_adapter_refuses(harness: GatewayHarness) -> None:
    """The example denies a forged line, names what is wrong, drops its bell, and publishes nothing without consent."""
    assert await deliver(harness, LINE, "x" * 32) == (401, {"error": "denied"})
    assert (await deliver(harness, LINE | {"at": "today"}))[1]["place"] == "at"
    assert await deliver(harness, LINE | {"who": "bell-7"}) == (202, {"outcome": "ignored"})
    assert await deliver(harness, LINE) == (202, {"outcome": "no_consent"})
    assert harness.publisher.records == []


def test_the_example_keeps_the_contract_of_adapters(tmp_path: Path) -> None:
    """The guide's own tests of its example pass by the command that the guide names, none of them skipped."""
    names = re.findall(r"^`(\w+\.py)`:$", GUIDE, re.MULTILINE)
    for name, code in zip(names, blocks("python"), strict=True):
        (tmp_path / name).write_text(code)
    program, *arguments = shlex.split(blocks("sh")[0])
    assert program == "python"
    done = subprocess.run(
        [sys.executable, *arguments, *QUICKLY],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=DEADLOCK_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert re.fullmatch(r"=+ \d+ passed(, \d+ warnings)? in \S+ =+", done.stdout.splitlines()[-1]), done.stdout


def test_the_guide_explains_every_lack_and_names_every_platform() -> None:
    """Whatever an adapter may say that its platform lacks has a row, and so has each platform of ours."""
    assert all(f"| `{lack.value}` |" in GUIDE for lack in Lack)
    assert all(f"| `{name}`" in GUIDE for name in OWN)
