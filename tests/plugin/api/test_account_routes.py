"""Tests of single accounts in the API: an operator's program changes them by the rules of the page."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from plugin.database.viewer import AccountRole
from plugin.queue.accounts import NewAccount
from plugin.queue.store import Store
from plugin.queue.token_views import Scope
from tests.plugin.api.conftest import Program, Programs
from tests.plugin.web.conftest import LEAD, OPERATOR, PASSWORD, SUPERVISOR, THERAPIST

DONE = (200, {"outcome": "done"})
ACTIONS: dict[str, object] = {
    "disable": None,
    "enable": None,
    "teams": {"remove": ["North"], "add": ["West"]},
    "remove": {"username": SUPERVISOR},
}


@pytest.fixture
def operator(programs: Programs) -> Program:
    """Return a program of the operator, with every scope."""
    return programs(OPERATOR)


def path_of(store: Store, username: str) -> str:
    """Return the path of an account."""
    return f"/accounts/{store.accounts.named(username).account_id}"


async def step(program: Program, path: str, body: object = None, *, key: str = "") -> tuple[int, Any]:
    """Take a step, and return the status and the content of the answer."""
    answer = await program.post(path, body, key=key)
    return answer.status_code, answer.json()


async def refused(program: Program, path: str, body: object = None) -> str:
    """Take a step that cannot be done, and return the sentence that says why."""
    status, problem = await step(program, path, body)
    assert (status, problem["type"]) == (409, "urn:counterpoint:problem:account-refused")
    return str(problem["detail"])


async def test_an_account_has_what_the_page_shows_and_no_secret(operator: Program, store: Store) -> None:
    """An account has role, teams, platform and state; neither a password nor a counsellor's reference is in it."""
    entry = store.accounts.named(THERAPIST)
    answer = await operator.get(path_of(store, THERAPIST))
    assert answer.json() == {
        "account_id": str(entry.account_id),
        "username": "jonas",
        "display_name": "Jonas Weber",
        "role": "therapist",
        "tenant": entry.tenant,
        "teams": ["North"],
        "is_disabled": False,
        "issuer": None,
        "needs_password": False,
    }
    assert "counsellor" not in answer.text


async def test_the_list_is_read_part_by_part(operator: Program, store: Store) -> None:
    """The parts hold every account once, by user name; a cursor of another list is refused."""
    seen: list[str] = []
    query: dict[str, str] = {"limit": "3"}
    while True:
        part = (await operator.get("/accounts", **query)).json()
        seen += [each["username"] for each in part["accounts"]]
        if part["next_cursor"] is None:
            break
        query["cursor"] = part["next_cursor"]
    assert seen == [entry.username for entry in store.accounts.entries()]
    answer = await operator.get("/accounts", cursor="AAAA")
    assert (answer.status_code, answer.json()["places"]) == (400, ["cursor"])


async def test_a_place_that_is_gone_is_said(operator: Program, store: Store) -> None:
    """Where the account at a cursor's place was removed meanwhile, the list is to be begun again."""
    part = (await operator.get("/accounts", limit="1")).json()
    store.accounts.remove(UUID(part["accounts"][0]["account_id"]))
    answer = await operator.get("/accounts", cursor=part["next_cursor"])
    assert (answer.status_code, answer.json()["type"]) == (410, "urn:counterpoint:problem:place-lost")


async def test_a_disabled_person_is_out_until_enabled(operator: Program, supervisor: Program, store: Store) -> None:
    """Disabling ends logins and tokens at once; after enabling the password counts again, and no old token."""
    account = path_of(store, SUPERVISOR)
    assert await step(operator, f"{account}/disable") == DONE
    assert (await supervisor.get("/me")).status_code == 401
    assert store.authenticate(SUPERVISOR, PASSWORD) is None
    assert (await operator.get(account)).json()["is_disabled"]
    assert await step(operator, f"{account}/enable") == DONE
    assert store.authenticate(SUPERVISOR, PASSWORD) is not None
    assert (await supervisor.get("/me")).status_code == 401


async def test_teams_are_changed_by_name(operator: Program, supervisor: Program, store: Store) -> None:
    """A person joins and leaves teams in one step; who has left one needs a new token."""
    account = path_of(store, SUPERVISOR)
    assert await step(operator, f"{account}/teams", {"add": [" West "]}) == DONE
    assert store.accounts.named(SUPERVISOR).teams == ("North", "West")
    assert (await supervisor.get("/me")).status_code == 200
    assert await step(operator, f"{account}/teams", {"remove": ["North"]}) == DONE
    assert store.accounts.named(SUPERVISOR).teams == ("West",)
    assert (await supervisor.get("/me")).status_code == 401


