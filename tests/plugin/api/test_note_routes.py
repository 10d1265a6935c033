"""Tests of threads and follow-ups of notes through the API."""

from tests.plugin.api.conftest import Program
from tests.plugin.api.test_review_routes import DONE, NONE, SESSION, opened, step
from tests.plugin.web.conftest import WAITING

OWN = f"/own-sessions/{WAITING.session_id}"


async def test_a_thread_under_a_shared_note(supervisor: Program, therapist: Program) -> None:
    """Both sides comment on a shared note after the release, and each removes their own comment."""
    assert await step(supervisor, f"{SESSION}/notes", {"text": "Look.", "shared": True}) == DONE
    note = (await opened(supervisor))["notes"][0]["note_id"]
    said = {"text": " I see. "}
    assert (await step(therapist, f"{OWN}/notes/{note}/comments", said))[0] == 404
    assert await step(supervisor, f"{SESSION}/release", NONE) == DONE
    assert await step(therapist, f"{OWN}/notes/{note}/comments", said) == DONE
    assert await step(supervisor, f"{SESSION}/notes/{note}/comments", {"text": "Good."}) == DONE
    (read,) = (await therapist.get(OWN)).json()["notes"]
    assert [(each["by"], each["is_own"], each["text"]) for each in read["comments"]] == [
        ("Jonas Weber", True, "I see."),
        ("Maria Keller", False, "Good."),
    ]
    assert "follow_up_on" not in read
    first, second = (each["comment_id"] for each in read["comments"])
    status, problem = await step(therapist, f"{OWN}/notes/comments/{second}/remove")
    assert (status, problem["outcome"]) == (409, "changed")
    assert await step(therapist, f"{OWN}/notes/comments/{first}/remove") == DONE
    assert await step(supervisor, f"{SESSION}/notes/comments/{second}/remove") == DONE
    assert (await opened(supervisor))["notes"][0]["comments"] == []


async def test_a_note_is_followed_up(supervisor: Program) -> None:
    """A note with a day is due until it is done; a day that is none is refused."""
    assert await step(supervisor, f"{SESSION}/notes", {"text": "Ask again.", "follow_up_on": "2026-01-05"}) == DONE
    due = (await supervisor.get("/follow-ups")).json()
    assert (due["total"], due["follow_ups"][0]["day"]) == (1, "2026-01-05")
    assert due["follow_ups"][0]["session"]["session_id"] == str(WAITING.session_id)
    note = due["follow_ups"][0]["note_id"]
    assert await step(supervisor, f"{SESSION}/notes/{note}/follow-up", {"day": "2999-01-05"}) == DONE
    assert (await supervisor.get("/follow-ups")).json()["follow_ups"] == []
    assert (await supervisor.get("/sessions", follow_up="open")).json()["matching"] == 1
    assert await step(supervisor, f"{SESSION}/notes/{note}/follow-up/done") == DONE
    assert (await supervisor.get("/sessions", follow_up="open")).json()["matching"] == 0
    assert (await opened(supervisor))["notes"][0]["followed_up_at"] is not None
    for day in ("tomorrow", "2026-02-30", 1_700_000_000):
        assert (await step(supervisor, f"{SESSION}/notes/{note}/follow-up", {"day": day}))[0] == 400
