"""Tests of requests to the provider: their bounds, and errors that hold nothing of what was sent or answered."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import httpx
import pytest

from plugin.web.provider import connection
from plugin.web.provider.connection import MAX_ANSWER_BYTES, Connection, Declined, ProviderAwayError
from stream.contracts.errors import Misconfigured

URL = "https://id.example/keys"
SECRET = "canary-9a2e"


def answering(answer: httpx.Response | Exception) -> Connection:
    """Return a connection to a provider that gives one answer."""

    def answered(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        assert request.headers["accept"] == "application/json"
        return answer

    return Connection(transport=httpx.MockTransport(answered))


async def test_a_document_is_read() -> None:
    """A JSON object is returned as it is."""
    assert await answering(httpx.Response(200, json={"keys": []})).read(URL) == {"keys": []}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(200, text=SECRET), "no JSON object"),
        (httpx.Response(200, json=[SECRET]), "no JSON object"),
        (httpx.Response(200, content=b"{" + b" " * MAX_ANSWER_BYTES), "too long"),
        (httpx.Response(500, text=SECRET), "status 500"),
        (httpx.Response(302, headers={"location": f"https://other.example/{SECRET}"}), "status 302"),
        (httpx.Response(404), "no such document"),
        (httpx.ConnectError(SECRET), "ConnectError"),
        (httpx.ReadTimeout(SECRET), "ReadTimeout"),
        (OSError(SECRET), "OSError"),
    ],
)
async def test_any_other_answer_is_none(answer: httpx.Response | Exception, words: str) -> None:
    """An answer that is no document, a redirect included, is said to be so in words of ours alone."""
    with pytest.raises(ProviderAwayError, match=words) as caught:
        await answering(answer).read(URL)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_provider_that_takes_its_time_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that sends its answer bit by bit is given up after the time for one answer."""
    monkeypatch.setattr(connection, "TIMEOUT_S", 0.05)

    async def slowly() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await anyio.sleep(0.01)

    with pytest.raises(ProviderAwayError, match="in time"):
        await answering(httpx.Response(200, content=slowly())).read(URL)


async def test_a_refused_form_is_declined() -> None:
    """A form that the provider refuses is declined, without its reason."""
    with pytest.raises(Declined) as caught:
        await answering(httpx.Response(400, json={"error": SECRET})).send(URL, {}, f"code={SECRET}")
    assert SECRET not in repr(caught.value)


def test_authorities_must_be_readable(tmp_path: Path) -> None:
    """A file without certificates is refused at the start."""
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    with pytest.raises(Misconfigured, match=r"oidc\.ca_file"):
        Connection(file)
