"""Tests of a service's own criteria through the API: what is asked, answering, and what a therapist reads of it."""

from typing import Any

import pytest

from plugin.queue.criterion_views import MAX_ANSWER_NOTE, Criterion
from plugin.queue.store import Store
from tests.plugin.api.conftest import Program
from tests.plugin.queue.criteria_samples import MOMENT, PACING, SESSION, TOLD, WARMTH, add
from tests.plugin.web.conftest import WAITING

PATH, OWN = f"/sessions/{WAITING.session_id}", f"/own-sessions/{WAITING.session_id}"
EXCHANGE = str(WAITING.exchanges[0].exchange_id)
DONE = (200, {"outcome": "done"})
HOSTILE = "<script>alert(1)</script>\u202e=1+1"


@pytest.fixture
def told(store: Store) -> Criterion:
    """Return a shared criterion about the session."""
    return add(store, "told", SESSION, TOLD)


@pytest.fixture
def warmth(store: Store) -> Criterion:
    """Return a criterion about moments, whose answers supervisors alone read."""
    return add(store, "warmth", MOMENT, WARMTH)


def body(criterion: Criterion, said: str, **more: object) -> dict[str, object]:
    """Return the body of an answer."""
    values = {"revision": 1, "criterion_id": str(criterion.criterion_id), "version": criterion.version, "said": said}
    return {**values, **({"exchange_id": EXCHANGE} if criterion.about is MOMENT else {}), **more}


async def step(program: Program, path: str, asked: object) -> tuple[int, Any]:
    """Take a step, and return the status and the content of the answer."""
    answer = await program.post(path, asked)
    return answer.status_code, answer.json()


async def read(program: Program, path: str = PATH) -> Any:
    """Open a session."""
    return (await program.get(path)).json()


async def test_a_session_says_what_is_asked(supervisor: Program, store: Store, told: Criterion) -> None:
    """An opened session has the criteria of the service in their order, each with what may be said to it in words."""
    pacing = add(store, "pacing", MOMENT, PACING)
    asked = (await read(supervisor))["criteria"]
    assert [(each["name"], each["about"], each["version"], each["shared"]) for each in asked] == [
        ("told", "session", 1, True),
        ("pacing", "moment", 1, True),
    ]
    assert asked[0]["question"] == told.question
    assert list(asked[1]["choices"].items()) == list(pacing.choices.items())


async def test_a_supervisor_answers_changes_and_undoes(supervisor: Program, told: Criterion, warmth: Criterion) -> None:
    """Answers about the session and a moment are read with their note, take another's place, and are undone."""
    path = f"{PATH}/criterion-answers"
    assert await step(supervisor, path, body(told, "no", note=f" {HOSTILE} ")) == DONE
    assert await step(supervisor, path, body(warmth, "weak")) == DONE
    assert await step(supervisor, path, body(warmth, "cannot_say")) == DONE
    first, second = (await read(supervisor))["criterion_answers"]
    assert (first["criterion"]["name"], first["exchange_id"], first["said"]) == ("told", None, "no")
    assert (first["note"], first["by"], first["is_own"], first["revision"]) == (HOSTILE, "Maria Keller", True, 1)
    assert (second["exchange_id"], second["said"], second["note"]) == (EXCHANGE, "cannot_say", "")
    assert await step(supervisor, path, body(told, "undone")) == DONE
    assert [each["criterion"]["name"] for each in (await read(supervisor))["criterion_answers"]] == ["warmth"]


async def test_a_therapist_reads_what_is_shared_of_a_release(
    supervisor: Program, therapist: Program, told: Criterion, warmth: Criterion
) -> None:
    """A therapist's released session has the answers to shared criteria, no other, and nothing that is asked."""
    for criterion, said in ((told, "no"), (warmth, "weak")):
        await step(supervisor, f"{PATH}/criterion-answers", body(criterion, said))
    assert (await therapist.get(OWN)).status_code == 404
    await step(supervisor, f"{PATH}/release", {"revision": 1, "stands": "none"})
    session = await read(therapist, OWN)
    (answer,) = session["criterion_answers"]
    assert (answer["criterion"]["question"], answer["said"], answer["is_own"]) == (told.question, "no", False)
    assert "criteria" not in session


async def test_a_released_session_is_not_answered(supervisor: Program, told: Criterion) -> None:
    """An answer about a released session is refused with its outcome."""
    await step(supervisor, f"{PATH}/release", {"revision": 1, "stands": "none"})
    status, problem = await step(supervisor, f"{PATH}/criterion-answers", body(told, "no"))
    assert (status, problem["outcome"]) == (409, "released")


@pytest.mark.parametrize(
    ("said", "more"),
    [("weak", {}), ("no", {"version": 2}), ("no", {"exchange_id": EXCHANGE}), ("no", {"revision": 2}), ("undone", {})],
)
async def test_what_does_not_fit_is_refused(
    supervisor: Program, told: Criterion, said: str, more: dict[str, object]
) -> None:
    """Another scale's step, another version, place or revision, and undoing nothing are refused, and store nothing."""
    status, problem = await step(supervisor, f"{PATH}/criterion-answers", body(told, said, **more))
    assert (status, problem["outcome"]) == (409, "changed")
    assert (await read(supervisor))["criterion_answers"] == []


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"said": "words of a client"}, "body.said"),
        ({"said": "yes\n"}, "body.said"),
        ({"version": 0}, "body.version"),
        ({"revision": "1"}, "body.revision"),
        ({"criterion_id": "told"}, "body.criterion_id"),
        ({"note": "x" * (MAX_ANSWER_NOTE + 1)}, "body.note"),
        ({"model": "llm"}, "body"),
    ],
)
async def test_a_request_that_is_not_as_described_names_its_place(
    supervisor: Program, told: Criterion, more: dict[str, object], place: str
) -> None:
    """A value that no answer has is refused by the name of its field, and is not repeated."""
    status, problem = await step(supervisor, f"{PATH}/criterion-answers", body(told, "no") | more)
    assert (status, problem["places"]) == (400, [place])
    assert "words of a client" not in str(problem)
