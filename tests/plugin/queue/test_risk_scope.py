"""Tests of who sees and acknowledges a risk signal, by the state of its session; by the rules and by the database."""

from collections.abc import Callable, Mapping

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.database.tables import StoredSession
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.risk_signals import RiskAction, RiskList, RiskSignals, RiskState
from plugin.queue.views import DecisionOutcome
from stream.contracts.vocabulary import SessionState
from tests.plugin.conftest import People
from tests.plugin.samples import NOW, TENANT, add_person, apply_records, record, without_content
from tests.plugin.sink.test_risk import signal

SIGNAL = signal().event_id
OF_THE_PLATFORM = {"supervisor", "other supervisor", "platform supervisor", "both teams", "lead"}
OF_THE_TEAM = {"supervisor", "both teams", "lead"}
OF_NO_TEAM = {"platform supervisor", "lead"}
Step = Callable[[Engine], None]


def open_session(_engine: Engine) -> None:
    """Let the session be open: nothing of it is stored."""


def closed(engine: Engine) -> None:
    """Store the session."""
    apply_records(engine, record())


def closed_without_a_team(engine: Engine) -> None:
    """Store the session of a counsellor without an account."""
    apply_records(engine, record(counsellor="p_new"))


def reopened(engine: Engine) -> None:
    """Store the session, and let it go on."""
    apply_records(engine, record(), without_content(record(revision=2), state=SessionState.REOPENED))


def held(engine: Engine) -> None:
    """Store the session, and keep it because of a legal hold alone."""
    apply_records(engine, record())
    with transaction(engine) as session:
        session.get_one(StoredSession, record().session_id).restricted = True


def everybody(engine: Engine, people: People) -> dict[str, Viewer]:
    """Return a viewer of every kind by a name."""
    return {
        "supervisor": people.supervisor,
        "other supervisor": people.other_supervisor,
        "both teams": add_person(engine, "bea", AccountRole.SUPERVISOR, teams=("north", "south")),
        "platform supervisor": add_person(engine, "vera", AccountRole.SUPERVISOR, tenant=TENANT),
        "supervisor of another platform": add_person(engine, "wim", AccountRole.SUPERVISOR, tenant="elsewhere"),
        "supervisor of nobody": add_person(engine, "nils", AccountRole.SUPERVISOR, teams=("west",)),
        "lead": add_person(engine, "lena", AccountRole.LEAD),
        "own therapist": people.ana,
        "other therapist": people.ben,
        "auditor": add_person(engine, "aldo", AccountRole.AUDITOR),
    }


@pytest.mark.parametrize("as_role", [False, True], ids=["by the rules", "by the database"])
@pytest.mark.parametrize(
    ("happens", "who"),
    [
        (open_session, OF_THE_PLATFORM),
        (closed, OF_THE_TEAM),
        (closed_without_a_team, OF_NO_TEAM),
        (reopened, OF_THE_PLATFORM),
        (held, set()),
    ],
)
def test_a_signal_is_seen_as_its_session_is(
    engine: Engine, role_engines: Mapping[str, Engine], people: People, happens: Step, who: set[str], *, as_role: bool
) -> None:
    """While its session is open all who review the platform see a signal, and from its end on who sees the session."""
    happens(engine)
    apply_records(engine, signal())
    signals = RiskSignals(role_engines["web"] if as_role else engine, now=lambda: NOW)
    viewers = everybody(engine, people)
    assert {name for name, viewer in viewers.items() if rows(signals.page(viewer, RiskState.OPEN))} == who
    assert {name for name, viewer in viewers.items() if signals.count_open(viewer)} == who
    done = {
        name
        for name, viewer in viewers.items()
        if signals.acknowledge(viewer, SIGNAL, RiskAction.OTHER) is DecisionOutcome.DONE
    }
    assert done == who


def test_a_query_that_forgets_to_ask_shows_no_more(
    engine: Engine, role_engines: Mapping[str, Engine], people: People
) -> None:
    """The database shows the page's role on behalf of each person what the rules show, and an operator all."""
    apply_records(engine, record(), signal(), signal("m-9", session_id=record(conversation="c_open").session_id))
    viewers = {**everybody(engine, people), "operator": people.operator}
    seen = {}
    for name, viewer in viewers.items():
        with transaction(role_engines["web"], viewer.user_id) as session:
            seen[name] = session.scalar(text("SELECT count(*) FROM risk_signals"))
    assert {name for name, count in seen.items() if count == 2} == {*OF_THE_TEAM, "operator"}
    assert {name for name, count in seen.items() if count == 1} == OF_THE_PLATFORM - OF_THE_TEAM


def test_an_operator_acknowledges_by_id_and_reads_no_list(engine: Engine, people: People) -> None:
    """An operator, whose token the platform's protocol may have, acknowledges any signal and is shown none."""
    apply_records(engine, record(), signal())
    signals = RiskSignals(engine, now=lambda: NOW)
    assert rows(signals.page(people.operator, RiskState.OPEN)) == []
    assert signals.count_open(people.operator) == 0
    assert signals.acknowledge(people.operator, SIGNAL, RiskAction.CONTACTED) is DecisionOutcome.DONE


def rows(found: RiskList | None) -> list[str]:
    """Return the messages of a part of a list."""
    assert found is not None
    return [row.message_id for row in found.rows]
