"""Tests of normalising: a payload becomes records without the platform's references."""

from typing import Final

import pytest

from plugin.adapter_contract.deliveries import CLIENT_NAME, SENT, Kind, Platform
from plugin.adapter_contract.receiving import PSEUDONYMS, TENANT, event_of, events_of, is_names, lacking
from plugin.adapters.base import Lack, PlatformEvent, read_events
from plugin.crypto.pseudonyms import Pseudonyms
from plugin.gateway.encoding import has_consent
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit, Message, Participants, SessionEnd
from stream.contracts.vocabulary import Role

SCRIPTS: Final = "  Schön 💬\n\u202e שלום \u200f مرحبا \u2066e\u0301\u2069 & + %2B = <b> "
"""A text with an emoji, right-to-left letters and marks, and what JSON and forms write in another way."""


class NormalisingContract:
    """What holds for the records of a delivery."""

    def test_it_says_what_its_platform_lacks(self, platform: Platform) -> None:
        """A platform has no edits, deletions or names here exactly where its adapter says so."""
        missing = {Kind.EDIT: Lack.EDITS, Kind.DELETION: Lack.DELETIONS, Kind.NAMES: Lack.NAMES}
        for kind, lack in missing.items():
            assert (kind in platform.absent) == lacking(platform, lack), kind

    @pytest.mark.parametrize(
        ("kind", "record"),
        [
            (Kind.MESSAGE, Message),
            (Kind.REPLY, Message),
            (Kind.UNCONSENTED, Message),
            (Kind.ATTACHMENT, Message),
            (Kind.EDIT, Edit),
            (Kind.DELETION, Deletion),
            (Kind.WITHDRAWAL, ConsentWithdrawal),
            (Kind.END, SessionEnd),
        ],
    )
    def test_every_kind_becomes_its_record(self, platform: Platform, kind: Kind, record: type[PlatformEvent]) -> None:
        """Each kind of delivery becomes one record of its own type and of the tenant."""
        if kind not in platform.absent:
            event = event_of(platform, kind)
            assert type(event) is record
            assert event.tenant == TENANT

    def test_client_and_counsellor_are_told_apart(self, platform: Platform) -> None:
        """A message is the client's, a reply the counsellor's, and they are two people."""
        message, reply = event_of(platform, Kind.MESSAGE), event_of(platform, Kind.REPLY)
        assert isinstance(message, Message)
        assert isinstance(reply, Message)
        assert (message.role, reply.role) == (Role.CLIENT, Role.COUNSELLOR)
        assert message.author != reply.author

    @pytest.mark.parametrize("kind", [Kind.NOTE, Kind.BOT, Kind.TEMPLATE])
    def test_what_no_person_said_to_the_other_is_dropped(self, platform: Platform, kind: Kind) -> None:
        """A private note, a message of a bot and a template have no record, whatever words are in them."""
        if kind not in platform.absent:
            assert events_of(platform, platform.body(kind, text="I feel hopeless")) == []

    def test_an_attachment_without_words_is_a_message_without_words(self, platform: Platform) -> None:
        """A picture alone is a turn of its author, with no text."""
        message = event_of(platform, Kind.ATTACHMENT)
        assert isinstance(message, Message)
        assert message.text == ""

    def test_names_come_with_what_is_consented_to(self, platform: Platform) -> None:
        """The client's name is told where the platform sends it, and never with a message without consent."""
        if Kind.NAMES not in platform.absent:
            told = [
                event for event in events_of(platform, platform.body(Kind.NAMES)) if isinstance(event, Participants)
            ]
            assert any(CLIENT_NAME in name for event in told for one in event.participants for name in one.names)
        assert not any(is_names(event) for event in events_of(platform, platform.body(Kind.UNCONSENTED)))

    def test_consent_that_is_not_given_is_not_given(self, platform: Platform) -> None:
        """A message of a client of whom nothing says that they consented is not published."""
        assert has_consent(event_of(platform, Kind.MESSAGE))
        assert not has_consent(event_of(platform, Kind.UNCONSENTED))

    def test_no_reference_of_the_platform_is_left(self, platform: Platform) -> None:
        """No record contains the platform's reference to a person or a conversation."""
        for kind in set(Kind) - platform.absent - {Kind.UNKNOWN, Kind.NUMBERS}:
            for event in events_of(platform, platform.body(kind)):
                assert not any(reference in event.model_dump_json() for reference in platform.references)

    def test_the_same_person_and_conversation_stay_the_same_within_a_tenant_only(self, platform: Platform) -> None:
        """Pseudonyms are stable under one key and differ under another key."""
        one, again = event_of(platform, Kind.MESSAGE), event_of(platform, Kind.MESSAGE, number=2)
        others = events_of(platform, platform.body(Kind.MESSAGE), Pseudonyms(b"o" * 32))
        assert isinstance(one, Message)
        assert isinstance(again, Message)
        assert isinstance(other := others[-1], Message)
        assert (one.author, one.conversation_id) == (again.author, again.conversation_id)
        assert one.author != other.author
        assert one.conversation_id not in {other.conversation_id, one.author}

    def test_words_and_times_arrive_unchanged(self, platform: Platform) -> None:
        """The text is unchanged in every code point, in whatever direction it runs, and the time is in UTC."""
        message = event_of(platform, Kind.MESSAGE, text=SCRIPTS)
        assert isinstance(message, Message)
        assert (message.text, message.sent_at) == (SCRIPTS, SENT)

    def test_only_the_platforms_own_word_ends_a_session(self, platform: Platform) -> None:
        """Only the delivery that announces an end ends a session."""
        for kind in set(Kind) - platform.absent - {Kind.UNKNOWN, Kind.NUMBERS}:
            ends = [event for event in events_of(platform, platform.body(kind)) if isinstance(event, SessionEnd)]
            assert bool(ends) == (kind is Kind.END)

    def test_no_representation_shows_words_or_people(self, platform: Platform) -> None:
        """The representations of payloads and records show no text or references, since they may be in a traceback."""
        payloads = platform.adapter.parse(platform.body(Kind.MESSAGE, text="a canary phrase"))
        shown = repr(payloads) + repr(read_events(platform.adapter, payloads, TENANT, PSEUDONYMS))
        assert not any(word in shown for word in ("canary", CLIENT_NAME, *platform.references))
