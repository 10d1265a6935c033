"""The rights on outcomes: an operator's program adds, an export reads within its person's sessions, no page reads."""

from uuid import UUID

import pytest
from sqlalchemy import text

from plugin.database.engine import transaction
from plugin.exports.person_rows import outcomes_by
from plugin.queue.account_changes import Actor
from plugin.queue.outcomes import Outcomes
from stream.contracts.errors import Misconfigured
from tests.plugin.conftest import People
from tests.plugin.database.test_roles import Roles, roles
from tests.plugin.samples import NOW, apply_records, record
from tests.plugin.sink.test_outcomes import outcome

__all__ = ["roles"]


def count(roles: Roles, stage: str, account: UUID | None) -> int:
    """Return how many outcomes a role sees on behalf of an account."""
    with transaction(roles.by_stage[stage], account) as session:
        return int(session.scalar(text("SELECT count(outcome_key) FROM outcomes")) or 0)


def test_an_operators_program_adds_and_replaces(roles: Roles, people: People) -> None:
    """The page's role adds outcomes for an operator, and replaces one that was given earlier."""
    outcomes = Outcomes(roles.by_stage["web"], now=lambda: NOW)
    by = Actor(people.operator, "request")
    assert outcomes.add([outcome(), outcome("o-2", consent={})], by) == 1
    assert outcomes.add([outcome(score=9, given_at=NOW)], by) == 1
    with roles.owner.connect() as connection:
        assert connection.scalars(text("SELECT score FROM outcomes")).all() == [9]
        assert connection.scalars(text("SELECT outcome FROM audit WHERE purpose = 'outcomes'")).all() == ["added 1"] * 2


def test_for_anybody_else_the_page_adds_nothing(roles: Roles, people: People) -> None:
    """Whatever a page may be made to do, it adds no outcome for a supervisor, a therapist or nobody."""
    outcomes = Outcomes(roles.by_stage["web"], now=lambda: NOW)
    for viewer in (people.supervisor, people.ana):
        with pytest.raises(Misconfigured):
            outcomes.add([outcome()], Actor(viewer, ""))
    assert count(roles, "sink", None) == 0


def test_no_page_reads_a_score(roles: Roles, people: People) -> None:
    """The page's role has no right to a score, an author or a conversation, on behalf of anybody."""
    apply_records(roles.owner, outcome())
    for column in ("score", "author", "instrument", "conversation_id", "secondary_use"):
        assert roles.refuses("web", f"SELECT {column} FROM outcomes"), column
    assert [count(roles, "web", one.user_id) for one in (people.supervisor, people.ana)] == [0, 0]


def test_an_export_reads_those_of_its_persons_sessions(roles: Roles, people: People) -> None:
    """A supervisor's export sees the outcomes of her sessions' conversations, and no others."""
    apply_records(roles.owner, record(), outcome(), outcome("o-2", conversation_id="c_other"))
    assert count(roles, "digest", people.supervisor.user_id) == 1
    for viewer in (people.other_supervisor, people.ana, people.operator):
        assert count(roles, "digest", viewer.user_id) == 0


def test_a_counsellor_is_shown_what_they_gave_themselves(roles: Roles, people: People) -> None:
    """An export of one's own data sees the outcomes that one gave, and none that a client gave about one's sessions."""
    given = outcome("o-2", given_by="counsellor", author="p_ana", instrument="rating", score=3)
    apply_records(roles.owner, record(), outcome(), given)
    with transaction(roles.by_stage["digest"], people.ana.user_id) as session:
        (own,) = outcomes_by(session, people.ana)
        assert session.scalar(text("SELECT count(*) FROM outcomes")) == 1
    assert (own["instrument"], own["score"]) == ("rating", 3)


def test_rerate_has_no_right_at_all(roles: Roles) -> None:
    """The role that asks models anew reads no outcome: no model is told one."""
    assert roles.refuses("rerate", "SELECT outcome_key FROM outcomes")
