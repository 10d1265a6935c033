"""Tests of trends through the API: own and of one therapist, version by version, and the numbers of a team."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from plugin.queue.store import Store
from stream.contracts.vocabulary import Mechanism
from tests.plugin.api.conftest import Program, Programs
from tests.plugin.samples import MODEL
from tests.plugin.web.conftest import LEAD, OPERATOR, OTHER_SUPERVISOR, OTHER_THERAPIST, THERAPIST

NEWER = MODEL.model_copy(update={"weights": "0.2"})


@pytest.fixture
def jonas(store: Store) -> str:
    """Return the path of the trend of the therapist of these sessions."""
    return f"/trends/{store.accounts.named(THERAPIST).account_id}"


async def trend(program: Program, path: str = "/own-trend") -> Any:
    """Read a trend."""
    answer = await program.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_too_few_moments_are_counted_and_say_nothing(therapist: Program, programs: Programs) -> None:
    """One released moment makes a version without a period; a therapist of whom nothing was released has none."""
    (version,) = (await trend(therapist))["versions"]
    assert (version["moments"], version["periods"]) == (1, [])
    assert (await trend(programs(OTHER_THERAPIST)))["versions"] == []


async def test_each_share_stands_with_n_and_interval(therapist: Program, release: Callable[..., None]) -> None:
    """Each mechanism of a period has its number of moments, and each level its count, share and interval."""
    release(11)
    (version,) = (await trend(therapist))["versions"]
    (period,) = version["periods"]
    assert (period["moments"], period["month"], version["is_by_month"]) == (12, None, False)
    assert (period["begin"], period["end"]) == ("2026-11-03T14:02:00Z", "2026-11-14T14:02:00Z")
    assert [each["mechanism"] for each in period["mechanisms"]] == list(Mechanism)
    autonomy = period["mechanisms"][0]
    assert autonomy["moments"] == 12
    assert {
        each["level"]: (each["count"], round(each["low"], 2), round(each["high"], 2)) for each in autonomy["levels"]
    } == {
        "none": (12, 0.76, 1.0),
        "weak": (0, 0.0, 0.24),
        "strong": (0, 0.0, 0.24),
    }


async def test_versions_are_never_mixed(therapist: Program, release: Callable[..., None]) -> None:
    """Moments of another version stand by themselves, the latest version first, and there is no sum."""
    release(11)
    release(3, begin=20, model=NEWER)
    versions = (await trend(therapist))["versions"]
    assert [(each["model"]["weights"], each["moments"], len(each["periods"])) for each in versions] == [
        ("0.2", 3, 0),
        (MODEL.weights, 12, 1),
    ]


async def test_a_supervisor_reads_what_the_therapist_reads(
    supervisor: Program, therapist: Program, programs: Programs, jonas: str, release: Callable[..., None]
) -> None:
    """A supervisor of the team and a lead get the therapist's own trend, by the id that `/therapists` gives."""
    release(11)
    (named,) = (await supervisor.get("/therapists")).json()["therapists"]
    assert jonas.endswith(named["account_id"])
    own = await trend(therapist)
    assert own["name"] == "Jonas Weber"
    assert await trend(supervisor, jonas) == await trend(programs(LEAD), jonas) == own


async def test_nobody_else_reads_a_trend(programs: Programs, jonas: str) -> None:
    """For another team's supervisor, a therapist and an operator there is no such trend, not even their own there."""
    for person in (OTHER_SUPERVISOR, OTHER_THERAPIST, THERAPIST, OPERATOR):
        assert (await programs(person).get(jonas)).status_code == 404


async def test_the_trail_says_who_looked(supervisor: Program, store: Store, jonas: str) -> None:
    """A supervisor's look has an entry about the therapist's account, with the token."""
    await trend(supervisor, jonas)
    with store.engine.connect() as connection:
        (entry,) = connection.execute(text("SELECT object_id, request_id FROM audit WHERE purpose = 'trend'")).all()
    assert entry.object_id == jonas.rpartition("/")[2]
    assert " token " in entry.request_id


async def test_the_numbers_of_a_team_are_about_nobody(supervisor: Program, programs: Programs) -> None:
    """A supervisor reads what came and was decided; with one counsellor there is no rate of disputes, and no name."""
    answer = await supervisor.get("/team-numbers")
    assert answer.json() == {"came": 2, "decided": 1, "disputes": {"released": 1, "rate": None}}
    assert (await programs(OTHER_SUPERVISOR).get("/team-numbers")).json()["came"] == 1
