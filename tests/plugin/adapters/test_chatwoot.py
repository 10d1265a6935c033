"""Tests of what only Chatwoot does: flags of what is no talk, ids of accounts, fields of consent, unsigned servers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plugin.adapter_contract import NOW, SENT, Kind
from plugin.adapters.base import PlatformEvent, read_events
from plugin.adapters.chatwoot import Chatwoot
from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.errors import Denied, Poison
from stream.contracts.messages import ConsentWithdrawal, Deletion, Message, Participants, SessionEnd
from stream.contracts.vocabulary import Role
from tests.plugin.adapters.adapters_under_test import Payload, raw_of
from tests.plugin.adapters.chatwoot_under_test import (
    ACCOUNT,
    BOT,
    CONTACT,
    CONVERSATION,
    COUNSELLOR,
    INBOX,
    USER,
    ChatwootPlatform,
    UnsignedChatwootPlatform,
    conversation,
    message,
    settings,
)

PSEUDONYMS = Pseudonyms(b"k" * 32)
WINDOW = timedelta(minutes=5)


def events_of(payload: Payload, **changes: Any) -> list[PlatformEvent]:
    """Return the records of an event, for a tenant with these settings."""
    adapter = Chatwoot(settings(**changes))
    return read_events(adapter, adapter.parse(raw_of(payload)), "riverside", PSEUDONYMS)


def messages_of(payload: Payload, **changes: Any) -> list[Message]:
    """Return the messages among the records of an event."""
    return [event for event in events_of(payload, **changes) if isinstance(event, Message)]


def changed(before: Payload, after: Payload) -> Payload:
    """Return the event of a conversation whose own fields have changed."""
    change = {"custom_attributes": {"previous_value": before, "current_value": after}}
    return conversation(custom_attributes=after) | {"event": "conversation_updated", "changed_attributes": [change]}


def test_a_conversation_is_named_by_its_account_and_people_by_what_they_are() -> None:
    """The references that an operator and an account use are `account/id`, `contact/id` and `user/id`."""
    (said,), (reply,) = messages_of(message()), messages_of(message() | COUNSELLOR)
    assert said.conversation_id == PSEUDONYMS.conversation(f"{ACCOUNT}/{CONVERSATION}")
    assert said.author == PSEUDONYMS.person(f"contact/{CONTACT}")
    assert reply.author == PSEUDONYMS.person(f"user/{USER}")
    (other,) = messages_of(message(account={"id": ACCOUNT + 1, "name": "Meadow"}))
    assert other.conversation_id != said.conversation_id


@pytest.mark.parametrize(
    "flags",
    [
        COUNSELLOR | {"private": True},
        {"private": True},
        {"message_type": "activity"},
        {"message_type": "template"},
        {"message_type": "unheard of"},
        BOT,
        BOT | {"sender": {"id": 1, "name": "Captain", "type": "captain_assistant"}},
        {"message_type": "outgoing", "sender": None},
        COUNSELLOR | {"content_attributes": {"automation_rule_id": 4}},
        COUNSELLOR | {"additional_attributes": {"campaign_id": 9}},
    ],
)
def test_what_is_no_talk_is_told_by_its_flags_alone(flags: Payload) -> None:
    """A note, an activity, a template, a bot, an automation and a campaign are dropped before their content is read."""
    assert events_of(message() | flags) == []
    assert events_of(message(content={"not": "read"}, created_at="never") | flags) == []


def test_a_message_that_does_not_say_whether_it_is_private_is_refused() -> None:
    """Without the flag `private` nobody may read a message, and the operator learns why."""
    for flag in (None, "false", 0):
        with pytest.raises(Poison) as poison:
            events_of(message(private=flag))
        assert poison.value.place == "private"


def test_receipts_and_translations_are_no_edits() -> None:
    """An update that is no deletion has no record, since Chatwoot tells nobody what of the words has changed."""
    assert events_of(message("other words") | {"event": "message_updated"}) == []


def test_a_deletion_needs_no_consent() -> None:
    """A deleted message of a conversation without consent is deleted all the same."""
    gone = message(conversation=conversation(custom_attributes={}), content_attributes={"deleted": True})
    (event,) = events_of(gone | {"event": "message_updated"})
    assert isinstance(event, Deletion)
    assert event.message_id == "1"


def test_names_are_told_of_both_and_made_up_ones_are_not() -> None:
    """Client and counsellor are told by name; the name that Chatwoot makes up for a visitor is nobody's."""
    (names, _) = events_of(message() | COUNSELLOR)
    assert isinstance(names, Participants)
    assert [(one.role, one.names) for one in names.participants] == [
        (Role.CLIENT, ("Leonie Brandt",)),
        (Role.COUNSELLOR, ("Jonas Weber",)),
    ]
    nobody = {"id": CONTACT, "name": "quiet-river-318"}
    (only,) = events_of(message(sender=nobody, conversation=conversation(meta={"sender": nobody})))
    assert isinstance(only, Message)


