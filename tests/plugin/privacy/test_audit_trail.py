"""Tests of the audit trail's chain on a real PostgreSQL: what is refused, and which changes are detected."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from plugin.database.audit import add_audit_entries, set_audit_minimum
from plugin.database.engine import connect, transaction
from plugin.database.migrate import downgrade, upgrade
from plugin.privacy import audit_trail
from plugin.privacy.anchors import INITIAL_HASH, Anchor
from plugin.privacy.audit_trail import (
    ChainVerification,
    count_old_entries,
    minimum_days,
    newest_anchor,
    remove_old_entries,
    verify_chain,
)
from tests.plugin.privacy.trails import (
    OLDER_THAN_THE_MINIMUM,
    let_time_pass,
    switch_triggers_off,
    tamper,
    write_entries,
)

EVERYTHING = datetime(2999, 1, 1, tzinfo=UTC)
"""A cutoff before which every entry was written."""


def verify(engine: Engine, *anchors: Anchor) -> ChainVerification:
    """Return the result of verifying the chain."""
    with transaction(engine) as session:
        return verify_chain(session, anchors)


def anchor_now(engine: Engine) -> Anchor:
    """Return the newest anchor."""
    with transaction(engine) as session:
        return newest_anchor(session)


def remove(engine: Engine, before: datetime = EVERYTHING) -> int:
    """Remove old entries once, and return their number."""
    with transaction(engine) as session:
        return remove_old_entries(session, before)


def test_an_untouched_trail_is_intact(engine: Engine) -> None:
    """An untouched trail is intact and numbered from one; an empty one is intact too."""
    assert verify(engine) == ChainVerification(0, 1, None, None)
    write_entries(engine, 5)
    found = verify(engine)
    assert (found.entries, found.first, found.problem) == (5, 1, None)
    assert found.last is not None
    assert found.last.seq == 5


@pytest.mark.parametrize("count", [0, 1, 4])
def test_entries_that_are_written_together_are_chained_in_their_order(engine: Engine, count: int) -> None:
    """Entries about several objects follow each other in the order of the objects, and the chain is intact."""
    write_entries(engine, 1)
    objects = [f"s-{number}" for number in range(count)]
    with transaction(engine) as session:
        add_audit_entries(
            session,
            None,
            purpose="review",
            object_type="session",
            object_ids=objects,
            outcome="done",
            request_id="",
        )
    with engine.connect() as connection:
        written = connection.execute(text("SELECT object_id FROM audit WHERE seq > 1 ORDER BY seq")).scalars().all()
    assert written == objects
    found = verify(engine)
    assert (found.entries, found.problem) == (1 + count, None)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET outcome = 'other'", "DELETE FROM audit", "DELETE FROM audit WHERE seq = 3", "TRUNCATE audit"],
)
def test_the_database_refuses_changes_of_entries(engine: Engine, statement: str) -> None:
    """The database refuses changes and deletions of entries, even by the owner."""
    write_entries(engine, 3)
    with pytest.raises(DBAPIError, match="never changed"), engine.begin() as connection:
        connection.execute(text(statement))
    assert verify(engine).entries == 3


def test_the_database_sets_number_time_and_hash(engine: Engine) -> None:
    """The database sets number, time and hash of an entry, whatever values an INSERT names."""
    write_entries(engine, 2)
    for wrong in ("timestamp '1970-01-01'", "timestamp 'infinity'"):
        with engine.begin() as connection:
            connection.execute(
                text(
                    f"INSERT INTO audit SELECT gen_random_uuid(), {wrong}, account_id, role, purpose, object_type,"
                    " object_id, outcome, request_id, 99, 'x', 'y' FROM audit WHERE seq = 1"
                )
            )
    found = verify(engine)
    assert (found.entries, found.problem) == (4, None)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM audit WHERE at > now() - interval '1 hour'")) == 4


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit SET outcome = 'other' WHERE seq = 2", "Entry 2 was changed"),
        ("UPDATE audit SET account_id = gen_random_uuid() WHERE seq = 3", "Entry 3 was changed"),
        ("UPDATE audit SET at = at + interval '1 microsecond' WHERE seq = 4", "Entry 4 was changed"),
        ("DELETE FROM audit WHERE seq = 3", "Entry 3 is missing"),
        ("DELETE FROM audit WHERE seq <= 2", "Entry 1 is missing"),
        ("UPDATE audit SET seq = -7 WHERE seq = 1", "Entry 1 is missing"),
    ],
)
def test_a_change_of_an_entry_is_detected(engine: Engine, statement: str, said: str) -> None:
    """Verification names the first entry that was changed, removed or renumbered."""
    write_entries(engine, 5)
    tamper(engine, statement)
    assert said in (verify(engine).problem or "")


def test_entries_removed_at_the_new_end_are_detected_by_an_anchor(engine: Engine) -> None:
    """Entries removed at the new end are only detected with an anchor."""
    write_entries(engine, 5)
    kept = anchor_now(engine)
    assert verify(engine, kept).problem is None
    tamper(engine, "DELETE FROM audit WHERE seq > 3")
    assert verify(engine).problem is None
    assert "not the one of its anchor" in (verify(engine, kept).problem or "")
    write_entries(engine, 4)
    assert "not the one of its anchor" in (verify(engine, kept).problem or "")


def test_a_whole_trail_written_anew_is_detected_by_an_anchor(engine: Engine) -> None:
    """A trail whose chain somebody with every right has computed anew is intact by itself, and not by an anchor."""
    write_entries(engine, 5)
    early, late = Anchor(0, INITIAL_HASH.hex()), anchor_now(engine)
    tamper(engine, "UPDATE audit SET outcome = 'other' WHERE seq = 2")
    let_time_pass(engine, timedelta(0))
    assert verify(engine).problem is None
    found = verify(engine, early, late)
    assert "Entry 5 is not the one of its anchor" in (found.problem or "")


def test_retention_removes_old_entries_and_names_the_last_one(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Retention removes old entries in batches and names the last in the chain; the newest entry stays."""
    monkeypatch.setattr(audit_trail, "REMOVAL_BATCH", 4)
    write_entries(engine, 6, older=OLDER_THAN_THE_MINIMUM)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT seq, hash FROM audit WHERE seq IN (2, 6) ORDER BY seq")).all()
    removed, last_removed = (Anchor(seq, bytes(digest).hex()) for seq, digest in row)
    write_entries(engine, 3)
    with transaction(engine) as session:
        assert count_old_entries(session, EVERYTHING) == 6
    assert [remove(engine), remove(engine), remove(engine)] == [4, 2, 0]
    found = verify(engine, last_removed)
    assert (found.first, found.entries, found.problem, found.anchors_found) == (7, 5, None, 1)
    newest = anchor_now(engine)
    found = verify(engine, removed, newest)
    assert (found.problem, found.anchors_found, found.anchors_removed) == (None, 1, 1)
    assert "older than what is kept" in (verify(engine, removed).problem or "")
    tamper(engine, "DELETE FROM audit WHERE seq = 7")
    assert "Entry 7 is missing" in (verify(engine).problem or "")


