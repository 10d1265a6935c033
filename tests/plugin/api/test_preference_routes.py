"""Tests of preferences in the API: a program sets when digests come and on which clocks, and never where they go."""

from typing import Any

import pytest
from sqlalchemy import text

from plugin.database.engine import transaction
from plugin.database.viewer import Viewer
from plugin.queue.digest_preferences import DigestPreferences, Way
from plugin.queue.digests import DeliveryState
from plugin.queue.store import Store
from tests.plugin.api.conftest import Program, Programs
from tests.plugin.queue.test_digests import PERIOD, delivery_of
from tests.plugin.samples import NOW
from tests.plugin.web.conftest import AUDITOR, OPERATOR, SUPERVISOR

MAIL = DigestPreferences(Way.MAIL, "maria@service.example", frozenset({0, 3}), 17, "Europe/Berlin")
DONE = (200, {"outcome": "done"})
AT = NOW.isoformat().replace("+00:00", "Z")


async def step(program: Program, path: str, body: object) -> tuple[int, Any]:
    """Take a step, and return the status and the content of the answer."""
    answer = await program.post(path, body)
    return answer.status_code, answer.json()


def stored(store: Store) -> DigestPreferences:
    """Return what is stored of the supervisor."""
    maria = store.find_viewer(SUPERVISOR)
    assert maria is not None
    return store.digests.preferences(maria)


def choose(store: Store) -> Viewer:
    """Let the supervisor choose digests by mail, as she does on the page, and return her."""
    maria = store.find_viewer(SUPERVISOR)
    assert maria is not None
    store.digests.set_preferences(maria, MAIL)
    return maria


async def test_preferences_are_read_without_the_address(supervisor: Program, store: Store) -> None:
    """A program reads time zone, way, days and hour, and what became of the latest digest; the address is not there."""
    delivery = delivery_of(choose(store), DeliveryState.SENT)
    with transaction(store.engine) as session:
        session.add(delivery)
    answer = await supervisor.get("/preferences")
    assert answer.json() == {
        "time_zone": "Europe/Berlin",
        "way": "mail",
        "days": [0, 3],
        "hour": 17,
        "latest": {"day": PERIOD.isoformat(), "state": "sent", "way": "mail", "attempts": 1, "at": AT},
    }
    assert "service.example" not in answer.text


async def test_times_change_and_the_address_stays(supervisor: Program, store: Store) -> None:
    """Each of time zone, days and hour is set by itself; way and address are as the person chose them."""
    choose(store)
    assert await step(supervisor, "/preferences", {"days": [4, 2]}) == DONE
    assert await step(supervisor, "/preferences", {"hour": 6, "time_zone": "Asia/Tokyo"}) == DONE
    assert stored(store) == DigestPreferences(Way.MAIL, MAIL.receiver, frozenset({2, 4}), 6, "Asia/Tokyo")
    assert (await supervisor.get("/me")).json()["time_zone"] == "Asia/Tokyo"


async def test_a_therapist_has_routes_of_their_own(therapist: Program) -> None:
    """A therapist without preferences gets no digest, sets an hour, and still gets none."""
    first = (await therapist.get("/own-preferences")).json()
    assert first == {"time_zone": "UTC", "way": "none", "days": [0], "hour": 8, "latest": None}
    assert await step(therapist, "/own-preferences", {"hour": 18}) == DONE
    assert (await therapist.get("/own-preferences")).json() == {**first, "hour": 18}
    assert (await step(therapist, "/preferences", {"hour": 18}))[0] == 404


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"mail": "somebody@elsewhere.example"}, "body"),
        ({"receiver": "somebody@elsewhere.example", "hour": 6}, "body"),
        ({"way": "webhook:board"}, "body"),
        ({"time_zone": "Mars/Olympus"}, "body.time_zone"),
        ({"days": []}, "body.days"),
        ({"days": [7]}, "body.days.0"),
        ({"hour": 24}, "body.hour"),
        ({"hour": "6"}, "body.hour"),
        ({}, "body"),
    ],
)
async def test_no_request_has_a_place_for_an_address(
    supervisor: Program, store: Store, body: dict[str, object], place: str
) -> None:
    """A way, an address and a value that no preference has are refused by their place, and change nothing."""
    choose(store)
    status, problem = await step(supervisor, "/preferences", body)
    assert (status, problem["places"][0]) == (400, place)
    assert "elsewhere.example" not in str(problem)
    assert stored(store) == MAIL


@pytest.mark.parametrize("person", [OPERATOR, AUDITOR])
async def test_who_has_no_digest_has_no_preferences_here(programs: Programs, person: str) -> None:
    """An operator and an auditor find neither of the routes."""
    program = programs(person)
    for path in ("/preferences", "/own-preferences"):
        assert (await program.get(path)).status_code == 404
        assert (await step(program, path, {"hour": 6}))[0] == 404


async def test_a_change_is_on_the_trail_with_the_token(supervisor: Program, store: Store) -> None:
    """The entry of a change names the person and the token, and not what was chosen."""
    await step(supervisor, "/preferences", {"time_zone": "Asia/Tokyo"})
    with store.engine.connect() as connection:
        found = text("SELECT request_id, audit::text AS whole FROM audit WHERE purpose = 'digest preferences'")
        entry = connection.execute(found).one()
    assert " token " in entry.request_id
    assert "Tokyo" not in entry.whole
