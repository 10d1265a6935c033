"""Tests of what a risk signal says on its way out."""

import json

import pytest

from plugin.outbound.risk_body import escalation_body, escalation_id, risk_body
from stream.contracts.vocabulary import HeardBy
from tests.plugin.outbound.risk_signals import AT, TENANT, signal


def test_a_signal_says_where_to_look_and_what_it_is_not() -> None:
    """The body names platform, conversation, session, message, concerns and time, its id, and that it is no monitor."""
    body = json.loads(risk_body(signal()))
    assert (body["type"], body["timestamp"]) == ("risk.raised", AT.isoformat())
    note = body["data"].pop("note")
    assert "no crisis monitor" in note
    assert body["data"] == {
        "id": str(signal().event_id),
        "tenant": TENANT,
        "conversation_id": "c_1",
        "session_id": "00000000-0000-0000-0000-000000000009",
        "message_id": "m-1",
        "revision": 0,
        "concerns": ["suicide", "abuse"],
        "heard_by": ["lexicon"],
        "appended_at": "2026-11-30T08:00:00Z",
    }


def test_a_signal_says_what_heard_it() -> None:
    """A signal of the reader says that a model heard it which no clinician has validated."""
    notes = {
        ear: json.loads(risk_body(signal(heard_by=(ear,))))["data"]["note"] for ear in (HeardBy.LEXICON, HeardBy.READER)
    }
    assert "word list" in notes[HeardBy.LEXICON]
    assert "A model" in notes[HeardBy.READER]
    assert "no clinician has validated" in notes[HeardBy.READER]
    assert all("no crisis monitor" in note for note in notes.values())


def test_an_escalation_says_the_same_under_an_id_of_its_own() -> None:
    """An escalation names the same signal, and no receiver takes it for a repetition of that."""
    raised, escalated = json.loads(risk_body(signal())), json.loads(escalation_body(signal()))
    assert escalated == raised | {"type": "risk.escalated"}
    assert escalation_id(signal().event_id) not in (signal().event_id, escalation_id(signal("m-2").event_id))


@pytest.mark.parametrize("body", [risk_body, escalation_body])
def test_each_try_has_the_same_body(body: object) -> None:
    """Each try sends the same bytes, which a receiver can compare."""
    assert callable(body)
    assert body(signal()) == body(signal())
