"""Requests to the provider: bounded in time, in size and in number, and without anything of it in an exception."""

import ssl
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx
from anyio import CapacityLimiter, fail_after
from pydantic import JsonValue, TypeAdapter, ValidationError

from stream.contracts.errors import Misconfigured

TIMEOUT_S: Final = 5.0
"""Seconds for one answer, queue included: a provider answers in well under a second, and a person is waiting."""
MAX_ANSWER_BYTES: Final = 262_144
"""256 KiB: key sets and tokens have a few kilobytes."""
AT_ONCE: Final = 8
"""Requests at once; further ones wait within the time of their own."""

Document = Mapping[str, JsonValue]
_DOCUMENT: Final = TypeAdapter(dict[str, JsonValue])


class ProviderAwayError(Exception):
    """An error that says the provider does not answer as a provider does: `what`, in words of ours."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Declined(Exception):  # noqa: N818 - named by what the provider did
    """The provider answered a request with a refusal, for instance because a code was used before."""


class Connection:
    """The connection to one provider."""

    def __init__(self, ca_file: Path | None = None, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Read the trusted authorities once; `transport` takes the place of the network.

        Raises:
            Misconfigured: the file of authorities cannot be used.
        """
        try:
            self._tls = ssl.create_default_context(cafile=ca_file)
        except (OSError, ssl.SSLError):
            raise Misconfigured("oidc.ca_file holds no certificates in PEM.") from None
        self._transport = transport
        self._at_once = CapacityLimiter(AT_ONCE)

    async def read(self, url: str) -> Document:
        """Return the JSON document at an address.

        Raises:
            ProviderAwayError: there is none.
        """
        try:
            return await self._ask("GET", url, {}, None)
        except Declined:
            raise ProviderAwayError("it has no such document") from None

    async def send(self, url: str, headers: Mapping[str, str], form: str) -> Document:
        """Send a form that is encoded already, and return the JSON document of the answer.

        Raises:
            Declined: the provider refused it.
            ProviderAwayError: it did not answer as it should.
        """
        return await self._ask("POST", url, headers, form)

    async def _ask(self, method: str, url: str, headers: Mapping[str, str], form: str | None) -> Document:
        wanted = {"Accept": "application/json", **headers}
        try:
            with fail_after(TIMEOUT_S):
                async with (
                    self._at_once,
                    httpx.AsyncClient(
                        verify=self._tls, transport=self._transport, timeout=TIMEOUT_S, follow_redirects=False
                    ) as client,
                    client.stream(method, url, headers=wanted, content=form) as answer,
                ):
                    status, body = answer.status_code, await _bounded(answer)
        except TimeoutError:
            raise ProviderAwayError("it does not answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            raise ProviderAwayError(f"no connection ({type(error).__name__})") from None
        if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Declined
        if status != HTTPStatus.OK:
            raise ProviderAwayError(f"it answers with status {status}")
        try:
            return _DOCUMENT.validate_json(body)
        except ValidationError:
            raise ProviderAwayError("its answer is no JSON object") from None


async def _bounded(answer: httpx.Response) -> bytes:
    body = b""
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise ProviderAwayError("its answer is too long")
    return body
