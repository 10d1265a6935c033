"""Tests of hand-overs through the API: the same steps and refusals as on the pages."""

from uuid import UUID

import pytest

from plugin.queue.handover_views import MAX_REASON
from tests.plugin.api.conftest import Program, Programs
from tests.plugin.api.test_review_routes import DONE, NONE, SESSION, opened, step
from tests.plugin.web.conftest import LEAD, WAITING

REASON = "I am away until Monday."


@pytest.fixture
def lead(programs: Programs) -> Program:
    """Return a program of the clinical lead."""
    return programs(LEAD)


async def test_a_session_goes_from_hand_to_hand(supervisor: Program, lead: Program) -> None:
    """A session is handed to the lead, sent back and taken over, and read with its history."""
    session = await opened(supervisor)
    (colleague,) = session["colleagues"]
    assert (colleague["name"], colleague["is_lead"], session["row"]["assignment"]) == ("Lena Okafor", True, None)
    over = {"seen": 0, "account_id": colleague["account_id"], "reason": f" {REASON} "}
    assert await step(supervisor, f"{SESSION}/hand-over", over) == DONE
    assignment = (await opened(lead))["row"]["assignment"]
    assert (assignment["name"], assignment["by"], assignment["kind"]) == ("Lena Okafor", "Maria Keller", "handed_over")
    listed = (await lead.get("/sessions", handed="me")).json()
    assert [line["session_id"] for line in listed["sessions"]] == [str(WAITING.session_id)]
    assert listed["handed"] == 1
    assert await step(lead, f"{SESSION}/send-back", {"seen": 1, "reason": REASON, "to": "sender"}) == DONE
    assert await step(lead, f"{SESSION}/take-over", {"seen": 2, "reason": REASON}) == DONE
    assert await step(lead, f"{SESSION}/send-back", {"seen": 3, "reason": REASON, "to": "queue"}) == DONE
    history = (await opened(supervisor))["handovers"]
    assert [(each["number"], each["kind"], each["by"], each["to"]) for each in history] == [
        (1, "handed_over", "Maria Keller", "Lena Okafor"),
        (2, "sent_back", "Lena Okafor", "Maria Keller"),
        (3, "taken_over", "Lena Okafor", "Lena Okafor"),
        (4, "sent_back", "Lena Okafor", None),
    ]
    assert {each["text"] for each in history} == {REASON}


async def test_a_refusal_says_why(supervisor: Program, lead: Program) -> None:
    """What is with another, an old number, and a person who may not review it are refused with their outcomes."""
    (colleague,) = (await opened(supervisor))["colleagues"]
    over = {"seen": 0, "account_id": colleague["account_id"], "reason": REASON}
    unknown = await step(supervisor, f"{SESSION}/hand-over", {**over, "account_id": str(UUID(int=1))})
    assert (unknown[0], unknown[1]["outcome"]) == (409, "not_for_them")
    assert await step(supervisor, f"{SESSION}/hand-over", over) == DONE
    for path, body, outcome in (
        ("take-over", {"seen": 0, "reason": REASON}, "changed"),
        ("hand-over", {**over, "seen": 1}, "with_another"),
        ("claim", None, "with_another"),
        ("release", NONE, "with_another"),
    ):
        status, problem = await step(supervisor, f"{SESSION}/{path}", body)
        assert (status, problem["outcome"]) == (409, outcome), path
        assert problem["type"] == f"urn:counterpoint:problem:{outcome.replace('_', '-')}"
    assert await step(lead, f"{SESSION}/release", NONE) == DONE


@pytest.mark.parametrize("reason", ["", "  ", "x" * (MAX_REASON + 1)])
async def test_a_reason_is_required(supervisor: Program, reason: str) -> None:
    """A step without a reason is not as described."""
    status, problem = await step(supervisor, f"{SESSION}/take-over", {"seen": 0, "reason": reason})
    assert (status, problem["places"]) == (400, ["body.reason"])
