"""Each stage's role on a real PostgreSQL: what it does every day works, and nothing else does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from plugin.database.engine import connect, transaction
from plugin.database.migrate import upgrade
from plugin.database.roles import GRANTS, SCOPED, apply_roles, renew, url_as
from plugin.database.tables import METADATA
from plugin.database.viewer import AccountRole
from plugin.privacy.erasure import Eraser
from plugin.privacy.retention import Clocks, Keeper, Report
from plugin.privacy.rotation import rotate
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, Outcome
from plugin.sink.apply import Applied
from plugin.sink.writer import Writer
from stream.contracts.errors import Misconfigured
from stream.contracts.messages import ConsentWithdrawal, Erasure
from stream.runtime.settings import Retention
from tests.plugin.conftest import People
from tests.plugin.privacy.stored_sessions import Noted, client, room
from tests.plugin.samples import CONVERSATION, KEK, NOW, PASSWORD, SAID, START, TENANT, person, put, record

SECRET = "a password of this test alone"


@dataclass(frozen=True)
class Roles:
    """Connections as each role, and as the owner."""

    owner: Engine
    url: str
    by_stage: dict[str, Engine]

    def refuses(self, stage: str, statement: str) -> bool:
        """Whether the role has no right to it."""
        try:
            with self.by_stage[stage].begin() as connection:
                connection.execute(text(statement))
        except ProgrammingError as error:
            assert "permission denied" in str(error)  # noqa: PT017 - the other way is told by the result
            return True
        return False

    def ids(self, stage: str, account: object, table: str = "sessions") -> set[str]:
        """The sessions of the rows that the role sees on somebody's behalf."""
        with transaction(self.by_stage[stage], account) as session:  # type: ignore[arg-type]
            return {str(each) for each in session.scalars(text(f"SELECT session_id FROM {table}"))}


@pytest.fixture
def roles(engine: Engine, queue_url: str) -> Iterator[Roles]:
    """The database of this room with roles."""
    apply_roles(queue_url, dict.fromkeys(GRANTS, SECRET))
    made = {stage: connect(url_as(queue_url, stage, SECRET)) for stage in GRANTS}
    yield Roles(engine, queue_url, made)
    for each in made.values():
        each.dispose()


def test_the_sink_stores_withdraws_and_erases(roles: Roles) -> None:
    """Every path of a record, revisions and repeats too."""
    sink = roles.by_stage["sink"]
    changed = record(revision=2, client_text="Other words now.", edits=7)
    withdrawal = ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW)
    erasure = Erasure(tenant=TENANT, conversation_id="c_other", erasure_id="0" * 36, requested_at=NOW)
    done = put(
        sink, record(), record(), changed, record(revision=3), withdrawal, record(conversation="c_other"), erasure
    )
    assert done == [
        *(Applied.STORED, Applied.REPEATED, Applied.STORED, Applied.STORED),
        *(Applied.ERASED, Applied.STORED, Applied.ERASED),
    ]
    url = url_as(roles.url, "sink", SECRET)
    assert Writer(url, sink, KEK, 2, lambda: NOW).trouble() is None


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
    """A sink that was taken over gives nothing away but what passes through it."""
    assert roles.refuses("sink", statement)


def test_the_page_works_as_its_role(roles: Roles, people: People) -> None:
    """Login, lists, opening, deciding, the operator's numbers: all with the trail."""
    put(roles.owner, record(), record(conversation="c_south", counsellor="p_ben"))
    store = Store(roles.by_stage["web"], KEK, now=lambda: NOW)
    store.ping()
    viewer = store.authenticate("mara", PASSWORD)
    assert viewer is not None
    (row,) = store.queue(viewer).waiting
    opened = store.open(viewer, row.session_id)
    assert opened is not None
    assert opened.messages[0].text == SAID[0]
    assert store.decide(viewer, row.session_id, 1, DecisionKind.RELEASED) is Outcome.DONE
    assert store.decide(viewer, row.session_id, 1, DecisionKind.WITHHELD) is Outcome.DONE
    assert store.decide(viewer, row.session_id, 1, DecisionKind.RELEASED) is Outcome.DONE
    assert [own.session_id for own in store.own(people.ana)] == [row.session_id]
    assert store.open(people.ana, row.session_id) is not None
    assert store.own(people.ben) == ()
    counts = store.counts(people.operator)
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
def test_the_page_can_change_nothing_but_decisions(roles: Roles, statement: str) -> None:
    """And reads no trail."""
    assert roles.refuses("web", statement)


