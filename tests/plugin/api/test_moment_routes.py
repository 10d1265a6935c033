"""Tests of moments across sessions through the API: what they hold, the filter, the parts, and the trail."""

from collections.abc import Callable

import psycopg
from sqlalchemy import text

from plugin.queue.store import Store
from stream.contracts.feedback import FeedbackRecord
from tests.plugin.api.conftest import Program
from tests.plugin.web.conftest import RELEASED, WAITING
from tests.plugin.web.samples import TEXT, record


async def test_a_moment_has_levels_and_quotations_and_no_message(supervisor: Program, store: Store) -> None:
    """Moments come with session, counsellor, version and levels; each session of them has its entry with the token."""
    part = (await supervisor.get("/moments")).json()
    assert {each["session"]["session_id"] for each in part["moments"]} == {
        str(WAITING.session_id),
        str(RELEASED.session_id),
    }
    first = part["moments"][0]
    assert first["counsellor"] == "Jonas Weber"
    assert first["answer"]["resistance_type"] == "pessimism"
    ratings = {each["mechanism"]: each for each in first["answer"]["ratings"]}
    assert ratings["emotional_resonance"]["level"] == "strong"
    assert ratings["emotional_resonance"]["evidence"][0]["quote"] == "you are worn out"
    assert TEXT["m8"] not in str(part)
    assert part["versions"] == []  # one counsellor's moments are not counted
    with store.engine.connect() as connection:
        entries = connection.scalars(text("SELECT request_id FROM audit WHERE purpose = 'across sessions'")).all()
    assert len(entries) == 2
    assert all(" token " in each for each in entries)


async def test_moments_are_read_part_by_part(supervisor: Program, put: Callable[[FeedbackRecord], None]) -> None:
    """The parts hold every moment once; a cursor is good for its own filter alone."""
    for number in range(3):
        put(record(f"more-{number}", "counsellor-1"))
    seen: list[str] = []
    query = {"limit": "2", "resistance_type": "pessimism"}
    while True:
        part = (await supervisor.get("/moments", **query)).json()
        seen += [each["exchange_id"] for each in part["moments"]]
        if part["next_cursor"] is None:
            break
        query["cursor"] = part["next_cursor"]
        assert len(query["cursor"]) <= 64
    assert len(seen) == len(set(seen)) == 5
    refused = await supervisor.get("/moments", cursor=query["cursor"])
    assert (refused.status_code, refused.json()["places"]) == (400, ["cursor"])


async def test_a_filter_leaves_out_and_a_bad_one_is_refused(supervisor: Program) -> None:
    """A filter leaves what it names; a level without a mechanism is refused without repeating what was sent."""
    none = (await supervisor.get("/moments", mechanism="respect_for_autonomy", level="strong")).json()
    assert (none["moments"], none["versions"], none["next_cursor"]) == ([], [], None)
    decided = (await supervisor.get("/moments", decided="true", mechanism="respect_for_autonomy", level="none")).json()
    assert [each["session"]["session_id"] for each in decided["moments"]] == [str(RELEASED.session_id)]
    assert decided["moments"][0]["session"]["decision"]["kind"] == "released"
    for wrong in ({"level": "weak"}, {"mechanism": "words of a client"}, {"sort": "level"}):
        answer = await supervisor.get("/moments", **wrong)
        assert answer.status_code == 400
        assert "words of a client" not in answer.text


async def test_a_place_that_is_gone_is_said(supervisor: Program, page_database: str) -> None:
    """After the session at a cursor's place was erased the answer says that the place is lost."""
    part = (await supervisor.get("/moments", limit="1")).json()
    last = part["moments"][0]["session"]["session_id"]
    with psycopg.connect(page_database.replace("+psycopg", "")) as connection:
        connection.execute("DELETE FROM sessions WHERE session_id = %s", (last,))
    assert (await supervisor.get("/moments", limit="1", cursor=part["next_cursor"])).status_code == 410
