"""Tests of the login at a provider that was certified for OpenID Connect, over real connections on loopback."""

import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from plugin.queue.provider_refusals import LoginRefusedError, Refusal
from plugin.web.provider.attempt import Attempt, Attempts
from plugin.web.provider.connection import ProviderAwayError
from plugin.web.provider.provider import RETURN_PATH, Provider
from stream.runtime.settings import Settings
from tests.fixtures.certified_provider import CLIENT_ID, SECRET, certified_provider
from tests.fixtures.small_provider import PAGE
from tests.plugin.web.provider.conftest import MARIA, oidc_settings


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the issuer of a running provider that lets Maria in."""
    with certified_provider(PAGE + RETURN_PATH, MARIA, tmp_path_factory.mktemp("provider")) as running:
        yield running


@pytest.fixture
def client(settings: Settings, issuer: str) -> Callable[..., Provider]:
    """Return a function that makes our side of the login, with other settings where a test needs them."""

    def made(**changes: object) -> Provider:
        ours = {"issuer": issuer, "client_id": CLIENT_ID, "client_secret": SECRET}
        return Provider(settings.model_copy(update={"oidc": oidc_settings(**(ours | changes))}), now=time.time)

    return made


def attempt() -> Attempt:
    """Return an attempt of another browser each time."""
    return Attempts("s" * 32, secure=True, now=time.time).begin("/")


async def way_back(provider: Provider, begun: Attempt) -> dict[str, str]:
    """Log in as the browser would, and return the query of the address that the provider leads back to."""
    async with httpx.AsyncClient(trust_env=False) as browser:
        answer = await browser.get(await provider.address_of(begun))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{PAGE}{RETURN_PATH}?")
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


async def test_a_person_of_a_certified_provider_is_known(client: Callable[..., Provider], issuer: str) -> None:
    """The person who has logged in at the provider is known by issuer, subject and claims."""
    provider, begun = client(), attempt()
    person = await provider.person(begun, await way_back(provider, begun))
    assert (person.issuer, person.display_name, person.teams) == (issuer, "Maria K.", ("north",))
    again = attempt()
    assert await provider.person(again, await way_back(provider, again)) == person


async def test_a_certified_provider_takes_a_code_once(client: Callable[..., Provider]) -> None:
    """A code that was exchanged before is refused by the provider, in whatever process it is tried again."""
    provider, begun = client(), attempt()
    back = await way_back(provider, begun)
    await provider.person(begun, back)
    with pytest.raises(LoginRefusedError) as caught:
        await client().person(begun, back)
    assert caught.value.refusal is Refusal.CODE


async def test_a_certified_provider_wants_the_verifier_of_the_attempt(client: Callable[..., Provider]) -> None:
    """A code that another attempt was given is worth nothing, since its verifier is missing."""
    provider, begun = client(), attempt()
    stolen = await way_back(provider, attempt())
    with pytest.raises(LoginRefusedError) as caught:
        await provider.person(begun, stolen | {"state": begun.state})
    assert caught.value.refusal is Refusal.CODE


async def test_a_certified_provider_wants_the_secret(client: Callable[..., Provider]) -> None:
    """A client with another secret gets no token."""
    begun = attempt()
    back = await way_back(client(), begun)
    with pytest.raises(LoginRefusedError) as caught:
        await client(client_secret="another secret altogether, long enough").person(begun, back)
    assert caught.value.refusal is Refusal.CODE


async def test_another_issuer_of_the_same_address_is_none(client: Callable[..., Provider], issuer: str) -> None:
    """Settings whose issuer is not spelled as the provider spells it find no provider, and the reason says so."""
    with pytest.raises(ProviderAwayError, match="names another issuer"):
        await client(issuer=f"{issuer}/").look_up()
