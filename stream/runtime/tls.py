"""Certificates: whom we believe and who we are, and in plain words why a handshake failed."""

import contextlib
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from stream.contracts.errors import Misconfigured

_REACH_S = 3.0
_REFUSAL_S = 0.3  # a round trip; a server that is content says nothing


def client_context(ca: Path | None, certificate: Path | None, key: Path | None, *, where: str) -> ssl.SSLContext:
    """Believe these authorities (None: the system's) and the server's name; show our certificate if there is one.

    Raises:
        Misconfigured: a file holds something else; `where` is the part of the settings, e.g. "kafka".
    """
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise Misconfigured(f"{where}.ca_file {ca} is not a PEM file of certificates ({_told(error)}).") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # a distribution's Python may leave it to its OpenSSL's settings
    if certificate is not None:
        try:
            context.load_cert_chain(certificate, key, password=_no_password)
        except (OSError, ValueError) as error:
            raise Misconfigured(
                f"{where}.certificate_file {certificate} and its key do not fit together, or are not PEM without a"
                f" password ({_told(error)})."
            ) from None
    return context


def unbelieving_context() -> ssl.SSLContext:
    """To see whether TLS is spoken at all. Never send anything over it: anybody may be at the other end."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(frozen=True)
class Handshake:
    """How it went."""

    sentence: str | None = None
    """Why no connection comes about, as half a sentence; None if one does."""
    may_pass: bool = False
    """Whether trying again may help."""


def handshake_trouble(address: str, context: ssl.SSLContext) -> Handshake:
    """Try a TLS connection to `host:port` and end it."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        with (
            socket.create_connection((host, int(port)), _REACH_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as secured,
        ):
            # Since TLS 1.3 a server refuses the client's certificate, or that there is none, only after the handshake.
            secured.settimeout(_REFUSAL_S)
            with contextlib.suppress(TimeoutError):
                secured.recv(1)
    except ssl.SSLCertVerificationError as error:
        return Handshake(f"its certificate is not believed ({error.verify_message})")
    except ssl.SSLError as error:
        return Handshake(f"no TLS with it ({_told(error)})")
    except OSError as error:
        return Handshake(_told(error), may_pass=True)
    return Handshake()


def _told(error: Exception) -> str:
    """The reason of a library's error in its own words, without its place in the library."""
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    return str(reason).replace("_", " ").lower()


def _no_password() -> str:
    """Instead of a question on the terminal, at which a stage would wait for ever."""
    raise ValueError("the key is encrypted")
