"""Tests of outcomes in the API: an operator's program adds them, all or none, and nobody reads one."""

from typing import Any

import pytest
from sqlalchemy import Engine, text

from plugin.api.outcome_routes import MAX_OUTCOMES
from stream.runtime.settings import Settings
from tests.plugin.api.conftest import Program, Programs
from tests.plugin.api.test_people_routes import HARBOUR
from tests.plugin.web.conftest import OPERATOR

GIVEN: dict[str, Any] = {
    "conversation_id": "room-17",
    "outcome_id": "form-1",
    "instrument": "care",
    "score": 41,
    "occasion": "after",
    "given_by": "client",
    "author": "user-88",
    "given_at": "2026-11-03T14:02:00Z",
    "consent": {"processing": True},
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Return the settings of the page with a platform, whose key makes pseudonyms of references."""
    return settings.model_copy(update={"tenants": {"harbour": HARBOUR}})


@pytest.fixture
def operator(programs: Programs) -> Program:
    """Return a program of the operator, with every scope."""
    return programs(OPERATOR)


def stored(engine: Engine) -> list[tuple[str, float, str]]:
    """Return instrument, score and conversation of the stored outcomes, in order of their scores."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT instrument, score, conversation_id FROM outcomes ORDER BY score"))
        return [tuple(row) for row in rows]


async def test_outcomes_are_added_once_under_pseudonyms(operator: Program, page_engine: Engine) -> None:
    """Outcomes with consent are stored under pseudonyms; those without are counted; a repeated step does nothing."""
    body = {"platform": "harbour", "outcomes": [GIVEN, {**GIVEN, "outcome_id": "form-2", "consent": {}}]}
    for _ in range(2):
        answer = await operator.post("/outcomes", body, key="once")
        assert (answer.status_code, answer.json()) == (200, {"kept": 1, "without_consent": 1})
    ((instrument, score, conversation),) = stored(page_engine)
    assert (instrument, score) == ("care", 41)
    assert conversation != "room-17"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"score": 51}, "body.outcomes.1.score"),
        ({"instrument": "mood"}, "body.outcomes.1.instrument"),
        ({"text": "I feel well"}, "body.outcomes.1"),
    ],
)
async def test_one_wrong_outcome_refuses_all(
    operator: Program, page_engine: Engine, change: dict[str, object], place: str
) -> None:
    """A score out of range, an unknown instrument or a field for words is refused with its place; nothing is stored."""
    body = {"platform": "harbour", "outcomes": [GIVEN, {**GIVEN, "outcome_id": "form-2", **change}]}
    answer = await operator.post("/outcomes", body)
    assert answer.status_code == 400
    assert place in answer.text
    assert "I feel well" not in answer.text
    assert stored(page_engine) == []


async def test_a_platform_that_the_settings_do_not_name_is_a_conflict(operator: Program) -> None:
    """Without the platform's key there are no pseudonyms, so nothing can be stored."""
    answer = await operator.post("/outcomes", {"platform": "elsewhere", "outcomes": [GIVEN]})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:counterpoint:problem:outcomes-refused")


async def test_too_many_at_once_are_refused(operator: Program) -> None:
    """More than a hundred outcomes are refused, and so is none."""
    for number in (0, MAX_OUTCOMES + 1):
        answer = await operator.post("/outcomes", {"platform": "harbour", "outcomes": [GIVEN] * number})
        assert answer.status_code == 400
