"""The trail's chain on a real PostgreSQL: what cannot be done to it, and what is seen of what was done."""

import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from plugin.database.audit import note
from plugin.database.engine import connect, transaction
from plugin.database.migrate import downgrade, upgrade
from plugin.privacy import trail
from plugin.privacy.trail import Anchor, Proof, anchor_of, cut, verify
from stream.contracts.errors import Misconfigured
from tests.plugin.samples import NOW


def write(engine: Engine, count: int, *, days: int = 0, purpose: str = "review") -> None:
    """Some entries, a transaction each."""
    for number in range(count):
        with transaction(engine) as session:
            note(
                session,
                None,
                purpose=purpose,
                object_type="session",
                object_id=f"s-{number}",
                outcome='done \u2019 \\ "quoted" \t',
                request_id="",
                now=NOW + timedelta(days=days, microseconds=number),
            )


def proof(engine: Engine, anchor: Anchor | None = None) -> Proof:
    """What verifying finds."""
    with transaction(engine) as session:
        return verify(session, anchor)


def tamper(engine: Engine, statement: str) -> None:
    """As somebody with every right, who has turned the database's own guard off."""
    with engine.begin() as connection:
        connection.execute(text(f"SET LOCAL session_replication_role = replica; {statement}"))


def test_an_untouched_trail_holds(engine: Engine) -> None:
    """Numbered from one, each after the other; an empty one holds too."""
    assert proof(engine) == Proof(0, 1, None, None)
    write(engine, 5)
    found = proof(engine)
    assert (found.entries, found.first, found.broken) == (5, 1, None)
    assert found.last is not None
    assert found.last.seq == 5


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET outcome = 'other'", "DELETE FROM audit", "DELETE FROM audit WHERE seq = 3", "TRUNCATE audit"],
)
def test_the_database_lets_nobody_change_it(engine: Engine, statement: str) -> None:
    """Not even the owner."""
    write(engine, 3)
    with pytest.raises(DBAPIError, match="never changed"), engine.begin() as connection:
        connection.execute(text(statement))
    assert proof(engine).entries == 3


def test_number_and_hash_are_the_databases_own(engine: Engine) -> None:
    """Whoever names others does not get them."""
    write(engine, 2)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO audit SELECT gen_random_uuid(), at, account_id, role, purpose, object_type, object_id,"
                " outcome, request_id, 99, 'x', 'y' FROM audit WHERE seq = 1"
            )
        )
    found = proof(engine)
    assert (found.entries, found.broken) == (3, None)


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
def test_what_somebody_did_to_it_is_seen(engine: Engine, statement: str, said: str) -> None:
    """By the first entry that does not fit."""
    write(engine, 5)
    tamper(engine, statement)
    assert said in (proof(engine).broken or "")


def test_entries_cut_off_at_the_new_end_are_seen_by_an_anchor_alone(engine: Engine) -> None:
    """The chain itself cannot know what never came after."""
    write(engine, 5)
    with transaction(engine) as session:
        kept = anchor_of(session)
    assert kept is not None
    assert proof(engine, kept).broken is None
    tamper(engine, "DELETE FROM audit WHERE seq > 3")
    assert proof(engine).broken is None
    assert "not the one of the anchor" in (proof(engine, kept).broken or "")
    write(engine, 4)
    assert "not the one of the anchor" in (proof(engine, kept).broken or "")


def test_retention_cuts_the_old_end_and_says_so_in_the_chain(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """In steps; the newest entry always stays; an anchor from before is told to be too old, or still holds."""
    monkeypatch.setattr(trail, "CUT_AT_ONCE", 4)
    write(engine, 6)
    with transaction(engine) as session:
        old = anchor_of(session)
    write(engine, 3, days=10)
    done = []
    for _ in range(3):
        with transaction(engine) as session:
            done.append(cut(session, NOW + timedelta(days=5), NOW + timedelta(days=20)))
    assert done == [4, 2, 0]
    found = proof(engine)
    assert (found.first, found.entries, found.broken) == (7, 5, None)
    assert proof(engine, old).broken is None
    assert "older than what is kept" in (proof(engine, Anchor(2, "0" * 64)).broken or "")
    tamper(engine, "DELETE FROM audit WHERE seq = 7")
    assert "Entry 7 is missing" in (proof(engine).broken or "")


def test_a_tombstone_lets_nothing_young_go(engine: Engine) -> None:
    """The database looks at each entry: what no tombstone covers stays."""
    write(engine, 4)
    with transaction(engine) as session:
        cut(session, NOW + timedelta(microseconds=2), NOW)
    with pytest.raises(DBAPIError, match="never changed"), engine.begin() as connection:
        connection.execute(text("DELETE FROM audit WHERE seq = 3"))


def test_writers_at_the_same_time_make_one_chain(engine: Engine) -> None:
    """Nobody waits for ever, no number is missing, no two entries have the same one before them."""
    threads = [threading.Thread(target=write, args=(engine, 10)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = proof(engine)
    assert (found.entries, found.broken) == (80, None)


def test_what_was_there_before_the_chain_is_numbered_by_its_time(create_database: Callable[..., str]) -> None:
    """An older database keeps its trail."""
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
    found = proof(engine)
    with engine.connect() as connection:
        order = connection.scalars(text("SELECT object_id FROM audit ORDER BY seq")).all()
    engine.dispose()
    assert (found.entries, found.broken, order) == (3, None, ["1", "2", "3"])


@given(st.text(max_size=80))
def test_what_is_no_anchor_is_told_so(typed: str) -> None:
    """A sentence, whatever was typed."""
    with pytest.raises(Misconfigured, match="anchor"):
        Anchor.parse(typed)


def test_an_anchor_is_read_as_it_was_printed() -> None:
    """With a line's end around it."""
    one = Anchor(12, "ab" * 32)
    assert Anchor.parse(f" {one}\n") == one
    assert all(a != b for a, b in pairwise((one, Anchor(13, one.hash), Anchor(12, "cd" * 32))))
