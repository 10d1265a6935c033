"""The guides of docs/platforms: the settings that they show are settings that the gateway takes."""

import base64
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from plugin.adapters.registry import OWN, WEBHOOK
from plugin.adapters.webhook import StandardWebhook
from plugin.gateway.tenants import known_tenants
from plugin.local.paths import ROOT
from stream.runtime.settings import ConsentSettings, Settings

GUIDES = {path.stem: path for path in sorted((ROOT / "docs" / "platforms").glob("*.md"))}
BY_WEBHOOK = frozenset({"onlineberatung"})
"""Platforms whose developers send our own webhook, which says itself who has consented."""
TYPED = {"webhook_secrets": ["whsec_" + "b" * 32], "pseudonym_key": base64.b64encode(b"k" * 32).decode()}
"""What a reader types where a guide says in words what belongs there."""


def shown_tenants(guide: Path) -> dict[str, dict[str, Any]]:
    """Return the tenants of the file that the guide has its reader write."""
    (written,) = re.findall(r"^export COUNTERPOINT_TENANTS='(.*?)'$", guide.read_text(), re.MULTILINE | re.DOTALL)
    return {name: tenant | TYPED for name, tenant in json.loads(written).items()}


def test_every_platform_of_ours_has_a_guide() -> None:
    """Each adapter for a platform of somebody else has a guide of its name, and so has a platform that needs none."""
    assert set(GUIDES) == OWN.keys() - {WEBHOOK} | BY_WEBHOOK


@pytest.mark.parametrize("platform", GUIDES)
def test_the_settings_of_a_guide_are_taken(platform: str) -> None:
    """The gateway knows the tenant of the guide, which speaks its platform and has a rule of consent if need be."""
    ((name, tenant),) = Settings.model_validate({"tenants": shown_tenants(GUIDES[platform])}).tenants.items()
    assert known_tenants({name: tenant})
    assert tenant.platform == (WEBHOOK if platform in BY_WEBHOOK else platform)
    assert (tenant.consent == ConsentSettings()) == (platform in BY_WEBHOOK)


@pytest.mark.parametrize("platform", sorted(BY_WEBHOOK))
def test_the_events_of_a_guide_are_taken(platform: str) -> None:
    """Every block of JSON that a platform's developers are shown is an event of our webhook."""
    events = re.findall(r"^```json\n(.*?)^```$", GUIDES[platform].read_text(), re.MULTILINE | re.DOTALL)
    assert [len(StandardWebhook().parse(event.encode())) for event in events] == [1, 1, 1]


@pytest.mark.parametrize("platform", GUIDES)
def test_further_settings_of_a_guide_are_taken(platform: str) -> None:
    """Every block of TOML in the guide fits the tenant that it is about."""
    tenants = shown_tenants(GUIDES[platform])
    for block in re.findall(r"^```toml\n(.*?)^```$", GUIDES[platform].read_text(), re.MULTILINE | re.DOTALL):
        ((name, more),) = tomllib.loads(block)["tenants"].items()
        assert known_tenants(Settings.model_validate({"tenants": {name: tenants[name] | more}}).tenants)
