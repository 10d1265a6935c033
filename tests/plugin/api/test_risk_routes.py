"""Tests of the routes of risk signals: reading which there are, and acknowledging one."""

from sqlalchemy import Engine

from plugin.database.engine import connect
from plugin.database.tables import StoredRiskSignal
from plugin.queue.token_views import Scope
from tests.plugin.api.conftest import Programs
from tests.plugin.samples import apply_records
from tests.plugin.sink.test_risk import signal
from tests.plugin.web.conftest import OPERATOR, OTHER_SUPERVISOR, SUPERVISOR, THERAPIST, WAITING
from tests.plugin.web.risk_samples import RISK_OF_WAITING, RISK_OPEN, raise_signals
from tests.plugin.web.samples import TENANT

SIGNAL = signal(tenant=TENANT).event_id
PATH = f"/risk-signals/{SIGNAL}/acknowledgement"


def action_of(engine: Engine) -> str | None:
    """Return the action that stands."""
    from plugin.database.engine import transaction

    with transaction(engine) as session:
        return session.get_one(StoredRiskSignal, SIGNAL).action


async def test_a_platform_acknowledges_a_signal_with_what_was_done(programs: Programs, page_database: str) -> None:
    """A token with this scope alone acknowledges by one of four codes; the same request again does nothing again."""
    engine = connect(page_database)
    apply_records(engine, signal(tenant=TENANT))
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


async def test_who_reviews_reads_which_there_are(programs: Programs, page_database: str) -> None:
    """A supervisor reads the signals that are hers to see, in parts, and of each where to look and no word."""
    raise_signals(page_database)
    program = programs(SUPERVISOR, Scope.RISK_ACKNOWLEDGE)
    part = (await program.get("/risk-signals", limit="1")).json()
    assert part["goes_on"]
    rest = (await program.get("/risk-signals", after=part["signals"][0]["signal_id"])).json()
    assert not rest["goes_on"]
    found = {each["signal_id"]: each for each in (*part["signals"], *rest["signals"])}
    assert found.keys() == {str(RISK_OF_WAITING.event_id), str(RISK_OPEN.event_id)}
    of_waiting = found[str(RISK_OF_WAITING.event_id)]
    assert (of_waiting["concerns"], of_waiting["heard_by"], of_waiting["can_be_opened"]) == (
        *(["suicide"], ["lexicon"], True),
    )
    assert of_waiting["session_id"] == str(WAITING.session_id)
    assert not [message.text for message in WAITING.messages if message.text in str(found)]
    theirs = (await programs(OTHER_SUPERVISOR).get("/risk-signals")).json()["signals"]
    assert [each["signal_id"] for each in theirs] == [str(RISK_OPEN.event_id)]


async def test_what_was_acknowledged_has_a_list_of_its_own(programs: Programs, page_database: str) -> None:
    """An acknowledged signal leaves the open list, with its place, and stands with its action in the other one."""
    raise_signals(page_database)
    program = programs(SUPERVISOR)
    await program.post(f"/risk-signals/{RISK_OPEN.event_id}/acknowledgement", {"action": "contacted"})
    (done,) = (await program.get("/risk-signals", state="acknowledged")).json()["signals"]
    assert (done["signal_id"], done["action"]) == (str(RISK_OPEN.event_id), "contacted")
    lost = await program.get("/risk-signals", after=str(RISK_OPEN.event_id))
    assert (lost.status_code, lost.json()["type"]) == (410, "urn:counterpoint:problem:place-lost")
