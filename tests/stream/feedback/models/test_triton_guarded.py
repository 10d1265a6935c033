"""A Triton with TLS and restricted admin protocols: the real server, with certificates made here."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import tritonclient.grpc as triton_client
from tritonclient.utils import InferenceServerException

from plugin.check import _model as model_findings
from plugin.local.environment import environment
from plugin.local.triton import Guard, Triton
from stream.contracts.errors import CounterpointError, Misconfigured
from stream.feedback.models.base import Deadline, RequestFailed
from stream.feedback.models.canary import canary
from stream.feedback.models.factory import access_of, open_model
from stream.feedback.models.triton import ADMIN_HEADER, OPEN, Access, TritonConnection
from stream.runtime.settings import Feedback, load
from tests.fixtures.certificates import Authority

MODEL = "feedback_baseline"
SECRET = "secret-of-the-administrator"


@pytest.fixture(scope="module")
def server(run_dir: Path, authority: Authority) -> Iterator[Triton]:
    """It asks clients for a certificate too."""
    certificate, key = authority.issue("triton")
    guard = Guard(certificate, key, SECRET, client_ca=authority.file)
    with Triton(run_dir / "triton-guarded", [MODEL], guard=guard) as running:
        yield running


@pytest.fixture(scope="module")
def settings(server: Triton, authority: Authority) -> Feedback:
    """What a worker needs to reach it, and to load a model anew."""
    certificate, key = authority.issue("counterpoint-feedback")
    return Feedback.model_validate(
        {
            "triton_url": server.grpc_url,
            "ca_file": str(authority.file),
            "certificate_file": str(certificate),
            "key_file": str(key),
            "admin_secret": SECRET,
            "deadline_s": 10,
        }
    )


def test_a_worker_with_its_certificate_gets_an_answer(settings: Feedback) -> None:
    """`counterpoint check` makes the same canary request."""
    assert canary(settings).name


async def test_it_may_load_a_model_anew(settings: Feedback) -> None:
    """What the watch does when the model's process has died."""
    connection = TritonConnection(settings.triton_url, access_of(settings))
    await connection.reload(MODEL, _soon())
    assert await connection.parameters(MODEL, _soon())
    await connection.close()


@pytest.mark.parametrize("secret", [None, "wrong"])
async def test_without_the_secret_no_model_is_loaded(settings: Feedback, secret: str | None) -> None:
    """Inference goes on: the secret guards only what changes the server."""
    changed = settings.model_copy(update={"admin_secret": None})
    access = access_of(changed)
    access = Access(access.ca, access.certificate, access.key, secret)
    connection = TritonConnection(settings.triton_url, access)
    with pytest.raises(RequestFailed, match="unavailable"):
        await connection.reload(MODEL, _soon())
    await connection.close()
    assert (await asyncio.to_thread(canary, changed)).name


@pytest.mark.parametrize("call", ["unload_model", "load_model"])
def test_the_server_itself_refuses(settings: Feedback, call: str) -> None:
    """By the plain client of NVIDIA, not ours; the same call with the header is heard."""
    with triton_client.InferenceServerClient(settings.triton_url, **access_of(settings).channel) as client:
        with pytest.raises(InferenceServerException, match="restricted"):
            getattr(client, call)(MODEL)
        with pytest.raises(InferenceServerException, match="restricted"):
            client.get_trace_settings()
        assert client.get_trace_settings(headers={ADMIN_HEADER: SECRET})
        assert client.is_model_ready(MODEL)


def test_http_is_restricted_alike(server: Triton) -> None:
    """Closing one door and leaving the other open would be no use."""
    assert httpx.get(f"{server.http_url}/v2/health/ready").is_success
    assert httpx.post(f"{server.http_url}/v2/repository/models/{MODEL}/unload").status_code == 403
    assert httpx.post(f"{server.http_url}/v2/repository/index", json={}).status_code == 403


async def test_a_plain_client_is_refused(settings: Feedback) -> None:
    """Nothing of a prompt leaves without TLS by mistake."""
    await _refused(settings.triton_url, OPEN)


async def test_a_client_without_a_certificate_is_refused(settings: Feedback, authority: Authority) -> None:
    """Where the server asks for one."""
    await _refused(settings.triton_url, Access(ca=authority.file))


async def test_another_server_is_not_believed(settings: Feedback, stranger: Authority) -> None:
    """Prompts go to nobody whom our authority does not vouch for."""
    certificate, key = settings.certificate_file, settings.key_file
    await _refused(settings.triton_url, Access(stranger.file, certificate, key))


def test_the_model_is_away_for_who_is_not_let_in(settings: Feedback) -> None:
    """The record is held: it is not the record's fault."""
    with pytest.raises(CounterpointError) as caught:
        canary(settings.model_copy(update={"ca_file": None, "certificate_file": None, "key_file": None}))
    assert SECRET not in str(caught.value)


def test_check_says_that_the_servers_certificate_is_not_believed(settings: Feedback, stranger: Authority) -> None:
    """The library itself would only say that it cannot connect."""
    names = ("triton_url", "certificate_file", "key_file")
    variables = {f"COUNTERPOINT_FEEDBACK__{name.upper()}": str(getattr(settings, name)) for name in names}
    with environment(
        **variables,
        COUNTERPOINT_FEEDBACK__CA_FILE=str(stranger.file),
        COUNTERPOINT_FEEDBACK__DEADLINE_S="2",
        COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS="127.0.0.1:9",
    ):
        (finding,) = (finding for finding in model_findings(load()))
    assert finding.mend is not None
    assert "its certificate is not believed" in finding.sentence


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    """The library itself would only say that it cannot connect."""
    file = tmp_path / "empty.pem"
    file.touch()
    with pytest.raises(Misconfigured, match=r"feedback\.ca_file"):
        open_model(Feedback(ca_file=file))


def test_the_secret_does_not_show() -> None:
    """Neither here nor in a traceback's values."""
    assert SECRET not in repr(Access(admin_secret=SECRET))
    assert SECRET not in repr(Guard(Path("c"), Path("k"), SECRET))


async def _refused(url: str, access: Access) -> None:
    connection = TritonConnection(url, access)
    with pytest.raises(RequestFailed):
        await connection.parameters(MODEL, Deadline.after(2.0))
    await connection.close()


def _soon() -> Deadline:
    return Deadline.after(30.0)
