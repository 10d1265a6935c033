"""Tests of rubric notes in the API: what a program of the lead writes is what everybody's program reads."""

from typing import Any
from uuid import UUID

import pytest

from plugin.queue.rubric_notes import MAX_RUBRIC_NOTE
from plugin.queue.token_views import Scope
from stream.contracts.rubric import RUBRIC_VERSION
from tests.plugin.api.conftest import Program, Programs
from tests.plugin.web.conftest import LEAD, OPERATOR, THERAPIST

NOTES = "/rubric-notes"
MENU = "A menu of one's own plans is weak."
BETTER = "It depends on who began the menu."
WRITE = {"mechanism": "respect_for_autonomy", "text": MENU}
DONE = (200, {"outcome": "done"})


@pytest.fixture
def lead(programs: Programs) -> Program:
    """Return a program of the lead, with every scope."""
    return programs(LEAD)


async def step(program: Program, path: str, body: object, *, key: str = "") -> tuple[int, Any]:
    """Take a step, and return the status and the content of the answer."""
    answer = await program.post(path, body, key=key)
    return answer.status_code, answer.json()


async def notes(program: Program) -> list[Any]:
    """Return the notes that a program reads."""
    answer = await program.get(NOTES)
    assert answer.status_code == 200
    found: list[Any] = answer.json()["notes"]
    return found


async def test_a_note_from_its_first_version_to_its_end(lead: Program, programs: Programs) -> None:
    """A lead writes, edits and removes a note, and a therapist's and an operator's programs read each version."""
    readers = [programs(person) for person in (THERAPIST, OPERATOR)]
    assert await step(lead, NOTES, WRITE) == DONE
    (note,) = await notes(readers[0])
    (version,) = note["versions"]
    assert note["mechanism"] == "respect_for_autonomy"
    assert (version["number"], version["by"], version["text"]) == (1, "Lena Okafor", MENU)
    assert version["rubric"] == RUBRIC_VERSION
    about = f"{NOTES}/{note['note_id']}"
    assert await step(lead, f"{about}/versions", {"seen": 1, "text": BETTER}) == DONE
    for reader in readers:
        (note,) = await notes(reader)
        assert [each["text"] for each in note["versions"]] == [MENU, BETTER]
    assert await step(lead, f"{about}/remove", {"seen": 2}) == DONE
    assert await notes(readers[1]) == []


async def test_another_version_than_was_read_is_a_problem(lead: Program) -> None:
    """A step about another version is refused with its outcome, in words about a note."""
    await step(lead, NOTES, WRITE)
    (note,) = await notes(lead)
    about = f"{NOTES}/{note['note_id']}"
    for path, body in ((f"{about}/versions", {"seen": 2, "text": BETTER}), (f"{about}/remove", {"seen": 2})):
        status, problem = await step(lead, path, body)
        assert (status, problem["outcome"], problem["title"]) == (409, "other_version", "This note has another version")
        assert problem["type"] == "urn:counterpoint:problem:other-version"


async def test_a_repeated_step_is_taken_once(lead: Program) -> None:
    """A note that is sent again with the same key is answered again and stored once."""
    for _ in range(2):
        assert await step(lead, NOTES, WRITE, key="the-same") == DONE
    assert len(await notes(lead)) == 1


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({**WRITE, "text": " \n "}, "body.text"),
        ({**WRITE, "text": "x" * (MAX_RUBRIC_NOTE + 1)}, "body.text"),
        ({**WRITE, "mechanism": "a_fifth_one"}, "body.mechanism"),
        ({"text": MENU}, "body.mechanism"),
        ({**WRITE, "session": str(UUID(int=1))}, "body"),
    ],
)
async def test_what_is_not_described_is_refused_without_the_words(lead: Program, body: object, place: str) -> None:
    """A note without words or mechanism, over the limit or with more than that, is refused by its place alone."""
    status, problem = await step(lead, NOTES, body)
    assert (status, problem["places"]) == (400, [place])
    assert MENU not in str(problem)


async def test_writing_needs_its_scope(programs: Programs) -> None:
    """A lead's token that may do everything else writes no note."""
    program = programs(LEAD, *(set(Scope) - {Scope.RUBRIC_WRITE}))
    status, problem = await step(program, NOTES, WRITE)
    assert (status, problem["type"]) == (403, "urn:counterpoint:problem:missing-scope")
    assert await notes(program) == []
