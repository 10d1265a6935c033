"""Ratings by other versions under the roles of the stages: who writes them, who sees which, and who counts."""

import asyncio

import pytest
from sqlalchemy import text

from plugin.database.engine import transaction
from plugin.queue.quality import read_quality
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind
from plugin.rerate.run import RunReport, only_run
from plugin.sink.apply import ApplyResult
from stream.contracts.errors import Misconfigured
from stream.contracts.messages import ConsentWithdrawal
from tests.plugin.conftest import People
from tests.plugin.database.test_roles import RERATING, Roles, roles
from tests.plugin.rerate.samples import AGREED, asked, asked_in_shadow, careful, count, rate_all, run_of
from tests.plugin.samples import CONVERSATION, KEK, NOW, TENANT, apply_records, record
from tests.stream.feedback.builders import LLM, TriedModel

__all__ = ["roles"]
IN_SHADOW = RERATING.replace("false", "true")


@pytest.mark.usefixtures("people")
def test_the_role_of_the_command_does_its_work(roles: Roles) -> None:
    """Under its own role a run counts, reads, rates and leaves its entries, whatever team a session is of."""
    apply_records(
        roles.owner, record(consent=AGREED), record(conversation="c_south", counsellor="p_ben", consent=AGREED)
    )
    engine = roles.by_stage["rerate"]
    with only_run(engine) as is_only:
        assert is_only
        for which in (asked(), asked_in_shadow()):
            assert count(engine, which) == (2, 2)
            assert asyncio.run(run_of(engine, which).rate_all(careful(TriedModel()).rate)) == RunReport(rated=2)
    with transaction(roles.owner) as session:
        assert session.scalar(text("SELECT count(*) FROM audit WHERE purpose LIKE 'rerate: %'")) == 8


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT words FROM answers",
        "SELECT words FROM notes",
        "SELECT * FROM labels",
        "SELECT words FROM practice_attempts",
        "SELECT username FROM accounts",
        "SELECT password_hash FROM accounts",
        "SELECT wrapped FROM service_keys",
        "SELECT * FROM audit",
        "SELECT * FROM session_clients",
        "UPDATE messages SET author = author",
        "DELETE FROM messages",
        "UPDATE answers SET verdict = 'confirmed'",
        "DELETE FROM answers",
        "INSERT INTO decisions SELECT * FROM decisions",
        "UPDATE sessions SET restricted = false",
        "UPDATE exchanges SET shown = true",
        "UPDATE reratings SET shadow = false",
        "DELETE FROM reratings",
        "DELETE FROM holds",
        "SELECT * FROM counterpoint_shadow_levels()",
        "SELECT * FROM counterpoint_labelled_levels()",
    ],
)
def test_it_changes_no_answer_and_reads_nothing_that_people_wrote_of_it(roles: Roles, statement: str) -> None:
    """The role that reads messages for a model can change nothing, and reads no note, label or password."""
    assert roles.refuses("rerate", statement)


def test_no_other_role_writes_a_rating(roles: Roles) -> None:
    """What a version said is written by its own role alone, and changed by none."""
    for stage in ("sink", "web", "digest", "privacy"):
        for statement in (RERATING, "UPDATE reratings SET verdict = 'confirmed'", "DELETE FROM reratings"):
            assert roles.refuses(stage, statement), (stage, statement)
    for stage in ("sink", "privacy"):
        assert roles.refuses(stage, "SELECT * FROM reratings")


def test_a_withdrawal_removes_it_under_the_role_of_the_sink(roles: Roles) -> None:
    """The sink has no right on the table; the database removes the rows with the answers."""
    apply_records(roles.owner, record(consent=AGREED))
    rate_all(roles.owner)
    withdrawal = ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW)
    assert apply_records(roles.by_stage["sink"], withdrawal) == [ApplyResult.ERASED]
    with transaction(roles.owner) as session:
        assert session.scalar(text("SELECT count(*) FROM reratings")) == 0


def test_the_database_shows_nobody_what_was_said_in_shadow(roles: Roles, people: People) -> None:
    """Of rows in shadow no role that shows pages or writes exports sees one, even if a query forgets to ask."""
    apply_records(roles.owner, record())
    with transaction(roles.owner) as session:
        session.execute(text(IN_SHADOW))
    for viewer in (people.supervisor, people.ana, people.ben, people.operator):
        for stage in ("web", "digest"):
            assert roles.ids(stage, viewer.user_id, "reratings") == set(), (viewer.username, stage)


def test_a_therapist_and_their_supervisor_see_the_same_trend(roles: Roles, people: People) -> None:
    """Under the role of the pages both read the line of the later version, and another team none of it."""
    sent = [record(conversation=f"c_{number}", moments=2) for number in range(5)]
    apply_records(roles.owner, *sent)
    store = Store(roles.by_stage["web"], KEK, now=lambda: NOW)
    for each in sent:
        store.decide(people.supervisor, each.session_id, 1, DecisionKind.RELEASED)
    rate_all(roles.owner)
    own = store.trends.own(people.ana)
    assert {version.model.key: version.rated_again for version in own}[LLM.key] == 10
    assert store.trends.of_therapist(people.supervisor, people.ana.user_id) == ("Ana", own)
    assert store.trends.of_therapist(people.other_supervisor, people.ana.user_id) is None


def test_an_operator_reads_the_comparison_and_nobody_else(roles: Roles, people: People) -> None:
    """Counts of a model in shadow are for an operator on the page, and for the role of `counterpoint status`."""
    apply_records(roles.owner, record(consent=AGREED))
    rate_all(roles.owner, which=asked_in_shadow())
    found = Store(roles.by_stage["web"], KEK, now=lambda: NOW).quality(people.operator)
    assert found is not None
    assert found.shadow is not None
    assert found.shadow.exchanges == 1
    with transaction(roles.by_stage["privacy"]) as session:
        assert read_quality(session, NOW).shadow == found.shadow
    for viewer in (people.supervisor, people.ana, None):
        with transaction(roles.by_stage["web"], None if viewer is None else viewer.user_id) as session:
            for function in ("counterpoint_shadow_levels()", "counterpoint_shadow_verdicts()"):
                assert session.execute(text(f"SELECT * FROM {function}")).all() == []
    with pytest.raises(Misconfigured), transaction(roles.by_stage["digest"]) as session:
        session.execute(text("SELECT * FROM counterpoint_shadow_levels()"))
