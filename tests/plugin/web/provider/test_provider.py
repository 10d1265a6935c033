"""Tests of what the return from the provider proves: each wrong claim, forged token and change of keys."""

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwk, jwt

from plugin.database.viewer import AccountRole
from plugin.queue.provider_accounts import ProviderPerson
from plugin.queue.provider_refusals import LoginRefusedError, Refusal
from plugin.web.provider.attempt import Attempt, Attempts
from plugin.web.provider.connection import ProviderAwayError
from plugin.web.provider.discovery import KEPT_S, RETRY_AFTER_S
from plugin.web.provider.keys import KEPT_S as KEYS_KEPT_S
from plugin.web.provider.keys import REFRESH_AFTER_S
from plugin.web.provider.provider import Provider
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Settings
from tests.fixtures.small_provider import CANARY, CLIENT_ID, ISSUER, SmallProvider, new_key
from tests.plugin.web.conftest import Clock
from tests.plugin.web.provider.conftest import MARIA, oidc_settings

Prove = Callable[..., Awaitable[ProviderPerson]]


@pytest.fixture
def client(settings: Settings, clock: Clock, provider: SmallProvider) -> Provider:
    """Return our side of the login at the small provider."""
    return Provider(settings, now=clock, transport=provider.transport)


@pytest.fixture
def attempt(clock: Clock) -> Attempt:
    """Return an attempt of one browser."""
    return Attempts("s" * 32, secure=True, now=clock).begin("/")


@pytest.fixture
def prove(client: Provider, attempt: Attempt, provider: SmallProvider) -> Prove:
    """Return a function that logs somebody in with claims, and returns whom that proves."""

    async def prove(**claims: Any) -> ProviderPerson:
        back = provider.let_in(await client.address_of(attempt), **(MARIA | claims))
        return await client.person(attempt, dict(parse_qsl(urlsplit(back).query)))

    return prove


async def reason(proving: Awaitable[object]) -> Refusal:
    """Return why a login is refused, after a look at the error: it holds nothing that was sent, nor where it was."""
    with pytest.raises(LoginRefusedError) as caught:
        await proving
    assert CANARY not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value.refusal


async def test_a_right_token_proves_a_person(prove: Prove) -> None:
    """A token with the right claims names the person with role and teams."""
    person = await prove()
    assert (person.role, person.teams, person.display_name) == (AccountRole.SUPERVISOR, ("north",), "Maria K.")
    assert CANARY not in repr(person)


WRONG: dict[str, tuple[dict[str, Any], Refusal]] = {
    "another issuer": ({"iss": "https://id.example/other"}, Refusal.ISSUER),
    "no issuer": ({"iss": None}, Refusal.ISSUER),
    "another audience": ({"aud": f"{CANARY} somebody else"}, Refusal.AUDIENCE),
    "no audience": ({"aud": None}, Refusal.AUDIENCE),
    "two audiences and no party": ({"aud": [CLIENT_ID, "other"]}, Refusal.PARTY),
    "another party": ({"azp": "other"}, Refusal.PARTY),
    "another nonce": ({"nonce": "another"}, Refusal.NONCE),
    "no nonce": ({"nonce": None}, Refusal.NONCE),
    "no expiry": ({"exp": None}, Refusal.EXPIRED),
    "an expiry that is a word": ({"exp": "tomorrow"}, Refusal.EXPIRED),
    "no issue time": ({"iat": None}, Refusal.OTHER_CLAIM),
    "an issue time in the future": ({"iat": 2_000_000_000}, Refusal.OTHER_CLAIM),
    "not yet valid": ({"nbf": 2_000_000_000}, Refusal.OTHER_CLAIM),
    "no subject": ({"sub": None}, Refusal.OTHER_CLAIM),
    "an empty subject": ({"sub": " "}, Refusal.OTHER_CLAIM),
    "a subject that is a number": ({"sub": 7}, Refusal.OTHER_CLAIM),
    "an endless subject": ({"sub": "x" * 256}, Refusal.OTHER_CLAIM),
}


