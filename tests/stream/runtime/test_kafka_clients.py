"""TLS and users, tried against a broker that asks for them; and what a person is told who is not let in."""

import json
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from aiokafka import AIOKafkaProducer
from faust.auth import SASLCredentials
from kafka import KafkaProducer
from kafka.errors import KafkaError

from plugin.check import check
from plugin.local.environment import environment
from stream.contracts.errors import Misconfigured, Unavailable
from stream.contracts.topics import MESSAGES
from stream.faust_support.app import create_app
from stream.runtime import settings
from stream.runtime.kafka_clients import options, refusal, tls
from stream.runtime.topics import compare, require
from tests.fixtures.certificates import Authority
from tests.fixtures.secured import SecuredKafka


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that is not let in goes on trying; here it gives up sooner."""
    monkeypatch.setattr("stream.runtime.topics._BOOTSTRAP_MS", 1_000)


def test_without_security_nothing_is_added() -> None:
    """A broker on an internal network is reached as before."""
    found = options(settings.Kafka(bootstrap_servers="a:1, b:2"))
    assert found == {"bootstrap_servers": ["a:1", "b:2"], "security_protocol": "PLAINTEXT", "ssl_context": None}


def test_a_user_is_asked_for_where_it_is_needed() -> None:
    """Not at the first connection, hours later."""
    with pytest.raises(ValueError, match="needs username and password"):
        settings.Kafka(security_protocol="SASL_SSL", username="somebody")


def test_a_password_without_tls_is_not_offered() -> None:
    """It would travel in the clear."""
    with pytest.raises(ValueError, match="security_protocol"):
        settings.Kafka.model_validate({"security_protocol": "SASL_PLAINTEXT"})


def test_the_password_shows_nowhere(tmp_path: Path) -> None:
    """Neither in the settings nor in what Faust keeps of them."""
    given = settings.Kafka.model_validate(
        {"security_protocol": "SASL_SSL", "username": "somebody", "password": "canary-phrase"}
    )
    app = create_app("app", given, data_dir=tmp_path, buffer=1)
    assert "canary-phrase" not in f"{given!r} {app.conf.broker_credentials!r}"
    assert cast("SASLCredentials", app.conf.broker_credentials).password == "canary-phrase"


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
def test_both_ways_to_show_a_password_work(secured: SecuredKafka, mechanism: str) -> None:
    """A hosted broker often offers PLAIN alone."""
    require(secured.as_user("gateway", sasl_mechanism=mechanism))


async def test_every_kind_of_client_is_let_in_by_the_same_settings(secured: SecuredKafka, tmp_path: Path) -> None:
    """kafka-python's, and aiokafka's as Faust makes it; the rest of the stages is tried end to end."""
    given = secured.as_user("gateway")
    with_kafka_python = KafkaProducer(**options(given))
    with_kafka_python.send(MESSAGES, b"{}").get(timeout=30)
    with_kafka_python.close()
    credentials = cast("SASLCredentials", create_app("app", given, data_dir=tmp_path, buffer=1).conf.broker_credentials)
    with_aiokafka = AIOKafkaProducer(
        bootstrap_servers=secured.bootstrap_servers,
        security_protocol=credentials.protocol.value,
        ssl_context=credentials.ssl_context,
        sasl_mechanism=credentials.mechanism.value,
        sasl_plain_username=credentials.username,
        sasl_plain_password=credentials.password,
    )
    await with_aiokafka.start()
    await with_aiokafka.send_and_wait(MESSAGES, b"{}")
    await with_aiokafka.stop()


def test_a_certificate_serves_instead_of_a_password(secured: SecuredKafka, authority: Authority) -> None:
    """Mutual TLS: the broker takes the user from the certificate's name, and the user's rights hold."""
    given = _by_certificate(secured, *authority.issue("counterpoint-gateway"))
    require(given)
    producer = KafkaProducer(**options(given), max_block_ms=5_000)
    producer.send(MESSAGES, b"{}").get(timeout=30)
    producer.close()
    with pytest.raises(Misconfigured, match="does not let the user"):
        compare(given)


def test_certificate_and_key_may_lie_in_one_file(secured: SecuredKafka, authority: Authority) -> None:
    """As some tools hand them out."""
    both, _ = authority.issue("counterpoint-gateway")
    require(_by_certificate(secured, both))


def test_without_a_certificate_where_one_is_asked_for_the_sentence_says_so(secured: SecuredKafka) -> None:
    """The broker tells it only after the handshake."""
    with pytest.raises(Misconfigured, match="certificate required"):
        require(_by_certificate(secured))


def test_a_certificate_of_a_stranger_or_of_yesterday_is_refused(
    secured: SecuredKafka, authority: Authority, stranger: Authority
) -> None:
    """The broker says no more than that."""
    for certificate, key in (stranger.issue("counterpoint-gateway"), authority.issue("too-late", expired=True)):
        with pytest.raises(Misconfigured, match="alert certificate"):
            require(_by_certificate(secured, certificate, key))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"password": "wrong"}, r"does not accept the user 'counterpoint-setup'"),
        ({"username": "nobody"}, r"does not accept the user 'nobody'"),
        ({"sasl_mechanism": "SCRAM-SHA-256"}, r"knows no SCRAM-SHA-256"),
        ({"security_protocol": "PLAINTEXT"}, r"it speaks TLS; set kafka.security_protocol"),
        ({"ca_file": None}, r"certificate is not believed \(unable to get local issuer certificate\)"),
    ],
)
def test_who_is_not_let_in_is_told_why(secured: SecuredKafka, change: dict[str, object], sentence: str) -> None:
    """The client library itself only goes on trying."""
    with pytest.raises(Misconfigured, match=sentence) as caught:
        compare(secured.as_user("setup", **change))
    assert "secret-of" not in str(caught.value)


def test_an_authority_that_is_not_the_brokers_is_told(secured: SecuredKafka, stranger: Authority) -> None:
    """Somebody else may be answering."""
    with pytest.raises(Misconfigured, match="certificate is not believed"):
        compare(secured.as_user("setup", ca_file=str(stranger.file)))


def test_a_name_that_is_not_in_the_certificate_is_told(secured: SecuredKafka) -> None:
    """A certificate is good for the names in it alone."""
    other = secured.bootstrap_servers.replace("127.0.0.1", "127.0.0.2")
    with pytest.raises((Misconfigured, Unavailable)) as caught:
        compare(secured.as_user("setup", bootstrap_servers=other))
    # Where 127.0.0.2 leads nowhere it cannot be reached; our broker listens on 127.0.0.1 alone.
    assert "127.0.0.2" in str(caught.value)


def test_check_says_that_the_brokers_certificate_has_expired(
    secure: Callable[..., SecuredKafka], authority: Authority
) -> None:
    """The most common of all troubles with TLS, in a sentence."""
    late, _ = authority.issue("late", expired=True)
    broker = secure(late)
    with environment(**broker.env("setup")):
        (finding,) = (finding for finding in check() if finding.about == "broker")
    assert finding.mend is not None
    assert "its certificate is not believed (certificate has expired)" in finding.sentence
    broker.stop()


def test_a_broker_that_is_away_stays_a_matter_of_trying_again() -> None:
    """With TLS as without it."""
    away = settings.Kafka(bootstrap_servers="127.0.0.1:9", security_protocol="SSL")
    assert isinstance(refusal(KafkaError(), away), Unavailable)


@pytest.mark.parametrize("field", ["ca_file", "certificate_file"])
def test_a_file_that_holds_something_else_is_named(tmp_path: Path, field: str) -> None:
    """And nothing of what it holds is shown."""
    file = tmp_path / "not-a-certificate.pem"
    file.write_text(json.dumps({"a": "canary-phrase"}))
    with pytest.raises(Misconfigured, match=rf"kafka\.{field} .*not-a-certificate.pem") as caught:
        tls(settings.Kafka.model_validate({"security_protocol": "SSL", field: str(file)}))
    assert "canary-phrase" not in str(caught.value)


def test_a_file_that_is_not_there_is_told_when_the_settings_are_read() -> None:
    """Before anything is started."""
    with pytest.raises(ValueError, match="ca_file"):
        settings.Kafka.model_validate({"ca_file": "/nowhere/ca.pem"})


def test_an_encrypted_key_is_refused_instead_of_asking_at_the_terminal(tmp_path: Path, authority: Authority) -> None:
    """A stage would wait for an answer for ever."""
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
        tls(settings.Kafka.model_validate(given))


def test_servers_are_held_to_their_name_and_to_modern_tls() -> None:
    """Nothing older than TLS 1.2, and no certificate of somebody else."""
    context = tls(settings.Kafka(security_protocol="SSL"))
    assert context is not None
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def _by_certificate(broker: SecuredKafka, certificate: Path | None = None, key: Path | None = None) -> settings.Kafka:
    """Settings for the listener at which certificates say who comes."""
    return broker.as_user(
        "gateway",
        bootstrap_servers=broker.internal,
        security_protocol="SSL",
        certificate_file=certificate,
        key_file=key,
    )
