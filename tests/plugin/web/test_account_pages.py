"""Tests of the pages on which an operator manages accounts."""

import base64
import re
from collections.abc import Callable
from uuid import UUID

import pytest
from fastapi import FastAPI

from plugin.crypto.pseudonyms import Pseudonyms
from plugin.database.viewer import AccountRole
from plugin.queue.store import Store
from stream.runtime.settings import Settings, TenantSettings
from tests.plugin.web.conftest import OPERATOR, PASSWORD, SUPERVISOR, THERAPIST, Browser

OTHER_PASSWORD = "another password altogether"
KEY = bytes(range(32, 64))
ACTIONS = ("password", "disable", "enable", "teams", "remove")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Return settings with a platform whose pseudonym key the web stage has."""
    tenant = TenantSettings.model_validate({"pseudonym_key": base64.b64encode(KEY).decode()})
    return settings.model_copy(update={"tenants": {"riverside": tenant, "keyless": TenantSettings()}})


@pytest.fixture
async def operator(browsers: Callable[[], Browser]) -> Browser:
    """Return the browser of the operator."""
    opened = browsers()
    await opened.log_in(OPERATOR)
    await opened.get("/accounts")
    return opened


def page_of(store: Store, username: str) -> str:
    """Return the path of an account's page."""
    return f"/accounts/{store.accounts.named(username).account_id}"


async def add(operator: Browser, **form: str) -> int:
    """Fill in the form for another account; returns the status of the answer."""
    values = {"username": "erin", "role": "operator", "password": PASSWORD, "repeated": PASSWORD, **form}
    return (await operator.post("/accounts", **values)).status_code


async def test_an_operator_sees_every_account_and_no_session(operator: Browser) -> None:
    """The list has everybody with role, teams and state, escaped, and leads to no session."""
    page = (await operator.get("/accounts")).text
    for words in ("maria", "Jonas Weber", "therapist", "North", "may log in", "Nora &lt;i&gt;Lind&lt;/i&gt;"):
        assert words in page
    assert "/sessions/" not in page


async def test_an_account_that_an_operator_adds_can_log_in(operator: Browser, browser: Browser, store: Store) -> None:
    """A person whom an operator adds can log in, in the role, teams and platform of the form."""
    form = {"username": "Erin", "role": "supervisor", "teams": "North, East,", "tenant": "riverside"}
    assert await add(operator, **form) == 303
    assert (await browser.log_in("erin")).status_code == 303
    entry = store.accounts.named("erin")
    assert (entry.role, entry.teams, entry.tenant) == (AccountRole.SUPERVISOR, ("East", "North"), "riverside")
    assert entry.display_name == "Erin"


async def test_a_therapist_gets_the_pseudonym_that_the_gateway_makes(operator: Browser, store: Store) -> None:
    """A therapist is entered with the platform's own id, of which the pseudonym is stored."""
    assert await add(operator, role="therapist", tenant="riverside", counsellor="platform-user-7") == 303
    viewer = store.find_viewer("erin")
    assert viewer is not None
    assert viewer.counsellor == Pseudonyms(KEY).person("platform-user-7")


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"repeated": OTHER_PASSWORD}, "not the same"),
        ({"password": "short", "repeated": "short"}, "12 to 1024 characters"),
        ({"username": " "}, "A user name has"),
        ({"username": " MARIA "}, "already"),
        ({"role": "supervisor"}, "needs a team"),
        ({"role": "therapist", "tenant": "riverside"}, "needs a tenant and a counsellor"),
        ({"role": "therapist", "tenant": "nowhere", "counsellor": "x"}, "known: keyless, riverside"),
        ({"role": "therapist", "tenant": "keyless", "counsellor": "x"}, "tenants.keyless.pseudonym_key"),
        ({"teams": "North"}, "An operator sees no session"),
    ],
)
async def test_a_form_that_does_not_fit_says_why_and_adds_nobody(
    operator: Browser, store: Store, form: dict[str, str], sentence: str
) -> None:
    """A form with a mistake is answered with what to do, without the password, and adds nobody."""
    before = store.accounts.entries()
    values = {"username": "erin", "role": "operator", "password": PASSWORD, "repeated": PASSWORD, **form}
    answer = await operator.post("/accounts", **values)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert PASSWORD not in answer.text
    assert store.accounts.entries() == before


@pytest.mark.parametrize("form", [{"role": "boss"}, {"username": "x" * 201}, {"password": "x" * 1025}])
async def test_what_no_page_of_ours_sends_is_refused(operator: Browser, form: dict[str, str]) -> None:
    """A form that none of our pages produces, or one over the limits, is refused and not repeated."""
    assert await add(operator, **form) == 400


async def test_another_password_ends_the_persons_logins(operator: Browser, supervisor: Browser, store: Store) -> None:
    """A password that an operator sets ends the person's logins; the new one logs in, the old one does not."""
    form = {"password": OTHER_PASSWORD, "repeated": OTHER_PASSWORD}
    answer = await operator.post(f"{page_of(store, SUPERVISOR)}/password", **form)
    assert answer.status_code == 303
    assert (await supervisor.get("/")).headers["location"] == "/login"
    assert (await supervisor.log_in(SUPERVISOR)).status_code == 401
    assert (await supervisor.log_in(SUPERVISOR, OTHER_PASSWORD)).status_code == 303


