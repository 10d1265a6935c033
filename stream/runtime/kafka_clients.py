"""The one place where a Kafka client gets its address, its TLS and its user from, and learns why it was refused."""

import asyncio
import ssl
from typing import Any

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError as AioKafkaError
from aiokafka.errors import SaslAuthenticationFailed, UnsupportedSaslMechanismError
from kafka.errors import AuthorizationError, KafkaError

from stream.contracts.errors import CounterpointError, Misconfigured, Unavailable
from stream.runtime.settings import Kafka
from stream.runtime.tls import client_context, handshake_trouble, unbelieving_context

_REACH_MS = 3_000


def servers(kafka: Kafka) -> list[str]:
    """The brokers, each as host:port."""
    return [server.strip() for server in kafka.bootstrap_servers.split(",")]


def tls(kafka: Kafka) -> ssl.SSLContext | None:
    """What `SSL` and `SASL_SSL` need, None for `PLAINTEXT`.

    Raises:
        Misconfigured: a file is not what it should be.
    """
    if kafka.security_protocol == "PLAINTEXT":
        return None
    return client_context(kafka.ca_file, kafka.certificate_file, kafka.key_file, where="kafka")


def options(kafka: Kafka) -> dict[str, Any]:
    """What kafka-python's clients take; aiokafka's take the same by the same names.

    Raises:
        Misconfigured: a file is not what it should be.
    """
    return {"bootstrap_servers": servers(kafka), **_security(kafka)}


def refusal(error: KafkaError, kafka: Kafka) -> CounterpointError:
    """What an error of a client means: a person must change something, or trying again may help.

    A client that is not let in goes on trying until its time is over and then says no more than that. So this looks
    for itself, which takes a moment: not to be called from inside an event loop.
    """
    if isinstance(error, AuthorizationError):
        return Misconfigured(
            f"The broker at {kafka.bootstrap_servers} does not let the user {kafka.username!r} do this"
            f" ({type(error).__name__}). `counterpoint acls` prints the rights that each stage needs."
        )
    try:
        troubles = [_trouble(server, kafka) for server in servers(kafka)]
    except Misconfigured as wrong:
        return wrong
    if troubles and all(troubles):
        return Misconfigured(f"The broker at {kafka.bootstrap_servers} cannot be used: {troubles[0]}.")
    return Unavailable(f"Kafka at {kafka.bootstrap_servers}")


def _security(kafka: Kafka) -> dict[str, Any]:
    found: dict[str, Any] = {"security_protocol": kafka.security_protocol, "ssl_context": tls(kafka)}
    if kafka.security_protocol == "SASL_SSL" and kafka.password is not None:
        found |= {
            "sasl_mechanism": kafka.sasl_mechanism,
            "sasl_plain_username": kafka.username,
            "sasl_plain_password": kafka.password.get_secret_value(),
        }
    return found


def _trouble(server: str, kafka: Kafka) -> str | None:
    """What a person must change before this server lets us in; None if that is not seen."""
    context = tls(kafka)
    if context is None:
        speaks_tls = not handshake_trouble(server, unbelieving_context()).sentence
        return "it speaks TLS; set kafka.security_protocol to SSL or SASL_SSL" if speaks_tls else None
    found = handshake_trouble(server, context)
    if found.sentence:
        return None if found.may_pass else found.sentence
    host, _, port = server.rpartition(":")
    try:
        asyncio.run(_log_in(host.strip("[]"), int(port), kafka))
    except SaslAuthenticationFailed:
        return f"it does not accept the user {kafka.username!r} with this password; correct kafka.username, .password"
    except UnsupportedSaslMechanismError:
        return f"it knows no {kafka.sasl_mechanism}; correct kafka.sasl_mechanism"
    except (AioKafkaError, OSError):
        return None
    return None


async def _log_in(host: str, port: int, kafka: Kafka) -> None:
    connection = await create_conn(host, port, request_timeout_ms=_REACH_MS, **_security(kafka))
    connection.close()
