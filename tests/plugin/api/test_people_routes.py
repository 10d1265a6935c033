"""Tests of a mapping of people in the API: an operator's program reads the plan, and applies the one that it read."""

import base64
from typing import Any

import pytest
from pydantic import SecretStr

from plugin.api.people_models import MAX_PEOPLE
from plugin.queue.accounts import MAX_NAME
from plugin.queue.store import Store
from plugin.web.middleware import MAX_BODY_BYTES
from stream.runtime.settings import Settings, TenantSettings
from tests.plugin.api.conftest import Program, Programs
from tests.plugin.web.conftest import OPERATOR

HARBOUR = TenantSettings(pseudonym_key=SecretStr(base64.b64encode(b"h" * 32).decode()))
NEW = {"username": "cleo", "role": "therapist", "counsellor": "user/9", "tenant": "harbour", "teams": ["Harbour"]}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Return the settings of the page with a platform, whose key makes pseudonyms of references."""
    return settings.model_copy(update={"tenants": {"harbour": HARBOUR}})


@pytest.fixture
def operator(programs: Programs) -> Program:
    """Return a program of the operator, with every scope."""
    return programs(OPERATOR)


async def planned(operator: Program, *people: dict[str, Any], **more: object) -> dict[str, Any]:
    """Return the plan of a mapping."""
    answer = await operator.post("/people/plan", {"people": people, **more})
    assert answer.status_code == 200, answer.text
    plan: dict[str, Any] = answer.json()
    return plan


async def test_a_plan_is_read_and_applied(operator: Program, store: Store) -> None:
    """The plan says who would be added and that nobody supervises them; its code applies it, once for each key."""
    plan = await planned(operator, NEW)
    assert plan["added"] == [{"username": "cleo", "role": "therapist", "teams": ["Harbour"]}]
    assert {"username": "cleo", "supervisors": [], "sessions": 0} in plan["therapists"]
    body = {"people": [NEW], "code": plan["code"]}
    for _ in range(2):
        done = await operator.post("/people/apply", body, key="once")
        assert (done.status_code, done.json()) == (200, {"added": 1, "changed": 0, "disabled": 0})
    assert store.accounts.named("cleo").teams == ("Harbour",)
    assert (await planned(operator, NEW))["unchanged"] == ["cleo"]


async def test_another_plan_is_not_applied(operator: Program, store: Store) -> None:
    """A plan that has changed since it was read is a conflict, and nothing is done."""
    plan = await planned(operator, NEW)
    refused = await operator.post("/people/apply", {"people": [{**NEW, "teams": ["Pier"]}], "code": plan["code"]})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:counterpoint:problem:plan-differs")
    assert "cleo" not in {each.username for each in store.accounts.entries()}


async def test_whoever_cannot_be_placed_has_a_reason(operator: Program) -> None:
    """A refused person has a code for programs and a sentence for people, and stops the whole mapping."""
    wrong = {**NEW, "tenant": "elsewhere"}
    plan = await planned(operator, wrong, {"username": "lena", "role": "lead"})
    assert plan["refused"] == [
        {"username": "cleo", "reason": "unknown_tenant", "sentence": "the settings have no such tenant"}
    ]
    refused = await operator.post(
        "/people/apply", {"people": [wrong], "code": (await planned(operator, wrong))["code"]}
    )
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:counterpoint:problem:people-refused")


async def test_the_whole_list_says_who_would_be_disabled(operator: Program) -> None:
    """With `disable_absent` the plan names whom it would disable; without, the same accounts stay."""
    assert (await planned(operator, NEW))["disabled"] == []
    plan = await planned(operator, NEW, disable_absent=True)
    assert plan["disabled"] != []
    assert OPERATOR in plan["absent"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"people": []}, "body.people"),
        ({"people": [{"username": "cleo"}]}, "body.people.0.role"),
        ({"people": [{**NEW, "password": "secret"}]}, "body.people.0"),
        ({"people": [NEW] * (MAX_PEOPLE + 1)}, "body.people"),
    ],
)
async def test_what_is_not_described_is_refused(operator: Program, body: object, place: str) -> None:
    """A mapping that is not as described is refused by the place of the mistake."""
    answer = await operator.post("/people/plan", body)
    assert (answer.status_code, answer.json()["places"][0]) == (400, place)


async def test_the_largest_usual_mapping_fits_into_a_body(operator: Program) -> None:
    """A request may name as many people as are allowed, with names and references of a usual length."""
    people = [
        {**NEW, "username": f"cleo.{number}@harbour.example", "counsellor": f"user/{number}"}
        for number in range(MAX_PEOPLE)
    ]
    people = [{**each, "display_name": "Cleo Lang-Winterberg", "supervisor": "mara@harbour.example"} for each in people]
    assert len(str(people)) < MAX_BODY_BYTES
    assert MAX_PEOPLE * MAX_NAME < MAX_BODY_BYTES
    plan = await planned(operator, *people)
    assert len(plan["refused"]) == MAX_PEOPLE  # nobody of that name is a supervisor there
