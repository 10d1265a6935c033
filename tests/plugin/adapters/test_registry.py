"""Tests of the adapters by name: our own, those of other packages, and settings that fit none."""

import re
from pathlib import Path

import pytest

from plugin.adapters.chatwoot import Chatwoot
from plugin.adapters.matrix import Matrix
from plugin.adapters.registry import OWN, adapter_of
from plugin.adapters.rocketchat import RocketChat
from plugin.adapters.twilio import Twilio
from plugin.adapters.webhook import StandardWebhook
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import TenantSettings
from tests.plugin.adapters import matrix_under_test, twilio_under_test


def tenant(**given: object) -> TenantSettings:
    """Return the settings of a tenant."""
    return TenantSettings.model_validate(given)


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, *, name: str, value: str, code: str) -> None:
    """Install a package with one module and one entry point into a folder on the path, as pip would."""
    info = folder / f"{name}_adapter-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-adapter\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[counterpoint.adapters]\n{name} = {value}\n")
    (folder / f"{value.partition(':')[0]}.py").write_text(code)
    monkeypatch.syspath_prepend(str(folder))


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        (tenant(), StandardWebhook),
        (tenant(platform="webhook"), StandardWebhook),
        (tenant(platform="chatwoot"), Chatwoot),
        (twilio_under_test.settings(), Twilio),
        (tenant(platform="rocketchat"), RocketChat),
        (matrix_under_test.settings(), Matrix),
    ],
)
def test_our_own_adapters_have_names(settings: TenantSettings, kind: type) -> None:
    """A platform of ours has its adapter, and the generic webhook is what a tenant speaks that says nothing."""
    assert isinstance(adapter_of(settings), kind)


def test_an_unknown_platform_is_refused_with_those_that_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform without an adapter is refused, and every name that there is is said."""
    install(tmp_path, monkeypatch, name="meadow", value="meadow_adapter:Meadow", code="")
    known = ", ".join([*OWN, "meadow"])
    with pytest.raises(Misconfigured, match=re.escape(f"platform zulip has no adapter; known: {known}.")):
        adapter_of(tenant(platform="zulip"))


@pytest.mark.parametrize(
    ("code", "fault"),
    [("", "AttributeError"), ("import no_such_module", "ModuleNotFoundError"), ("raise ValueError('x')", "ValueError")],
)
def test_an_adapter_that_cannot_be_loaded_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, fault: str
) -> None:
    """A package whose adapter cannot be loaded is named with the kind of its fault."""
    name = f"broken{fault.lower()}"
    install(tmp_path, monkeypatch, name=name, value=f"{name}_adapter:Adapter", code=code)
    with pytest.raises(Misconfigured, match=rf"{name}_adapter:Adapter cannot be loaded \({fault}\)"):
        adapter_of(tenant(platform=name))


def test_another_package_does_not_take_the_place_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point with the name of one of our platforms is never loaded."""
    install(tmp_path, monkeypatch, name="chatwoot", value="evil_adapter:Evil", code="raise SystemExit")
    assert isinstance(adapter_of(tenant(platform="chatwoot")), Chatwoot)


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"consent": {"field": "consent"}}, "consent"),
        ({"bots": ["greeter"]}, "bots"),
        ({"options": {"a": "b"}}, "options"),
        ({"platform": "rocketchat", "chatwoot": {"allow_unsigned": True}}, "chatwoot"),
        ({"platform": "chatwoot", "twilio": {"public_url": "https://a.example/x"}}, "twilio"),
        ({"platform": "chatwoot", "matrix": {"user": "@counterpoint:example.org"}}, "matrix"),
    ],
)
def test_a_setting_without_effect_is_refused(given: dict[str, object], place: str) -> None:
    """A setting that another platform would use is refused, since somebody believes that it has an effect."""
    with pytest.raises(Misconfigured, match=f"^{place} is set, and platform"):
        adapter_of(tenant(**given))
