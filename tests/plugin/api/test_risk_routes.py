"""Tests of the route by which a platform acknowledges risk signals."""

from sqlalchemy import Engine

from plugin.database.engine import connect
from plugin.database.tables import StoredRiskSignal
from plugin.queue.token_views import Scope
from tests.plugin.api.conftest import Programs
from tests.plugin.samples import apply_records
from tests.plugin.sink.test_risk import signal
from tests.plugin.web.conftest import OPERATOR, SUPERVISOR, THERAPIST

PATH = f"/risk-signals/{signal().event_id}/acknowledgement"


def action_of(engine: Engine) -> str | None:
    """Return the action that stands."""
    from plugin.database.engine import transaction

    with transaction(engine) as session:
        return session.get_one(StoredRiskSignal, signal().event_id).action


async def test_a_platform_acknowledges_a_signal_with_what_was_done(programs: Programs, page_database: str) -> None:
    """A token with this scope alone acknowledges by one of four codes; the same request again does nothing again."""
    engine = connect(page_database)
    apply_records(engine, signal())
    program = programs(OPERATOR, Scope.RISK_ACKNOWLEDGE)
    for _ in range(2):
        answer = await program.post(PATH, {"action": "protocol_started"}, key="one")
        assert (answer.status_code, answer.json()) == (200, {"outcome": "done"})
    assert action_of(engine) == "protocol_started"
    assert (await programs(SUPERVISOR).post(PATH, {"action": "no_danger"})).status_code == 200
    assert action_of(engine) == "no_danger"
    engine.dispose()


async def test_free_text_and_other_codes_are_refused(programs: Programs) -> None:
    """What is none of the codes, and a field for words, is refused with its place, and repeated nowhere."""
    program = programs(OPERATOR, Scope.RISK_ACKNOWLEDGE)
    for body in ({"action": "called her mother"}, {"action": "other", "note": "called her mother"}, {}):
        answer = await program.post(PATH, body)
        assert answer.status_code == 400
        assert "mother" not in answer.text


async def test_nobody_else_acknowledges(programs: Programs) -> None:
    """A token without the scope is refused, and for a therapist there is nothing here."""
    assert (await programs(OPERATOR, Scope.SESSIONS_READ).post(PATH, {"action": "other"})).status_code == 403
    assert (await programs(THERAPIST).post(PATH, {"action": "other"})).status_code == 404
