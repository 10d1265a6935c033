"""Tests of a review through the API: claim, judge, note, decide, and resolve, with the same rules as on the pages."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from plugin.queue.notes import MAX_NOTE
from stream.contracts.feedback import FeedbackRecord
from tests.plugin.api.conftest import Program
from tests.plugin.web.conftest import LEFT_OUT, RELEASED, WAITING
from tests.plugin.web.samples import record

SESSION = f"/sessions/{WAITING.session_id}"
ANSWER = str(WAITING.assessments[0].assessment_id)
DONE = (200, {"outcome": "done"})
NONE = {"revision": 1, "stands": "none"}


async def step(program: Program, path: str, body: object = None) -> tuple[int, Any]:
    """Take a step, and return the status and the content of the answer."""
    answer = await program.post(path, body)
    return answer.status_code, answer.json()


async def opened(program: Program, session_id: UUID = WAITING.session_id) -> Any:
    """Open a session."""
    return (await program.get(f"/sessions/{session_id}")).json()


async def test_a_review_from_claim_to_release(supervisor: Program) -> None:
    """A supervisor claims, agrees, corrects a level, withholds a suggestion, writes a note and releases."""
    assert await step(supervisor, f"{SESSION}/claim") == DONE
    claim = (await opened(supervisor))["row"]["claim"]
    me = (await supervisor.get("/me")).json()
    assert (claim["account_id"], claim["by"]) == (me["account_id"], "Maria Keller")
    about: dict[str, object] = {"revision": 1, "assessment_id": ANSWER}
    for said in (
        {"statement": "moment", "judgement": "agreed"},
        {"statement": "level:stance_alignment", "judgement": "corrected", "level": "strong"},
        {"statement": "suggestion:1", "judgement": "withheld", "reason": "unclear"},
        {"statement": "strengths", "judgement": "withheld", "reason": "wrong_quote"},
        {"statement": "strengths", "judgement": "undone"},
    ):
        assert await step(supervisor, f"{SESSION}/judgements", about | said) == DONE, said
    assert await step(supervisor, f"{SESSION}/notes", {"text": " For you. ", "shared": True}) == DONE
    session = await opened(supervisor)
    labels = {each: label["opinion"] for each, label in session["moments"][0]["labels"].items()}
    assert labels == {
        "moment": {"judgement": "agreed", "reason": None, "level": None},
        "level:stance_alignment": {"judgement": "corrected", "reason": None, "level": "strong"},
        "suggestion:1": {"judgement": "withheld", "reason": "unclear", "level": None},
    }
    assert [(note["text"], note["shared"], note["is_own"]) for note in session["notes"]] == [("For you.", True, True)]
    assert session["row"]["is_reviewed"]
    assert await step(supervisor, f"{SESSION}/release", NONE) == DONE
    row = (await opened(supervisor))["row"]
    assert (row["is_released"], row["decision"]["by"], row["claim"]) == (True, "Maria Keller", None)


async def test_a_note_is_removed(supervisor: Program) -> None:
    """A supervisor removes a private note of her own; what is gone is then no note of hers."""
    await step(supervisor, f"{SESSION}/notes", {"text": "For me."})
    (note,) = (await opened(supervisor))["notes"]
    remove = f"{SESSION}/notes/{note['note_id']}/remove"
    assert await step(supervisor, remove) == DONE
    assert (await step(supervisor, remove))[0] == 409
    assert (await opened(supervisor))["notes"] == []


async def test_a_claim_is_given_back(supervisor: Program) -> None:
    """A claim that is given back is over at once."""
    await step(supervisor, f"{SESSION}/claim")
    assert await step(supervisor, f"{SESSION}/give-back") == DONE
    assert (await opened(supervisor))["row"]["claim"] is None


async def test_what_has_changed_is_not_decided(supervisor: Program, put: Callable[[FeedbackRecord], None]) -> None:
    """A decision about an old revision, or about one whose decision was not seen, is refused with the outcome."""
    put(record("waiting", "counsellor-1", revision=2))
    status, problem = await step(supervisor, f"{SESSION}/release", NONE)
    assert (status, problem["outcome"], problem["title"]) == (409, "changed", "This session has changed")
    assert problem["type"] == "urn:counterpoint:problem:changed"
    assert await step(supervisor, f"{SESSION}/release", NONE | {"revision": 2}) == DONE
    assert (await step(supervisor, f"{SESSION}/withhold", NONE | {"revision": 2}))[0] == 409


async def test_several_are_released_only_if_they_were_read(supervisor: Program) -> None:
    """Of several sessions, each claimed and opened one is released, and each other says why not."""
    several = {
        "sessions": [{"session_id": str(each.session_id), "revision": 1} for each in (WAITING, RELEASED, LEFT_OUT)]
    }
    _, unread = await step(supervisor, "/releases", several)
    assert [each["outcome"] for each in unread["sessions"]] == ["not_read", "done", "changed"]
    await step(supervisor, f"{SESSION}/claim")
    await opened(supervisor)
    status, read = await step(supervisor, "/releases", several)
    assert (status, read["sessions"][0]) == (200, {"session_id": str(WAITING.session_id), "outcome": "done"})


async def test_what_is_released_is_not_judged(supervisor: Program) -> None:
    """A label about a released session is refused: its therapist reads it as it is."""
    answer = str(RELEASED.assessments[0].assessment_id)
    said = {"revision": 1, "assessment_id": answer, "statement": "verdict", "judgement": "agreed"}
    status, problem = await step(supervisor, f"/sessions/{RELEASED.session_id}/judgements", said)
    assert (status, problem["outcome"]) == (409, "released")


JUDGE = {"revision": 1, "assessment_id": ANSWER, "statement": "verdict", "judgement": "agreed"}


@pytest.mark.parametrize(
    ("action", "body", "places"),
    [
        ("judgements", JUDGE | {"judgement": "withheld"}, ["body"]),  # without a reason
        ("judgements", JUDGE | {"level": "weak"}, ["body"]),  # of a statement that has none
        ("judgements", JUDGE | {"level": 1}, ["body.level"]),
        ("judgements", JUDGE | {"statement": "words of a client"}, ["body.statement"]),
        ("judgements", JUDGE | {"revision": 0}, ["body.revision"]),
        ("judgements", JUDGE | {"revision": "1"}, ["body.revision"]),
        ("judgements", JUDGE | {"words of a client": 1}, ["body"]),
        ("notes", {"text": "  \n"}, ["body.text"]),
        ("notes", {"text": "x" * (MAX_NOTE + 1)}, ["body.text"]),
        ("notes", {"text": "\ud800"}, ["body.text"]),
        ("notes", None, ["body"]),
        ("release", {"revision": 1}, ["body.stands"]),
    ],
)
async def test_a_body_that_is_not_as_described_is_refused(
    supervisor: Program, action: str, body: object, places: list[str]
) -> None:
    """A wrong body is a 400 that names the places and repeats nothing of what was sent."""
    answer = await supervisor.post(f"{SESSION}/{action}", body)
    assert (answer.status_code, answer.json()["places"]) == (400, places)
    assert "words of a client" not in answer.text


async def test_a_note_may_hold_anything_that_people_write(supervisor: Program) -> None:
    """Markup, NUL, emoji and text from right to left come back as they were written."""
    words = "<script>alert(1)</script> \u0000 \U0001f644 \u05e9\u05dc\u05d5\u05dd \"' -- {{ 7 * 7 }}"
    assert await step(supervisor, f"{SESSION}/notes", {"text": words}) == DONE
    (note,) = (await opened(supervisor))["notes"]
    assert note["text"] == words


async def test_the_longest_note_of_any_script_is_taken(supervisor: Program) -> None:
    """A note of the greatest length whose every character JSON escapes twelve bytes long is below the body's limit."""
    assert await step(supervisor, f"{SESSION}/notes", {"text": "\U0001f644" * MAX_NOTE}) == DONE
