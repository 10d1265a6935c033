"""Tests of calibrations through the API: opened, rated blind, compared and settled, with the rules of the pages."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from plugin.database.engine import utc_now
from plugin.database.viewer import AccountRole
from plugin.queue.accounts import NewAccount
from plugin.queue.calibration_steps import MAX_WORDS
from plugin.queue.store import Store
from plugin.queue.token_views import Scope
from tests.plugin.api.conftest import Program, Programs
from tests.plugin.api.test_rights import MECHANISMS, RATE
from tests.plugin.web.conftest import PASSWORD, WAITING
from tests.plugin.web.samples import TEXT

DONE = (200, {"outcome": "done"})
FAR = {"levels": {**RATE["levels"], MECHANISMS[0]: "none"}, "note": "She is told what to do."}
NEAR = {"levels": {**RATE["levels"], MECHANISMS[0]: "strong", MECHANISMS[3]: None}}
SETTLED = {"mechanism": MECHANISMS[0], "level": "weak", "reason": "It asks, and then decides."}


@pytest.fixture
def nele(store: Store, programs: Programs) -> Program:
    """Return a program of a second supervisor of the team."""
    store.accounts.add(NewAccount("nele", PASSWORD, AccountRole.SUPERVISOR, "Nele Roth", teams=["North"]))
    return programs("nele")


async def step(program: Program, path: str, body: object = None) -> tuple[int, Any]:
    """Take a step, and return the status and the content of the answer."""
    answer = await program.post(path, body)
    return answer.status_code, answer.json()


async def asked(supervisor: Program, **changes: object) -> tuple[int, Any]:
    """Ask to open a calibration with every colleague, and return the status and the content of the answer."""
    colleagues = (await supervisor.get("/calibrations/colleagues")).json()["colleagues"]
    day = (utc_now() + timedelta(days=5)).date().isoformat()
    invited = [each["account_id"] for each in colleagues]
    return await step(supervisor, "/calibrations", {"colleagues": invited, "size": 5, "day": day, **changes})


async def opened(supervisor: Program) -> str:
    """Open a calibration with every colleague, and return its path."""
    status, result = await asked(supervisor)
    assert status == 200, result
    return f"/calibrations/{result['calibration_id']}"


async def test_a_calibration_from_its_opening_to_a_settled_level(supervisor: Program, nele: Program) -> None:
    """Two supervisors rate blind, compare when both are done, and settle; the model's levels come last."""
    path = await opened(supervisor)
    (line,) = (await nele.get("/calibrations")).json()["calibrations"]
    assert (line["opened_by"], line["left"], line["is_open"], line["is_own"]) == ("Maria Keller", 2, True, False)
    moment = (await nele.get(f"{path}/moments/1")).json()
    assert [each["text"] for each in (*moment["client_turn"], *moment["reply"])] == [TEXT["m7"], TEXT["m8"]]
    assert {each["author"] for each in (*moment["context"], *moment["reply"])} == {""}
    assert (moment["own"], moment["compared"], moment["machine"]) == (None, None, None)
    for program, first in ((supervisor, FAR), (nele, NEAR)):
        assert await step(program, f"{path}/moments/1/rating", first) == DONE
        assert await step(program, f"{path}/moments/2/rating", RATE) == DONE
        assert (await program.get(path)).json()["compared"] == []
        assert await step(program, f"{path}/done") == DONE
    found = (await nele.get(path)).json()
    assert [(each["one"], each["other"]) for each in found["pairs"]] == [
        ("Maria Keller", "Nele Roth"),
        ("Maria Keller", None),
        ("Nele Roth", None),
    ]
    assert found["pairs"][0]["agreement"][3]["moments"] == 1  # Nele cannot say in the other one
    assert found["compared"][0]["to_settle"] == [MECHANISMS[0]]
    assert await step(nele, f"{path}/moments/1/settle", {"levels": [SETTLED]}) == DONE
    moment = (await supervisor.get(f"{path}/moments/1")).json()
    assert moment["compared"]["final"][0] | {"at": ""} == SETTLED | {"by": "Nele Roth", "at": ""}
    assert [each["note"] for each in moment["compared"]["ratings"]] == [FAR["note"], ""]
    assert moment["machine"]["emotional_resonance"] == "strong"
    assert moment["own"]["levels"] == FAR["levels"]


async def test_refused_steps_say_why(supervisor: Program, nele: Program) -> None:
    """A step that cannot be taken is a problem with its own type and the words of the page."""
    path = await opened(supervisor)
    for step_path, body, kind in (
        (f"{path}/done", None, "incomplete"),
        (f"{path}/moments/1/settle", {"levels": [SETTLED]}, "not-over"),
        (f"{path}/moments/1/ask", None, "not-over"),
    ):
        status, problem = await step(supervisor, step_path, body)
        assert (status, problem["type"]) == (409, f"urn:counterpoint:problem:{kind}")
        assert problem["detail"]
    assert (await nele.post(f"{path}/moments/1/ask")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"day": "2020-01-01"}, "bad-deadline"),
        ({"colleagues": ["00000000-0000-4000-8000-000000000000"]}, "not-colleagues"),
    ],
)
async def test_what_cannot_be_opened_is_a_problem(
    supervisor: Program, nele: Program, changes: dict[str, Any], kind: str
) -> None:
    """A day that is over and somebody who is no colleague open nothing."""
    assert nele.token
    status, problem = await asked(supervisor, **changes)
    assert (status, problem["type"]) == (409, f"urn:counterpoint:problem:{kind}")


