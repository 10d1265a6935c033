"""Tests of the acknowledgement of risk signals: who may, what stands, and what is on the trail."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from plugin.database.engine import transaction
from plugin.database.tables import StoredRiskSignal
from plugin.queue.risk_signals import RiskAction, RiskRow, RiskSignals, RiskState
from plugin.queue.store import Store
from plugin.queue.views import DecisionOutcome
from tests.plugin.conftest import People
from tests.plugin.samples import KEK, NOW, START, apply_records, record
from tests.plugin.sink.test_risk import signal

SIGNAL = signal().event_id


def state(engine: Engine) -> tuple[object, object]:
    """Return when the signal was acknowledged, and by what action."""
    with transaction(engine) as session:
        row = session.get_one(StoredRiskSignal, SIGNAL)
        return row.acknowledged_at, row.action


def test_the_first_time_and_the_latest_action_stand(engine: Engine, people: People) -> None:
    """A signal is acknowledged once, at the first time; a later action takes the place of the one before."""
    apply_records(engine, signal())
    first = RiskSignals(engine, now=lambda: NOW)
    later = RiskSignals(engine, now=lambda: NOW + timedelta(hours=1))
    assert first.acknowledge(people.operator, SIGNAL, RiskAction.PROTOCOL_STARTED) is DecisionOutcome.DONE
    assert later.acknowledge(people.operator, SIGNAL, RiskAction.CONTACTED) is DecisionOutcome.DONE
    assert state(engine) == (NOW, "contacted")


def test_who_acknowledged_stands_on_the_trail_alone(engine: Engine, people: People) -> None:
    """Each acknowledgement is an entry of who said what of which signal; the signal itself names nobody."""
    apply_records(engine, signal())
    signals = Store(engine, KEK, now=lambda: NOW).risk_signals
    signals.acknowledge(people.supervisor, SIGNAL, RiskAction.NO_DANGER, request_id="token 1")
    with transaction(engine) as session:
        entry = session.execute(text("SELECT account_id, purpose, object_type, object_id, outcome FROM audit")).one()
        columns = session.scalars(
            text("SELECT column_name FROM information_schema.columns WHERE table_name = 'risk_signals'")
        ).all()
    assert tuple(entry) == (
        *(people.supervisor.user_id, "risk acknowledgement", "risk_signal", str(SIGNAL), "no_danger"),
    )
    assert not {"account_id", "acknowledged_by"} & set(columns)


def test_a_signal_that_is_not_there_is_not_found(engine: Engine, people: People) -> None:
    """What was never raised, or is not stored yet, is not found, and leaves no entry."""
    signals = Store(engine, KEK, now=lambda: NOW).risk_signals
    assert signals.acknowledge(people.operator, UUID(int=1), RiskAction.OTHER) is DecisionOutcome.NOT_FOUND
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM audit")) == 0


def test_open_signals_come_by_their_wait_and_acknowledged_ones_by_their_time(engine: Engine, people: People) -> None:
    """The open list begins with what has waited longest, the other with the latest message; each goes on in parts."""
    sent = [signal(f"m-{number}", appended_at=START + timedelta(minutes=number)) for number in range(5)]
    apply_records(engine, *reversed(sent))
    signals = RiskSignals(engine, now=lambda: NOW)
    first = signals.page(people.supervisor, RiskState.OPEN, size=3)
    assert first is not None
    assert ([row.message_id for row in first.rows], first.goes_on) == (["m-0", "m-1", "m-2"], True)
    then = signals.page(people.supervisor, RiskState.OPEN, first.rows[-1].signal_id, size=3)
    assert then is not None
    assert ([row.message_id for row in then.rows], then.goes_on) == (["m-3", "m-4"], False)
    for each in sent[:2]:
        signals.acknowledge(people.supervisor, each.event_id, RiskAction.CONTACTED)
    done = signals.page(people.supervisor, RiskState.ACKNOWLEDGED)
    assert done is not None
    assert [(row.message_id, row.action) for row in done.rows] == [("m-1", "contacted"), ("m-0", "contacted")]
    assert signals.count_open(people.supervisor) == 3


def test_a_place_whose_signal_has_left_the_list_is_lost(engine: Engine, people: People) -> None:
    """A part cannot begin after a signal that was acknowledged meanwhile, or is another platform's."""
    elsewhere = signal("m-2", tenant="elsewhere")
    apply_records(engine, signal(), elsewhere)
    signals = RiskSignals(engine, now=lambda: NOW)
    assert signals.page(people.supervisor, RiskState.OPEN, elsewhere.event_id) is None
    signals.acknowledge(people.supervisor, SIGNAL, RiskAction.OTHER)
    assert signals.page(people.supervisor, RiskState.OPEN, SIGNAL) is None


def test_a_row_says_where_there_is_something_to_read(engine: Engine, people: People) -> None:
    """A row has kind, message, times and what became of it; its session can be opened once it is over."""
    apply_records(engine, signal())
    signals = RiskSignals(engine, now=lambda: NOW)

    def row() -> RiskRow:
        found = signals.page(people.supervisor, RiskState.OPEN)
        assert found is not None
        return found.rows[0]

    assert (row().message_id, row().concerns, row().heard_by) == ("m-1", ("abuse", "suicide"), ("lexicon",))
    assert (row().appended_at, row().escalated_at, row().action) == (START, None, None)
    assert not row().can_be_opened
    apply_records(engine, record())
    assert row().can_be_opened


@pytest.mark.parametrize(
    ("stage", "statement"),
    [
        ("web", "UPDATE risk_signals SET concerns = '[]'"),
        ("web", "DELETE FROM risk_signals"),
        ("digest", "UPDATE risk_signals SET acknowledged_at = now()"),
        ("digest", "DELETE FROM risk_signals"),
        ("sink", "SELECT concerns FROM risk_signals"),
        ("sink", "UPDATE risk_signals SET acknowledged_at = now()"),
        ("privacy", "SELECT action FROM risk_signals"),
        ("privacy", "INSERT INTO risk_signals SELECT * FROM risk_signals"),
        ("rerate", "SELECT signal_id FROM risk_signals"),
    ],
)
def test_each_role_does_its_own_part_alone(role_engines: Mapping[str, Engine], stage: str, statement: str) -> None:
    """Who stores a signal cannot acknowledge it, who acknowledges it cannot change it, and nobody else reads it."""
    with pytest.raises(ProgrammingError) as refused, role_engines[stage].begin() as connection:
        connection.execute(text(statement))
    assert isinstance(refused.value.orig, InsufficientPrivilege)


@pytest.mark.usefixtures("engine")
def test_the_roles_that_store_and_remove_see_every_signal(role_engines: Mapping[str, Engine]) -> None:
    """The sink stores signals, and the roles that escalate and remove find them, whoever asks."""
    apply_records(role_engines["sink"], signal())
    for stage in ("sink", "digest", "privacy"):
        with transaction(role_engines[stage]) as session:
            assert session.scalar(text("SELECT count(signal_id) FROM risk_signals")) == 1
    with transaction(role_engines["privacy"]) as session:
        assert session.execute(text("DELETE FROM risk_signals WHERE tenant = 'sample'")).rowcount == 1  # type: ignore[attr-defined]
