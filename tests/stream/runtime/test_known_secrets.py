"""Tests that no process outside a demo starts with a publicly known secret."""

import base64
import json
from pathlib import Path

import pytest

from plugin.local.demo_settings import demo_secrets, write_settings
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import load_settings

GOOD = base64.b64encode(bytes(range(5, 37))).decode()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Remove the settings of this machine from the environment and change to an empty folder."""
    import os

    for name in list(os.environ):
        if name.startswith("COUNTERPOINT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("variable", "value", "place"),
    [
        ("DATABASE__KEY_ENCRYPTION_KEY", base64.b64encode(bytes(32)).decode(), "database.key_encryption_key"),
        ("DATABASE__URL", "postgresql+psycopg://counterpoint:postgres@db/counterpoint", "database.url"),
        ("DATABASE__URL", "postgresql+psycopg://counterpoint:ChangeMe@db/counterpoint", "database.url"),
        ("DATABASE__PREVIOUS_KEY_ENCRYPTION_KEYS", f'["{base64.b64encode(bytes(32)).decode()}"]', "database.previous"),
        ("DATABASE__ROLE_PASSWORDS", '{"sink": "password"}', "database.role_passwords.sink"),
        ("WEB__SESSION_SECRET", "changeme", "web.session_secret"),
        (
            "TENANTS",
            json.dumps({"riverside": {"webhook_secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}}),
            "tenants.riverside.webhook_secrets",
        ),
    ],
)
def test_a_publicly_known_secret_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, place: str
) -> None:
    """A publicly known secret is refused with the place of its setting and without its value."""
    monkeypatch.setenv(f"COUNTERPOINT_{variable}", value)
    with pytest.raises(Misconfigured, match=place) as refused:
        load_settings()
    assert value not in str(refused.value)


def test_every_secret_of_a_demo_is_refused_outside_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every secret of a demo is accepted in the demo and refused in production settings."""
    secret = demo_secrets(tmp_path / "demo")
    file = write_settings(
        tmp_path, secret, bootstrap_servers="127.0.0.1:1", database_url="postgresql+psycopg://x:y@h/d", triton_url="h:1"
    )
    monkeypatch.setenv("COUNTERPOINT_FILE", str(file))
    assert load_settings().demo
    file.write_text(file.read_text().replace("demo = true", "demo = false"))
    with pytest.raises(Misconfigured) as refused:
        load_settings()
    for place in ("database.key_encryption_key", "web.session_secret", "webhook_secrets", "pseudonym_key"):
        assert place in str(refused.value)
    assert not any(value in str(refused.value) for value in secret.values())


def test_secrets_that_are_not_publicly_known_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random keys and an uncommon password are accepted."""
    monkeypatch.setenv("COUNTERPOINT_DATABASE__KEY_ENCRYPTION_KEY", GOOD)
    monkeypatch.setenv("COUNTERPOINT_DATABASE__URL", "postgresql+psycopg://counterpoint:kJ7-tide-lamp@db/counterpoint")
    monkeypatch.setenv("COUNTERPOINT_WEB__SESSION_SECRET", GOOD)
    assert load_settings().database.key_encryption_key is not None
