"""Tests of TLS and users with a broker that requires them, and of the messages for a client that is refused."""

import json
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from aiokafka import AIOKafkaProducer
from faust.auth import SASLCredentials
from kafka import KafkaProducer
from kafka.errors import KafkaError

from plugin.check import check_deployment
from plugin.local.environment_variables import environment_variables
from stream.contracts.errors import Misconfigured, Unavailable
from stream.contracts.topics import MESSAGES
from stream.faust_support.app import create_app
from stream.runtime import kafka_clients, settings
from stream.runtime.kafka_connection import connection_options, counterpoint_error, tls_context
from stream.runtime.topics import require_topics, topic_differences
from tests.fixtures.certificates import CertificateAuthority
from tests.fixtures.secured_kafka import SecuredKafka
from tests.fixtures.waiting import DEADLOCK_S


@pytest.fixture(autouse=True)
def _short_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the time for which a refused client retries."""
    shorter = replace(kafka_clients.COMMAND_TIMEOUTS, connect_ms=1_000)
    monkeypatch.setattr(kafka_clients, "COMMAND_TIMEOUTS", shorter)


def test_without_security_nothing_is_added() -> None:
    """Without TLS the connection options have neither a context nor a user."""
    found = connection_options(settings.KafkaSettings(bootstrap_servers="a:1, b:2"))
    assert found == {"bootstrap_servers": ["a:1", "b:2"], "security_protocol": "PLAINTEXT", "ssl_context": None}


def test_sasl_settings_without_a_password_are_refused() -> None:
    """Settings with SASL_SSL and without a password are refused when they are read, not at the first connection."""
    with pytest.raises(ValueError, match="needs username and password"):
        settings.KafkaSettings(security_protocol="SASL_SSL", username="somebody")


def test_sasl_without_tls_is_refused() -> None:
    """SASL without TLS is no valid setting, because it would send the password unencrypted."""
    with pytest.raises(ValueError, match="security_protocol"):
        settings.KafkaSettings.model_validate({"security_protocol": "SASL_PLAINTEXT"})


def test_the_password_is_in_no_repr(tmp_path: Path) -> None:
    """The password is neither in the representation of the settings nor in that of Faust's credentials."""
    given = settings.KafkaSettings.model_validate(
        {"security_protocol": "SASL_SSL", "username": "somebody", "password": "canary-phrase"}
    )
    app = create_app("app", given, data_dir=tmp_path, buffer=1)
    assert "canary-phrase" not in f"{given!r} {app.conf.broker_credentials!r}"
    assert cast("SASLCredentials", app.conf.broker_credentials).password == "canary-phrase"


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
def test_passwords_work_by_scram_and_by_plain(secured_kafka: SecuredKafka, mechanism: str) -> None:
    """A broker accepts a password by SCRAM and by PLAIN, which is often the only one at a hosted broker."""
    require_topics(secured_kafka.as_user("gateway", sasl_mechanism=mechanism))


async def test_the_same_settings_connect_every_kind_of_client(secured_kafka: SecuredKafka, tmp_path: Path) -> None:
    """The same settings connect clients of kafka-python and of aiokafka as Faust creates them.

    The end-to-end tests try the other stages.
    """
    given = secured_kafka.as_user("gateway")
    with_kafka_python = KafkaProducer(**connection_options(given))
    with_kafka_python.send(MESSAGES, b"{}").get(timeout=DEADLOCK_S)
    with_kafka_python.close()
    credentials = cast("SASLCredentials", create_app("app", given, data_dir=tmp_path, buffer=1).conf.broker_credentials)
    with_aiokafka = AIOKafkaProducer(
        bootstrap_servers=secured_kafka.bootstrap_servers,
        security_protocol=credentials.protocol.value,
        ssl_context=credentials.ssl_context,
        sasl_mechanism=credentials.mechanism.value,
        sasl_plain_username=credentials.username,
        sasl_plain_password=credentials.password,
    )
    await with_aiokafka.start()
    await with_aiokafka.send_and_wait(MESSAGES, b"{}")
    await with_aiokafka.stop()


def test_a_client_certificate_works_instead_of_a_password(
    secured_kafka: SecuredKafka, authority: CertificateAuthority
) -> None:
    """A client certificate works instead of a password.

    With mutual TLS the broker takes the user from the certificate's name, and the rights of that user apply.
    """
    given = _by_certificate(secured_kafka, *authority.issue("counterpoint-gateway"))
    require_topics(given)
    producer = KafkaProducer(**connection_options(given), max_block_ms=5_000)
    producer.send(MESSAGES, b"{}").get(timeout=DEADLOCK_S)
    producer.close()
    with pytest.raises(Misconfigured, match="does not let the user"):
        topic_differences(given)


def test_certificate_and_key_may_be_in_one_file(secured_kafka: SecuredKafka, authority: CertificateAuthority) -> None:
    """Certificate and key may be in one file, as some tools deliver them."""
    both, _ = authority.issue("counterpoint-gateway")
    require_topics(_by_certificate(secured_kafka, both))


def test_a_missing_client_certificate_is_reported(secured_kafka: SecuredKafka) -> None:
    """A missing client certificate is reported as such.

    The broker refuses it only after the handshake.
    """
    with pytest.raises(Misconfigured, match="certificate required"):
        require_topics(_by_certificate(secured_kafka))