def test_an_inbox_may_be_one_where_everybody_has_consented() -> None:
    """A channel of the settings is an inbox; the conversation's own field decides where it is set."""
    everybody = {"consent": {"channels": [str(INBOX)]}}
    both = {"consent": {"channels": [str(INBOX)], "field": "consent"}}
    refused = message(conversation=conversation(custom_attributes={"consent": False}))
    assert [one.consent.processing for one in messages_of(refused, **everybody)] == [True]
    assert [one.consent.processing for one in messages_of(refused, **both)] == [False]
    assert [one.consent.processing for one in messages_of(refused, consent={})] == [False]


def test_consent_that_is_taken_back_is_a_withdrawal() -> None:
    """A field that held consent and does not any more is a withdrawal, at the time of the change."""
    for after in ({"consent": False}, {"consent": "no"}, {}):
        (event,) = events_of(changed({"consent": True}, after))
        assert isinstance(event, ConsentWithdrawal)
        assert event.withdrawn_at == SENT + timedelta(seconds=0.25)
    assert events_of(changed({"consent": False}, {"consent": True})) == []
    assert events_of(changed({"consent": True}, {"consent": True, "other": 1})) == []
    assert events_of(changed({"consent": True}, {}), consent={"channels": ["*"]}) == []
    everybody = {"consent": {"channels": [str(INBOX)], "field": "consent"}}
    assert len(events_of(changed({}, {"consent": "no"}), **everybody)) == 1
    assert events_of(changed({"consent": True}, {}), **everybody) == []


@pytest.mark.parametrize("status", ["open", "pending", "snoozed"])
def test_only_resolved_ends_a_session(status: str) -> None:
    """A conversation that is opened, set back or snoozed goes on."""
    assert events_of(conversation(status=status) | {"event": "conversation_status_changed"}) == []


def test_an_older_server_says_only_when_somebody_last_wrote() -> None:
    """Without the time of the change, the end has the time of the last activity."""
    over = conversation(status="resolved", updated_at=None) | {"event": "conversation_status_changed"}
    (end,) = events_of(over)
    assert isinstance(end, SessionEnd)
    assert end.ended_at == SENT


def test_a_conversation_without_a_message_has_no_session_to_end() -> None:
    """A conversation that names no account, because it has no message, has no end."""
    empty = conversation(status="resolved", messages=[]) | {"event": "conversation_status_changed"}
    assert events_of(empty) == []
    assert len(events_of(empty | {"account": {"id": ACCOUNT}})) == len(events_of(empty | {"account_id": ACCOUNT})) == 1


def test_a_user_may_be_a_program() -> None:
    """What an author of the setting `bots` writes is dropped."""
    assert events_of(message() | COUNSELLOR, bots=[f"user/{USER}"]) == []


def test_an_unsigned_delivery_is_denied_unless_it_is_allowed() -> None:
    """A password in the URL is worth nothing where the settings do not say that deliveries are unsigned."""
    old, new = UnsignedChatwootPlatform(), ChatwootPlatform()
    raw = new.body(Kind.MESSAGE)
    signed = old.adapter.read_headers(old.sign(raw, NOW), NOW, WINDOW)
    with pytest.raises(Denied):
        new.adapter.verify(raw, signed, (new.secret,))
    with pytest.raises(Denied, match="x-chatwoot-signature missing"):
        new.adapter.read_headers(old.sign(raw, NOW), NOW, WINDOW)


def test_a_signature_is_checked_also_where_none_is_asked_for() -> None:
    """Where unsigned deliveries are allowed, a wrong signature is denied, with whatever password."""
    platform = UnsignedChatwootPlatform()
    raw = platform.body(Kind.MESSAGE)
    forged = ChatwootPlatform().sign(raw, NOW, platform.other_secret) | platform.sign(raw, NOW)
    signed = platform.adapter.read_headers(forged, NOW, WINDOW)
    with pytest.raises(Denied):
        platform.adapter.verify(raw, signed, (platform.secret,))


def test_times_are_read_as_chatwoot_has_written_them() -> None:
    """A time may be ISO text, the text with UTC at its end, or seconds since 1970."""
    for written in ("2026-03-02T17:00:00.000Z", "2026-03-02 17:00:00 UTC", int(SENT.timestamp())):
        (said,) = messages_of(message(created_at=written))
        assert said.sent_at == datetime(2026, 3, 2, 17, tzinfo=UTC)
