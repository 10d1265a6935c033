"""Helpers of the tests of the audit trail: entries, their age, and somebody with every right who tampers with them."""

from datetime import timedelta

from sqlalchemy import Connection, Engine, text

from plugin.database.audit import add_audit_entry
from plugin.database.engine import transaction

OLDER_THAN_THE_MINIMUM = timedelta(days=3000)
"""Longer than the 2190 days for which the database keeps an entry."""


def write_entries(engine: Engine, count: int, *, older: timedelta = timedelta()) -> None:
    """Write entries, each in a transaction of its own, and let them and all before them be so much older."""
    for number in range(count):
        with transaction(engine) as session:
            add_audit_entry(
                session,
                None,
                purpose="review",
                object_type="session",
                object_id=f"s-{number}",
                outcome='done \u2019 \\ "quoted" \t',
                request_id="",
            )
    if older:
        let_time_pass(engine, older)


def let_time_pass(engine: Engine, time: timedelta) -> None:
    """Make all entries older by a time, with a chain as it would then be."""
    tamper(
        engine,
        f"""
        DO $$
        DECLARE one audit; last bytea := decode(repeat('00', 32), 'hex');
        BEGIN
          SELECT previous INTO last FROM audit WHERE seq = (SELECT min(seq) FROM audit);
          FOR one IN SELECT * FROM audit ORDER BY seq LOOP
            one.at := one.at - interval '{time.total_seconds()} s';
            one.previous := last;
            last := counterpoint_audit_hash(one);
            UPDATE audit SET at = one.at, previous = one.previous, hash = last WHERE entry_id = one.entry_id;
          END LOOP;
        END $$
        """,
    )


def tamper(engine: Engine, statement: str) -> None:
    """Run a statement like somebody with every right who has turned off the database's triggers."""
    with engine.begin() as connection:
        switch_triggers_off(connection)
        connection.execute(text(statement))


def switch_triggers_off(connection: Connection) -> None:
    """Turn off the database's triggers until the end of the transaction."""
    connection.execute(text("SET LOCAL session_replication_role = replica"))
