"""The rights matrix of the login at a provider: what each person gets on its routes, whoever they are already."""

from collections.abc import Callable

import pytest

from plugin.web.provider.provider import BEGIN_PATH, LOGOUT_PATH, RETURN_PATH
from stream.runtime.settings import OidcSettings
from tests.plugin.web.conftest import OPERATOR, SUPERVISOR, THERAPIST, Browser
from tests.plugin.web.provider.conftest import oidc_settings

TABLE = {("GET", BEGIN_PATH): 303, ("GET", RETURN_PATH): 403, ("POST", LOGOUT_PATH): 400}


@pytest.mark.parametrize("person", [None, SUPERVISOR, THERAPIST, OPERATOR])
async def test_everybody_gets_the_same(browser: Browser, person: str | None) -> None:
    """The routes give everybody the same answer, with nothing of what they may see, and end nobody's login."""
    if person is not None:
        await browser.log_in(person)
    for (method, path), status in TABLE.items():
        answer = await browser.client.request(method, path)
        assert answer.status_code == status
        assert "Maria" not in answer.text
    assert (await browser.get("/")).status_code == (303 if person is None else 200)


class TestWithoutPasswords:
    """The pages of a service whose people all log in at the provider."""

    @pytest.fixture
    def oidc(self) -> OidcSettings:
        """Return settings that allow no password."""
        return oidc_settings(local_login=False)

    async def test_a_password_gets_nobody_in(self, browsers: Callable[[], Browser]) -> None:
        """The login page has no form, and a form that is sent all the same does not exist."""
        browser = browsers()
        page = (await browser.get("/login")).text
        assert "Log in with the Example login" in page
        assert 'name="password"' not in page
        browser.token = "any"
        await browser.get("/glossary")
        assert (await browser.post("/login", username=SUPERVISOR)).status_code in {403, 404}
        assert (await browser.get("/")).headers["location"] == "/login"
