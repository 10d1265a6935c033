"""TLS contexts from certificate files, and a trial handshake that reports in plain words why a connection fails."""

import contextlib
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from stream.contracts.errors import Misconfigured

_CONNECT_S = 3.0
_REFUSAL_S = 0.3  # more than a round trip; a server that accepts us sends nothing in this time


def client_context(ca: Path | None, certificate: Path | None, key: Path | None, *, where: str) -> ssl.SSLContext:
    """Return a TLS context that verifies the server's name and certificate and has our own certificate if there is one.

    `ca` is the file of the trusted authorities; None for those of the system.

    Raises:
        Misconfigured: a file cannot be used; `where` is the section of the settings, e.g. "kafka".
    """
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise Misconfigured(f"{where}.ca_file {ca} is not a PEM file of certificates ({_reason(error)}).") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # some distributions leave it to OpenSSL's configuration
    if certificate is not None:
        try:
            context.load_cert_chain(certificate, key, password=_no_password)
        except (OSError, ValueError) as error:
            raise Misconfigured(
                f"{where}.certificate_file {certificate} and its key do not fit together, or are not PEM without a"
                f" password ({_reason(error)})."
            ) from None
    return context


def unverified_context() -> ssl.SSLContext:
    """Return a TLS context that accepts any certificate, to find out whether a server speaks TLS.

    Send nothing over such a connection.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(frozen=True)
class Handshake:
    """The result of a trial TLS connection."""

    trouble: str | None = None
    """The reason for which the connection failed, as a part of a sentence; None if it succeeded."""
    retryable: bool = False
    """Whether a retry may help."""


def try_handshake(address: str, context: ssl.SSLContext) -> Handshake:
    """Open a TLS connection to `host:port`, close it, and return the result."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        with (
            socket.create_connection((host, int(port)), _CONNECT_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as secured,
        ):
            # In TLS 1.3 a server refuses a wrong or missing client certificate only after the handshake.
            secured.settimeout(_REFUSAL_S)
            with contextlib.suppress(TimeoutError):
                secured.recv(1)
    except ssl.SSLCertVerificationError as error:
        return Handshake(f"its certificate is not trusted ({error.verify_message})")
    except ssl.SSLError as error:
        return Handshake(f"the TLS handshake with it fails ({_reason(error)})")
    except OSError as error:
        return Handshake(_reason(error), retryable=True)
    return Handshake()


def _reason(error: Exception) -> str:
    """Return the reason of a library's error in the library's own words, without the place in its source."""
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    return str(reason).replace("_", " ").lower()


def _no_password() -> str:
    """Raise an error instead of asking for a password on the terminal, where a stage would wait for ever."""
    raise ValueError("the key is encrypted")
