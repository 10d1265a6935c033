"""Tests of each stage's role on a real PostgreSQL: its daily work succeeds, and everything else is refused."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from plugin.database.engine import connect, transaction
from plugin.database.migrate import upgrade
from plugin.database.roles import GRANTS, SCOPED_TABLES, apply_roles, renew_grants, url_for_role
from plugin.database.tables import METADATA
from plugin.database.viewer import AccountRole
from plugin.privacy.erasure import Eraser
from plugin.privacy.retention import RetentionCutoffs, RetentionReport, RetentionRunner
from plugin.privacy.rotation import rotate_keys
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from plugin.sink.apply import ApplyResult
from plugin.sink.writer import Writer
from stream.contracts.errors import Misconfigured
from stream.contracts.messages import ConsentWithdrawal, Erasure
from stream.runtime.settings import RetentionSettings
from tests.plugin.conftest import People
from tests.plugin.privacy.stored_sessions import RecordingAnnouncer, client_subject, conversation_subject
from tests.plugin.samples import (
    CONVERSATION,
    KEK,
    NOW,
    PASSWORD,
    SAID,
    START,
    TENANT,
    add_person,
    apply_records,
    record,
)

SECRET = "a password of this test alone"


@dataclass(frozen=True)
class Roles:
    """The engines of each role and of the owner."""

    owner: Engine
    url: str
    by_stage: dict[str, Engine]

    def refuses(self, stage: str, statement: str) -> bool:
        """Return whether the role has no right to run a statement."""
        try:
            with self.by_stage[stage].begin() as connection:
                connection.execute(text(statement))
        except ProgrammingError as error:
            assert "permission denied" in str(error)  # noqa: PT017 - the result says if nothing was raised
            return True
        return False

    def ids(self, stage: str, account: object, table: str = "sessions") -> set[str]:
        """Return the session ids of the rows of a table that the role sees on behalf of an account."""
        with transaction(self.by_stage[stage], account) as session:  # type: ignore[arg-type]
            return {str(each) for each in session.scalars(text(f"SELECT session_id FROM {table}"))}


@pytest.fixture
def roles(engine: Engine, queue_url: str) -> Iterator[Roles]:
    """Yield the shared database with its roles."""
    apply_roles(queue_url, dict.fromkeys(GRANTS, SECRET))
    made = {stage: connect(url_for_role(queue_url, stage, SECRET)) for stage in GRANTS}
    yield Roles(engine, queue_url, made)
    for each in made.values():
        each.dispose()


def test_the_sink_stores_withdraws_and_erases(roles: Roles) -> None:
    """The sink's role can store, revise, repeat, withdraw and erase."""
    sink = roles.by_stage["sink"]
    changed = record(revision=2, client_text="Other words now.", edits=7)
    withdrawal = ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW)
    erasure = Erasure(tenant=TENANT, conversation_id="c_other", erasure_id="0" * 36, requested_at=NOW)
    done = apply_records(
        sink, record(), record(), changed, record(revision=3), withdrawal, record(conversation="c_other"), erasure
    )
    assert done == [
        *(ApplyResult.STORED, ApplyResult.REPEATED, ApplyResult.STORED, ApplyResult.STORED),
        *(ApplyResult.ERASED, ApplyResult.STORED, ApplyResult.ERASED),
    ]
    assert Writer(sink, KEK, 2, lambda: NOW).database_trouble() is None


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT text FROM messages",
        "SELECT * FROM messages",
        "SELECT words FROM answers",
        "SELECT count(words) FROM answers",
        "DELETE FROM answers WHERE words IS NULL",
        "UPDATE messages SET author = author RETURNING text",
        "SELECT * FROM accounts",
        "SELECT * FROM audit",
        "DELETE FROM erasures",
        "UPDATE erasures SET until = now()",
        "DELETE FROM holds",
    ],
)
def test_the_sink_cannot_read_what_it_wrote_nor_undo_an_erasure(roles: Roles, statement: str) -> None:
    """The sink's role can read no text and remove no tombstone, so that a captured sink reveals little."""
    assert roles.refuses("sink", statement)


def test_the_web_role_can_do_its_work(roles: Roles, people: People) -> None:
    """The web role can log in, list, open and decide, and give the operator's numbers."""
    apply_records(roles.owner, record(), record(conversation="c_south", counsellor="p_ben"))
    store = Store(roles.by_stage["web"], KEK, now=lambda: NOW)
    store.ping()
    viewer = store.authenticate("mara", PASSWORD)
    assert viewer is not None
    (row,) = store.waiting(viewer).rows
    opened = store.open(viewer, row.session_id)
    assert opened is not None
    assert opened.messages[0].text == SAID[0]
    assert store.decide(viewer, row.session_id, 1, DecisionKind.RELEASED) is DecisionOutcome.DONE
    assert store.decide(viewer, row.session_id, 1, DecisionKind.WITHHELD) is DecisionOutcome.DONE
    assert store.decide(viewer, row.session_id, 1, DecisionKind.RELEASED) is DecisionOutcome.DONE
    assert [own.session_id for own in store.own_sessions(people.ana)] == [row.session_id]
    assert store.open(people.ana, row.session_id) is not None
    assert store.own_sessions(people.ben) == ()
    counts = store.operator_counts(people.operator)
    assert counts is not None
    assert (counts.stored, counts.waiting, counts.without_team) == (2, 1, 0)
    assert store.new_since(viewer, START) == (row.session_id,)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM sessions",
        "UPDATE sessions SET restricted = false",
        "UPDATE answers SET verdict = 'confirmed'",
        "SELECT * FROM audit",
        "UPDATE audit SET outcome = ''",
        "SELECT * FROM erasures",
        "SELECT * FROM service_keys",
        "SELECT * FROM session_clients",
        "INSERT INTO accounts SELECT * FROM accounts",
        "UPDATE accounts SET role = 'supervisor'",
    ],
)
def test_the_web_role_can_change_nothing_but_decisions(roles: Roles, statement: str) -> None:
    """The web role can change nothing but decisions, and cannot read the audit trail."""
    assert roles.refuses("web", statement)


