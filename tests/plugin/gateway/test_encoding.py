"""Tests of the encoding of events as records: equal events have equal ids, different events have different ids."""

from datetime import UTC, datetime, timedelta

import pytest

from plugin.adapters.base import PlatformEvent
from plugin.gateway.encoding import encode_event, has_consent, topic_of
from stream.contracts.messages import (
    Consent,
    ConsentWithdrawal,
    Deletion,
    Edit,
    Message,
    Participant,
    Participants,
    SessionEnd,
)
from stream.contracts.outcomes import Outcome
from stream.contracts.topics import MESSAGES, OUTCOMES
from stream.contracts.vocabulary import Role

AT = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
LATER = AT + timedelta(milliseconds=1)


def edit(at: datetime) -> Edit:
    """Return an edit with the given time."""
    return Edit(tenant="t", conversation_id="c", message_id="m", text="x", edited_at=at)


def message(message_id: str, *, consent: bool = False) -> Message:
    """Return a message, without consent by default."""
    return Message(
        tenant="t",
        conversation_id="c",
        message_id=message_id,
        role=Role.CLIENT,
        author="p",
        text="x",
        sent_at=AT,
        consent=Consent(processing=consent),
    )


NAMES = Participants(tenant="t", conversation_id="c", participants=(Participant(role=Role.CLIENT, names=("Leonie",)),))
RATED = Outcome.model_validate(
    {
        "tenant": "t",
        "conversation_id": "c",
        "outcome_id": "o",
        "instrument": "rating",
        "score": 4,
        "occasion": "after",
        "given_by": "client",
        "author": "p",
        "given_at": AT,
    }
)
EVENTS: list[PlatformEvent] = [
    RATED,
    message("m"),
    message("m2"),
    edit(AT),
    edit(LATER),
    Deletion(tenant="t", conversation_id="c", message_id="m", deleted_at=AT),
    NAMES,
    SessionEnd(tenant="t", conversation_id="c", ended_at=AT),
    SessionEnd(tenant="t", conversation_id="c", ended_at=LATER),
    ConsentWithdrawal(tenant="t", conversation_id="c", withdrawn_at=AT),
]


def id_of(event: PlatformEvent, delivery: str = "d") -> bytes:
    """Return the CloudEvents id of an event's record."""
    return dict(encode_event(event, delivery).headers)["ce_id"]


def test_different_events_have_different_ids() -> None:
    """Different events of one conversation have different ids."""
    assert len({id_of(event) for event in EVENTS}) == len(EVENTS)


@pytest.mark.parametrize("event", [event for event in EVENTS if event is not NAMES], ids=lambda event: event.event_type)
def test_an_event_has_the_same_id_on_every_path(event: PlatformEvent) -> None:
    """An event has the same id in every delivery."""
    assert id_of(event, "one") == id_of(event, "another")


def test_a_list_of_names_is_named_by_its_delivery() -> None:
    """The id of a participants event depends on its delivery, since names could be guessed from an id made of them."""
    assert id_of(NAMES, "one") == id_of(NAMES, "one")
    assert id_of(NAMES, "one") != id_of(NAMES, "another")


def test_every_record_has_its_conversations_key() -> None:
    """Every record has the key of its conversation, so that one partition holds it in order."""
    assert {encode_event(event, "d").key for event in EVENTS} == {b"t:c"}


def test_only_outcomes_have_another_topic() -> None:
    """An outcome goes to its own topic, and everything else to that of messages."""
    assert {type(event).__name__ for event in EVENTS if topic_of(event) == OUTCOMES} == {"Outcome"}
    assert {topic_of(event) for event in EVENTS if event is not RATED} == {MESSAGES}


def test_only_text_and_outcomes_ask_for_consent() -> None:
    """Only messages, edits and outcomes need consent."""
    without = [type(event).__name__ for event in EVENTS if not has_consent(event)]
    assert without == ["Outcome"] + ["Message"] * 2 + ["Edit"] * 2
    assert has_consent(message("m", consent=True))