def test_rows_of_another_team_are_not_there_for_the_database_either(roles: Roles, people: People) -> None:
    """Whatever a query of ours forgets: in every table that belongs to a session, for everybody."""
    north, south = record(), record(conversation="c_south", counsellor="p_ben")
    nobody = record(conversation="c_nobody", counsellor="p_new")
    put(roles.owner, north, south, nobody)
    platform = person(roles.owner, "petra", AccountRole.SUPERVISOR, tenant=TENANT)
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
        for table in SCOPED:
            ids = {str(each.session_id) for each in sessions}
            assert roles.ids("web", viewer.user_id, table) == ids, (viewer.username, table)
    for table in SCOPED:
        assert roles.ids("web", None, table) == set(), f"nobody is named: {table}"
    for table in ("messages", "answers", "exchanges"):
        assert roles.ids("web", people.operator.user_id, table) == set()
    assert len(roles.ids("web", people.operator.user_id)) == 3


def test_a_decision_about_another_teams_session_cannot_be_written(roles: Roles, people: People) -> None:
    """Not even by a query that does not ask first."""
    south = record(conversation="c_south", counsellor="p_ben")
    put(roles.owner, south)
    with (
        pytest.raises(Misconfigured, match="counterpoint database roles"),
        transaction(roles.by_stage["web"], people.supervisor.user_id) as session,
    ):
        session.execute(
            text("INSERT INTO decisions VALUES (:s, 1, 'released', :a, now())"),
            {"s": south.session_id, "a": people.supervisor.user_id},
        )


def test_the_digest_sees_its_persons_sessions_and_no_word(roles: Roles, people: People) -> None:
    """Numbers and needs are what a mail may hold."""
    put(roles.owner, record(), record(conversation="c_south", counsellor="p_ben"))
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


def test_privacy_erases_keeps_time_and_exchanges_keys_without_reading_a_word(roles: Roles) -> None:
    """Its commands run as its own role."""
    engine = roles.by_stage["privacy"]
    put(roles.owner, record(conversation="c_1", clients=("p_client",)), record(conversation="c_2"), record())
    assert rotate(engine, KEK) == 0
    given = Eraser(engine, KEK, Noted(), now=lambda: NOW)
    erased = given.erase(room("c_1"))
    given.prove(erased, None)
    assert erased.sessions == 1
    late = START + timedelta(days=200)
    assert Keeper(engine, Clocks.at(late, Retention()), now=lambda: late).run() == Report(texts=2, quotes=2, keys=2)
    assert given.erase(client()).complete
    for statement in (
        "SELECT text FROM messages",
        "SELECT words FROM answers",
        "DELETE FROM erasures",
        "SELECT * FROM accounts",
        "UPDATE audit SET outcome = ''",
    ):
        assert roles.refuses("privacy", statement), statement


def test_every_table_has_been_thought_of() -> None:
    """A new table is granted to somebody, or stands here as the owner's alone."""
    owners = {"handled_dead_letters"}
    granted = {name for grants in GRANTS.values() for name in grants}
    assert {table.name for table in METADATA.sorted_tables} - granted <= owners
    assert granted <= {table.name for table in METADATA.sorted_tables}


def test_rights_are_renewed_after_a_migration_where_roles_are_used(
    roles: Roles, create_database: Callable[..., str]
) -> None:
    """And a database without them is left without."""
    with roles.owner.begin() as connection:
        connection.execute(text("REVOKE ALL ON sessions FROM counterpoint_sink"))
    assert renew(roles.url)
    assert put(roles.by_stage["sink"], record()) == [Applied.STORED]
    bare = create_database()
    with pytest.raises(Misconfigured, match="counterpoint migrate"):
        apply_roles(bare, {})
    upgrade(bare)
    assert not renew(bare)


def test_a_user_who_may_not_make_roles_is_told_what_to_do(roles: Roles) -> None:
    """The SQL goes to an administrator."""
    with pytest.raises(Misconfigured, match="counterpoint database roles"):
        apply_roles(url_as(roles.url, "web", SECRET), {})
    with pytest.raises(Misconfigured, match="names nobody"):
        apply_roles(roles.url, {"nobody": SECRET})
