"""The provider's discovery document: where it lets people log in, and where its keys are."""

from collections.abc import Callable
from typing import Annotated, Final

import anyio
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from plugin.web.provider.connection import Connection, ProviderAwayError
from stream.runtime.addresses import is_safe_url

KEPT_S: Final = 3600
"""Seconds for which the document is kept: it changes when a provider moves."""
RETRY_AFTER_S: Final = 10
"""Seconds before a provider that did not answer is asked again, however many people press the button."""
SAID_FOR_S: Final = 60
"""Seconds for which the login page says that the provider did not answer."""
PATH: Final = "/.well-known/openid-configuration"


def _safe(url: str) -> str:
    if not is_safe_url(url):
        raise ValueError("must be an address with https")
    return url


_Address = Annotated[str, AfterValidator(_safe)]


class Metadata(BaseModel):
    """What is used of the discovery document."""

    model_config = ConfigDict(frozen=True)

    issuer: str
    authorization_endpoint: _Address
    token_endpoint: _Address
    jwks_uri: _Address
    end_session_endpoint: _Address | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class Discovery:
    """The discovery document of one issuer, read when it is needed and kept for an hour."""

    def __init__(self, issuer: str, connection: Connection, *, now: Callable[[], float]) -> None:
        self._issuer = issuer
        self._connection = connection
        self._now = now
        self._lock = anyio.Lock()
        self._found: tuple[float, Metadata] | None = None
        self._away: tuple[float, str] | None = None

    @property
    def is_away(self) -> bool:
        """Whether the provider did not answer a moment ago; asks nobody."""
        return self._away is not None and self._now() - self._away[0] < SAID_FOR_S

    def note_away(self, what: str) -> None:
        """Note that the provider did not answer a request."""
        self._away = (self._now(), what)

    def kept(self) -> Metadata | None:
        """Return the document if it is kept, however old; asks nobody."""
        return None if self._found is None else self._found[1]

    async def metadata(self) -> Metadata:
        """Return the document.

        Raises:
            ProviderAwayError: the provider does not answer, or its document is not that of this issuer.
        """
        async with self._lock:
            if self._found is not None and self._now() - self._found[0] < KEPT_S:
                return self._found[1]
            if self._away is not None and self._now() - self._away[0] < RETRY_AFTER_S:
                raise ProviderAwayError(self._away[1])
            try:
                found = await self._read()
            except ProviderAwayError as error:
                self.note_away(error.what)
                raise
            self._found, self._away = (self._now(), found), None
            return found

    async def _read(self) -> Metadata:
        document = await self._connection.read(self._issuer.removesuffix("/") + PATH)
        try:
            found = Metadata.model_validate(document)
        except ValidationError:
            raise ProviderAwayError("its discovery document lacks an address, or has one without https") from None
        if found.issuer != self._issuer:
            raise ProviderAwayError("its discovery document names another issuer than oidc.issuer")
        return found
