"""Accounts: who can be made, and what each may see afterwards."""

import base64

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from plugin.crypto.pseudonyms import Pseudonyms
from plugin.database.tables import Account, Team
from plugin.database.viewer import AccountRole
from plugin.queue import accounts
from plugin.queue.accounts import MAX_PASSWORD, MIN_PASSWORD, NewAccount, add_account, folded
from plugin.queue.store import Store
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Database, Settings, Tenant
from tests.plugin.samples import PASSWORD, TENANT

PSEUDONYM_KEY = bytes(range(32, 64))


def database(engine: Engine) -> Database:
    """The emptied database of this test."""
    return Database.model_validate({"url": engine.url.render_as_string(hide_password=False)})


@pytest.fixture
def settings(engine: Engine) -> Settings:
    """One platform with its pseudonym key, and the database."""
    key = base64.b64encode(PSEUDONYM_KEY).decode()
    return Settings(
        database=database(engine),
        tenants={TENANT: Tenant.model_validate({"pseudonym_key": key})},
    )


def make(settings: Settings, username: str, role: str, **more: object) -> None:
    """As the command does."""
    given: dict[str, object] = {
        "password": PASSWORD,
        "teams": [],
        "display_name": username.title(),
        "tenant": None,
        "counsellor": None,
        **more,
    }
    add_account(settings, username=username, role=role, **given)  # type: ignore[arg-type]


def test_a_therapist_is_known_by_the_pseudonym_the_gateway_makes(store: Store, settings: Settings) -> None:
    """The platform's own reference is not kept."""
    make(settings, "ana", "therapist", tenant=TENANT, counsellor="platform-user-7", teams=["north"])
    viewer = store.viewer_named("ana")
    assert viewer is not None
    assert viewer.counsellor == Pseudonyms(PSEUDONYM_KEY).person("platform-user-7")
    assert (viewer.role, viewer.tenant, viewer.display_name) == (AccountRole.THERAPIST, TENANT, "Ana")


def test_teams_are_made_when_first_named_and_shared(engine: Engine, store: Store, settings: Settings) -> None:
    """Two people named to one team are in the same one; a team named twice counts once."""
    make(settings, "mara", "supervisor", teams=["north", "south", "north"])
    make(settings, "olga", "supervisor", teams=["north"])
    mara, olga = store.viewer_named("mara"), store.viewer_named("olga")
    assert mara is not None
    assert olga is not None
    assert len(mara.team_ids) == 2
    assert olga.team_ids < mara.team_ids
    with Session(engine) as session:
        assert sorted(team.name for team in session.exec(select(Team))) == ["north", "south"]


def test_a_supervisor_may_have_a_platform_instead_of_a_team(store: Store, settings: Settings) -> None:
    """Its sessions of no team are hers."""
    make(settings, "vera", "supervisor", tenant=TENANT)
    viewer = store.viewer_named("vera")
    assert viewer is not None
    assert (viewer.tenant, viewer.team_ids) == (TENANT, frozenset())


@pytest.mark.parametrize(
    ("role", "more", "sentence"),
    [
        ("therapist", {"tenant": TENANT}, "needs --tenant and --counsellor"),
        ("therapist", {}, "needs --tenant and --counsellor"),
        ("therapist", {"tenant": "elsewhere", "counsellor": "x"}, "not among the tenants"),
        ("supervisor", {}, "needs a --team"),
        ("supervisor", {"teams": ["a"], "tenant": TENANT, "counsellor": "x"}, "Only a therapist"),
        ("operator", {"teams": ["a"]}, "An operator sees no session"),
        ("operator", {"tenant": TENANT}, "An operator sees no session"),
        ("operator", {"password": "x" * (MIN_PASSWORD - 1)}, "A password has"),
        ("operator", {"password": "x" * (MAX_PASSWORD + 1)}, "A password has"),
    ],
)
def test_parts_that_do_not_fit_are_refused_with_a_sentence(
    engine: Engine, settings: Settings, role: str, more: dict[str, object], sentence: str
) -> None:
    """And nothing is made."""
    with pytest.raises(Misconfigured, match=sentence):
        make(settings, "someone", role, **more)
    with Session(engine) as session:
        assert session.exec(select(Account)).all() == []
        assert session.exec(select(Team)).all() == []


@pytest.mark.parametrize("name", ["", "  ", "a\x00b", "a\nb", "\x1b[31m"])
def test_a_user_name_is_something_one_can_type_and_print(settings: Settings, name: str) -> None:
    """It is shown in terminals and on pages."""
    with pytest.raises(Misconfigured, match="user name"):
        make(settings, name, "operator")


def test_a_tenant_without_a_usable_key_is_told(engine: Engine) -> None:
    """The pseudonym could not be the gateway's."""
    short = base64.b64encode(b"short").decode()
    for tenant in (Tenant(), Tenant.model_validate({"pseudonym_key": short})):
        settings = Settings(database=database(engine), tenants={TENANT: tenant})
        with pytest.raises(Misconfigured, match="pseudonym_key"):
            make(settings, "ana", "therapist", tenant=TENANT, counsellor="x")


def test_nobody_is_there_twice(settings: Settings) -> None:
    """Neither a name in another spelling nor a counsellor under another name."""
    make(settings, "Ana", "therapist", tenant=TENANT, counsellor="x")
    with pytest.raises(Misconfigured, match="an account ANA already"):
        make(settings, "ANA", "operator")
    with pytest.raises(Misconfigured, match="has an account already: ana"):
        make(settings, "ana2", "therapist", tenant=TENANT, counsellor="x")


def test_spellings_of_a_name_are_one() -> None:
    """Case, width and spaces around do not make another person."""
    assert folded(" \uff21na ") == folded("ana") == "ana"


def test_a_password_is_kept_as_argon2id_and_never_shown(engine: Engine, settings: Settings) -> None:
    """Neither in the row nor in a repr."""
    make(settings, "otto", "operator")
    with Session(engine) as session:
        row = session.exec(select(Account)).one()
    assert row.password_hash.startswith("$argon2id$")
    assert "argon2" not in repr(row)
    assert PASSWORD not in repr(NewAccount("a", PASSWORD, AccountRole.OPERATOR, "A"))


def test_an_unknown_name_costs_the_work_of_a_known_one(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody learns from the clock who has an account: one verification of an Argon2id hash either way."""
    make(settings, "otto", "operator")
    accounts._nobodys_hash.cache_clear()  # made at this test's cost, not at another's
    verified: list[str] = []
    real = accounts._HASHES

    class Counting:
        hash = staticmethod(real.hash)

        @staticmethod
        def verify(password: str, known: str) -> bool:
            verified.append(known)
            return real.verify(password, known)

    monkeypatch.setattr(accounts, "_HASHES", Counting)
    for name in ("otto", "nobody", "nobody\x00"):
        assert store.authenticate(name, "wrong password") is None
    parameters = [known.split("$")[:4] for known in verified]
    assert len(parameters) == 3
    assert parameters[0] == parameters[1] == parameters[2]