@pytest.mark.parametrize(("claims", "refusal"), WRONG.values(), ids=WRONG)
async def test_a_wrong_claim_is_refused(prove: Prove, claims: dict[str, Any], refusal: Refusal) -> None:
    """Each wrong claim is refused with a reason of its own."""
    assert await reason(prove(**claims)) is refusal


@pytest.mark.parametrize(("shift", "is_right"), [(59, True), (61, False)])
async def test_clocks_may_differ_by_a_minute(prove: Prove, clock: Clock, shift: int, is_right: bool) -> None:
    """A token is believed that expired, or is issued, up to a minute away from our clock."""
    now = int(clock.seconds)
    for claims in ({"exp": now - shift, "iat": now - 300}, {"iat": now + shift}):
        if is_right:
            await prove(**claims)
        else:
            await reason(prove(**claims))


async def test_several_audiences_are_right_with_our_party(prove: Prove) -> None:
    """A token for several clients is believed if it names us as the party."""
    assert await prove(aud=["other", CLIENT_ID], azp=CLIENT_ID)


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a token, whoever signed it."""
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return claims


def unsigned(token: str) -> str:
    """Return the token with the algorithm `none` and no signature."""
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}."


def by_shared_secret(token: str) -> str:
    """Return the token signed with a secret, as if that were the provider's key."""
    return jwt.encode({"alg": "HS256", "kid": "first"}, claims_of(token), jwk.OctKey.import_key(b"p" * 64))


def with_own_key(token: str) -> str:
    """Return the token signed by a key that it brings along."""
    key = new_key("first")
    return jwt.encode({"alg": "ES256", "jwk": key.as_dict(private=False)}, claims_of(token), key)


BENT: dict[str, tuple[Callable[[str], str], Refusal]] = {
    "no algorithm": (unsigned, Refusal.ALGORITHM),
    "a shared secret": (by_shared_secret, Refusal.ALGORITHM),
    "a key of its own": (with_own_key, Refusal.SIGNATURE),
    "no token": (lambda _token: "", Refusal.SHAPE),
    "no parts": (lambda token: token.replace(".", ""), Refusal.SHAPE),
    "no signature": (lambda token: token.rpartition(".")[0] + ".", Refusal.SIGNATURE),
    "letters of another alphabet": (lambda token: token + "\u00e9", Refusal.SHAPE),
}


@pytest.mark.parametrize(("bend", "refusal"), BENT.values(), ids=BENT)
async def test_a_forged_token_is_refused(
    prove: Prove, provider: SmallProvider, bend: Callable[[str], str], refusal: Refusal
) -> None:
    """A token without the provider's signature by an allowed algorithm is refused."""
    provider.bend = bend
    assert await reason(prove()) is refusal


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(min_value=0), byte=st.integers(min_value=0, max_value=127))
async def test_any_change_of_a_byte_is_refused(
    prove: Prove, provider: SmallProvider, clock: Clock, place: int, byte: int
) -> None:
    """A token with one byte changed, whichever and to whatever, is refused; the unchanged one is not."""

    def changed(token: str) -> str:
        at = place % len(token)
        other = chr(byte) if chr(byte) != token[at] else chr((byte + 1) % 128)
        return token[:at] + other + token[at + 1 :]

    provider.bend = changed
    clock.seconds += REFRESH_AFTER_S
    await reason(prove())
    provider.bend = str
    await prove()


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "Ed25519"])
async def test_each_kind_of_key_is_believed(prove: Prove, provider: SmallProvider, algorithm: str) -> None:
    """Keys of RSA, elliptic curves and Edwards curves sign tokens that are believed."""
    kinds = {"R": jwk.RSAKey.generate_key, "P": jwk.RSAKey.generate_key}
    parameters: jwk.KeyParameters = {"kid": "k", "use": "sig"}
    if algorithm[0] in kinds:
        provider.key = kinds[algorithm[0]](2048, parameters)
    elif algorithm.startswith("Ed"):
        provider.key = jwk.OKPKey.generate_key("Ed25519", parameters)
    provider.published, provider.algorithm = [provider.key], algorithm
    assert await prove()


