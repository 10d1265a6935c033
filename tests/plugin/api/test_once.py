"""Tests of steps that are taken once: the same key again, with another body, at the same time, and a day later."""

import asyncio
import threading

import psycopg
import pytest

from plugin.queue import replies
from plugin.queue.reviews import Reviews
from plugin.queue.views import DecisionOutcome
from stream.contracts.errors import Unavailable
from tests.plugin.api.conftest import Program, Programs
from tests.plugin.api.test_rights import TABLE, filled
from tests.plugin.web.calibrated import open_calibration
from tests.plugin.web.conftest import ELSEWHERE, LEAD, SUPERVISOR, THERAPIST, WAITING

SESSION = f"/sessions/{WAITING.session_id}"
NOTE = {"text": "Well met."}


async def notes(program: Program) -> int:
    """Return how many notes the session has."""
    return len((await program.get(SESSION)).json()["notes"])


async def test_the_same_request_is_answered_again(supervisor: Program) -> None:
    """A note that is sent twice with one key is stored once, and both answers are the same."""
    answers = [await supervisor.post(f"{SESSION}/notes", NOTE, key="a") for _ in range(2)]
    assert [(each.status_code, each.json()) for each in answers] == [(200, {"outcome": "done"})] * 2
    assert await notes(supervisor) == 1
    await supervisor.post(f"{SESSION}/notes", NOTE, key="b")
    assert await notes(supervisor) == 2


async def test_a_refusal_is_answered_again_too(supervisor: Program) -> None:
    """A refused step stays refused under its key, even where it would be possible now."""
    elsewhere = f"/sessions/{ELSEWHERE.session_id}/claim"
    answers = [await supervisor.post(elsewhere, key="a") for _ in range(2)]
    assert [each.status_code for each in answers] == [404, 404]
    body = {"revision": 1, "stands": "released"}
    first = await supervisor.post(f"{SESSION}/withhold", body, key="b")
    again = await supervisor.post(f"{SESSION}/withhold", body, key="b")
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert first.json()["outcome"] == "changed"


@pytest.mark.parametrize(
    ("path", "body"), [("/notes", {"text": "Other words."}), ("/claim", NOTE), ("/notes", {"text": "Well met. "})]
)
async def test_a_key_belongs_to_one_request(supervisor: Program, path: str, body: object) -> None:
    """A key with another body or another path is a 422, and nothing is done."""
    await supervisor.post(f"{SESSION}/notes", NOTE, key="a")
    answer = await supervisor.post(SESSION + path, body, key="a")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:counterpoint:problem:key-used")
    assert await notes(supervisor) == 1


async def test_a_key_belongs_to_one_token(programs: Programs) -> None:
    """Two tokens of one person do not share keys."""
    for _ in range(2):
        await programs(SUPERVISOR).post(f"{SESSION}/notes", NOTE, key="a")
    assert await notes(programs(SUPERVISOR)) == 2


async def test_a_key_is_kept_for_a_day(supervisor: Program, page_database: str) -> None:
    """After 24 hours the reply is removed, and the key may come with another request."""
    await supervisor.post(f"{SESSION}/notes", NOTE, key="a")
    with psycopg.connect(page_database.replace("+psycopg", "")) as connection:
        connection.execute("UPDATE api_replies SET begun_at = begun_at - interval '24 hours'")
    assert (await supervisor.post(f"{SESSION}/notes", {"text": "Other words."}, key="a")).status_code == 200
    with psycopg.connect(page_database.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT count(*) FROM api_replies").fetchone() == (1,)


async def test_the_same_request_at_the_same_time_waits_for_its_turn(
    supervisor: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the first request is worked on, the second is a 409 that says when to come back; then it is answered."""
    begun, may_end = threading.Event(), threading.Event()

    def slow(_self: Reviews, *_arguments: object, **_more: object) -> DecisionOutcome:
        begun.set()
        may_end.wait()
        return DecisionOutcome.DONE

    monkeypatch.setattr(Reviews, "claim", slow)
    first = asyncio.create_task(supervisor.post(f"{SESSION}/claim", key="a"))
    await asyncio.to_thread(begun.wait)
    second = await supervisor.post(f"{SESSION}/claim", key="a")
    may_end.set()
    assert (second.status_code, second.json()["type"]) == (409, "urn:counterpoint:problem:in-flight")
    assert second.headers["retry-after"] == "1"
    assert (await first).status_code == (await supervisor.post(f"{SESSION}/claim", key="a")).status_code == 200


async def test_after_a_failure_the_same_key_tries_again(supervisor: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that failed because the database was away is forgotten, so its repetition is done."""

    def away(*_arguments: object, **_more: object) -> DecisionOutcome:
        raise Unavailable("the database")

    with monkeypatch.context() as patch:
        patch.setattr(Reviews, "add_note", away)
        failed = await supervisor.post(f"{SESSION}/notes", NOTE, key="a")
    assert (failed.status_code, failed.headers["retry-after"]) == (503, "60")
    assert (await supervisor.post(f"{SESSION}/notes", NOTE, key="a")).status_code == 200
    assert await notes(supervisor) == 1


async def test_no_step_outlives_its_answer(
    programs: Programs, page_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the answer of a step cannot be stored, nothing of the step is, nor its entry in the trail; of any step."""
    open_calibration(page_database)
    opened = [programs(person) for person in (SUPERVISOR, THERAPIST, LEAD)]
    before, reached = entries(page_database), 0

    def away(*_arguments: object) -> None:
        raise Unavailable("the database")

    monkeypatch.setattr(replies, "insert", away)
    for (method, path, identifier), (body, _) in TABLE.items():
        for program in opened if method == "POST" else ():
            answer = await program.post(filled(path, identifier), body)
            assert answer.status_code in {404, 503}, (path, answer.text)
            reached += answer.status_code == 503
    assert reached >= 30
    assert entries(page_database) == before


def entries(database: str) -> int:
    """Return how many entries the trail has."""
    with psycopg.connect(database.replace("+psycopg", "")) as connection:
        (found,) = connection.execute("SELECT count(*) FROM audit").fetchone() or (0,)
    return int(found)


@pytest.mark.parametrize("key", [" ", "\u00e4", "x" * 256])
async def test_a_key_is_short_and_visible(supervisor: Program, key: str) -> None:
    """A key that is too long or not of visible ASCII is refused."""
    headers = {**supervisor.headers(), "Idempotency-Key": key.encode()}
    answer = await supervisor.client.post(f"/api/v1{SESSION}/claim", headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["places"]) == (400, ["header.Idempotency-Key"])


async def test_a_step_without_a_key_is_refused(supervisor: Program) -> None:
    """A step without a key is a 400 that names the header, and is not taken."""
    answer = await supervisor.client.post(f"/api/v1{SESSION}/claim", headers=supervisor.headers())
    assert (answer.status_code, answer.json()["places"]) == (400, ["header.Idempotency-Key"])
    assert (await supervisor.get(SESSION)).json()["row"]["claim"] is None
