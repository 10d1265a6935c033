"""Tests of what only Rocket.Chat does: a token instead of a signature, rooms that carry their talk, its test button."""

from datetime import timedelta
from typing import Any

import pytest

from plugin.adapter_contract import SENT
from plugin.adapters.base import PlatformEvent, read_events
from plugin.adapters.rocketchat import RocketChat
from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.errors import Poison
from stream.contracts.messages import ConsentWithdrawal, Edit, Message, Participants, SessionEnd
from stream.contracts.vocabulary import Role
from tests.plugin.adapters.adapters_under_test import Payload, raw_of
from tests.plugin.adapters.rocketchat_under_test import AGENT, BY_AGENT, ROOM, VISITOR, iso, line, room, settings

PSEUDONYMS = Pseudonyms(b"k" * 32)


def events_of(payload: Payload, **changes: Any) -> list[PlatformEvent]:
    """Return the records of an event, for a tenant with these settings."""
    adapter = RocketChat(settings(**changes))
    return read_events(adapter, adapter.parse(raw_of(payload)), "riverside", PSEUDONYMS)


def test_references_are_those_of_rocket_chat() -> None:
    """The references that an operator and an account use are the room's id, `visitor/id` and `agent/id`."""
    said, reply = events_of(room("Message", line()))[-1], events_of(room("Message", line(**BY_AGENT)))[-1]
    assert isinstance(said, Message)
    assert isinstance(reply, Message)
    assert said.conversation_id == PSEUDONYMS.conversation(ROOM)
    assert said.author == PSEUDONYMS.person(f"visitor/{VISITOR}")
    assert reply.author == PSEUDONYMS.person(f"agent/{AGENT}")


def test_a_closed_room_is_an_end_and_its_talk_is_not_read_again() -> None:
    """The whole talk comes again with the close; its words may have been deleted, withdrawn or erased since."""
    events = events_of(room("LivechatSession", line(), line(number=2, **BY_AGENT), closedAt=iso(SENT)))
    assert [type(event) for event in events] == [SessionEnd]


def test_the_test_button_does_nothing() -> None:
    """The sample that `Send Test` sends, a session without a close and messages without ids, has no record."""
    sample = room("LivechatSession", {"username": "visitor-username", "msg": "message content", "ts": iso(SENT)})
    assert events_of(sample, consent={"channels": ["*"]}) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"closingMessage": True},
        {"navigation": {"page": {"title": "Help"}}},
        {"blocks": [{"type": "section"}], "msg": "[{}]"},
        {"username": "rocket.cat", "agentId": "rocket.cat"},
        {"username": "greeter", "agentId": "bot7"},
    ],
)
def test_notices_cards_and_bots_are_dropped(changes: Payload) -> None:
    """A closing notice, a visited page, a card of an app and an author of the setting `bots` are no talk."""
    assert events_of(room("Message", line(**changes)), bots=["greeter"]) == []


def test_several_messages_of_an_event_are_each_one() -> None:
    """An event with several messages has a record of each."""
    events = events_of(room("Message", line(), line("and then?", number=2, **BY_AGENT)))
    said = [event for event in events if isinstance(event, Message)]
    assert [(one.role, one.message_id) for one in said] == [(Role.CLIENT, "m1"), (Role.COUNSELLOR, "m2")]


def test_an_edit_brings_the_new_words() -> None:
    """A message with the time of an edit is the edit."""
    later = SENT + timedelta(minutes=1)
    (edit,) = events_of(room("Message", line("other words", editedAt=iso(later))))
    assert isinstance(edit, Edit)
    assert (edit.text, edit.edited_at, edit.message_id) == ("other words", later, "m1")


def test_a_field_of_the_room_decides_before_the_visitors() -> None:
    """Consent may be kept with the room or with the visitor; the room's own field counts where it is set."""
    visitor = room()["visitor"] | {"customFields": {"consent": "yes"}}
    (*_, said) = events_of(room("Message", line(), visitor=visitor, customFields={}))
    assert isinstance(said, Message)
    assert said.consent.processing
    (refused,) = events_of(room("Message", line(), visitor=visitor, customFields={"consent": "no"}))
    assert isinstance(refused, ConsentWithdrawal)


def test_a_department_may_be_one_where_everybody_has_consented() -> None:
    """A channel of the settings is a department."""
    (*_, said) = events_of(room("Message", line(), customFields={}), consent={"channels": ["d-1"]})
    assert isinstance(said, Message)
    assert said.consent.processing


def test_the_name_of_a_guest_without_a_name_is_not_told() -> None:
    """The user name `guest-12`, which Rocket.Chat makes up, is nobody's name."""
    (names, *_) = events_of(room("Message", line()))
    assert isinstance(names, Participants)
    assert [one.names for one in names.participants] == [("Leonie Brandt",), ("Jonas Weber", "jonas")]


@pytest.mark.parametrize("lines", [["text"], [None], [[]]])
def test_messages_that_are_no_objects_are_refused(lines: list[Any]) -> None:
    """A message that is no object is poison, by its place."""
    with pytest.raises(Poison) as poison:
        events_of(room("Message") | {"messages": lines})
    assert poison.value.place == "messages"