def test_the_database_hides_rows_of_another_team(roles: Roles, people: People) -> None:
    """The database hides rows of another team in every table of sessions, even if a query forgets to."""
    north, south = record(), record(conversation="c_south", counsellor="p_ben")
    nobody = record(conversation="c_nobody", counsellor="p_new")
    apply_records(roles.owner, north, south, nobody)
    platform = add_person(roles.owner, "petra", AccountRole.SUPERVISOR, tenant=TENANT)
    with transaction(roles.owner) as session:
        session.execute(
            text("INSERT INTO decisions SELECT session_id, 1, 'withheld', :a, now() FROM sessions"),
            {"a": people.supervisor.user_id},
        )
    seen = {
        people.supervisor: {north},
        people.other_supervisor: {south},
        people.ana: {north},
        people.ben: {south},
        platform: {nobody},
    }
    for viewer, sessions in seen.items():
        for table in SCOPED_TABLES:
            ids = {str(each.session_id) for each in sessions}
            assert roles.ids("web", viewer.user_id, table) == ids, (viewer.username, table)
    for table in SCOPED_TABLES:
        assert roles.ids("web", None, table) == set(), f"nobody is named: {table}"
    for table in ("messages", "answers", "exchanges"):
        assert roles.ids("web", people.operator.user_id, table) == set()
    assert len(roles.ids("web", people.operator.user_id)) == 3


def test_a_decision_about_another_teams_session_cannot_be_written(roles: Roles, people: People) -> None:
    """The database refuses a decision about another team's session, even if a query does not check."""
    south = record(conversation="c_south", counsellor="p_ben")
    apply_records(roles.owner, south)
    with (
        pytest.raises(Misconfigured, match="counterpoint database roles"),
        transaction(roles.by_stage["web"], people.supervisor.user_id) as session,
    ):
        session.execute(
            text("INSERT INTO decisions VALUES (:s, 1, 'released', :a, now())"),
            {"s": south.session_id, "a": people.supervisor.user_id},
        )


def test_the_digest_role_sees_its_persons_sessions_and_no_text(roles: Roles, people: People) -> None:
    """The digest role sees the sessions of its person and no text."""
    apply_records(roles.owner, record(), record(conversation="c_south", counsellor="p_ben"))
    store = Store(roles.by_stage["digest"], KEK, now=lambda: NOW)
    assert len(store.new_since(people.supervisor, START)) == 1
    for statement in (
        "SELECT text FROM messages",
        "SELECT words FROM answers",
        "SELECT * FROM conversation_keys",
        "SELECT password_hash FROM accounts",
        "DELETE FROM sessions",
    ):
        assert roles.refuses("digest", statement), statement


def test_the_privacy_role_erases_and_rotates_keys_without_reading_text(roles: Roles) -> None:
    """The privacy role can erase, run retention and rotate keys, and can read no text."""
    engine = roles.by_stage["privacy"]
    apply_records(roles.owner, record(conversation="c_1", clients=("p_client",)), record(conversation="c_2"), record())
    assert rotate_keys(engine, KEK) == 0
    given = Eraser(engine, KEK, RecordingAnnouncer(), now=lambda: NOW)
    erased = given.erase(conversation_subject("c_1"))
    given.finish(erased, None)
    assert erased.sessions == 1
    late = START + timedelta(days=200)
    assert RetentionRunner(
        engine, RetentionCutoffs.at(late, RetentionSettings()), now=lambda: late
    ).run() == RetentionReport(texts=2, quotes=2, keys=2)
    assert given.erase(client_subject()).complete
    for statement in (
        "SELECT text FROM messages",
        "SELECT words FROM answers",
        "DELETE FROM erasures",
        "SELECT * FROM accounts",
        "UPDATE audit SET outcome = ''",
    ):
        assert roles.refuses("privacy", statement), statement


def test_every_table_is_granted_or_the_owners_alone() -> None:
    """Every table is granted to a role, or is named here as the owner's alone."""
    owners = {"handled_dead_letters"}
    granted = {name for grants in GRANTS.values() for name in grants}
    assert {table.name for table in METADATA.sorted_tables} - granted <= owners
    assert granted <= {table.name for table in METADATA.sorted_tables}


def test_rights_are_renewed_after_a_migration_where_roles_are_used(
    roles: Roles, create_database: Callable[..., str]
) -> None:
    """Renewing grants restores rights where the roles exist, and creates none in a database without them."""
    with roles.owner.begin() as connection:
        connection.execute(text("REVOKE ALL ON sessions FROM counterpoint_sink"))
    assert renew_grants(roles.url)
    assert apply_records(roles.by_stage["sink"], record()) == [ApplyResult.STORED]
    bare = create_database()
    with pytest.raises(Misconfigured, match="counterpoint migrate"):
        apply_roles(bare, {})
    upgrade(bare)
    assert not renew_grants(bare)


def test_a_user_who_may_not_create_roles_gets_advice(roles: Roles) -> None:
    """A user who may not create roles gets a message that names the command for an administrator."""
    with pytest.raises(Misconfigured, match="counterpoint database roles"):
        apply_roles(url_for_role(roles.url, "web", SECRET), {})
    with pytest.raises(Misconfigured, match="names nobody"):
        apply_roles(roles.url, {"nobody": SECRET})