async def test_a_key_of_another_kind_is_not_used(prove: Prove, provider: SmallProvider) -> None:
    """A token whose algorithm needs another kind of key than the one it names is refused."""
    provider.published = [jwk.RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})]
    assert await reason(prove()) is Refusal.KEY


async def test_keys_for_other_uses_and_secrets_are_left_out(prove: Prove, provider: SmallProvider) -> None:
    """Keys for encryption, shared secrets and unusable entries among the keys verify nothing and hinder nothing."""
    unusable = [{"kty": "EC", "kid": "first"}, {"kty": "oct", "kid": "first", "k": "c2VjcmV0"}, {"kty": "?"}, 7]
    provider.listed = [*unusable, {**provider.key.as_dict(private=False), "use": "enc"}]
    assert await prove()


async def test_a_token_of_another_key_is_refused(prove: Prove, provider: SmallProvider) -> None:
    """A token is refused whose key says that it is the provider's and is another one."""
    provider.key = new_key("first")
    assert await reason(prove()) is Refusal.SIGNATURE


async def test_a_token_without_a_key_id_needs_the_only_key(prove: Prove, provider: SmallProvider, clock: Clock) -> None:
    """A token that names no key is verified by the only key, and refused where there are several."""
    provider.header = {"kid": None}
    assert await prove()
    provider.published = [provider.key, new_key("second")]
    clock.seconds += KEYS_KEPT_S
    assert await reason(prove()) is Refusal.KEY


async def test_rotated_keys_are_read_again(prove: Prove, provider: SmallProvider, clock: Clock) -> None:
    """After the provider has changed its keys, a login reads them again and succeeds; the old key is over."""
    await prove()
    old = provider.key
    provider.rotate("second")
    clock.seconds += REFRESH_AFTER_S
    await prove()
    assert provider.asked.count("/care/keys") == 2
    provider.key = old
    assert await reason(prove()) is Refusal.KEY


async def test_unknown_keys_make_no_request_each(prove: Prove, provider: SmallProvider, clock: Clock) -> None:
    """Tokens of unknown keys make the keys be read once in half a minute, not once each, even while that fails."""
    provider.rotate("forged", publish=False)
    for _ in range(5):
        assert await reason(prove()) is Refusal.KEY
    assert provider.asked.count("/care/keys") == 1
    clock.seconds += REFRESH_AFTER_S
    for _ in range(5):
        assert await reason(prove()) is Refusal.KEY
    assert provider.asked.count("/care/keys") == 2


async def test_a_code_of_another_attempt_is_refused(
    client: Provider, provider: SmallProvider, attempt: Attempt, clock: Clock
) -> None:
    """A code that was given to another attempt is refused by the provider, since the verifier is not its own."""
    other = Attempts("s" * 32, secure=True, now=clock).begin("/")
    stolen = dict(parse_qsl(urlsplit(provider.let_in(await client.address_of(other), **MARIA)).query))
    assert await reason(client.person(attempt, stolen | {"state": attempt.state})) is Refusal.CODE


ANSWERS: dict[str, tuple[dict[str, str], Refusal]] = {
    "nothing": ({}, Refusal.STATE),
    "another state": ({"state": "\u00e9", "code": "x"}, Refusal.STATE),
    "another provider": ({"iss": "https://other.example", "code": "x"}, Refusal.ISSUER),
    "no": ({"error": CANARY, "error_description": CANARY}, Refusal.PROVIDER_SAID_NO),
    "no code": ({}, Refusal.CODE),
    "an endless code": ({"code": "x" * 5000}, Refusal.CODE),
}


