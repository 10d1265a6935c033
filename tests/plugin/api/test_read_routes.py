"""Tests of what a supervisor reads through the API: the lists part by part, and a session with its text."""

from collections.abc import Callable

import psycopg
import pytest

from plugin.queue.token_views import Scope
from stream.contracts.feedback import FeedbackRecord
from tests.plugin.api.conftest import Program, Programs
from tests.plugin.web.conftest import LEFT_OUT, RELEASED, SUPERVISOR, WAITING
from tests.plugin.web.samples import TEXT, record


async def test_a_token_says_whose_it_is(programs: Programs) -> None:
    """`/me` names the person, the role and the scopes, and nothing of the secret."""
    program = programs(SUPERVISOR, Scope.SESSIONS_READ)
    answer = await program.get("/me")
    assert answer.json() | {"account_id": "", "token_id": ""} == {
        "account_id": "",
        "username": "maria",
        "display_name": "Maria Keller",
        "role": "supervisor",
        "token_id": "",
        "scopes": ["sessions.read"],
        "time_zone": "UTC",
    }
    assert program.token not in answer.text


async def test_the_lists_hold_what_the_pages_show(supervisor: Program) -> None:
    """Each list holds its sessions with their need, and no text of anybody."""
    found = {}
    for name in ("waiting", "decided", "left-out"):
        answer = await supervisor.get("/sessions", list=name)
        found[name] = [line["session_id"] for line in answer.json()["sessions"]]
        assert "don't see the point" not in answer.text
    assert found == {
        "waiting": [str(WAITING.session_id)],
        "decided": [str(RELEASED.session_id)],
        "left-out": [str(LEFT_OUT.session_id)],
    }
    line = (await supervisor.get("/sessions")).json()["sessions"][0]
    assert (line["need"], line["counsellors"], line["decision"]) == ("unanswered", ["Jonas Weber"], None)


async def test_a_list_is_read_part_by_part(supervisor: Program, put: Callable[[FeedbackRecord], None]) -> None:
    """The parts hold every session once, and a session that is decided meanwhile moves nobody's place."""
    for number in range(4):
        put(record(f"more-{number}", "counsellor-1"))
    seen: list[str] = []
    query = {"limit": "2", "sort": "age"}
    while True:
        part = (await supervisor.get("/sessions", **query)).json()
        seen += [line["session_id"] for line in part["sessions"]]
        if part["next_cursor"] is None:
            break
        decided = await supervisor.post(f"/sessions/{seen[-1]}/withhold", {"revision": 1, "stands": "none"})
        assert decided.status_code == 200
        query["cursor"] = part["next_cursor"]
    assert len(seen) == len(set(seen)) == 5


async def test_a_filter_hides_and_counts(supervisor: Program) -> None:
    """A filter leaves out what does not match; the numbers of the whole list stay."""
    part = (await supervisor.get("/sessions", need="risk")).json()
    assert (part["sessions"], part["total"], part["matching"]) == ([], 1, 0)
    therapists = (await supervisor.get("/therapists")).json()["therapists"]
    assert [each["name"] for each in therapists] == ["Jonas Weber"]
    part = (await supervisor.get("/sessions", therapist=therapists[0]["account_id"])).json()
    assert part["matching"] == 1


@pytest.mark.parametrize(
    "query",
    [
        {"list": "everything"},
        {"state": "released"},  # a state of another list
        {"from": "2026-11-04", "to": "2026-11-03"},
        {"from": "20261103000"},
        {"need": "0"},
        {"limit": "101"},
        {"limit": "0"},
        {"cursor": "AAAA"},
        {"patient": "words of a client"},
    ],
)
async def test_a_question_that_fits_no_list_is_refused(supervisor: Program, query: dict[str, str]) -> None:
    """A query that no list has is a 400 that names fields of ours and repeats nothing of it."""
    answer = await supervisor.get("/sessions", **query)
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:counterpoint:problem:invalid-request"
    assert "patient" not in answer.text
    assert "words of a client" not in answer.text


async def test_a_lost_place_is_said(supervisor: Program, page_database: str) -> None:
    """A cursor after a session that the person may no longer see is a 410, since the list would begin again."""
    part = (await supervisor.get("/sessions", list="left-out", limit="1")).json()
    assert part["next_cursor"] is None
    with psycopg.connect(page_database.replace("+psycopg", "")) as connection:
        connection.execute("UPDATE sessions SET left_out = NULL")
    part = (await supervisor.get("/sessions", limit="1")).json()
    with psycopg.connect(page_database.replace("+psycopg", "")) as connection:
        connection.execute("UPDATE sessions SET restricted = true")
    answer = await supervisor.get("/sessions", limit="1", cursor=part["next_cursor"])
    assert (answer.status_code, answer.json()["type"]) == (410, "urn:counterpoint:problem:place-lost")


async def test_an_opened_session_holds_everything_of_its_page(supervisor: Program) -> None:
    """An opened session has its messages, moments, ratings with quotes, suggestions, marks, and what came next."""
    opened = (await supervisor.get(f"/sessions/{WAITING.session_id}")).json()
    assert {each["message_id"]: each["text"] for each in opened["messages"]} == TEXT
    (moment,) = opened["moments"]
    assert (moment["client_turn"], moment["reply"]) == (["m7"], ["m8"])
    assert [(each["level"], each["evidence"][0]["quote"]) for each in moment["answer"]["ratings"]] == [
        ("none", "you should try it"),
        ("weak", "worn out. Still, you should"),
        ("strong", "you are worn out"),
        ("weak", "two more weeks"),
    ]
    assert moment["answer"]["verdict"] == "confirmed"
    assert moment["afterwards"] == {"kind": "resisted_again", "turns": [["m9"]]}
    assert [mark["kind"] for mark in opened["marks"]] == ["unanswered_moment"]
    assert opened["row"]["session_id"] == str(WAITING.session_id)


async def test_hostile_text_is_inert(supervisor: Program) -> None:
    """Markup in a message is a string of JSON, which no browser may take for a page."""
    answer = await supervisor.get(f"/sessions/{WAITING.session_id}")
    assert "<b>Nothing</b>" in answer.json()["messages"][6]["text"]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


async def test_reading_is_on_the_trail_with_the_token(supervisor: Program, page_database: str) -> None:
    """Opening a session is an entry of the person, with the id of the token beside that of the request."""
    token_id = (await supervisor.get("/me")).json()["token_id"]
    answer = await supervisor.get(f"/sessions/{WAITING.session_id}")
    with psycopg.connect(page_database.replace("+psycopg", "")) as connection:
        entry = connection.execute(
            "SELECT purpose, object_id, outcome, request_id FROM audit ORDER BY seq DESC LIMIT 1"
        ).fetchone()
    assert entry == (
        *("review", str(WAITING.session_id), "done"),
        f"{answer.headers['x-request-id']} token {token_id}",
    )
