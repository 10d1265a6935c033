"""Tests of accounts: which can be created, and what their people may see."""

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session, select

from plugin.crypto.pseudonyms import Pseudonyms
from plugin.database.tables import Account, Team
from plugin.database.viewer import AccountRole
from plugin.queue.account_changes import add_account
from plugin.queue.accounts import MAX_NAME, normalise_username
from plugin.queue.passwords import MAX_PASSWORD, MIN_PASSWORD
from plugin.queue.store import Store
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import DatabaseSettings, Settings, TenantSettings
from tests.plugin.samples import PASSWORD, TENANT

PSEUDONYM_KEY = bytes(range(32, 64))


def database(engine: Engine) -> DatabaseSettings:
    """Return the settings of the emptied database of this test."""
    return DatabaseSettings.model_validate({"url": engine.url.render_as_string(hide_password=False)})


@pytest.fixture
def settings(engine: Engine) -> Settings:
    """Return settings with one platform, its pseudonym key, and the database."""
    key = base64.b64encode(PSEUDONYM_KEY).decode()
    return Settings(
        database=database(engine),
        tenants={TENANT: TenantSettings.model_validate({"pseudonym_key": key})},
    )


def make(settings: Settings, username: str, role: str, **more: object) -> None:
    """Create an account as the command does."""
    given: dict[str, object] = {
        "password": PASSWORD,
        "teams": [],
        "display_name": username.title(),
        "tenant": None,
        "counsellor": None,
        **more,
    }
    add_account(settings, username=username, role=role, **given)  # type: ignore[arg-type]


def test_a_therapist_has_the_pseudonym_that_the_gateway_makes(store: Store, settings: Settings) -> None:
    """A therapist's account has the pseudonym that the gateway makes, not the platform's own reference."""
    make(settings, "ana", "therapist", tenant=TENANT, counsellor="platform-user-7", teams=["north"])
    viewer = store.find_viewer("ana")
    assert viewer is not None
    assert viewer.counsellor == Pseudonyms(PSEUDONYM_KEY).person("platform-user-7")
    assert (viewer.role, viewer.tenant, viewer.display_name) == (AccountRole.THERAPIST, TENANT, "Ana")


def test_teams_are_created_when_first_named_and_shared(engine: Engine, store: Store, settings: Settings) -> None:
    """A team is created when it is first named; people who name one team share it, and naming it twice counts once."""
    make(settings, "mara", "supervisor", teams=["north", "south", "north"])
    make(settings, "olga", "supervisor", teams=["north"])
    mara, olga = store.find_viewer("mara"), store.find_viewer("olga")
    assert mara is not None
    assert olga is not None
    assert len(mara.team_ids) == 2
    assert olga.team_ids < mara.team_ids
    with Session(engine) as session:
        assert sorted(team.name for team in session.exec(select(Team))) == ["north", "south"]


def test_a_supervisor_may_have_a_platform_instead_of_a_team(store: Store, settings: Settings) -> None:
    """A supervisor's account may name a platform instead of a team."""
    make(settings, "vera", "supervisor", tenant=TENANT)
    viewer = store.find_viewer("vera")
    assert viewer is not None
    assert (viewer.tenant, viewer.team_ids) == (TENANT, frozenset())


@pytest.mark.parametrize("role", ["lead", "auditor"])
def test_a_lead_and_an_auditor_have_neither_team_nor_platform(store: Store, settings: Settings, role: str) -> None:
    """An account of a lead or an auditor needs nothing but its role, which the login has then."""
    make(settings, "vera", role)
    viewer = store.find_viewer("vera")
    assert viewer is not None
    assert (viewer.role, viewer.team_ids, viewer.tenant) == (AccountRole(role), frozenset(), None)


@pytest.mark.parametrize(
    ("role", "more", "sentence"),
    [
        ("therapist", {"tenant": TENANT}, "needs a tenant and a counsellor"),
        ("therapist", {}, "needs a tenant and a counsellor"),
        ("therapist", {"tenant": "elsewhere", "counsellor": "x"}, "not among the tenants"),
        ("supervisor", {}, "needs a team"),
        ("supervisor", {"teams": ["a"], "tenant": TENANT, "counsellor": "x"}, "Only a therapist"),
        ("operator", {"teams": ["a"]}, "An operator sees no session"),
        ("operator", {"tenant": TENANT}, "An operator sees no session"),
        ("lead", {"teams": ["a"]}, "A lead sees the sessions of every team"),
        ("lead", {"tenant": TENANT}, "A lead sees the sessions of every team"),
        ("lead", {"tenant": TENANT, "counsellor": "x"}, "Only a therapist"),
        ("auditor", {"teams": ["a"]}, "An auditor sees no session"),
        ("auditor", {"tenant": TENANT}, "An auditor sees no session"),
        ("operator", {"password": "x" * (MIN_PASSWORD - 1)}, "A password has"),
        ("operator", {"password": "x" * (MAX_PASSWORD + 1)}, "A password has"),
    ],
)
def test_values_that_do_not_fit_are_refused_with_a_message(
    engine: Engine, settings: Settings, role: str, more: dict[str, object], sentence: str
) -> None:
    """An account whose values do not fit together is refused with a message, and nothing is created."""
    with pytest.raises(Misconfigured, match=sentence):
        make(settings, "someone", role, **more)
    with Session(engine) as session:
        assert session.exec(select(Account)).all() == []
        assert session.exec(select(Team)).all() == []


