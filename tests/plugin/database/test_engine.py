"""Tests of connections and transactions: which errors allow a retry, and what exceptions contain."""

import threading
import traceback
from uuid import uuid4

import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import DataError, ProgrammingError

from plugin.database.engine import RETRY_AFTER_S, connect, transaction
from plugin.local.loopback import free_ports
from stream.contracts.errors import Misconfigured, Unavailable

NEW_TEAM = "INSERT INTO teams VALUES (gen_random_uuid(), '{}')"


def teams(engine: Engine) -> list[str]:
    """Return the names of the teams that others see."""
    with transaction(engine) as session:
        return list(session.scalars(text("SELECT name FROM teams ORDER BY name")))


def test_a_database_that_is_away_is_unavailable() -> None:
    """A database that does not answer raises Unavailable with the time to wait, and without the password."""
    (port,) = free_ports(1)
    engine = connect(f"postgresql+psycopg://ana:made-up-password@127.0.0.1:{port}/queue")
    with pytest.raises(Unavailable) as caught, transaction(engine) as session:
        session.execute(text("SELECT 1"))
    assert caught.value.retry_after == RETRY_AFTER_S
    assert "made-up-password" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("sqlstate", ["57P01", "40P01", "40001", "53100", "57014"])
def test_shutdown_deadlock_conflict_full_disk_and_timeout_are_unavailable(engine: Engine, sqlstate: str) -> None:
    """Errors that pass raise Unavailable, since a good record must not become a dead letter for them."""
    with pytest.raises(Unavailable), transaction(engine) as session:
        session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '{sqlstate}'; END $$"))


def test_a_wrong_statement_is_not_an_outage(engine: Engine) -> None:
    """A statement that can never work is not reported as an outage, since a retry would never end."""
    with pytest.raises(ProgrammingError), transaction(engine) as session:
        session.execute(text("SELECT * FROM no_such_table"))


def test_values_of_a_failing_statement_stay_out_of_its_error(engine: Engine) -> None:
    """The error of a failing statement does not contain its values, since the error may be logged."""
    with pytest.raises(DataError) as caught, transaction(engine) as session:
        session.execute(text("SELECT CAST(:said AS integer) + :more"), {"said": "12345678901234567890", "more": 4711})
    assert "4711" not in str(caught.value)


def test_a_transaction_is_all_or_nothing(engine: Engine) -> None:
    """An error in a transaction leaves no row of it."""
    with pytest.raises(ProgrammingError), transaction(engine) as session:
        session.execute(text(f"{NEW_TEAM.format('north')}; SELECT * FROM no_such_table"))
    assert teams(engine) == []


def test_a_transaction_on_a_connection_is_a_part_of_the_one_that_has_begun(engine: Engine) -> None:
    """A part that fails leaves the parts before it, and others see them once the whole is stored."""
    with transaction(engine) as whole:
        with transaction(whole.connection()) as part:
            part.execute(text(NEW_TEAM.format("north")))
        with pytest.raises(DataError), transaction(whole.connection()) as part:
            part.execute(text(f"{NEW_TEAM.format('south')}; SELECT 1 / 0"))
        assert teams(engine) == []
    assert teams(engine) == ["north"]


def test_a_part_of_a_transaction_does_not_outlast_it(engine: Engine) -> None:
    """A part that was done is not stored where the whole fails afterwards."""

    def write_and_fail() -> None:
        with transaction(engine) as whole:
            with transaction(whole.connection()) as part:
                part.execute(text(NEW_TEAM.format("north")))
            whole.execute(text("SELECT * FROM no_such_table"))

    with pytest.raises(ProgrammingError):
        write_and_fail()
    assert teams(engine) == []


def test_a_client_whose_machine_is_gone_is_given_up_within_half_a_minute(engine: Engine) -> None:
    """The server asks a silent client after 15 seconds, and three times in all, before it ends its transaction."""
    names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count")
    with transaction(engine) as session:
        assert [session.scalar(text(f"SHOW {name}")) for name in names] == ["15", "5", "3"]


def test_a_lost_connection_is_replaced(engine: Engine) -> None:
    """The next transaction after a lost connection works on a new one."""
    with transaction(engine) as session:
        own = session.scalar(text("SELECT pg_backend_pid()"))
    other = connect(engine.url.render_as_string(hide_password=False))
    with transaction(other) as session:
        session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": own})
    other.dispose()
    with transaction(engine) as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_times_come_back_in_utc(engine: Engine) -> None:
    """Times are returned in UTC, even if the server has another time zone."""
    with transaction(engine) as session:
        assert session.scalar(text("SHOW timezone")) == "UTC"


def test_connections_are_shared_between_threads(engine: Engine) -> None:
    """Several threads use the engine at once, since pages serve several people at once."""
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
def test_a_url_of_another_database_is_a_wrong_setting(url: str) -> None:
    """A URL of something other than PostgreSQL is refused with a message that shows the right form."""
    with pytest.raises(Misconfigured, match=r"postgresql\+psycopg://user:password@host/name"):
        connect(url)


def test_a_missing_right_is_a_wrong_setting(database_url: str) -> None:
    """A missing right raises Misconfigured with advice, since a retry would not help."""
    engine = connect(database_url)
    name = f"nobody_{uuid4().hex[:8]}"
    with engine.begin() as owner:
        owner.execute(text("CREATE TABLE public.secrets (id int)"))
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
