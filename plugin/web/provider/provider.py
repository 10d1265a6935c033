"""The OpenID Connect provider: where a login begins, what the return from it proves, and where a logout leads."""

import hmac
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

import httpx
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from plugin.queue.provider_accounts import ProviderPerson
from plugin.queue.provider_refusals import LoginRefusedError, Refusal
from plugin.web.provider.attempt import Attempt
from plugin.web.provider.connection import Connection, Declined, ProviderAwayError
from plugin.web.provider.discovery import Discovery, Metadata
from plugin.web.provider.id_token import Expected, Header, check_claims, header_of, verified_claims
from plugin.web.provider.keys import KeyCache
from plugin.web.provider.logout_token import check_logout_claims
from plugin.web.provider.people import check_mapping, person_of
from stream.contracts.errors import Misconfigured
from stream.runtime.addresses import is_safe_url
from stream.runtime.settings import Settings

BEGIN_PATH: Final = "/login/provider"
RETURN_PATH: Final = "/login/return"
LOGOUT_PATH: Final = "/login/ended"
MAX_CODE: Final = 4096
"""Characters of a code, which some providers make of encrypted state."""


class Provider:
    """The provider of the settings. Its requests are asynchronous, and none is made before a person needs it."""

    def __init__(
        self, settings: Settings, *, now: Callable[[], float], transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Prepare the provider; `now` gives seconds since 1970, `transport` takes the place of the network.

        Raises:
            Misconfigured: the settings do not fit together.
        """
        self._oidc = settings.oidc
        self._tenants = settings.tenants
        self._now = now
        self._address = _own_address(settings)
        check_mapping(self._oidc, self._tenants)
        self._connection = Connection(self._oidc.ca_file, transport=transport)
        self._discovery = Discovery(self._oidc.issuer, self._connection, now=now)
        self._keys = KeyCache(self._connection, now=now)

    @property
    def name(self) -> str:
        """What the login page calls the provider."""
        return self._oidc.name

    @property
    def issuer(self) -> str:
        """The issuer, as accounts and tokens name it."""
        return self._oidc.issuer

    @property
    def allows_passwords(self) -> bool:
        """Whether people may log in with a password of ours too."""
        return self._oidc.local_login

    @property
    def is_away(self) -> bool:
        """Whether the provider did not answer a moment ago; asks nobody."""
        return self._discovery.is_away

    async def look_up(self) -> Metadata:
        """Return where the provider lets people log in.

        Raises:
            ProviderAwayError: it does not answer as it should.
        """
        return await self._discovery.metadata()

    async def address_of(self, attempt: Attempt) -> str:
        """Return the provider's page on which the person logs in.

        Raises:
            ProviderAwayError: the provider does not answer.
        """
        found = await self.look_up()
        address: str = prepare_grant_uri(
            found.authorization_endpoint,
            client_id=self._oidc.client_id,
            response_type="code",
            redirect_uri=self._address + RETURN_PATH,
            scope=" ".join(self._oidc.scopes),
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256",
        )
        return address

    async def person(self, attempt: Attempt, returned: Mapping[str, str]) -> ProviderPerson:
        """Return the person who has logged in at the provider; `returned` is the query of our address.

        Raises:
            LoginRefusedError: what came back does not prove it.
            ProviderAwayError: the provider does not answer.
        """
        code = _code(attempt, returned, self._oidc.issuer)
        found = await self.look_up()
        try:
            token = await self._token(found, code, attempt)
            header = header_of(token)
            claims = await self._verified(found, token, header)
        except ProviderAwayError as error:
            self._discovery.note_away(error.what)
            raise
        check_claims(claims, header, Expected(self._oidc.issuer, self._oidc.client_id, attempt.nonce, self._now()))
        return person_of(claims, self._oidc, self._tenants)

    async def ended(self, logout_token: str) -> str:
        """Return the subject whose login at the provider has ended, as its logout token says.

        Raises:
            LoginRefusedError: the token is not the provider's, not for us, or about something else.
            ProviderAwayError: the keys to verify it cannot be read.
        """
        header = header_of(logout_token)
        claims = await self._verified(await self.look_up(), logout_token, header)
        return check_logout_claims(claims, self._oidc.issuer, self._oidc.client_id, self._now())

    def logout_address(self) -> str | None:
        """Return the provider's page that ends the login there too, or None if it is not known or has none."""
        found = self._discovery.kept()
        if found is None or found.end_session_endpoint is None:
            return None
        there = httpx.URL(found.end_session_endpoint)
        return str(
            there.copy_merge_params(
                {"client_id": self._oidc.client_id, "post_logout_redirect_uri": f"{self._address}/login"}
            )
        )

    async def _verified(self, found: Metadata, token: str, header: Header) -> dict[str, object]:
        return verified_claims(token, header, await self._keys.find(found.jwks_uri, header.kid, header.key_type))

    async def _token(self, found: Metadata, code: str, attempt: Attempt) -> str:
        """Exchange the code for the ID token."""
        secret = self._oidc.client_secret
        body = prepare_token_request(
            "authorization_code",
            code=code,
            redirect_uri=self._address + RETURN_PATH,
            code_verifier=attempt.verifier,
        )
        way = _authentication(found, is_public=secret is None)
        client = ClientAuth(self._oidc.client_id, secret and secret.get_secret_value(), way)
        url, headers, body = client.prepare(
            "POST", found.token_endpoint, {"Content-Type": "application/x-www-form-urlencoded"}, body
        )
        try:
            answer = await self._connection.send(url, headers, body)
        except Declined:
            raise LoginRefusedError(Refusal.CODE) from None
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise LoginRefusedError(Refusal.SHAPE)
        return token


def _code(attempt: Attempt, returned: Mapping[str, str], issuer: str) -> str:
    """Return the code of an answer to this attempt, which the provider of the settings gave."""
    state, code = returned.get("state", ""), returned.get("code", "")
    if not hmac.compare_digest(state.encode(), attempt.state.encode()):
        raise LoginRefusedError(Refusal.STATE)
    if returned.get("iss", issuer) != issuer:  # RFC 9207: the answer of another provider
        raise LoginRefusedError(Refusal.ISSUER)
    if "error" in returned:
        raise LoginRefusedError(Refusal.PROVIDER_SAID_NO)
    if not 0 < len(code) <= MAX_CODE:
        raise LoginRefusedError(Refusal.CODE)
    return code


def _authentication(found: Metadata, *, is_public: bool) -> str:
    """Return how the client says who it is: by its secret in a header, or in the form where that is the only way."""
    if is_public:
        return "none"
    knows_form_alone = "client_secret_basic" not in found.token_endpoint_auth_methods_supported
    return "client_secret_post" if knows_form_alone else "client_secret_basic"


def _own_address(settings: Settings) -> str:
    """Return the address to which the provider sends people back, without a slash at its end."""
    address = settings.web.public_url.rstrip("/")
    if not is_safe_url(address) or urlsplit(address).path:
        raise Misconfigured("web.public_url must be the address of the pages, with https and without a path.")
    if settings.web.cookie_secure and not address.startswith("https:"):
        raise Misconfigured("web.public_url must begin with https, since web.cookie_secure is on.")
    return address
