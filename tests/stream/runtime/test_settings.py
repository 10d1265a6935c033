"""Tests of the settings: their sources, their priority, and errors that name a setting without its value."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Settings, load_settings, required_secret

CANARY = "canary-secret"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Remove the settings of this machine from the environment and change to an empty folder."""
    import os

    for name in list(os.environ):
        if name.startswith("COUNTERPOINT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_defaults_are_safe_and_hold_no_secret() -> None:
    """By default everything listens on loopback, and there is no tenant and no secret."""
    settings = load_settings()
    assert settings.gateway.host == settings.web.host == settings.health.host == "127.0.0.1"
    assert settings.tenants == {}
    assert settings.database.url is None
    assert settings.database.key_encryption_key is None
    assert settings.web.cookie_secure
    assert not settings.demo


def test_the_file_in_the_current_folder_is_read(tmp_path: Path) -> None:
    """The file `counterpoint.toml` in the current folder is read, with one section for each part."""
    (tmp_path / "counterpoint.toml").write_text('log_level = "debug"\n[kafka]\npartitions = 4\n[tenants.riverside]\n')
    settings = load_settings()
    assert settings.log_level == "debug"
    assert settings.kafka.partitions == 4
    assert "riverside" in settings.tenants


def test_the_environment_overrides_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment variable overrides its setting in the file and no other."""
    (tmp_path / "other.toml").write_text("[kafka]\npartitions = 4\nreplication = 3\n")
    monkeypatch.setenv("COUNTERPOINT_FILE", str(tmp_path / "other.toml"))
    monkeypatch.setenv("COUNTERPOINT_KAFKA__PARTITIONS", "5")
    assert (load_settings().kafka.partitions, load_settings().kafka.replication) == (5, 3)


def test_secret_files_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file in the secrets folder sets the setting in its name, as container platforms mount secrets."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "counterpoint_database__url").write_text(CANARY)
    monkeypatch.setenv("COUNTERPOINT_SECRETS_DIR", str(folder))
    url = load_settings().database.url
    assert url is not None
    assert url.get_secret_value() == CANARY


def test_a_missing_secrets_folder_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A secrets folder that does not exist is an error that names it."""
    monkeypatch.setenv("COUNTERPOINT_SECRETS_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(Misconfigured, match="nowhere"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("COUNTERPOINT_KAFKA__PARTITIONS", CANARY, "kafka.partitions"),
        ("COUNTERPOINT_SESSIONS__END_RULE", CANARY, "sessions.end_rule"),
        ("COUNTERPOINT_GATEWAY__PORT", "99999", "gateway.port"),
        ("COUNTERPOINT_KAFKA__PARTITION", "4", "COUNTERPOINT_KAFKA__PARTITION"),
    ],
)
def test_a_wrong_setting_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, place: str
) -> None:
    """A wrong value and a misspelt name are errors that name the setting and not the value, which may be a secret."""
    monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured) as caught:
        load_settings()
    assert place in str(caught.value)
    assert CANARY not in str(caught.value)


def test_a_file_that_is_not_toml_is_an_error(tmp_path: Path) -> None:
    """A settings file that is not TOML is an error without a traceback."""
    (tmp_path / "counterpoint.toml").write_text("[kafka\n")
    with pytest.raises(Misconfigured, match="cannot be read"):
        load_settings()


def test_the_error_for_a_missing_secret_says_what_to_set() -> None:
    """The error for a missing secret names the environment variable to set."""
    for missing in (None, SecretStr("")):
        with pytest.raises(Misconfigured, match="COUNTERPOINT_DATABASE__URL"):
            required_secret(missing, "database.url")
    assert required_secret(SecretStr(CANARY), "database.url") == CANARY


def test_secrets_are_in_no_repr_and_no_dump() -> None:
    """Secrets are neither in the representation of the settings nor in their dump."""
    settings = Settings.model_validate({"database": {"url": CANARY}, "tenants": {"a": {"webhook_secrets": [CANARY]}}})
    assert CANARY not in repr(settings)
    assert CANARY not in str(settings.model_dump())


