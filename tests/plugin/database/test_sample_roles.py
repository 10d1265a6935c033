"""The random sample under the roles of the stages: who stores it, who looks, and who reads numbers without authors."""

import pytest
from sqlalchemy import text

from plugin.database.engine import transaction
from plugin.queue.look_views import LookOutcome
from plugin.queue.quality import read_quality
from plugin.queue.store import Store
from plugin.sink.apply import ApplyResult
from stream.contracts.errors import Misconfigured
from stream.contracts.messages import ConsentWithdrawal, Deletion
from tests.plugin.conftest import People
from tests.plugin.database.test_roles import LOOK, Roles, roles
from tests.plugin.queue.sampled import ALL_NO, sampled
from tests.plugin.samples import CONVERSATION, KEK, NOW, TENANT, apply_records

__all__ = ["roles"]
FUNCTIONS = ("counterpoint_look_answers()", "counterpoint_labelled_levels()")


def test_the_sink_stores_the_sample_and_removes_it(roles: Roles) -> None:
    """The sink's role stores a sampled session, removes a deleted message with its answer, and withdraws all of it."""
    sink = roles.by_stage["sink"]
    deletion = Deletion(tenant=TENANT, conversation_id=CONVERSATION, message_id="m-6", deleted_at=NOW)
    withdrawal = ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW)
    done = apply_records(sink, sampled(), deletion, withdrawal)
    assert done == [ApplyResult.STORED, ApplyResult.CHANGED, ApplyResult.ERASED]
    with transaction(roles.owner) as session:
        assert session.scalar(text("SELECT count(*) FROM samples")) == 0


def test_the_sink_cannot_read_what_was_said(roles: Roles) -> None:
    """The sink's role removes answers and reads none; that of exports does not read what the machine had said."""
    assert roles.refuses("sink", "SELECT resistance FROM look_answers")
    assert roles.refuses("digest", "SELECT machine FROM look_answers")
    assert roles.refuses("privacy", "SELECT resistance FROM look_answers")


def test_a_supervisor_looks_and_an_operator_reads_the_numbers(roles: Roles, people: People) -> None:
    """Under the web role a supervisor lists, reads and answers; an operator gets numbers, and nobody else does."""
    sent = sampled()
    apply_records(roles.owner, sent, sampled(conversation="c_south", counsellor="p_ben"))
    store = Store(roles.by_stage["web"], KEK, now=lambda: NOW)
    assert store.looks.waiting(people.supervisor).total == 1
    assert store.looks.open(people.supervisor, sent.session_id)[0] is LookOutcome.DONE
    assert store.looks.answer(people.supervisor, sent.session_id, 1, ALL_NO) is LookOutcome.DONE
    assert store.looks.open(people.supervisor, sent.session_id)[0] is LookOutcome.DONE
    found = store.quality(people.operator)
    assert found is not None
    assert (found.sampled, found.looked_at, [each.turns for each in found.estimates]) == (2, 1, [3])
    assert store.quality(people.supervisor) is None


def test_the_database_gives_the_numbers_to_operators_alone(roles: Roles, people: People) -> None:
    """The functions answer nothing to a supervisor, a therapist or nobody, even if a query forgets to ask."""
    apply_records(roles.owner, sampled())
    with transaction(roles.owner) as session:
        session.execute(text(LOOK), {"a": people.supervisor.user_id})
    for viewer in (people.supervisor, people.ana, None):
        with transaction(roles.by_stage["web"], None if viewer is None else viewer.user_id) as session:
            for function in FUNCTIONS:
                assert session.execute(text(f"SELECT * FROM {function}")).all() == []
            assert session.execute(text("SELECT * FROM counterpoint_sample_counts()")).one() == (0, 0)
            assert session.execute(text("SELECT * FROM counterpoint_dispute_counts(now())")).one() == (0, 0, 0)


def test_the_role_of_the_status_command_reads_the_numbers(roles: Roles) -> None:
    """The privacy role, under which `counterpoint status` runs, reads the numbers of everybody."""
    apply_records(roles.owner, sampled())
    with transaction(roles.by_stage["privacy"]) as session:
        assert read_quality(session, NOW).sampled == 1


def test_an_answer_is_written_in_its_own_name(roles: Roles, people: People) -> None:
    """The database refuses an answer in somebody else's name, and one by a therapist."""
    apply_records(roles.owner, sampled())
    for viewer, named in ((people.supervisor, people.other_supervisor), (people.ana, people.ana)):
        with (
            pytest.raises(Misconfigured, match="counterpoint database roles"),
            transaction(roles.by_stage["web"], viewer.user_id) as session,
        ):
            session.execute(text(LOOK), {"a": named.user_id})
