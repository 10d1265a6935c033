"""Tests of a therapist's own sessions through the API, and of a dispute from both sides."""

from datetime import datetime, timedelta
from typing import Any

import psycopg

from plugin.queue.export_entries import ExportKind, ExportPurpose
from plugin.queue.store import Store
from tests.plugin.api.conftest import Program, Programs
from tests.plugin.web.conftest import OTHER_THERAPIST, RELEASED, SUPERVISOR, THERAPIST
from tests.plugin.web.test_exports_page import write_export

OWN = f"/own-sessions/{RELEASED.session_id}"
ANSWER = str(RELEASED.assessments[0].assessment_id)
DONE = (200, {"outcome": "done"})
HIDDEN = {"need", "facts", "score", "verdict", "resistance_type", "confidence", "possible_injection", "claim", "marks"}
"""What is for supervisors alone."""


async def step(program: Program, path: str, body: object) -> tuple[int, Any]:
    """Take a step, and return the status and the content of the answer."""
    answer = await program.post(path, body)
    return answer.status_code, answer.json()


async def own(program: Program) -> Any:
    """Open the released session."""
    return (await program.get(OWN)).json()


def names_in(value: Any) -> set[str]:
    """Return the names of all fields of a JSON value."""
    if isinstance(value, dict):
        return set(value).union(*map(names_in, value.values()))
    return set().union(*map(names_in, value)) if isinstance(value, list) else set()


async def test_a_therapist_reads_what_was_released(therapist: Program) -> None:
    """A therapist's list has the released session, and the session its ratings, quotes and suggestions."""
    (line,) = (await therapist.get("/own-sessions")).json()["sessions"]
    assert (line["session_id"], line["moments"], line["released_by"]) == (
        *(str(RELEASED.session_id), 1, "Maria Keller"),
    )
    session = await own(therapist)
    (moment,) = session["moments"]
    assert [each["level"] for each in moment["answer"]["ratings"]] == ["none", "weak", "strong", "weak"]
    assert moment["answer"]["alternatives"][0].keys() == {"text", "mechanism", "written_id", "written_for"}
    assert "rating:stance_alignment" in moment["disputable"]
    assert session["released_at"] == line["released_at"]


async def test_what_is_for_supervisors_alone_is_not_in_it(therapist: Program) -> None:
    """No field says how the session stands in a queue, what the detector scored, or what kind of resistance it was."""
    assert names_in(await own(therapist)) & HIDDEN == set()


async def test_a_therapist_sees_who_opened_it(supervisor: Program, therapist: Program) -> None:
    """A supervisor's opening through the API is among the openings that the therapist sees."""
    await supervisor.get(f"/sessions/{RELEASED.session_id}")
    await own(therapist)
    openings = (await own(therapist))["openings"]
    assert {(each["name"], each["role"]) for each in openings} == {
        ("Maria Keller", "supervisor"),
        ("Jonas Weber", "therapist"),
    }


async def test_a_release_is_acknowledged_once(therapist: Program) -> None:
    """An acknowledgement of the release that was read counts; of another release nothing is stored."""
    session = await own(therapist)
    stale = await step(therapist, f"{OWN}/acknowledge", {"released_at": "2026-11-03T14:02:00Z"})
    assert (stale[0], stale[1]["outcome"]) == (409, "changed")
    assert await step(therapist, f"{OWN}/acknowledge", {"released_at": session["released_at"]}) == DONE
    assert (await own(therapist))["acknowledged_at"] is not None


async def test_a_dispute_from_both_sides(supervisor: Program, therapist: Program) -> None:
    """A therapist disputes a rating, the supervisor keeps it, and the therapist asks for another supervisor."""
    asked = {
        "released_at": (await own(therapist))["released_at"],
        "assessment_id": ANSWER,
        "statement": "rating:respect_for_autonomy",
        "ground": "missing_context",
        "text": "She had asked me for it.",
    }
    assert await step(therapist, f"{OWN}/disputes", asked) == DONE
    assert (await step(therapist, f"{OWN}/disputes", asked))[1]["outcome"] == "changed"
    (line,) = (await supervisor.get("/disputes")).json()["sessions"]
    assert (line["session_id"], line["open_disputes"]) == (str(RELEASED.session_id), 1)
    (dispute,) = (await supervisor.get(f"/sessions/{RELEASED.session_id}")).json()["disputes"]
    assert (dispute["text"], dispute["state"]) == ("She had asked me for it.", "open")
    about = f"/disputes/{dispute['dispute_id']}"
    said = {"seen": 0, "judgement": "agreed", "text": "I read it as the model does."}
    assert await step(supervisor, f"/sessions/{RELEASED.session_id}{about}/resolve", said) == DONE
    (dispute,) = (await own(therapist))["disputes"]
    assert (dispute["state"], dispute["steps"][0]["text"]) == ("resolved", "I read it as the model does.")
    assert await step(therapist, f"{OWN}{about}/escalate", {"seen": 1}) == DONE
    status, problem = await step(supervisor, f"/sessions/{RELEASED.session_id}{about}/resolve", said | {"seen": 2})
    assert (status, problem["outcome"]) == (409, "not_yours")
    assert await step(therapist, f"{OWN}{about}/withdraw", {"seen": 2}) == DONE


async def test_a_dispute_leaves_no_words_in_the_database(therapist: Program, page_database: str) -> None:
    """The stored reply to a dispute holds its outcome alone, and no column of it the therapist's words."""
    asked = {
        "released_at": (await own(therapist))["released_at"],
        "assessment_id": ANSWER,
        "statement": "strengths",
        "ground": "other",
        "text": "a canary of words",
        "another_supervisor": True,
    }
    assert await step(therapist, f"{OWN}/disputes", asked) == DONE
    with psycopg.connect(page_database.replace("+psycopg", "")) as connection:
        replies = connection.execute("SELECT status, result::text, r::text FROM api_replies r").fetchall()
    assert [(status, result) for status, result, _ in replies] == [(200, '{"outcome": "done"}')]
    assert "canary" not in replies[0][2]


async def test_a_therapist_reads_who_exported_data_of_their_sessions(
    therapist: Program, programs: Programs, store: Store, page_database: str
) -> None:
    """An export that has begun is told to the therapist concerned with its kind and purpose, and to nobody else."""
    assert (await therapist.get("/own-exports")).json() == {"exports": []}
    write_export(page_database, store, SUPERVISOR, THERAPIST, ExportKind.REVIEWS, ExportPurpose.MODEL_QUALITY)
    (export,) = (await therapist.get("/own-exports")).json()["exports"]
    assert (export["by"], export["kind"], export["purpose"]) == ("Maria Keller", "reviews", "model-quality")
    assert datetime.fromisoformat(export["at"]).utcoffset() == timedelta(0)
    assert (await programs(OTHER_THERAPIST).get("/own-exports")).json() == {"exports": []}