async def test_an_operator_may_change_their_own_password(operator: Browser, store: Store) -> None:
    """An operator may set their own password, and logs in again with it."""
    form = {"password": OTHER_PASSWORD, "repeated": OTHER_PASSWORD}
    assert (await operator.post(f"{page_of(store, OPERATOR)}/password", **form)).status_code == 303
    assert (await operator.get("/accounts")).headers["location"] == "/login"
    assert (await operator.log_in(OPERATOR, OTHER_PASSWORD)).status_code == 303


async def test_a_disabled_person_is_out_until_enabled(operator: Browser, therapist: Browser, store: Store) -> None:
    """Disabling ends a person's logins and prevents new ones, until the account is enabled."""
    account = page_of(store, THERAPIST)
    await operator.post(f"{account}/disable")
    assert (await therapist.get("/")).headers["location"] == "/login"
    assert (await therapist.log_in(THERAPIST)).status_code == 401
    assert "disabled" in (await operator.get(account)).text
    await operator.post(f"{account}/enable")
    assert (await therapist.log_in(THERAPIST)).status_code == 303


async def test_teams_are_changed_by_the_boxes_and_the_field(operator: Browser, store: Store) -> None:
    """The form takes a person out of the teams whose boxes are ticked, and puts them into the named one."""
    account = page_of(store, SUPERVISOR)
    assert (await operator.post(f"{account}/teams", add_to="West", remove_from="North")).status_code == 303
    assert store.accounts.named(SUPERVISOR).teams == ("West",)
    refused = await operator.post(f"{account}/teams", remove_from="West")
    assert refused.status_code == 400
    assert "needs a team" in refused.text


async def test_removal_needs_the_ticked_box(operator: Browser, therapist: Browser, store: Store) -> None:
    """An account is removed once the box is ticked, and its page is gone."""
    account = page_of(store, THERAPIST)
    unticked = await operator.post(f"{account}/remove")
    assert unticked.status_code == 400
    assert "Nothing was removed" in unticked.text
    assert (await therapist.get("/")).status_code == 200
    removed = await operator.post(f"{account}/remove", confirmed="true")
    assert (removed.status_code, removed.headers["location"]) == (303, "/accounts")
    assert (await therapist.get("/")).headers["location"] == "/login"
    assert (await operator.get(account)).status_code == 404
    assert THERAPIST not in (await operator.get("/accounts")).text


@pytest.mark.parametrize("action", ["disable", "remove"])
async def test_an_operator_does_not_shut_themselves_out(operator: Browser, store: Store, action: str) -> None:
    """An operator cannot disable or remove their own account here, and is told who can."""
    answer = await operator.post(f"{page_of(store, OPERATOR)}/{action}", confirmed="true")
    assert answer.status_code == 400
    assert "your own account" in answer.text
    assert (await operator.get("/accounts")).status_code == 200


@pytest.mark.parametrize("action", ["", *(f"/{action}" for action in ACTIONS)])
async def test_accounts_are_for_operators_alone(
    supervisor: Browser, therapist: Browser, browser: Browser, store: Store, action: str
) -> None:
    """To everybody else an account that exists is the same 404 as one that does not, and nothing changes."""
    before = store.accounts.entries()
    await browser.get("/login")
    account = page_of(store, SUPERVISOR) + action
    for visitor in (supervisor, therapist):
        for path in (account, account.replace(account.split("/")[2], str(UUID(int=0)))):
            answer = await (visitor.post(path, confirmed="true") if action else visitor.get(path))
            assert answer.status_code == 404
    answer = await (browser.post(account, confirmed="true") if action else browser.get(account))
    assert answer.headers["location"] == "/login"
    assert store.accounts.entries() == before


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_form_of_another_site_changes_no_account(operator: Browser, store: Store, action: str) -> None:
    """A form without the operator's own token changes nothing."""
    before = store.accounts.entries()
    path = f"{page_of(store, SUPERVISOR)}/{action}"
    form = {"csrf": "guessed", "confirmed": "true", "add_to": "X", "password": PASSWORD, "repeated": PASSWORD}
    assert (await operator.client.post(path, data=form)).status_code == 403
    assert store.accounts.entries() == before


async def test_every_field_has_a_label(operator: Browser, store: Store) -> None:
    """Every field that is seen on the pages has a label."""
    for path in ("/accounts", page_of(store, SUPERVISOR), page_of(store, OPERATOR)):
        page = (await operator.get(path)).text
        fields = set(re.findall(r'<(?:input|select)[^>]* id="([^"]+)"', page))
        assert fields == set(re.findall(r'<label for="([^"]+)"', page))


async def test_a_full_queue_changes_nothing_and_says_so(
    operator: Browser, app: FastAPI, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While too many passwords are being checked, setting one is refused with the advice to send it again."""
    monkeypatch.setattr("plugin.web.login_queue.MAX_IN_LANE", 0)
    form = {"password": OTHER_PASSWORD, "repeated": OTHER_PASSWORD}
    answer = await operator.post(f"{page_of(store, SUPERVISOR)}/password", **form)
    assert answer.status_code == 503
    assert "send it again" in answer.text
    assert app.state.services.store.authenticate(SUPERVISOR, PASSWORD) is not None
