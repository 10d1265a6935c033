"""Access to Triton over gRPC: its address, TLS, the secret for administration, and the status of its errors."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import grpc
from tritonclient.utils import InferenceServerException

from stream.contracts.errors import Misconfigured
from stream.runtime.settings import FeedbackSettings
from stream.runtime.tls import client_context, try_handshake

ADMIN_RESTRICTION = "admin"
"""Our name for the restricted protocols in Triton's `--grpc-restricted-protocol`."""
ADMIN_HEADER = f"triton-grpc-protocol-{ADMIN_RESTRICTION}"


@dataclass(frozen=True)
class TritonAccess:
    """Address, TLS files (PEM) and admin secret of a Triton server; with `ca` the connection uses TLS."""

    url: str
    """The host and port of the gRPC service."""
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    admin_secret: str | None = field(default=None, repr=False)

    @classmethod
    def from_settings(cls, settings: FeedbackSettings) -> Self:
        """Return the access that the settings describe.

        Raises:
            Misconfigured: a certificate or key file cannot be used; gRPC itself would only say that it cannot connect.
        """
        secret = settings.admin_secret
        access = cls(
            url=settings.triton_url,
            ca=settings.ca_file,
            certificate=settings.certificate_file,
            key=settings.key_file,
            admin_secret=None if secret is None else secret.get_secret_value(),
        )
        if access.ca is not None:
            client_context(access.ca, access.certificate, access.key, where="feedback")
        return access

    @property
    def client_options(self) -> dict[str, Any]:
        """The TLS options of tritonclient's `InferenceServerClient`."""
        if self.ca is None:
            return {}
        files = {"root_certificates": self.ca, "certificate_chain": self.certificate, "private_key": self.key}
        return {"ssl": True, **{name: str(file) for name, file in files.items() if file is not None}}

    @property
    def admin_headers(self) -> dict[str, str] | None:
        """The headers of a call that only an administrator may make."""
        return None if self.admin_secret is None else {ADMIN_HEADER: self.admin_secret}


def tls_failure(settings: FeedbackSettings) -> str | None:
    """Return the reason for which TLS with the Triton server fails; None if it works or is not used.

    gRPC itself only says that it cannot connect.
    """
    if settings.ca_file is None:
        return None
    try:
        context = client_context(settings.ca_file, settings.certificate_file, settings.key_file, where="feedback")
    except Misconfigured:
        return None  # every other use of these settings reports it
    return try_handshake(settings.triton_url, context).trouble


def error_status(error: InferenceServerException | grpc.aio.AioRpcError) -> str:
    """Return the gRPC status of an error in lower case, or `model_error` for an error of the model itself.

    Servers put texts of requests into their messages, so the status is all that may be logged or shown.
    """
    if isinstance(error, grpc.aio.AioRpcError):
        return str(error.code().name).lower()
    return str(error.status() or "model_error").rpartition(".")[2].lower()  # tritonclient: "StatusCode.UNAVAILABLE"