@pytest.mark.parametrize(
    "changes",
    [
        {"size": 0},
        {"size": 101},
        {"zone": "Middle/Earth"},
        {"day": "tomorrow"},
        {"colleagues": []},
        {"client": "words of a client"},
    ],
)
async def test_a_wrong_request_opens_nothing(supervisor: Program, nele: Program, changes: dict[str, Any]) -> None:
    """A request that is not as described is a 400 that repeats nothing of it."""
    assert nele.token
    status, problem = await asked(supervisor, **changes)
    assert (status, problem["type"]) == (400, "urn:counterpoint:problem:invalid-request")
    assert "words of a client" not in str(problem)
    assert (await supervisor.get("/calibrations")).json()["calibrations"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"levels": dict.fromkeys(MECHANISMS[:3], "weak")},
        {"levels": RATE["levels"] | {"warmth": "strong"}},
        {"levels": RATE["levels"] | {MECHANISMS[0]: "superb"}},
        {"levels": RATE["levels"] | {MECHANISMS[0]: 1}},
        RATE | {"note": "x" * (MAX_WORDS + 1)},
    ],
)
async def test_a_rating_names_all_four(supervisor: Program, nele: Program, body: object) -> None:
    """A mechanism that is missing, unknown, or has no level of ours, and a note that is too long, are refused."""
    assert nele.token
    path = await opened(supervisor)
    status, _ = await step(supervisor, f"{path}/moments/1/rating", body)
    assert status == 400


async def test_a_moment_that_dropped_out_is_gone(supervisor: Program, nele: Program, page_database: str) -> None:
    """A moment whose session was withdrawn is a 410 that says so, and is counted in its calibration."""
    assert nele.token
    path = await opened(supervisor)
    with psycopg.connect(page_database.replace("+psycopg", "")) as connection:
        connection.execute("DELETE FROM sessions WHERE session_id = %s", (WAITING.session_id,))
        (left,) = connection.execute("SELECT number FROM calibration_moments").fetchone() or (0,)
    answer = await supervisor.get(f"{path}/moments/{3 - left}")
    assert (answer.status_code, answer.json()["type"]) == (410, "urn:counterpoint:problem:gone")
    assert (await supervisor.get(path)).json()["dropped_out"] == 1
    assert (await step(supervisor, f"{path}/moments/{3 - left}/rating", RATE))[0] == 409


async def test_a_moment_is_a_number_of_the_calibration(supervisor: Program, nele: Program) -> None:
    """A number that no moment has, however large, does not exist."""
    assert nele.token
    path = await opened(supervisor)
    for number in ("0", "3", "101", "9" * 30, "-1", "one"):
        assert (await supervisor.get(f"{path}/moments/{number}")).status_code == 404, number


async def test_a_repeated_opening_opens_once(supervisor: Program, nele: Program) -> None:
    """A request that is repeated with its key gets the same calibration, and draws nothing again."""
    assert nele.token
    colleagues = (await supervisor.get("/calibrations/colleagues")).json()["colleagues"]
    day = (utc_now() + timedelta(days=5)).date().isoformat()
    asked = {"colleagues": [colleagues[0]["account_id"]], "size": 5, "day": day}
    first, second = [await supervisor.post("/calibrations", asked, key="one") for _ in range(2)]
    assert first.json() == second.json()
    assert len((await supervisor.get("/calibrations")).json()["calibrations"]) == 1


async def test_reading_needs_one_scope_and_rating_another(
    programs: Programs, supervisor: Program, nele: Program
) -> None:
    """A token that may read rates nothing, and one that may review opens no list."""
    assert nele.token
    path = await opened(supervisor)
    reader, reviewer = programs("maria", Scope.SESSIONS_READ), programs("maria", Scope.SESSIONS_REVIEW)
    assert (await reader.get(path)).status_code == 200
    assert (await reader.post(f"{path}/moments/1/rating", RATE)).status_code == 403
    assert (await reviewer.get(path)).status_code == 403
    assert (await reviewer.post(f"{path}/moments/1/rating", RATE)).status_code == 200


async def test_who_opened_it_cancels(supervisor: Program, nele: Program) -> None:
    """The opener cancels; who was invited has it in no list, reads at its address when, and rates no more."""
    path = await opened(supervisor)
    assert await step(nele, f"{path}/moments/1/rating", RATE) == DONE
    status, problem = await step(nele, f"{path}/cancel")
    assert (status, problem["type"]) == (404, "urn:counterpoint:problem:nothing-here")
    assert await step(supervisor, f"{path}/cancel") == DONE
    assert (await nele.get("/calibrations")).json() == {"calibrations": []}
    (line,) = (await supervisor.get("/calibrations")).json()["calibrations"]
    assert line["cancelled_at"] is not None
    found = (await nele.get(path)).json()
    assert (found["head"]["cancelled_at"], found["moments"]) == (line["cancelled_at"], [])
    status, problem = await step(nele, f"{path}/moments/1/rating", RATE)
    assert (status, problem["title"]) == (409, "This calibration was cancelled")
    assert (await nele.get(f"{path}/moments/1")).json()["title"] == "This calibration was cancelled"
