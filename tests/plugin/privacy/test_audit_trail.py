"""Tests of the audit trail's chain on a real PostgreSQL: what is refused, and which changes are detected."""

import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from plugin.database.audit import add_audit_entry
from plugin.database.engine import connect, transaction
from plugin.database.migrate import downgrade, upgrade
from plugin.privacy import audit_trail
from plugin.privacy.audit_trail import Anchor, ChainVerification, newest_anchor, remove_old_entries, verify_chain
from stream.contracts.errors import Misconfigured
from tests.plugin.samples import NOW


def write(engine: Engine, count: int, *, days: int = 0, purpose: str = "review") -> None:
    """Write entries, each in a transaction of its own."""
    for number in range(count):
        with transaction(engine) as session:
            add_audit_entry(
                session,
                None,
                purpose=purpose,
                object_type="session",
                object_id=f"s-{number}",
                outcome='done \u2019 \\ "quoted" \t',
                request_id="",
                now=NOW + timedelta(days=days, microseconds=number),
            )


def verify(engine: Engine, anchor: Anchor | None = None) -> ChainVerification:
    """Return the result of verifying the chain."""
    with transaction(engine) as session:
        return verify_chain(session, anchor)


def tamper(engine: Engine, statement: str) -> None:
    """Run a statement like somebody with every right who has turned off the database's triggers."""
    with engine.begin() as connection:
        connection.execute(text(f"SET LOCAL session_replication_role = replica; {statement}"))


def test_an_untouched_trail_is_intact(engine: Engine) -> None:
    """An untouched trail is intact and numbered from one; an empty one is intact too."""
    assert verify(engine) == ChainVerification(0, 1, None, None)
    write(engine, 5)
    found = verify(engine)
    assert (found.entries, found.first, found.problem) == (5, 1, None)
    assert found.last is not None
    assert found.last.seq == 5


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET outcome = 'other'", "DELETE FROM audit", "DELETE FROM audit WHERE seq = 3", "TRUNCATE audit"],
)
def test_the_database_refuses_changes_of_entries(engine: Engine, statement: str) -> None:
    """The database refuses changes and deletions of entries, even by the owner."""
    write(engine, 3)
    with pytest.raises(DBAPIError, match="never changed"), engine.begin() as connection:
        connection.execute(text(statement))
    assert verify(engine).entries == 3


def test_the_database_sets_number_and_hash(engine: Engine) -> None:
    """The database sets number and hash of an entry, whatever values an INSERT names."""
    write(engine, 2)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO audit SELECT gen_random_uuid(), at, account_id, role, purpose, object_type, object_id,"
                " outcome, request_id, 99, 'x', 'y' FROM audit WHERE seq = 1"
            )
        )
    found = verify(engine)
    assert (found.entries, found.problem) == (3, None)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit SET outcome = 'other' WHERE seq = 2", "Entry 2 was changed"),
        ("UPDATE audit SET account_id = gen_random_uuid() WHERE seq = 3", "Entry 3 was changed"),
        ("UPDATE audit SET at = at + interval '1 microsecond' WHERE seq = 4", "Entry 4 was changed"),
        ("DELETE FROM audit WHERE seq = 3", "Entry 3 is missing"),
        ("DELETE FROM audit WHERE seq <= 2", "Entry 1 is missing"),
        ("DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = seq - 1 WHERE seq > 3", "Entry 3 does not follow"),
    ],
)
def test_a_change_of_an_entry_is_detected(engine: Engine, statement: str, said: str) -> None:
    """Verification names the first entry that was changed, removed or renumbered."""
    write(engine, 5)
    tamper(engine, statement)
    assert said in (verify(engine).problem or "")


def test_entries_removed_at_the_new_end_are_detected_by_an_anchor(engine: Engine) -> None:
    """Entries removed at the new end are only detected with an anchor."""
    write(engine, 5)
    with transaction(engine) as session:
        kept = newest_anchor(session)
    assert kept is not None
    assert verify(engine, kept).problem is None
    tamper(engine, "DELETE FROM audit WHERE seq > 3")
    assert verify(engine).problem is None
    assert "not the one of the anchor" in (verify(engine, kept).problem or "")
    write(engine, 4)
    assert "not the one of the anchor" in (verify(engine, kept).problem or "")


def test_retention_removes_old_entries_and_names_the_last_one(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Retention removes old entries in batches and names the last in the chain; the newest entry stays."""
    monkeypatch.setattr(audit_trail, "REMOVAL_BATCH", 4)
    write(engine, 6)
    with transaction(engine) as session:
        old = newest_anchor(session)
    write(engine, 3, days=10)
    done = []
    for _ in range(3):
        with transaction(engine) as session:
            done.append(remove_old_entries(session, NOW + timedelta(days=5), NOW + timedelta(days=20)))
    assert done == [4, 2, 0]
    found = verify(engine)
    assert (found.first, found.entries, found.problem) == (7, 5, None)
    assert verify(engine, old).problem is None
    assert "older than what is kept" in (verify(engine, Anchor(2, "0" * 64)).problem or "")
    tamper(engine, "DELETE FROM audit WHERE seq = 7")
    assert "Entry 7 is missing" in (verify(engine).problem or "")


def test_a_tombstone_covers_only_old_entries(engine: Engine) -> None:
    """The database refuses to delete an entry that no tombstone of retention covers."""
    write(engine, 4)
    with transaction(engine) as session:
        remove_old_entries(session, NOW + timedelta(microseconds=2), NOW)
    with pytest.raises(DBAPIError, match="never changed"), engine.begin() as connection:
        connection.execute(text("DELETE FROM audit WHERE seq = 3"))


def test_writers_at_the_same_time_make_one_chain(engine: Engine) -> None:
    """Writers at the same time produce one chain without gaps."""
    threads = [threading.Thread(target=write, args=(engine, 10)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = verify(engine)
    assert (found.entries, found.problem) == (80, None)


def test_older_entries_are_numbered_by_their_time(create_database: Callable[..., str]) -> None:
    """The migration numbers the entries of an older database by their time."""
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


@given(st.text(max_size=80))
def test_a_text_that_is_not_an_anchor_is_refused(typed: str) -> None:
    """A text that is not an anchor is refused with a message."""
    with pytest.raises(Misconfigured, match="anchor"):
        Anchor.parse(typed)


def test_an_anchor_is_parsed_from_its_printed_form() -> None:
    """An anchor is parsed from its printed form, with spaces or a line end around it."""
    one = Anchor(12, "ab" * 32)
    assert Anchor.parse(f" {one}\n") == one
    assert all(a != b for a, b in pairwise((one, Anchor(13, one.hash), Anchor(12, "cd" * 32))))
