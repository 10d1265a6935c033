"""Connection options of every Kafka client (address, TLS, user), and the reason for which a broker refuses a client."""

import asyncio
import ssl
from typing import Any

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError as AioKafkaError
from aiokafka.errors import SaslAuthenticationFailed, UnsupportedSaslMechanismError
from kafka.errors import AuthorizationError, KafkaError

from stream.contracts.errors import CounterpointError, Misconfigured, Unavailable
from stream.runtime.settings import KafkaSettings
from stream.runtime.tls import client_context, try_handshake, unverified_context

_LOG_IN_MS = 3_000


def bootstrap_servers(kafka: KafkaSettings) -> list[str]:
    """Return the addresses of the brokers, each as `host:port`."""
    return [server.strip() for server in kafka.bootstrap_servers.split(",")]


def tls_context(kafka: KafkaSettings) -> ssl.SSLContext | None:
    """Return the TLS context for `SSL` and `SASL_SSL`, None for `PLAINTEXT`.

    Raises:
        Misconfigured: a certificate or key file cannot be used.
    """
    if kafka.security_protocol == "PLAINTEXT":
        return None
    return client_context(kafka.ca_file, kafka.certificate_file, kafka.key_file, where="kafka")


def connection_options(kafka: KafkaSettings) -> dict[str, Any]:
    """Return the connection options for the clients of kafka-python; aiokafka has options of the same names.

    Raises:
        Misconfigured: a certificate or key file cannot be used.
    """
    return {"bootstrap_servers": bootstrap_servers(kafka), **_security(kafka)}


def counterpoint_error(error: KafkaError, kafka: KafkaSettings) -> CounterpointError:
    """Translate an error of a Kafka client into `Misconfigured` or, if a retry may help, into `Unavailable`.

    A client that the broker refuses retries until its timeout and then does not name the reason. So this function
    connects to the broker to find the reason. That takes a moment: do not call it from inside an event loop.
    """
    if isinstance(error, AuthorizationError):
        return Misconfigured(
            f"The broker at {kafka.bootstrap_servers} does not let the user {kafka.username!r} do this"
            f" ({type(error).__name__}). `counterpoint acls` prints the rights that each stage needs."
        )
    try:
        troubles = [_server_trouble(server, kafka) for server in bootstrap_servers(kafka)]
    except Misconfigured as wrong:
        return wrong
    if troubles and all(troubles):
        return Misconfigured(f"The broker at {kafka.bootstrap_servers} cannot be used: {troubles[0]}.")
    return Unavailable(f"Kafka at {kafka.bootstrap_servers}")


def _security(kafka: KafkaSettings) -> dict[str, Any]:
    found: dict[str, Any] = {"security_protocol": kafka.security_protocol, "ssl_context": tls_context(kafka)}
    if kafka.security_protocol == "SASL_SSL" and kafka.password is not None:
        found |= {
            "sasl_mechanism": kafka.sasl_mechanism,
            "sasl_plain_username": kafka.username,
            "sasl_plain_password": kafka.password.get_secret_value(),
        }
    return found


def _server_trouble(server: str, kafka: KafkaSettings) -> str | None:
    """Return what a person must change before this server accepts the client; None if nothing is found."""
    context = tls_context(kafka)
    if context is None:
        speaks_tls = not try_handshake(server, unverified_context()).trouble
        return "it speaks TLS; set kafka.security_protocol to SSL or SASL_SSL" if speaks_tls else None
    found = try_handshake(server, context)
    if found.trouble:
        return None if found.retryable else found.trouble
    host, _, port = server.rpartition(":")
    try:
        asyncio.run(_log_in(host.strip("[]"), int(port), kafka))
    except SaslAuthenticationFailed:
        return f"it does not accept the user {kafka.username!r} with this password; correct kafka.username, .password"
    except UnsupportedSaslMechanismError:
        return f"it does not support {kafka.sasl_mechanism}; correct kafka.sasl_mechanism"
    except (AioKafkaError, OSError):
        return None
    return None


async def _log_in(host: str, port: int, kafka: KafkaSettings) -> None:
    connection = await create_conn(host, port, request_timeout_ms=_LOG_IN_MS, **_security(kafka))
    connection.close()
