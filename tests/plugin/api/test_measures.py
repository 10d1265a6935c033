"""Tests of measures through the API: a session carries what its page shows."""

from collections.abc import Callable
from typing import Any

from tests.plugin.api.conftest import Program
from tests.plugin.web.conftest import RELEASED, WAITING
from tests.plugin.web.measured import measured

Put = Callable[..., None]


async def read(program: Program, path: str) -> Any:
    """Return what a session's answer says of measures."""
    return (await program.get(path)).json()["measures"]


async def test_a_session_carries_what_its_page_shows(supervisor: Program, therapist: Program, put: Put) -> None:
    """A supervisor's and a therapist's session have the shown findings with their turns; without measures null."""
    own, waiting = f"/own-sessions/{RELEASED.session_id}", f"/sessions/{WAITING.session_id}"
    assert await read(supervisor, waiting) is None
    assert await read(therapist, own) is None
    put(measured(WAITING))
    put(measured(RELEASED))
    found = await read(supervisor, waiting)
    assert [taken["name"] for taken in found["measures"]] == ["technique", "dynamics"]
    assert {taken["validated"] for taken in found["measures"]} == {False}
    assert found["turns"][1] == {"role": "counsellor", "message_ids": ["m2"]}
    said = [(one["quantity"], one["turn"], one["number"]) for one in found["measures"][1]["findings"]]
    assert said == [("empathy", 2, 1.42), ("empathy", 4, 2.05), ("empathy", 6, 4.9)]
    assert found["absent"] is None
    assert await read(therapist, own) == found
