"""How the database is reached: which trouble passes, and what an exception may hold."""

import threading
import traceback
from uuid import uuid4

import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import DataError, ProgrammingError

from plugin.database.engine import RETRY_AFTER_S, connect, transaction
from plugin.local.loopback import free_ports
from stream.contracts.errors import Misconfigured, Unavailable


def test_a_database_that_is_away_is_to_be_asked_again() -> None:
    """After a while that the error names; address and password stay out of it."""
    (port,) = free_ports(1)
    engine = connect(f"postgresql+psycopg://ana:made-up-password@127.0.0.1:{port}/queue")
    with pytest.raises(Unavailable) as caught, transaction(engine) as session:
        session.execute(text("SELECT 1"))
    assert caught.value.retry_after == RETRY_AFTER_S
    assert "made-up-password" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("sqlstate", ["57P01", "40P01", "40001", "53100", "57014"])
def test_shutdown_deadlock_conflict_full_disk_and_timeout_pass(engine: Engine, sqlstate: str) -> None:
    """Dead-lettering a good record for any of them would lose it."""
    with pytest.raises(Unavailable), transaction(engine) as session:
        session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '{sqlstate}'; END $$"))


def test_a_mistake_of_ours_is_not_an_outage(engine: Engine) -> None:
    """A statement that can never work must not be tried for ever."""
    with pytest.raises(ProgrammingError), transaction(engine) as session:
        session.execute(text("SELECT * FROM no_such_table"))


def test_values_of_a_failing_statement_stay_out_of_its_error(engine: Engine) -> None:
    """The error may be logged; what was being written may not."""
    with pytest.raises(DataError) as caught, transaction(engine) as session:
        session.execute(text("SELECT CAST(:said AS integer) + :more"), {"said": "12345678901234567890", "more": 4711})
    assert "4711" not in str(caught.value)


def test_a_transaction_is_all_or_nothing(engine: Engine) -> None:
    """An error on the way leaves no row."""
    insert = "INSERT INTO teams VALUES (gen_random_uuid(), 'north')"
    with pytest.raises(ProgrammingError), transaction(engine) as session:
        session.execute(text(f"{insert}; SELECT * FROM no_such_table"))
    with transaction(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM teams")) == 0


def test_a_lost_connection_is_replaced(engine: Engine) -> None:
    """After a restart of the database the next transaction works without anybody's doing."""
    with transaction(engine) as session:
        own = session.scalar(text("SELECT pg_backend_pid()"))
    other = connect(engine.url.render_as_string(hide_password=False))
    with transaction(other) as session:
        session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": own})
    other.dispose()
    with transaction(engine) as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_times_come_back_in_utc(engine: Engine) -> None:
    """Whatever the server's own zone is."""
    with transaction(engine) as session:
        assert session.scalar(text("SHOW timezone")) == "UTC"


def test_connections_are_shared_between_threads(engine: Engine) -> None:
    """The page serves several people at once."""
    answers: list[int] = []

    def work() -> None:
        with transaction(engine) as session:
            answers.append(session.scalar(text("SELECT 1")) or 0)

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [1] * 10


@pytest.mark.parametrize("url", ["", "host/name", "mysql://host/name", "postgresql://host/name"])
def test_a_url_of_something_else_is_a_wrong_setting(url: str) -> None:
    """The sentence shows how one looks."""
    with pytest.raises(Misconfigured, match=r"postgresql\+psycopg://user:password@host/name"):
        connect(url)


def test_a_missing_right_is_a_sentence_and_no_retry(database_url: str) -> None:
    """A role that may not read a table is a person's mistake; trying again would not help."""
    engine = connect(database_url)
    name = f"nobody_{uuid4().hex[:8]}"
    with engine.begin() as owner:
        owner.execute(text("CREATE TABLE secrets (id int)"))
        owner.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD 'x'"))
    lacking = connect(make_url(database_url).set(username=name, password="x").render_as_string(hide_password=False))
    try:
        with pytest.raises(Misconfigured, match="database roles"), transaction(lacking) as session:
            session.execute(text("SELECT * FROM secrets"))
    finally:
        lacking.dispose()
        with engine.begin() as owner:
            owner.execute(text(f"DROP ROLE {name}"))
        engine.dispose()