@pytest.mark.parametrize("name", ["", "  ", "a\x00b", "a\nb", "\x1b[31m"])
def test_a_user_name_must_be_printable(settings: Settings, name: str) -> None:
    """A user name that is empty or not printable is refused, since terminals and pages show it."""
    with pytest.raises(Misconfigured, match="user name"):
        make(settings, name, "operator")


def test_a_tenant_without_a_usable_key_is_refused(engine: Engine) -> None:
    """A therapist's account is refused if the tenant has no usable pseudonym key."""
    short = base64.b64encode(b"short").decode()
    for tenant in (TenantSettings(), TenantSettings.model_validate({"pseudonym_key": short})):
        settings = Settings(database=database(engine), tenants={TENANT: tenant})
        with pytest.raises(Misconfigured, match="pseudonym_key"):
            make(settings, "ana", "therapist", tenant=TENANT, counsellor="x")


def test_a_second_account_for_a_person_is_refused(settings: Settings) -> None:
    """A second account for a user name in another spelling, or for the same counsellor, is refused."""
    make(settings, "Ana", "therapist", tenant=TENANT, counsellor="x")
    with pytest.raises(Misconfigured, match="an account ANA already"):
        make(settings, "ANA", "operator")
    with pytest.raises(Misconfigured, match="has an account already: ana"):
        make(settings, "ana2", "therapist", tenant=TENANT, counsellor="x")


def test_two_accounts_of_one_name_made_side_by_side_are_one(settings: Settings) -> None:
    """Of several people who add an account of one name at the same moment, one succeeds and the others are told so."""

    def attempt(_: int) -> str:
        try:
            make(settings, "mara", "supervisor", teams=("north",))
        except Misconfigured as error:
            return str(error)
        return "added"

    with ThreadPoolExecutor(4) as threads:
        results = sorted(threads.map(attempt, range(4)))
    assert results == ["There is an account mara already."] * 3 + ["added"]


def test_spellings_of_a_user_name_are_equal() -> None:
    """User names that differ in case, width or surrounding spaces are equal."""
    assert normalise_username(" \uff21na ") == normalise_username("ana") == "ana"


@given(st.text(max_size=20))
def test_the_folded_name_is_a_spelling_of_itself(typed: str) -> None:
    """What `users list` shows can be typed: the form of a name has the same form again."""
    shown = normalise_username(typed)
    assert normalise_username(shown) == shown


@pytest.mark.parametrize("spelling", ["otto", " OTTO", "\u3000otto\u00a0", "\uff2f\uff34\uff34\uff2f", "\tOtto\n"])
def test_an_account_is_found_under_every_spelling(store: Store, settings: Settings, spelling: str) -> None:
    """An account is found under every spelling that folds to its name, blanks of any kind around it included."""
    make(settings, "Otto", "operator")
    assert store.find_viewer(spelling) is not None


@pytest.mark.parametrize(
    "long",
    [
        {"username": "x" * (MAX_NAME + 1), "display_name": "Mara"},
        {"username": "mara", "display_name": "x" * (MAX_NAME + 1)},
        {"username": "mara", "teams": ["x" * (MAX_NAME + 1)]},
        {"username": "\ufdfa" * 20},
    ],
)
def test_names_have_a_limit(settings: Settings, long: dict[str, object]) -> None:
    """No name is longer than the login page and the lists take, in the form in which it is stored."""
    with pytest.raises(Misconfigured, match="1 to 200 characters"):
        make(settings, role="supervisor", **{"teams": ["north"], **long})  # type: ignore[arg-type]


def test_the_account_of_a_misspelt_tenant_is_refused(settings: Settings) -> None:
    """A supervisor's account for a tenant that is not in the settings is refused: she would see nothing."""
    with pytest.raises(Misconfigured, match=f"known: {TENANT}"):
        make(settings, "vera", "supervisor", tenant="misspelt")
