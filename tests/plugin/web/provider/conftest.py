"""Fixtures of the login at a provider: the pages with a small provider behind them."""

import base64
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from plugin.queue.store import Store
from plugin.web.app import create_app
from stream.runtime.settings import OidcSettings, Settings, TenantSettings, WebSettings
from tests.fixtures.small_provider import CLIENT_ID, ISSUER, PAGE, SECRET, SmallProvider
from tests.plugin.web.conftest import Browser, Clock
from tests.plugin.web.samples import TENANT

MARIA: dict[str, Any] = {
    "preferred_username": "m.keller",
    "name": "Maria K.",
    "roles": ["staff", "cp-lead"],
    "groups": ["north"],
}
"""The claims of a supervisor."""
LogIn = Callable[..., Awaitable[httpx.Response]]


def oidc_settings(**changes: Any) -> OidcSettings:
    """Return the settings of the small provider."""
    values: dict[str, Any] = {
        "issuer": ISSUER,
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
        "name": "the Example login",
        "roles": {"cp-lead": "supervisor", "cp-counsellor": "therapist", "cp-ops": "operator"},
        "teams_claim": "groups",
        "counsellor_claim": "staff_no",
    }
    return OidcSettings.model_validate(values | changes)


@pytest.fixture
def oidc() -> OidcSettings:
    """Return the settings of the provider; a test may have others."""
    return oidc_settings()


@pytest.fixture
def settings(oidc: OidcSettings) -> Settings:
    """Return settings as in production with one platform and the provider."""
    key = SecretStr(base64.b64encode(b"k" * 32).decode())
    return Settings(
        web=WebSettings(session_secret=SecretStr("not a secret outside of the tests"), public_url=PAGE),
        tenants={TENANT: TenantSettings(pseudonym_key=key)},
        oidc=oidc,
    )


@pytest.fixture
def provider(clock: Clock) -> SmallProvider:
    """Return the provider."""
    return SmallProvider(clock)


@pytest.fixture
def app(settings: Settings, store: Store, clock: Clock, provider: SmallProvider, kept_routes: None) -> FastAPI:  # noqa: ARG001 - its effect
    """Return the web application with the provider behind it."""
    return create_app(settings, store, now=clock, transport=provider.transport)


@pytest.fixture
def log_in(provider: SmallProvider) -> LogIn:
    """Return a function that logs a person in at the provider, as their browser would."""

    async def through(browser: Browser, **claims: Any) -> httpx.Response:
        begun = await browser.get("/login/provider")
        return await browser.get(provider.let_in(begun.headers["location"], **(MARIA | claims)))

    return through
