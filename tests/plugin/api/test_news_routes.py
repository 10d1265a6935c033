"""Tests of what is new through the API: by counsellor, with words, on the trail, until its reader has read it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from plugin.queue.dispute_views import Ground
from plugin.queue.statements import STRENGTHS
from plugin.queue.store import Store
from plugin.queue.views import DecisionOutcome
from stream.contracts.feedback import FeedbackRecord
from tests.plugin.api.conftest import Program, Programs
from tests.plugin.api.test_own_routes import HIDDEN, names_in
from tests.plugin.web.conftest import KEK, LEAD, OTHER_THERAPIST, RELEASED, THERAPIST, WAITING
from tests.plugin.web.samples import TEXT, record

LATER = timedelta(minutes=5)


@pytest.fixture
def store(page_engine: Engine) -> Iterator[Store]:
    """Yield the store behind the API, five minutes later than the sessions came."""
    opened = Store(page_engine, KEK, now=lambda: datetime.now(UTC) + LATER)
    yield opened
    opened.write_failed_logins(whole=True)


async def news(program: Program, path: str = "/news") -> Any:
    """Read what is new."""
    answer = await program.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def entries(store: Store, purpose: str) -> list[tuple[str, str]]:
    """Return the objects and the requests of the entries of the trail with a purpose."""
    with store.engine.connect() as connection:
        query = text("SELECT object_id, request_id FROM audit WHERE purpose = :p ORDER BY seq")
        return [(row.object_id, row.request_id) for row in connection.execute(query, {"p": purpose})]


async def test_new_sessions_stand_by_counsellor_with_the_words_of_their_moments(supervisor: Program) -> None:
    """A supervisor reads the new sessions of her team under their counsellor, each with client turn and reply alone."""
    found = await news(supervisor)
    (jonas,) = found["counsellors"]
    assert jonas["name"] == "Jonas Weber"
    assert {each["session"]["session_id"] for each in jonas["sessions"]} == {
        str(WAITING.session_id),
        str(RELEASED.session_id),
    }
    for each in jonas["sessions"]:
        assert [message["text"] for message in each["messages"]] == [TEXT["m7"], TEXT["m8"]]
        assert each["moments"][0]["client_turn"] == ["m7"]
        assert each["moments"][0]["answer"]["strengths"] == ["It stays friendly."]
    assert (found["more"], found["changes"], found["invitations"]) == (0, [], [])


async def test_counsellors_stand_by_the_alphabet(supervisor: Program, store: Store) -> None:
    """Whoever has most to look at does not come first: names are in the order of the alphabet."""
    store.accounts.change_teams(store.accounts.named(OTHER_THERAPIST).account_id, add=["North"])
    assert [each["name"] for each in (await news(supervisor))["counsellors"]] == ["Amara Diallo", "Jonas Weber"]


async def test_each_session_is_on_the_trail_with_the_token(supervisor: Program, store: Store) -> None:
    """Reading what is new is a reading of each session in it, as on the page."""
    await news(supervisor)
    found = entries(store, "digest")
    assert {each for each, _ in found} == {str(WAITING.session_id), str(RELEASED.session_id)}
    assert all(" token " in request for _, request in found)


async def test_what_is_read_is_new_no_more(
    supervisor: Program, store: Store, put: Callable[[FeedbackRecord], None]
) -> None:
    """Looking changes nothing; after the mark, set once a key, only what came later is new, and no mark moves back."""
    first = await news(supervisor)
    assert (await news(supervisor))["counsellors"] == first["counsellors"] != []
    for _ in range(2):
        answer = await supervisor.post("/news/read", {"until": first["until"]}, key="once")
        assert (answer.status_code, answer.json()) == (200, {"outcome": "done"})
    assert len(entries(store, "digest read")) == 1
    late = record("late", "counsellor-1")
    put(late)
    with store.engine.begin() as connection:
        after = datetime.fromisoformat(first["until"]) + timedelta(seconds=1)
        moved = text("UPDATE sessions SET stored_at = :at WHERE session_id = :id")
        connection.execute(moved, {"at": after, "id": late.session_id})
    store._now = lambda: datetime.now(UTC) + 2 * LATER
    await supervisor.post("/news/read", {"until": first["since"]})
    (jonas,) = (await news(supervisor))["counsellors"]
    assert [each["session"]["session_id"] for each in jonas["sessions"]] == [str(late.session_id)]


@pytest.mark.parametrize("until", ["", "yesterday", "2026-11-30T08:00:00", "2026-11-30", 1_764_489_600, None])
async def test_a_mark_that_is_no_time_is_refused(supervisor: Program, until: object) -> None:
    """A mark without an offset, or that is no time, is refused, and everything stays new."""
    answer = await supervisor.post("/news/read", {"until": until})
    assert (answer.status_code, answer.json()["places"]) == (400, ["body.until"])
    assert (await news(supervisor))["counsellors"] != []


async def test_what_others_did_is_told_without_their_words(supervisor: Program, store: Store) -> None:
    """A supervisor reads who acknowledged and disputed which session, and not the comment."""
    jonas = store.find_viewer(THERAPIST)
    assert jonas is not None
    (own,) = store.own_sessions(jonas)
    answer = RELEASED.assessments[0].assessment_id
    assert store.disputes.acknowledge(jonas, own.session_id, own.released_at) is DecisionOutcome.DONE
    raised = store.disputes.dispute(
        jonas, own.session_id, own.released_at, answer, STRENGTHS, Ground.UNCLEAR, "A comment for her eyes."
    )
    assert raised is DecisionOutcome.DONE
    store._now = lambda: datetime.now(UTC) + 2 * LATER
    found = await news(supervisor)
    assert [(each["kind"], each["by"], each["session_id"]) for each in found["changes"]] == [
        ("acknowledged", "Jonas Weber", str(RELEASED.session_id)),
        ("disputed", "Jonas Weber", str(RELEASED.session_id)),
    ]
    assert "A comment for her eyes." not in str(found)


async def test_a_therapist_reads_what_was_passed_on_and_nothing_else(therapist: Program, store: Store) -> None:
    """A therapist reads the released session as theirs, without need, score or verdict, and says that it is read."""
    found = await news(therapist, "/own-news")
    (session,) = found["sessions"]
    assert (session["session_id"], session["released_by"]) == (str(RELEASED.session_id), "Maria Keller")
    assert [message["text"] for message in session["messages"]] == [TEXT["m7"], TEXT["m8"]]
    assert session["moments"][0]["answer"]["strengths"] == ["It stays friendly."]
    assert names_in(found) & HIDDEN == set()
    assert [each for each, _ in entries(store, "digest")] == [str(RELEASED.session_id)]
    assert (await therapist.post("/own-news/read", {"until": found["until"]})).status_code == 200
    assert (await news(therapist, "/own-news"))["sessions"] == []


async def test_a_lead_reads_no_session_because_it_is_new(programs: Programs, store: Store) -> None:
    """A lead's news hold what was escalated or came to them, so that no session is opened for them."""
    found = await news(programs(LEAD))
    assert (found["counsellors"], found["changes"]) == ([], [])
    assert entries(store, "digest") == []
