"""Settings come from one file, the environment and secret files; wrong ones are named, never shown."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Settings, load, required

CANARY = "canary-secret"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine reaches a test."""
    import os

    for name in list(os.environ):
        if name.startswith("COUNTERPOINT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_defaults_are_safe_and_hold_no_secret() -> None:
    """Loopback everywhere, no tenant, no key."""
    settings = load()
    assert settings.gateway.host == settings.web.host == settings.health.host == "127.0.0.1"
    assert settings.tenants == {}
    assert settings.database.url is None
    assert settings.database.key_encryption_key is None
    assert settings.web.cookie_secure
    assert not settings.demo


def test_the_file_in_the_current_folder_is_read(tmp_path: Path) -> None:
    """`counterpoint.toml`, one section a part."""
    (tmp_path / "counterpoint.toml").write_text('log_level = "debug"\n[kafka]\npartitions = 4\n[tenants.riverside]\n')
    settings = load()
    assert settings.log_level == "debug"
    assert settings.kafka.partitions == 4
    assert "riverside" in settings.tenants


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Part by part: what the environment does not name stays as the file has it."""
    (tmp_path / "other.toml").write_text("[kafka]\npartitions = 4\nreplication = 3\n")
    monkeypatch.setenv("COUNTERPOINT_FILE", str(tmp_path / "other.toml"))
    monkeypatch.setenv("COUNTERPOINT_KAFKA__PARTITIONS", "5")
    assert (load().kafka.partitions, load().kafka.replication) == (5, 3)


def test_secret_files_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As container platforms mount them: the file's name is the setting's place."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "counterpoint_database__url").write_text(CANARY)
    monkeypatch.setenv("COUNTERPOINT_SECRETS_DIR", str(folder))
    url = load().database.url
    assert url is not None
    assert url.get_secret_value() == CANARY


def test_a_missing_secrets_folder_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Rather than started without."""
    monkeypatch.setenv("COUNTERPOINT_SECRETS_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(Misconfigured, match="nowhere"):
        load()


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("COUNTERPOINT_KAFKA__PARTITIONS", CANARY, "kafka.partitions"),
        ("COUNTERPOINT_SESSIONS__END_RULE", CANARY, "sessions.end_rule"),
        ("COUNTERPOINT_GATEWAY__PORT", "99999", "gateway.port"),
        ("COUNTERPOINT_KAFKA__PARTITION", "4", "kafka.partition"),
    ],
)
def test_a_wrong_setting_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, place: str
) -> None:
    """Values may be secrets; a misspelt name is as wrong as a bad value."""
    monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured) as caught:
        load()
    assert place in str(caught.value)
    assert CANARY not in str(caught.value)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    """In a sentence."""
    (tmp_path / "counterpoint.toml").write_text("[kafka\n")
    with pytest.raises(Misconfigured, match="cannot be read"):
        load()


def test_a_required_secret_that_is_missing_says_what_to_set() -> None:
    """The variable's name stands in the sentence."""
    for missing in (None, SecretStr("")):
        with pytest.raises(Misconfigured, match="COUNTERPOINT_DATABASE__URL"):
            required(missing, "database.url")
    assert required(SecretStr(CANARY), "database.url") == CANARY


def test_secrets_do_not_show() -> None:
    """Neither in `repr` nor in a dump."""
    settings = Settings.model_validate({"database": {"url": CANARY}, "tenants": {"a": {"webhook_secrets": [CANARY]}}})
    assert CANARY not in repr(settings)
    assert CANARY not in str(settings.model_dump())