def test_an_entry_younger_than_the_minimum_is_removed_by_nobody(engine: Engine) -> None:
    """A cutoff of retention, and a tombstone of the owner's own, remove nothing that is younger than the minimum."""
    write_entries(engine, 4)
    assert remove(engine, EVERYTHING) == 0
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO audit (entry_id, purpose, object_type, object_id, outcome, request_id)"
                " SELECT gen_random_uuid(), 'retention', 'audit', '3', encode(hash, 'hex'), '' FROM audit WHERE seq = 3"
            )
        )
    with pytest.raises(DBAPIError, match="never changed"), engine.begin() as connection:
        connection.execute(text("DELETE FROM audit WHERE seq <= 3"))
    assert "they were not removed" in (verify(engine).problem or "")


def test_the_owner_sets_the_minimum_and_the_trail_says_so(engine: Engine) -> None:
    """The minimum is what the owner sets; a change of it is an entry of the trail, the same value again is none."""
    with transaction(engine) as session:
        assert minimum_days(session) == 2190
        assert set_audit_minimum(session, 10.5)
        assert not set_audit_minimum(session, 10.5)
        assert minimum_days(session) == 10.5
    try:
        write_entries(engine, 2)
        let_time_pass(engine, timedelta(days=11))
        assert remove(engine) == 2
        with engine.connect() as connection:
            query = text("SELECT purpose, object_type, object_id FROM audit ORDER BY seq")
            assert [tuple(row) for row in connection.execute(query)][-1] == ("retention", "audit", "2")
    finally:
        with transaction(engine) as session:
            set_audit_minimum(session, 2190)


