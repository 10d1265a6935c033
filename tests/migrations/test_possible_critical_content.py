"""The migration to two grades of critical content: stored needs keep their meaning, and go back to one grade."""

import json
from uuid import UUID

from sqlalchemy import Connection, create_engine, text

from plugin.database.migrate import downgrade, upgrade
from plugin.database.needs import Need
from plugin.queue.look_views import MachineOpinion
from plugin.queue.machine_opinion import opinion_to_json
from stream.contracts.sessions import Mark
from stream.contracts.vocabulary import MarkKind, NeedsHuman
from tests.plugin.samples import NOW

BEFORE = "0027"
OTHER_BEFORE = 6
SESSION, ACCOUNT, MOMENT = UUID(int=4), UUID(int=20), UUID(int=30)
UNSURE = Mark(kind=MarkKind.UNANSWERED_MOMENT, message_ids=("m-1",), needs_human=NeedsHuman.POSSIBLE_CRITICAL_CONTENT)
POSSIBLE = MachineOpinion(
    shown=False,
    verdict=None,
    needs_human=NeedsHuman.POSSIBLE_CRITICAL_CONTENT,
    critical=False,
    possible_critical=True,
)


def add_session(connection: Connection, need: int, marks: str = "[]") -> None:
    """Add a session with a need; its id is that need."""
    connection.execute(
        text(
            "INSERT INTO sessions (session_id, tenant, conversation_id, revision, state, started_at, ended_at,"
            " closed_at, first_appended_at, last_appended_at, stored_at, end_reason, consent, counts, marks, need,"
            " facts) VALUES (:id, 'sample', 'c', 1, 'closed', :at, :at, :at, :at, :at, :at, 'idle', '{}', '{}',"
            " CAST(:marks AS jsonb), :need, '{}')"
        ),
        {"id": UUID(int=need), "need": need, "marks": marks, "at": NOW},
    )


def add_what_is_unsure(connection: Connection) -> None:
    """Add a session of possible critical content, with a moment, a rerating and a blind look that say so."""
    add_session(connection, Need.POSSIBLE_CRITICAL, json.dumps([UNSURE.model_dump(mode="json")]))
    given = {
        "session": SESSION,
        "account": ACCOUNT,
        "moment": MOMENT,
        "reason": NeedsHuman.POSSIBLE_CRITICAL_CONTENT.value,
        "machine": json.dumps(opinion_to_json(POSSIBLE)),
        "at": NOW,
    }
    for statement in (
        (
            "INSERT INTO answers (assessment_id, session_id, exchange_id, input_id, model, abstained, ratings,"
            " revision, stored_at) VALUES (:moment, :session, :moment, :moment, '{}', :reason, '[]', 1, :at)"
        ),
        (
            "INSERT INTO reratings (assessment_id, model_key, shadow, session_id, model, abstained, ratings, rated_at)"
            " VALUES (:moment, 'k', true, :session, '{}', :reason, '[]', :at)"
        ),
        (
            "INSERT INTO accounts (account_id, username, password_hash, role, display_name, created_at)"
            " VALUES (:account, 'mara', '', 'supervisor', 'Mara', :at)"
        ),
        (
            "INSERT INTO look_answers (session_id, position, revision, message_id, resistance, critical, machine,"
            " rubric, account_id, said_at) VALUES (:session, 0, 1, 'm-1', 'no', 'yes', CAST(:machine AS jsonb), '0.3',"
            " :account, :at)"
        ),
    ):
        connection.execute(text(statement), given)


def needs(connection: Connection) -> list[int]:
    """Return the needs of the sessions, in the order of their ids."""
    return list(connection.scalars(text("SELECT need FROM sessions ORDER BY session_id")))


def test_stored_needs_make_room_and_what_is_unsure_goes_back_to_the_sure_grade(database_url: str) -> None:
    """Needs keep their meaning both ways; to the earlier version what may be critical is critical, and comes first."""
    upgrade(database_url)
    downgrade(database_url, BEFORE)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        for need in range(OTHER_BEFORE + 1):
            add_session(connection, need)
    upgrade(database_url)
    with engine.begin() as connection:
        assert needs(connection) == [need for need in Need if need is not Need.POSSIBLE_CRITICAL]
        connection.execute(text("DELETE FROM sessions WHERE session_id = :id"), {"id": SESSION})
        add_what_is_unsure(connection)
    downgrade(database_url, BEFORE)
    with engine.connect() as connection:
        assert needs(connection) == [0, 1, 2, 3, Need.CRITICAL, 5, 6]
        reasons = [connection.scalar(text(f"SELECT abstained FROM {table}")) for table in ("answers", "reratings")]
        assert reasons == [NeedsHuman.CRITICAL_CONTENT] * 2
        marks = connection.scalar(text("SELECT marks FROM sessions WHERE marks != '[]'"))
        sure = UNSURE.model_copy(update={"needs_human": NeedsHuman.CRITICAL_CONTENT})
        assert [Mark.model_validate(mark) for mark in marks or ()] == [sure]
        machine = connection.scalar(text("SELECT machine FROM look_answers"))
        assert machine is not None
        assert (machine["critical"], "possible_critical" in machine) == (True, False)
    engine.dispose()
