"""Tests of the access to Triton: its TLS options, its secret, and the status of its errors."""

from pathlib import Path

import pytest
from tritonclient.utils import InferenceServerException

from stream.runtime.settings import FeedbackSettings
from stream.runtime.triton import ADMIN_HEADER, TritonAccess, error_status, tls_failure


def test_without_an_authority_the_connection_is_plain() -> None:
    """A server without `ca` gets no TLS options."""
    assert TritonAccess("host:1").client_options == {}


def test_with_an_authority_the_connection_is_tls() -> None:
    """The TLS options name the authority and, where they are given, certificate and key."""
    access = TritonAccess("host:1", ca=Path("ca.pem"), key=Path("key.pem"))
    assert access.client_options == {"ssl": True, "root_certificates": "ca.pem", "private_key": "key.pem"}


def test_the_administrators_secret_is_a_header_and_stays_out_of_repr() -> None:
    """The admin secret is sent in Triton's header and is not in the representation of the access."""
    access = TritonAccess("host:1", admin_secret="a secret")
    assert access.admin_headers == {ADMIN_HEADER: "a secret"}
    assert "a secret" not in repr(access)
    assert TritonAccess("host:1").admin_headers is None


@pytest.mark.parametrize(
    ("status", "expected"), [("StatusCode.UNAVAILABLE", "unavailable"), ("INTERNAL", "internal"), (None, "model_error")]
)
def test_only_the_status_of_an_error_is_passed_on(status: str | None, expected: str) -> None:
    """An error is reported as its status in lower case, without the server's message."""
    assert error_status(InferenceServerException("words of a client", status)) == expected


def test_without_tls_no_handshake_is_tried() -> None:
    """Settings without an authority have no TLS failure."""
    assert tls_failure(FeedbackSettings(triton_url="127.0.0.1:1")) is None