def test_writers_at_the_same_time_make_one_chain(engine: Engine) -> None:
    """Writers at the same time produce one chain without gaps, whose times never go back."""
    threads = [threading.Thread(target=write_entries, args=(engine, 10)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = verify(engine)
    assert (found.entries, found.problem) == (80, None)
    with engine.connect() as connection:
        times = connection.scalars(text("SELECT at FROM audit ORDER BY seq")).all()
    assert times == sorted(times)


def test_older_entries_are_numbered_by_their_time(create_database: Callable[..., str]) -> None:
    """The migration numbers the entries of an older database by their time, and keeps that time."""
    url = create_database()
    upgrade(url)
    engine = connect(url)
    downgrade(url, "0002")
    with engine.begin() as connection:
        for number in (3, 1, 2):
            connection.execute(
                text(
                    "INSERT INTO audit (entry_id, at, purpose, object_type, object_id, outcome, request_id)"
                    f" VALUES (gen_random_uuid(), now() + interval '{number} s', 'login', 'x', '{number}', '', '')"
                )
            )
    upgrade(url)
    found = verify(engine)
    with engine.connect() as connection:
        order = connection.scalars(text("SELECT object_id FROM audit ORDER BY seq")).all()
    engine.dispose()
    assert (found.entries, found.problem, order) == (3, None, ["1", "2", "3"])


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
ROWS = st.fixed_dictionaries(
    {
        "seq": st.one_of(st.integers(-3, 12), st.sampled_from([-(2**63), 2**63 - 1])),
        "previous": st.binary(max_size=40),
        "hash": st.binary(max_size=40),
        "at": st.sampled_from(["infinity", "-infinity", "0044-03-15 BC", "0001-01-01", "294276-12-31", "now"]),
        "purpose": st.sampled_from(["retention", "login", ""]) | TEXTS,
        "object_type": st.sampled_from(["audit", "session"]) | TEXTS,
        "object_id": st.sampled_from(["1", "2", "-1", "x", "", "9" * 30, "\u0664", "1e3"]) | TEXTS,
        "outcome": st.sampled_from(["", "00" * 32, "zz"]) | TEXTS,
        "role": st.none() | TEXTS,
    }
)
COLUMNS = "seq, previous, hash, at, purpose, object_type, object_id, outcome, role"


def insert_row(connection: Connection, row: dict[str, Any]) -> None:
    """Insert a row as it is; where its number is taken it replaces that entry."""
    connection.execute(text("DELETE FROM audit WHERE seq = :seq"), {"seq": row["seq"]})
    names = ", ".join(f":{name}" if name != "at" else "CAST(:at AS timestamptz)" for name in COLUMNS.split(", "))
    statement = f"INSERT INTO audit (entry_id, request_id, {COLUMNS}) VALUES (gen_random_uuid(), '', {names})"
    connection.execute(text(statement), row)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, min_size=1, max_size=6))
def test_verification_of_any_content_is_a_report(engine: Engine, rows: list[dict[str, Any]]) -> None:
    """Whatever rows somebody with every right puts into the table, verification returns a report, with a problem."""
    with engine.connect() as connection:
        if not connection.scalar(text("SELECT count(*) FROM audit")):
            write_entries(engine, 5)
        connection.rollback()
        switch_triggers_off(connection)
        for row in rows:
            insert_row(connection, row)
        with Session(connection) as session:
            found = verify_chain(session)
            newest_anchor(session)
            count_old_entries(session, EVERYTHING)
        assert found.problem is not None
        connection.rollback()


COLUMN_CHANGES = {
    "entry_id": "gen_random_uuid()",
    "at": "at - interval '1 day'",
    "account_id": "gen_random_uuid()",
    "role": "coalesce(role, '') || 'x'",
    "purpose": "purpose || ' '",
    "object_type": "object_type || 'x'",
    "object_id": "object_id || '0'",
    "outcome": "''",
    "request_id": "request_id || 'x'",
    "seq": "seq + 100",
    "previous": "hash",
    "hash": "previous",
}


def test_the_changes_name_every_column(engine: Engine) -> None:
    """The test below changes every column of the table."""
    with engine.connect() as connection:
        query = text("SELECT column_name FROM information_schema.columns WHERE table_name = 'audit'")
        assert set(connection.scalars(query)) == set(COLUMN_CHANGES)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["change", "remove", "copy"]), st.integers(1, 8), st.sampled_from([*COLUMN_CHANGES])),
        min_size=1,
        max_size=3,
    )
)
def test_any_change_removal_or_insertion_is_found(engine: Engine, steps: list[tuple[str, int, str]]) -> None:
    """Any change, removal or insertion of entries is found by an anchor of the end, after a real removal too."""
    with engine.connect() as connection:
        if not connection.scalar(text("SELECT count(*) FROM audit")):
            write_entries(engine, 3, older=OLDER_THAN_THE_MINIMUM)
            write_entries(engine, 4)
            assert remove(engine) == 3
        connection.rollback()
        with Session(connection) as session:
            kept = newest_anchor(session)
            assert (kept.seq, verify_chain(session, [kept]).problem) == (8, None)
            switch_triggers_off(connection)
            before = fingerprint(connection)
            for step in steps:
                apply_step(connection, *step)
            after = fingerprint(connection)
            problem = verify_chain(session, [kept]).problem
        connection.rollback()
    assert (problem is not None) == (before != after)


def fingerprint(connection: Connection) -> str:
    """Return the whole content of the table as one value."""
    return str(connection.scalar(text("SELECT string_agg(a::text, '|' ORDER BY a.seq) FROM audit a")))


def apply_step(connection: Connection, step: str, seq: int, column: str) -> None:
    """Change a column of an entry, remove the entry, or insert a copy of it at the end."""
    copied = "at, purpose, object_type, object_id, outcome, request_id"
    statements = {
        "change": f"UPDATE audit SET {column} = {COLUMN_CHANGES[column]} WHERE seq = :seq",
        "remove": "DELETE FROM audit WHERE seq = :seq",
        "copy": f"INSERT INTO audit (entry_id, seq, previous, hash, {copied}) SELECT gen_random_uuid(),"
        f" (SELECT max(seq) FROM audit) + 1, previous, hash, {copied} FROM audit WHERE seq = :seq",
    }
    savepoint = connection.begin_nested()
    try:
        connection.execute(text(statements[step]), {"seq": seq})
    except DBAPIError:
        savepoint.rollback()  # a number that is taken already
    else:
        savepoint.commit()
