"""Risk signals: which messages raise one, what it says, and that it says the same each time."""

from collections.abc import Collection
from functools import partial

import pytest

from stream.contracts.errors import Poison
from stream.contracts.messages import Consent
from stream.contracts.risk import RiskSignal
from stream.contracts.vocabulary import Concern, HeardBy, Role
from stream.sessions.events import apply_event
from stream.sessions.rules import Arrival
from tests.stream.sessions.scenario import (
    ROOM,
    TENANT,
    Scenario,
    at_second,
    broker_ms,
    message,
    rules,
    score_text,
    session_id_of,
)

WORDS = "some days I want to kill myself"  # written by us
TOLD = frozenset({TENANT})


def signals_of(scenario: Scenario) -> list[RiskSignal]:
    """Return the risk signals that a scenario has published."""
    return [each for each in scenario.published if isinstance(each, RiskSignal)]


def test_a_clients_message_with_risk_language_raises_a_signal_at_once() -> None:
    """A client's message with risk language raises a signal while the session is open: where it is, and no word."""
    scenario = Scenario(rules(risk_tenants=TOLD))
    scenario.client("hello", 0)
    scenario.client(WORDS, 7)
    (signal,) = signals_of(scenario)
    assert signal.model_dump() == {
        "tenant": TENANT,
        "conversation_id": ROOM,
        "session_id": session_id_of("m1"),
        "message_id": "m2",
        "revision": 0,
        "concerns": (Concern.SUICIDE,),
        "heard_by": (HeardBy.LEXICON,),
        "appended_at": at_second(7),
    }
    assert scenario.published == [signal]


def test_a_platform_that_takes_no_signals_gets_none() -> None:
    """Without a receiver in the settings of its tenant a message raises nothing."""
    scenario = Scenario(rules(risk_tenants=frozenset({"meadow"})))
    scenario.client(WORDS, 0)
    assert scenario.published == []


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.SYSTEM])
def test_only_a_clients_words_count(role: Role) -> None:
    """The same words of a counsellor, who asks about them, or of the platform raise nothing."""
    scenario = Scenario(rules(risk_tenants=TOLD))
    scenario.say(role, WORDS, 0)
    assert scenario.published == []


def test_critical_content_that_is_no_risk_language_raises_nothing() -> None:
    """Words of a hallucination are kept from models, and are not what the protocol of a platform is for."""
    scenario = Scenario(rules(risk_tenants=TOLD))
    scenario.client("the voices are back", 0)
    assert scenario.published == []


def test_concerns_are_named_in_order() -> None:
    """A message that speaks of several dangers raises one signal that names each once."""

    def both(_text: str) -> Collection[Concern]:
        return {Concern.SUICIDE, Concern.ABUSE, Concern.MANIA}

    scenario = Scenario(rules(risk_tenants=TOLD, find_concerns=both))
    scenario.client("hello", 0)
    assert [signal.concerns for signal in signals_of(scenario)] == [(Concern.ABUSE, Concern.SUICIDE)]


def test_a_message_that_comes_again_raises_nothing_more() -> None:
    """A message that is delivered twice raises its signal once."""
    scenario = Scenario(rules(risk_tenants=TOLD))
    scenario.client(WORDS, 0, message_id="m1")
    scenario.client(WORDS, 1, message_id="m1")
    assert len(signals_of(scenario)) == 1


def test_an_edit_with_risk_language_raises_its_own_signal() -> None:
    """An edit that brings such words raises a signal of its revision and its append time; one without brings none."""
    scenario = Scenario(rules(risk_tenants=TOLD))
    scenario.client("hello", 0)
    scenario.edit("m1", WORDS, 5)
    scenario.edit("m1", "never mind", 6)
    scenario.edit("m1", WORDS, 7, edited=5)
    (signal,) = signals_of(scenario)
    assert (signal.message_id, signal.revision) == ("m1", broker_ms(5))
    assert signal.appended_at == at_second(5)
    assert signal.session_id == session_id_of("m1")


def test_an_edit_by_somebody_else_raises_nothing() -> None:
    """An edit that names another author than the message's changes nothing, and is not heard either."""
    scenario = Scenario(rules(risk_tenants=TOLD))
    scenario.client("hello", 0)
    scenario.edit("m1", WORDS, 5, author="p_somebody_else")
    assert signals_of(scenario) == []


def test_an_edit_that_came_first_decides() -> None:
    """A message whose edit came before it raises the signal of the edit's words and revision."""
    scenario = Scenario(rules(risk_tenants=TOLD))
    scenario.edit("m1", WORDS, 1)
    scenario.client("hello", 2, message_id="m1")
    (signal,) = signals_of(scenario)
    assert signal.revision == broker_ms(1)
    assert signal.appended_at == at_second(2)


def test_a_message_that_was_deleted_before_it_came_raises_nothing() -> None:
    """A message whose deletion came first has no words any more, and raises nothing."""
    scenario = Scenario(rules(risk_tenants=TOLD))
    scenario.delete("m1", 0)
    scenario.client(WORDS, 1, message_id="m1")
    assert signals_of(scenario) == []


def test_without_consent_nothing_is_heard() -> None:
    """A message without consent, or after a withdrawal, is refused and raises nothing."""
    scenario = Scenario(rules(risk_tenants=TOLD))
    with pytest.raises(Poison):
        scenario.client(WORDS, 0, consent=Consent())
    scenario.client("hello", 1)
    scenario.withdraw(2)
    with pytest.raises(Poison):
        scenario.client(WORDS, 3)
    assert signals_of(scenario) == []


def test_a_message_after_the_close_raises_its_signal_too() -> None:
    """A message that arrives after the end of its session is heard as any other."""
    scenario = Scenario(rules(risk_tenants=TOLD))
    scenario.ordinary_session()
    scenario.end(40)
    scenario.client(WORDS, 42)
    assert [signal.session_id for signal in signals_of(scenario)] == [session_id_of("m1")]


def test_the_signal_is_raised_before_the_message_is_kept() -> None:
    """A crash between the two leaves the message new, so that it raises the same signal, with the same id, again."""
    scenario = Scenario(rules(risk_tenants=TOLD))
    at = Arrival(1, broker_ms(0))
    said = message("m1", WORDS, 0)
    raised = []
    for _ in range(2):
        outputs = apply_event(scenario.conversation, said, at, scenario.rules, partial(score_text, "m1"))
        raised.append(next(outputs))
        assert scenario.conversation.entry("m1") is None
        outputs.close()  # type: ignore[attr-defined]  # it is a generator
    assert raised[0] == raised[1]
    assert isinstance(raised[0], RiskSignal)
    assert isinstance(raised[1], RiskSignal)
    assert raised[0].event_id == raised[1].event_id