@pytest.mark.parametrize(("answer", "refusal"), ANSWERS.values(), ids=ANSWERS)
async def test_a_return_that_is_no_answer_asks_the_provider_nothing(
    client: Provider, provider: SmallProvider, attempt: Attempt, answer: dict[str, str], refusal: Refusal
) -> None:
    """A way back with the wrong state, issuer or code is refused before anybody is asked."""
    known = answer if refusal is Refusal.STATE else {"state": attempt.state} | answer
    assert await reason(client.person(attempt, known)) is refusal
    assert provider.asked == []


async def test_the_discovery_document_is_kept_for_an_hour(
    client: Provider, provider: SmallProvider, clock: Clock
) -> None:
    """The document is read once, and again after an hour."""
    for _ in range(3):
        await client.look_up()
    clock.seconds += KEPT_S
    await client.look_up()
    assert len(provider.asked) == 2


async def test_a_provider_that_is_away_is_not_asked_by_everybody(
    client: Provider, provider: SmallProvider, clock: Clock
) -> None:
    """After a request without an answer the next ones are refused for ten seconds without asking."""
    provider.is_away = True
    for _ in range(3):
        with pytest.raises(ProviderAwayError, match="no connection"):
            await client.look_up()
    assert (len(provider.asked), client.is_away) == (1, True)
    clock.seconds += RETRY_AFTER_S
    provider.is_away = False
    await client.look_up()
    assert not client.is_away


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"issuer": f"{ISSUER}/"}, "names another issuer"),
        ({"token_endpoint": "http://id.example/token"}, "without https"),
        ({"jwks_uri": "file:///etc/passwd"}, "without https"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "without https"),
        ({"token_endpoint": None}, "lacks an address"),
    ],
)
async def test_a_discovery_document_must_be_right(
    client: Provider, provider: SmallProvider, changed: dict[str, Any], words: str
) -> None:
    """A document of another issuer, or with an address that is none of HTTPS, is not used."""
    provider.metadata = changed
    with pytest.raises(ProviderAwayError, match=words):
        await client.look_up()


def test_a_therapists_platform_must_be_known(settings: Settings, clock: Clock) -> None:
    """Settings that give the role therapist, with several platforms and no claim for one, are refused at the start."""
    two = settings.model_copy(update={"tenants": {**settings.tenants, "other": next(iter(settings.tenants.values()))}})
    with pytest.raises(Misconfigured, match=r"oidc\.tenant_claim"):
        Provider(two, now=clock)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "must be the address of the pages"),
        ("https://page.example/app", "without a path"),
        ("http://page.example", "with https"),
        ("http://127.0.0.1:8020", "since web.cookie_secure is on"),
    ],
)
def test_the_provider_needs_an_address_of_ours(settings: Settings, clock: Clock, address: str, words: str) -> None:
    """An address of ours is refused if nobody could come back to it, or if the login cookie would not be sent to it."""
    changed = settings.model_copy(update={"web": settings.web.model_copy(update={"public_url": address})})
    with pytest.raises(Misconfigured, match=words):
        Provider(changed, now=clock)


async def test_a_public_client_sends_its_id_and_no_secret(settings: Settings, clock: Clock, attempt: Attempt) -> None:
    """A client without a secret names itself in the form; one whose provider knows no header sends its secret there."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            sent.append(request)
            return httpx.Response(400)
        document = SmallProvider(clock).document()
        return httpx.Response(200, json=document | {"token_endpoint_auth_methods_supported": ["client_secret_post"]})

    for secret in (None, "a secret"):
        changed = settings.model_copy(update={"oidc": oidc_settings(client_secret=secret)})
        client = Provider(changed, now=clock, transport=httpx.MockTransport(answer))
        assert await reason(client.person(attempt, {"state": attempt.state, "code": "x"})) is Refusal.CODE
    forms = [dict(parse_qsl(request.content.decode())) for request in sent]
    assert [form["client_id"] for form in forms] == [CLIENT_ID, CLIENT_ID]
    assert [form.get("client_secret") for form in forms] == [None, "a secret"]
    assert all("authorization" not in request.headers for request in sent)