@pytest.mark.parametrize(
    ("who", "teams", "sentence"),
    [
        (SUPERVISOR, {"remove": ["North"]}, "needs a team"),
        (SUPERVISOR, {"remove": ["Elsewhere"]}, "teams now: North"),
        (LEAD, {"add": ["North"]}, "A lead sees the sessions of every team"),
    ],
)
async def test_teams_that_do_not_fit_are_refused(
    operator: Program, store: Store, who: str, teams: dict[str, list[str]], sentence: str
) -> None:
    """Teams that do not fit the role, or that the person is not in, are refused by a sentence that repeats nothing."""
    before = store.accounts.entries()
    said = await refused(operator, f"{path_of(store, who)}/teams", teams)
    assert sentence in said
    assert "Elsewhere" not in said
    assert store.accounts.entries() == before


async def test_a_removal_names_whom_it_removes(operator: Program, therapist: Program, store: Store) -> None:
    """An account is removed by its id together with its user name, once for each key, and is then not there."""
    account = path_of(store, THERAPIST)
    assert "another user name" in await refused(operator, f"{account}/remove", {"username": "amara"})
    assert (await therapist.get("/me")).status_code == 200
    for _ in range(2):
        assert await step(operator, f"{account}/remove", {"username": " Jonas"}, key="once") == DONE
    assert (await therapist.get("/me")).status_code == 401
    assert (await operator.get(account)).status_code == 404
    assert (await step(operator, f"{account}/remove", {"username": "jonas"}))[0] == 404


@pytest.mark.parametrize(("action", "body"), [("disable", None), ("remove", {"username": OPERATOR})])
async def test_an_operator_does_not_shut_themselves_out(
    operator: Program, store: Store, action: str, body: object
) -> None:
    """A program of an operator cannot disable or remove that operator's account."""
    assert "your own account" in await refused(operator, f"{path_of(store, OPERATOR)}/{action}", body)
    assert (await operator.get("/me")).status_code == 200


async def test_an_account_without_a_password_says_so(operator: Program, store: Store) -> None:
    """Who comes by a mapping needs a password, which the page sets and no route here does."""
    cleo = {"username": "cleo", "role": "auditor"}
    plan = (await operator.post("/people/plan", {"people": [cleo]})).json()
    await operator.post("/people/apply", {"people": [cleo], "code": plan["code"]})
    account = path_of(store, "cleo")
    assert (await operator.get(account)).json()["needs_password"]
    assert (await step(operator, f"{account}/password", {"password": PASSWORD}))[0] == 404


@pytest.mark.parametrize(
    ("action", "body", "place"),
    [
        ("teams", {}, "body"),
        ("teams", {"add": []}, "body"),
        ("teams", {"add": ["\x1b[31m"]}, "body.add.0"),
        ("teams", {"add": ["North"], "role": "operator"}, "body"),
        ("remove", {}, "body.username"),
        ("remove", {"username": None}, "body.username"),
    ],
)
async def test_what_is_not_described_is_refused(
    operator: Program, store: Store, action: str, body: object, place: str
) -> None:
    """A change that is not as described is refused by its place, and changes nothing."""
    before = store.accounts.entries()
    status, problem = await step(operator, f"{path_of(store, SUPERVISOR)}/{action}", body)
    assert (status, problem["places"]) == (400, [place])
    assert store.accounts.entries() == before


@pytest.mark.parametrize("action", ACTIONS)
async def test_accounts_are_for_operators_with_the_scope(
    supervisor: Program, therapist: Program, programs: Programs, store: Store, action: str
) -> None:
    """To others an account that exists is as one that does not; an operator's token needs the scope."""
    before = store.accounts.entries()
    account, body = path_of(store, SUPERVISOR), ACTIONS[action]
    for program in (supervisor, therapist):
        for path in (account, f"/accounts/{uuid4()}"):
            assert (await program.get(path)).status_code == 404
            assert (await step(program, f"{path}/{action}", body))[0] == 404
    reader = programs(OPERATOR, *(scope for scope in Scope if scope is not Scope.PEOPLE_WRITE))
    assert (await reader.get(account)).status_code == 403
    assert (await step(reader, f"{account}/{action}", body))[0] == 403
    assert store.accounts.entries() == before


async def test_a_change_is_on_the_trail_with_the_token(operator: Program, store: Store) -> None:
    """The entry of a change has the operator, the account and the token."""
    added = store.accounts.add(NewAccount("erin", PASSWORD, AccountRole.AUDITOR, "Erin"))
    await step(operator, f"/accounts/{added}/disable")
    with store.engine.connect() as connection:
        found = text("SELECT * FROM audit WHERE purpose = 'account disabled'")
        entry = connection.execute(found).mappings().one()
    assert (entry["object_id"], entry["account_id"]) == (str(added), store.accounts.named(OPERATOR).account_id)
    assert " token " in entry["request_id"]
