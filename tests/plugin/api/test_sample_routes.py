"""Tests of the random sample through the API: listed, looked at blind, answered once, and then beside the machine."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from plugin.queue.store import Store
from stream.contracts.feedback import FeedbackRecord
from tests.plugin.api.conftest import Program, Programs
from tests.plugin.web.conftest import ELSEWHERE, OTHER_SUPERVISOR, RELEASED
from tests.plugin.web.samples import TEXT, record

LOOK = f"/sessions/{ELSEWHERE.session_id}/look"
TURNS = [
    {"position": position, "resistance": "yes" if position == 3 else "no", "critical": "no"}
    for position in range(len(ELSEWHERE.sampled_turns))
]
ANSWERS = {"revision": 1, "turns": TURNS}
DONE = (200, {"outcome": "done"})


@pytest.fixture
def nora(programs: Programs) -> Program:
    """Return a program of the supervisor whose team's session is in the sample."""
    return programs(OTHER_SUPERVISOR)


async def step(program: Program, path: str, body: object, *, key: str = "") -> tuple[int, Any]:
    """Take a step, and return the status and the content of the answer."""
    answer = await program.post(path, body, key=key)
    return answer.status_code, answer.json()


async def test_the_list_says_when_and_how_long_and_nothing_of_machine_or_people(nora: Program) -> None:
    """A sampled session is listed by its times and its client turns alone."""
    part = (await nora.get("/sample")).json()
    assert part["sessions"] == [
        {
            "session_id": str(ELSEWHERE.session_id),
            "started_at": "2026-11-03T14:02:00Z",
            "ended_at": part["sessions"][0]["ended_at"],
            "turns": 5,
            "is_seen": False,
        }
    ]
    assert (part["total"], part["next_cursor"]) == (1, None)


async def test_the_conversation_stands_alone(nora: Program, store: Store) -> None:
    """A look has every message and turn, no author, level, verdict or model; reading it is on the trail."""
    answer = await nora.get(LOOK)
    look = answer.json()
    assert [each["text"] for each in look["messages"]] == list(TEXT.values())
    assert {each["author"] for each in look["messages"]} == {""}
    assert [each["message_ids"] for each in look["turns"]] == [list(turn) for turn in ELSEWHERE.sampled_turns]
    assert {(each["said"], each["machine"]) for each in look["turns"]} == {(None, None)}
    assert (look["is_answered"], look["model"]) == (False, None)
    for told in ("Amara", "baseline", "confirmed", "pessimism"):
        assert told not in answer.text
    with store.engine.connect() as connection:
        (entry,) = connection.scalars(text("SELECT request_id FROM audit WHERE purpose = 'blind look'")).all()
    assert " token " in entry


async def test_after_the_answers_the_machine_stands_beside_them(nora: Program) -> None:
    """Stored answers are shown with what the machine says and its model, and the session waits no more."""
    await nora.get(LOOK)
    assert await step(nora, LOOK, ANSWERS) == DONE
    look = (await nora.get(LOOK)).json()
    assert look["is_answered"]
    assert look["turns"][3]["said"] == {"resistance": "yes", "critical": "no"}
    assert look["turns"][3]["machine"] == {
        "shown": True,
        "verdict": "confirmed",
        "needs_human": None,
        "critical": False,
        "possible_critical": False,
    }
    assert [each["machine"]["shown"] for each in look["turns"]] == [False, False, False, True, True]
    assert look["model"]["is_baseline"] is True
    assert (await nora.get("/sample")).json()["sessions"] == []


async def test_answers_are_stored_once(nora: Program) -> None:
    """A repeated request is answered again; another one about the same session changes nothing."""
    assert await step(nora, LOOK, ANSWERS, key="once") == DONE
    assert await step(nora, LOOK, ANSWERS, key="once") == DONE
    status, problem = await step(nora, LOOK, ANSWERS | {"turns": [{**each, "critical": "yes"} for each in TURNS]})
    assert (status, problem["type"].rpartition(":")[2]) == (409, "looked-at")
    assert {each["said"]["critical"] for each in (await nora.get(LOOK)).json()["turns"]} == {"no"}


async def test_answers_about_something_else_are_refused(nora: Program) -> None:
    """Too few turns, one that is not there, and another revision are refused, and say which it is."""
    more = [*TURNS, {"position": 5, "resistance": "no", "critical": "no"}]
    refused: list[tuple[dict[str, object], str]] = [
        ({"turns": TURNS[1:]}, "incomplete"),
        ({"turns": more}, "changed"),
        ({"revision": 2}, "changed"),
    ]
    for changes, kind in refused:
        status, problem = await step(nora, LOOK, ANSWERS | changes)
        assert (status, problem["type"].rpartition(":")[2]) == (409, kind)
    for wrong in ([], [*TURNS, TURNS[0]], [{**TURNS[0], "critical": None}], [{**TURNS[0], "position": "0"}]):
        assert (await step(nora, LOOK, ANSWERS | {"turns": wrong}))[0] == 400
    assert (await nora.get("/sample")).json()["total"] == 1


async def test_who_has_read_the_session_cannot_look(nora: Program, programs: Programs) -> None:
    """After a session was opened by a page or a program, its reader is told that a look is not possible any more."""
    await programs(OTHER_SUPERVISOR).get(f"/sessions/{ELSEWHERE.session_id}")
    assert [each["is_seen"] for each in (await nora.get("/sample")).json()["sessions"]] == [True]
    answer = await nora.get(LOOK)
    assert (answer.status_code, answer.json()["title"]) == (410, "You have read this session")
    assert (await step(nora, LOOK, ANSWERS))[0] == 409


async def test_the_sample_is_of_ones_own_teams(supervisor: Program) -> None:
    """Another team's session is not there, nor is a look at one of her own that was not drawn."""
    assert (await supervisor.get("/sample")).json()["sessions"] == []
    for path in (LOOK, f"/sessions/{RELEASED.session_id}/look"):
        assert (await supervisor.get(path)).status_code == 404
        assert (await step(supervisor, path, ANSWERS))[0] == 404


async def test_the_list_is_read_part_by_part(
    nora: Program, put: Callable[[FeedbackRecord], None], page_database: str
) -> None:
    """The parts hold every session once; a cursor of another list is refused, and a place that is gone is said."""
    for number in range(2):
        put(record(f"more-{number}", "counsellor-2", sampled_turns=ELSEWHERE.sampled_turns))
    first = (await nora.get("/sample", limit="2")).json()
    second = (await nora.get("/sample", limit="2", cursor=first["next_cursor"])).json()
    assert (first["total"], second["next_cursor"]) == (3, None)
    listed = [each["session_id"] for each in (*first["sessions"], *second["sessions"])]
    assert len(listed) == len(set(listed)) == 3
    other = (await nora.get("/sessions", limit="1")).json()["next_cursor"]
    assert (await nora.get("/sample", cursor=other)).json()["places"] == ["cursor"]
    with psycopg.connect(page_database.replace("+psycopg", "")) as connection:
        connection.execute("DELETE FROM sessions WHERE session_id = %s", (listed[1],))
    assert (await nora.get("/sample", limit="2", cursor=first["next_cursor"])).status_code == 410
