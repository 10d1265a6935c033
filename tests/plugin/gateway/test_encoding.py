"""Records of the messages topic: same event, same id; other event, other id."""

from datetime import UTC, datetime, timedelta

import pytest

from plugin.adapters.base import PlatformEvent
from plugin.gateway.encoding import may_be_published, record_of
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
from stream.contracts.vocabulary import Role

AT = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
LATER = AT + timedelta(milliseconds=1)


def edit(at: datetime) -> Edit:
    """An edit at a time."""
    return Edit(tenant="t", conversation_id="c", message_id="m", text="x", edited_at=at)


def message(message_id: str, *, consent: bool = False) -> Message:
    """A message, without consent unless told."""
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
EVENTS: list[PlatformEvent] = [
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
    """The CloudEvents id of an event's record."""
    return dict(record_of(event, delivery).headers)["ce_id"]


def test_different_events_have_different_ids() -> None:
    """All in one conversation, some of one message."""
    assert len({id_of(event) for event in EVENTS}) == len(EVENTS)


@pytest.mark.parametrize("event", [event for event in EVENTS if event is not NAMES], ids=lambda event: event.event_type)
def test_an_event_has_the_same_id_on_every_path(event: PlatformEvent) -> None:
    """Its delivery does not matter."""
    assert id_of(event, "one") == id_of(event, "another")


def test_a_list_of_names_is_named_by_its_delivery() -> None:
    """An id made of names could be tried out with names."""
    assert id_of(NAMES, "one") == id_of(NAMES, "one")
    assert id_of(NAMES, "one") != id_of(NAMES, "another")


def test_every_record_has_its_conversations_key() -> None:
    """So that one partition holds the conversation in order."""
    assert {record_of(event, "d").key for event in EVENTS} == {b"t:c"}


def test_only_text_asks_for_consent() -> None:
    """Messages and edits; everything else carries nobody's words."""
    assert [type(event).__name__ for event in EVENTS if not may_be_published(event)] == ["Message"] * 2 + ["Edit"] * 2
    assert may_be_published(message("m", consent=True))
