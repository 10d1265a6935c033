"""A Triton with TLS and restricted admin protocols: the real server, with certificates made here."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import tritonclient.grpc as triton_client
from tritonclient.utils import InferenceServerException

from plugin.check import _check_model as model_findings
from plugin.local.environment_variables import environment_variables
from plugin.local.triton import TritonSecurity, TritonServer
from stream.contracts.errors import CounterpointError, Misconfigured
from stream.feedback.models.base import Deadline, RequestFailed
from stream.feedback.models.canary import run_canary
from stream.feedback.models.factory import open_model
from stream.feedback.models.triton import TritonConnection
from stream.runtime.settings import FeedbackSettings, load_settings
from stream.runtime.triton import ADMIN_HEADER, TritonAccess
from tests.fixtures.certificates import CertificateAuthority

MODEL, READER = "feedback_baseline", "reader"
SECRET = "secret-of-the-administrator"


@pytest.fixture(scope="module")
def server(run_dir: Path, authority: CertificateAuthority) -> Iterator[TritonServer]:
    """Yield a server that also asks clients for a certificate."""
    certificate, key = authority.issue("triton")
    security = TritonSecurity(certificate, key, SECRET, client_ca=authority.file)
    with TritonServer(run_dir / "triton-guarded", [MODEL, READER], security=security) as running:
        yield running


@pytest.fixture(scope="module")
def settings(server: TritonServer, authority: CertificateAuthority) -> FeedbackSettings:
    """Return the settings with which a worker can reach the server and load a model."""
    certificate, key = authority.issue("counterpoint-feedback")
    return FeedbackSettings.model_validate(
        {
            "triton_url": server.grpc_url,
            "ca_file": str(authority.file),
            "certificate_file": str(certificate),
            "key_file": str(key),
            "admin_secret": SECRET,
            "deadline_s": 10,
        }
    )


def test_a_worker_with_its_certificate_gets_an_answer(settings: FeedbackSettings) -> None:
    """`counterpoint check` makes the same canary request."""
    assert run_canary(settings).name


async def test_it_may_reload_a_model(settings: FeedbackSettings) -> None:
    """A worker may load a model again when the model's process has died."""
    connection = TritonConnection(TritonAccess.from_settings(settings))
    await connection.reload(MODEL, _soon())
    assert await connection.parameters(MODEL, _soon())
    await connection.close()


@pytest.mark.parametrize("secret", [None, "wrong"])
async def test_without_the_secret_no_model_is_loaded(settings: FeedbackSettings, secret: str | None) -> None:
    """No model is loaded without the secret, but inference continues."""
    changed = settings.model_copy(update={"admin_secret": None})
    connection = TritonConnection(replace(TritonAccess.from_settings(changed), admin_secret=secret))
    with pytest.raises(RequestFailed, match="unavailable"):
        await connection.reload(MODEL, _soon())
    await connection.close()
    assert (await asyncio.to_thread(run_canary, changed)).name


@pytest.mark.parametrize("call", ["unload_model", "load_model"])
def test_the_server_itself_refuses(settings: FeedbackSettings, call: str) -> None:
    """The server itself refuses a call without the header, tested with NVIDIA's plain client."""
    with triton_client.InferenceServerClient(
        settings.triton_url, **TritonAccess.from_settings(settings).client_options
    ) as client:
        with pytest.raises(InferenceServerException, match="restricted"):
            getattr(client, call)(MODEL)
        with pytest.raises(InferenceServerException, match="restricted"):
            client.get_trace_settings()
        assert client.get_trace_settings(headers={ADMIN_HEADER: SECRET})
        assert client.is_model_ready(MODEL)


def test_http_is_restricted_alike(server: TritonServer) -> None:
    """Closing one door and leaving the other open would be no use."""
    assert httpx.get(f"{server.http_url}/v2/health/ready").is_success
    assert httpx.post(f"{server.http_url}/v2/repository/models/{MODEL}/unload").status_code == 403
    assert httpx.post(f"{server.http_url}/v2/repository/index", json={}).status_code == 403


async def test_a_plain_client_is_refused(settings: FeedbackSettings) -> None:
    """A client without TLS is refused, so that no prompt is sent unencrypted."""
    await _refused(TritonAccess(settings.triton_url))


async def test_a_client_without_a_certificate_is_refused(
    settings: FeedbackSettings, authority: CertificateAuthority
) -> None:
    """A client without a certificate is refused when the server asks for one."""
    await _refused(TritonAccess(settings.triton_url, ca=authority.file))


async def test_a_server_with_another_certificate_is_refused(
    settings: FeedbackSettings, untrusted_authority: CertificateAuthority
) -> None:
    """A server with a certificate of another authority is refused, so that it gets no prompts."""
    certificate, key = settings.certificate_file, settings.key_file
    await _refused(TritonAccess(settings.triton_url, untrusted_authority.file, certificate, key))


def test_the_model_is_unavailable_to_a_refused_client(settings: FeedbackSettings) -> None:
    """The record is held: it is not the record's fault."""
    with pytest.raises(CounterpointError) as caught:
        run_canary(settings.model_copy(update={"ca_file": None, "certificate_file": None, "key_file": None}))
    assert SECRET not in str(caught.value)


def test_check_reports_an_untrusted_server_certificate(
    settings: FeedbackSettings, untrusted_authority: CertificateAuthority
) -> None:
    """The check reports that the server's certificate is not trusted, which the library itself does not."""
    names = ("triton_url", "certificate_file", "key_file")
    variables = {f"COUNTERPOINT_FEEDBACK__{name.upper()}": str(getattr(settings, name)) for name in names}
    with environment_variables(
        **variables,
        COUNTERPOINT_FEEDBACK__CA_FILE=str(untrusted_authority.file),
        COUNTERPOINT_FEEDBACK__DEADLINE_S="2",
        COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS="127.0.0.1:9",
    ):
        (finding,) = (finding for finding in model_findings(load_settings()))
    assert finding.remedy is not None
    assert "its certificate is not trusted" in finding.sentence


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    """A file without a certificate is reported with its setting, which the library itself does not do."""
    file = tmp_path / "empty.pem"
    file.touch()
    with pytest.raises(Misconfigured, match=r"feedback\.ca_file"):
        open_model(FeedbackSettings(ca_file=file))


def test_the_secret_does_not_show() -> None:
    """The secret is not shown in the representation or in a traceback."""
    assert SECRET not in repr(TritonSecurity(Path("c"), Path("k"), SECRET))


async def _refused(server: TritonAccess) -> None:
    connection = TritonConnection(server)
    with pytest.raises(RequestFailed):
        await connection.parameters(MODEL, Deadline.after(2.0))
    await connection.close()


def _soon() -> Deadline:
    return Deadline.after(30.0)