def test_nobody_is_a_trusted_proxy_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy is trusted unless it is named, by its address or its network."""
    assert load_settings().web.trusted_proxies == ()
    monkeypatch.setenv("COUNTERPOINT_WEB__TRUSTED_PROXIES", '["10.1.0.5", "fd00::/8"]')
    assert [str(each) for each in load_settings().web.trusted_proxies] == ["10.1.0.5/32", "fd00::/8"]


@pytest.mark.parametrize("networks", ['["0.0.0.0/0"]', '["::/0"]', '["10.1.0.5/8"]', '["proxy.example"]', '["*"]'])
def test_a_network_that_is_everybody_or_nobody_is_refused(monkeypatch: pytest.MonkeyPatch, networks: str) -> None:
    """A network of all addresses, and what is no network, is refused with the setting's name."""
    monkeypatch.setenv("COUNTERPOINT_WEB__TRUSTED_PROXIES", networks)
    with pytest.raises(Misconfigured, match=r"web\.trusted_proxies"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("DELIVERY__MAIL__STARTTLS", "false", "loopback alone"),
        ("DELIVERY__MAIL__SENDER", "nobody", "sender must be a mail address"),
        (
            *("TENANTS", '{"riverside": {"risk": {"receiver": {"url": "http://protocol.example/"}}}}'),
            "reached by https",
        ),
        (
            "TENANTS",
            '{"riverside": {"chatwoot": {"api_url": "http://chat.example"}}}',
            "chatwoot.api_url: .*reached by https",
        ),
        (
            *("TENANTS", '{"riverside": {"risk": {"receiver": {"url": "https://user:canary-secret@p.example/"}}}}'),
            "risk.receiver.url",
        ),
        ("DELIVERY__PRIVATE_NETWORKS", '["canary-secret"]', "delivery.private_networks"),
        ("WEB__PUBLIC_URL", "counterpoint.example", "web.public_url"),
        ("WEB__PUBLIC_URL", "javascript:alert(1)//canary-secret", "web.public_url"),
    ],
)
def test_digests_go_out_protected_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, wrong: str
) -> None:
    """A mail server or a receiver without TLS is refused outside of this machine, and so is an address that is none."""
    monkeypatch.setenv("COUNTERPOINT_DELIVERY__MAIL__HOST", "mail.example")
    monkeypatch.setenv("COUNTERPOINT_DELIVERY__MAIL__SENDER", "counterpoint@service.example")
    load_settings()
    monkeypatch.setenv(f"COUNTERPOINT_{name}", value)
    with pytest.raises(Misconfigured, match=wrong) as error:
        load_settings()
    assert CANARY not in str(error.value)


def test_the_parts_of_a_delivery_come_from_several_sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Secrets of mail and receivers come from one file, and the rest from the environment that the page reads too."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "COUNTERPOINT_DELIVERY").write_text(
        '{"mail": {"password": "p"}, "previous_receivers_keys": ["k"]}'
    )
    monkeypatch.setenv("COUNTERPOINT_SECRETS_DIR", str(tmp_path / "secrets"))
    monkeypatch.setenv("COUNTERPOINT_DELIVERY__MAIL__HOST", "mail.example")
    monkeypatch.setenv("COUNTERPOINT_DELIVERY__MAIL__SENDER", "counterpoint@service.example")
    monkeypatch.setenv("COUNTERPOINT_DELIVERY__RECEIVERS_KEY", "")
    delivery = load_settings().delivery
    assert delivery.mail.password == SecretStr("p")
    assert delivery.mail.host == "mail.example"
    assert delivery.previous_receivers_keys == (SecretStr("k"),)
    assert not delivery.stores_receivers, "an empty file stands for no key"


def test_receivers_of_digests_are_stored_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver of digests in the settings is refused with the command that stores one."""
    for name, value in (
        ("DELIVERY", '{"webhooks": {"chat": {"url": "https://chat.example/"}}}'),
        ("DELIVERY__WEBHOOKS__CHAT__URL", "https://chat.example/"),
    ):
        with monkeypatch.context() as given:
            given.setenv(f"COUNTERPOINT_{name}", value)
            with pytest.raises(Misconfigured, match="counterpoint receivers add"):
                load_settings()


def test_a_platform_takes_risk_signals_once_it_has_a_receiver(monkeypatch: pytest.MonkeyPatch) -> None:
    """No platform takes risk signals by default; one with the address of a receiver does, with or without secrets."""
    monkeypatch.setenv("COUNTERPOINT_TENANTS", '{"riverside": {}, "meadow": {}}')
    assert load_settings().risk_tenants == frozenset()
    receiver = '{"risk": {"receiver": {"url": "https://protocol.riverside.example/signals"}}}'
    monkeypatch.setenv("COUNTERPOINT_TENANTS", f'{{"riverside": {receiver}, "meadow": {{}}}}')
    assert load_settings().risk_tenants == {"riverside"}
    assert load_settings().heard_tenants == {}


@pytest.mark.parametrize("grade", ["sure", "possible"])
def test_the_reader_hears_where_a_platform_wants_it(monkeypatch: pytest.MonkeyPatch, grade: str) -> None:
    """The reader is asked about open sessions of those platforms alone that name a grade, and have a receiver."""
    receiver = '"receiver": {"url": "https://protocol.riverside.example/signals"}'
    monkeypatch.setenv("COUNTERPOINT_TENANTS", f'{{"a": {{"risk": {{{receiver}, "reader": "{grade}"}}}}, "b": {{}}}}')
    assert load_settings().heard_tenants == {"a": grade}
    for wrong, said in (
        ('"reader": "sure"', "nobody would get its signals"),
        (f'{receiver}, "reader": "on"', "reader"),
    ):
        monkeypatch.setenv("COUNTERPOINT_TENANTS", f'{{"a": {{"risk": {{{wrong}}}}}}}')
        with pytest.raises(Misconfigured, match=said):
            load_settings()