def test_an_untrusted_or_expired_client_certificate_is_refused(
    secured_kafka: SecuredKafka, authority: CertificateAuthority, untrusted_authority: CertificateAuthority
) -> None:
    """A client certificate of an unknown authority and an expired one are refused.

    The broker gives no further reason.
    """
    for certificate, key in (
        untrusted_authority.issue("counterpoint-gateway"),
        authority.issue("too-late", expired=True),
    ):
        with pytest.raises(Misconfigured, match="alert certificate"):
            require_topics(_by_certificate(secured_kafka, certificate, key))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"password": "wrong"}, r"does not accept the user 'counterpoint-setup'"),
        ({"username": "nobody"}, r"does not accept the user 'nobody'"),
        ({"sasl_mechanism": "SCRAM-SHA-256"}, r"does not support SCRAM-SHA-256"),
        ({"security_protocol": "PLAINTEXT"}, r"it speaks TLS; set kafka.security_protocol"),
        ({"ca_file": None}, r"certificate is not trusted \(unable to get local issuer certificate\)"),
    ],
)
def test_the_message_for_a_refused_client_gives_the_reason(
    secured_kafka: SecuredKafka, change: dict[str, object], sentence: str
) -> None:
    """The message for a refused client gives the reason and what to correct, and never the password.

    The client library itself only retries.
    """
    with pytest.raises(Misconfigured, match=sentence) as caught:
        topic_differences(secured_kafka.as_user("setup", **change))
    assert "secret-of" not in str(caught.value)


def test_a_broker_certificate_of_another_authority_is_reported(
    secured_kafka: SecuredKafka, untrusted_authority: CertificateAuthority
) -> None:
    """A broker whose certificate comes from another authority is reported, because another server may be answering."""
    with pytest.raises(Misconfigured, match="certificate is not trusted"):
        topic_differences(secured_kafka.as_user("setup", ca_file=str(untrusted_authority.file)))


def test_an_address_that_is_not_in_the_certificate_is_refused(secured_kafka: SecuredKafka) -> None:
    """An address that is not in the broker's certificate is refused and named."""
    other = secured_kafka.bootstrap_servers.replace("127.0.0.1", "127.0.0.2")
    with pytest.raises((Misconfigured, Unavailable)) as caught:
        topic_differences(secured_kafka.as_user("setup", bootstrap_servers=other))
    # Our broker listens on 127.0.0.1 alone, so 127.0.0.2 may be unreachable instead of refused.
    assert "127.0.0.2" in str(caught.value)


def test_check_says_that_the_brokers_certificate_has_expired(
    start_secured_kafka: Callable[..., SecuredKafka], authority: CertificateAuthority
) -> None:
    """The check of a deployment says that the broker's certificate has expired, the most common trouble with TLS."""
    late, _ = authority.issue("late", expired=True)
    broker = start_secured_kafka(late)
    with environment_variables(**broker.env("setup")):
        (finding,) = (finding for finding in check_deployment() if finding.subject == "broker")
    assert finding.remedy is not None
    assert "its certificate is not trusted (certificate has expired)" in finding.sentence
    broker.stop()


def test_an_unreachable_broker_raises_unavailable_with_tls_too() -> None:
    """An unreachable broker raises `Unavailable` with TLS as without it."""
    away = settings.KafkaSettings(bootstrap_servers="127.0.0.1:9", security_protocol="SSL")
    assert isinstance(counterpoint_error(KafkaError(), away), Unavailable)


@pytest.mark.parametrize("field", ["ca_file", "certificate_file"])
def test_a_file_that_holds_no_certificate_is_named(tmp_path: Path, field: str) -> None:
    """A file that holds no certificate is named without its content."""
    file = tmp_path / "not-a-certificate.pem"
    file.write_text(json.dumps({"a": "canary-phrase"}))
    with pytest.raises(Misconfigured, match=rf"kafka\.{field} .*not-a-certificate.pem") as caught:
        tls_context(settings.KafkaSettings.model_validate({"security_protocol": "SSL", field: str(file)}))
    assert "canary-phrase" not in str(caught.value)


def test_a_missing_file_is_refused_when_the_settings_are_read() -> None:
    """A certificate file that does not exist is refused when the settings are read."""
    with pytest.raises(ValueError, match="ca_file"):
        settings.KafkaSettings.model_validate({"ca_file": "/nowhere/ca.pem"})


def test_an_encrypted_key_is_refused_instead_of_asking_at_the_terminal(
    tmp_path: Path, authority: CertificateAuthority
) -> None:
    """An encrypted key is refused, because OpenSSL would ask for its password on the terminal for ever."""
    from cryptography.hazmat.primitives import serialization

    certificate, key = authority.issue("locked")
    loaded = serialization.load_pem_private_key(key.read_bytes(), None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        loaded.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"phrase"),
        )
    )
    given = {"security_protocol": "SSL", "certificate_file": str(certificate), "key_file": str(locked)}
    with pytest.raises(Misconfigured, match="without a password"):
        tls_context(settings.KafkaSettings.model_validate(given))


def test_the_tls_context_requires_a_valid_name_and_modern_tls() -> None:
    """The TLS context requires TLS 1.2 or later and a valid certificate for the server's name."""
    context = tls_context(settings.KafkaSettings(security_protocol="SSL"))
    assert context is not None
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def _by_certificate(
    broker: SecuredKafka, certificate: Path | None = None, key: Path | None = None
) -> settings.KafkaSettings:
    """Return settings for the listener that identifies users by their certificates."""
    return broker.as_user(
        "gateway",
        bootstrap_servers=broker.internal_address,
        security_protocol="SSL",
        certificate_file=certificate,
        key_file=key,
    )
