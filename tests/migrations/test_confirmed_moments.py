"""The migration to confirmed moments on stored rows: what was read stays, and every need keeps its meaning."""

from uuid import UUID

from sqlalchemy import Connection, create_engine, text

from plugin.database.migrate import downgrade, upgrade
from plugin.database.needs import Need
from tests.plugin.samples import NOW

NEEDS_BEFORE = range(6)
ADDED_SINCE = {Need.POSSIBLE_CRITICAL, Need.POSSIBLE_INJECTION}
VERDICTS = ("confirmed", "not_assessed", "rejected", None)


def add_rows(connection: Connection) -> None:
    """Add a session for each need of the earlier version, and a moment with each verdict, as they were stored then."""
    for need in NEEDS_BEFORE:
        connection.execute(
            text(
                "INSERT INTO sessions (session_id, tenant, conversation_id, revision, state, started_at, ended_at,"
                " closed_at, first_appended_at, last_appended_at, stored_at, end_reason, consent, counts, marks, need,"
                " facts) VALUES (:id, 'sample', 'c', 1, 'closed', :at, :at, :at, :at, :at, :at, 'idle', '{}', '{}',"
                " '[]', :need, '{}')"
            ),
            {"id": UUID(int=need), "need": need, "at": NOW},
        )
    for position, verdict in enumerate(VERDICTS):
        connection.execute(
            text(
                "INSERT INTO exchanges (exchange_id, session_id, position, context, client_turn, reply, score, cues)"
                " VALUES (:id, :session, :position, '[]', '[]', '[]', 0.5, '[]')"
            ),
            {"id": UUID(int=position), "session": UUID(int=0), "position": position},
        )
        # The answer of an earlier revision rejected every moment, and counts no more.
        for superseded_by, answer in ((2, "rejected"), (None, verdict)):
            connection.execute(
                text(
                    "INSERT INTO answers (assessment_id, session_id, exchange_id, input_id, model, verdict, ratings,"
                    " revision, superseded_by, stored_at) VALUES (gen_random_uuid(), :session, :id, :id, '{}',"
                    " :verdict, '[]', 1, :superseded_by, :at)"
                ),
                {
                    "session": UUID(int=0),
                    "id": UUID(int=position),
                    "verdict": answer,
                    "superseded_by": superseded_by,
                    "at": NOW,
                },
            )


def needs(connection: Connection) -> list[int]:
    """Return the needs of the sessions, in their order."""
    return list(connection.scalars(text("SELECT need FROM sessions ORDER BY session_id")))


def test_stored_moments_and_needs_keep_their_meaning(database_url: str) -> None:
    """Rejected moments are not shown any more, all others are; needs make room for planted text, and go back."""
    upgrade(database_url)
    downgrade(database_url, "0006")
    engine = create_engine(database_url)
    with engine.begin() as connection:
        add_rows(connection)
    upgrade(database_url)
    with engine.begin() as connection:
        shown = connection.scalars(text("SELECT shown FROM exchanges ORDER BY position"))
        assert dict(zip(VERDICTS, shown, strict=True)) == {
            "confirmed": True,
            "not_assessed": True,
            "rejected": False,
            None: True,
        }
        assert needs(connection) == [need for need in Need if need not in ADDED_SINCE]
        added = connection.execute(text("SELECT DISTINCT confidence, possible_injection FROM answers")).all()
        assert added == [(None, False)]
        connection.execute(
            text("UPDATE sessions SET need = :need WHERE session_id = :id"),
            {"need": Need.POSSIBLE_INJECTION, "id": UUID(int=0)},
        )
    downgrade(database_url, "0006")
    with engine.connect() as connection:
        assert needs(connection) == [4, *NEEDS_BEFORE[1:]]
    engine.dispose()
