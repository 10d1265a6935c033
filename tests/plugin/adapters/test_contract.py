"""Tests that every adapter must pass: only proven deliveries are read, bad ones are refused, references are replaced.

Where a platform does not have something, its adapter says so (`lacks`), and the test asserts what follows from it.
"""

import random
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.adapters.base import DeniedOpenly, Lack, PlatformEvent, read_events
from plugin.adapters.webhook import StandardWebhook
from plugin.crypto.pseudonyms import Pseudonyms
from plugin.gateway.encoding import encode_event, has_consent
from stream.contracts.errors import Denied, Poison
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit, Message, Participants, SessionEnd
from stream.contracts.vocabulary import DeadLetterReason, Role
from tests.plugin.adapters.adapters_under_test import HELLO, NOW, SENT, Kind, Platform, StandardWebhookPlatform
from tests.plugin.adapters.chatwoot_under_test import ChatwootPlatform, UnsignedChatwootPlatform
from tests.plugin.adapters.matrix_under_test import MatrixPlatform
from tests.plugin.adapters.rocketchat_under_test import RocketChatPlatform
from tests.plugin.adapters.twilio_under_test import TwilioEventsPlatform, TwilioJsonPlatform, TwilioPlatform
from tests.stream.sessions.scenario import START, Scenario

PLATFORMS: tuple[Platform, ...] = (
    StandardWebhookPlatform(StandardWebhook()),
    ChatwootPlatform(),
    UnsignedChatwootPlatform(),
    TwilioPlatform(),
    TwilioJsonPlatform(),
    TwilioEventsPlatform(),
    RocketChatPlatform(),
    MatrixPlatform(),
)
"""The platforms of all adapters; a new adapter adds its platform here and is tested by the whole suite."""

WINDOW = timedelta(minutes=5)
PSEUDONYMS = Pseudonyms(b"k" * 32)
WITHOUT_TALK = (Kind.NOTE, Kind.BOT, Kind.TEMPLATE)
SCRIPTS = "  Schön 💬\n\u202e שלום \u200f مرحبا \u2066e\u0301\u2069 & + %2B = <b> "
"""A text with an emoji, right-to-left letters and marks, and what JSON and forms write in another way."""

every_adapter = pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: type(platform).__name__)


def verify(platform: Platform, raw: bytes, headers: dict[str, str], *secrets: str) -> str:
    """Verify a delivery as the gateway does, at NOW."""
    signed = platform.adapter.read_headers(headers, NOW, WINDOW)
    platform.adapter.verify(raw, signed, secrets or (platform.secret,))
    return signed.delivery


def events_of(platform: Platform, raw: bytes, pseudonyms: Pseudonyms = PSEUDONYMS) -> list[PlatformEvent]:
    """Return the records of a body."""
    return read_events(platform.adapter, platform.adapter.parse(raw), "sample", pseudonyms)


def event_of(platform: Platform, kind: Kind, **given: Any) -> PlatformEvent:
    """Return the record of a kind of delivery; the names that come with some are left out."""
    (event,) = [event for event in events_of(platform, platform.body(kind, **given)) if not is_names(event)]
    return event


def is_names(event: PlatformEvent) -> bool:
    """Whether a record holds the names of people."""
    return isinstance(event, Participants)


def lacking(platform: Platform, lack: Lack) -> bool:
    """Whether a platform does not have something."""
    return lack in platform.adapter.lacks


def changed_bytes(value: bytes) -> list[bytes]:
    """Return every variant of a value with one byte changed: in its lowest bit, and in the one of its case."""
    return [value[:i] + bytes([byte ^ bit]) + value[i + 1 :] for i, byte in enumerate(value) for bit in (0x01, 0x20)]


def test_every_adapter_says_what_its_platform_lacks() -> None:
    """A platform has no edits, deletions or names in these tests exactly where its adapter says so."""
    missing = {Kind.EDIT: Lack.EDITS, Kind.DELETION: Lack.DELETIONS, Kind.NAMES: Lack.NAMES}
    for platform in PLATFORMS:
        for kind, lack in missing.items():
            assert (kind in platform.absent) == lacking(platform, lack), (platform, kind)


@every_adapter
class TestVerify:
    """Tests of what proves a delivery: only a body sent recently by who has the secret is accepted."""

    def test_a_good_delivery_passes_and_gives_its_id(self, platform: Platform) -> None:
        """Verifying a good delivery returns the platform's id of it, or nothing for a platform that sends none."""
        raw = platform.body(Kind.MESSAGE)
        headers = platform.sign(raw, NOW, delivery="d-77")
        assert verify(platform, raw, headers) == ("d-77" if "d-77" in headers.values() else "")

    def test_a_changed_byte_of_the_body_is_denied(self, platform: Platform) -> None:
        """A body with any one byte changed is denied, or says the same, or nothing covers the platform's bodies."""
        raw = platform.body(Kind.MESSAGE)
        headers = platform.sign(raw, NOW)
        for changed in changed_bytes(raw):
            if lacking(platform, Lack.SIGNED_BODY):
                verify(platform, changed, headers)
                continue
            try:
                verify(platform, changed, headers)
            except Denied:
                continue
            assert platform.adapter.parse(changed) == platform.adapter.parse(raw)

    def test_a_changed_byte_of_a_header_is_denied(self, platform: Platform) -> None:
        """A header with any one byte changed is denied, even in the unused low bits of base64."""
        raw = platform.body(Kind.MESSAGE)
        headers = platform.sign(raw, NOW)
        for name in headers.keys() - platform.uncovered:
            for changed in changed_bytes(headers[name].encode()):
                with pytest.raises(Denied):
                    verify(platform, raw, headers | {name: changed.decode("latin-1")})

    def test_a_missing_or_malformed_header_is_named_before_the_body_is_known(self, platform: Platform) -> None:
        """The headers alone tell which of them is missing, empty or malformed, and the form that it must have."""
        headers = platform.sign(platform.body(Kind.MESSAGE), NOW)
        for name in headers:
            without = {other: value for other, value in headers.items() if other != name}
            absent = () if name in platform.uncovered else (without,)
            for wrong in (*absent, headers | {name: ""}, headers | {name: "canary \x7f"}):
                with pytest.raises(DeniedOpenly) as denied:
                    platform.adapter.read_headers(wrong, NOW, WINDOW)
                assert denied.value.place == name
                assert denied.value.wanted
                assert "canary" not in f"{denied.value} {denied.value.wanted}"

    def test_a_platform_is_known_by_its_headers(self, platform: Platform) -> None:
        """A delivery has one of the headers by which the gateway knows its platform."""
        headers = platform.sign(platform.body(Kind.MESSAGE), NOW)
        assert set(platform.adapter.marks) & set(headers)

    def test_why_a_signature_does_not_hold_is_nobodys_business(self, platform: Platform) -> None:
        """A forged delivery is denied alike with whatever secret, without anything of what was sent."""
        raw = platform.body(Kind.MESSAGE, text="a canary phrase")
        for secret in (platform.other_secret, platform.next_secret):
            headers = platform.sign(raw, NOW, secret)
            with pytest.raises(Denied) as denied:
                verify(platform, raw, headers)
            assert not isinstance(denied.value, DeniedOpenly)
            assert denied.value.why == "no signature holds"

    @pytest.mark.parametrize("seconds", [-86_400, -301, -300, -1, 1, 300, 301, 86_400])
    def test_a_stale_or_future_delivery_is_denied(self, platform: Platform, seconds: int) -> None:
        """A delivery signed more than five minutes ago or ahead is denied; or no time is signed, and that is said."""
        raw = platform.body(Kind.MESSAGE)
        headers = platform.sign(raw, NOW + timedelta(seconds=seconds))
        if lacking(platform, Lack.SIGNED_TIME):
            assert platform.adapter.read_headers(headers, NOW, WINDOW).signed_at is None
        elif abs(seconds) > 300:
            with pytest.raises(Denied, match="window"):
                verify(platform, raw, headers)
        else:
            verify(platform, raw, headers)

    def test_without_a_secret_every_delivery_is_denied(self, platform: Platform) -> None:
        """A delivery is denied when the list of secrets is empty."""
        raw = platform.body(Kind.MESSAGE)
        signed = platform.adapter.read_headers(platform.sign(raw, NOW), NOW, WINDOW)
        with pytest.raises(Denied):
            platform.adapter.verify(raw, signed, ())

    def test_a_secret_is_replaced_without_losing_a_delivery(self, platform: Platform) -> None:
        """While two secrets are valid, deliveries with either are accepted; afterwards with the new one alone."""
        raw, old, new = platform.body(Kind.MESSAGE), platform.secret, platform.next_secret
        for signed_with in (old, new):
            verify(platform, raw, platform.sign(raw, NOW, signed_with), old, new)
        with pytest.raises(Denied):
            verify(platform, raw, platform.sign(raw, NOW, old), new)

    def test_its_secrets_are_good_and_short_ones_are_not(self, platform: Platform) -> None:
        """The platform's own secrets are accepted in the settings; an empty, short or blank one is not."""
        for good in (platform.secret, platform.next_secret, platform.other_secret):
            assert platform.adapter.secret_fault(good) == ""
        for bad in ("", "secret", "a" * 19, "a b" * 10, "ä" * 30):
            assert platform.adapter.secret_fault(bad)

    def test_a_truncated_body_is_denied(self, platform: Platform) -> None:
        """Every truncated body is denied, and so is one with an extra byte; or nothing covers the body."""
        raw = platform.body(Kind.MESSAGE)
        headers = platform.sign(raw, NOW)
        for changed in (*(raw[:length] for length in range(len(raw))), raw + b"x"):
            if lacking(platform, Lack.SIGNED_BODY):
                verify(platform, changed, headers)
            else:
                with pytest.raises(Denied):
                    verify(platform, changed, headers)

    @pytest.mark.parametrize("raw", [b"", b"\xff\xfe{}", b'{"a": "\xe4"}', b"\xed\xa0\x80", b"a=%ff&b=\xff"])
    def test_a_signed_body_that_is_not_utf_8_is_refused(self, platform: Platform, raw: bytes) -> None:
        """A body that is not UTF-8 is denied or poison, whoever signed it."""

        def receive() -> None:
            verify(platform, raw, platform.sign(raw, NOW))
            platform.adapter.parse(raw)

        with pytest.raises((Denied, Poison)):
            receive()


@every_adapter
class TestParse:
    """Tests of parsing: verified bytes become payloads, or poison with a reason and a place."""

    def test_what_nobody_needs_is_no_event(self, platform: Platform) -> None:
        """An event of an unknown kind has no effect, or is named as unknown where our own document lists the kinds."""
        raw = platform.body(Kind.UNKNOWN)
        if isinstance(platform, StandardWebhookPlatform):
            with pytest.raises(Poison) as poison:
                platform.adapter.parse(raw)
            assert poison.value.reason is DeadLetterReason.UNKNOWN_TYPE
        else:
            assert platform.adapter.parse(raw) == []

    @pytest.mark.parametrize(
        "raw",
        [b"", b"{", b"[" * 100_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b'{"type": NaN}', b"{} {}", b"null", b"{}",
         b"[1]", b'"message"', b"1" * 200_000, b"\xef\xbb\xbf{}", b"=&=", b"a=1;b", b"a" * 5_000],
        ids=range(15),
    )  # fmt: skip
    def test_what_the_platform_never_sends_is_poison(self, platform: Platform, raw: bytes) -> None:
        """Bytes that the platform does not send raise Poison and never another exception."""
        with pytest.raises(Poison) as poison:
            platform.adapter.parse(raw)
        assert poison.value.place

    def test_a_missing_field_is_named_and_nothing_else(self, platform: Platform) -> None:
        """Whatever is taken out of a body, it is accepted or named by its place, and no content is in the error."""
        raw = platform.body(Kind.MESSAGE, text="a canary phrase")
        for start in range(0, len(raw), 7):
            poison = _poison(platform, raw[:start] + raw[start + 5 :])
            if poison is not None:
                assert poison.place
                assert "canary" not in f"{poison} {poison.wanted}"

    def test_a_nul_in_the_words_is_refused(self, platform: Platform) -> None:
        """A NUL character in a text is refused, since PostgreSQL would refuse it much later."""
        with pytest.raises(Poison) as poison:
            platform.adapter.parse(platform.body(Kind.MESSAGE, text="a\x00b"))
        assert poison.value.reason is DeadLetterReason.NUL

    def test_a_text_that_is_too_long_is_refused(self, platform: Platform) -> None:
        """A text of 20,000 code points is accepted, and one of 20,001 is refused; none is cut."""
        assert platform.adapter.parse(platform.body(Kind.MESSAGE, text="𝄞" * 20_000))
        with pytest.raises(Poison):
            platform.adapter.parse(platform.body(Kind.MESSAGE, text="x" * 20_001))

    def test_numbers_for_ids_and_times_are_understood_or_refused(self, platform: Platform) -> None:
        """Ids that are numbers become text and a unix time becomes UTC; our own document asks for neither."""
        if Kind.NUMBERS in platform.absent:
            return
        if isinstance(platform, StandardWebhookPlatform):
            with pytest.raises(Poison):
                platform.adapter.parse(platform.body(Kind.NUMBERS))
            return
        message = event_of(platform, Kind.NUMBERS)
        assert isinstance(message, Message)
        assert (message.sent_at, message.text) == (SENT, HELLO)

    @given(raw=st.binary(max_size=200))
    def test_random_bytes_are_poison(self, platform: Platform, raw: bytes) -> None:
        """Random bytes raise Poison and no other exception."""
        assert _poison(platform, raw) is not None


@every_adapter
class TestNormalise:
    """Tests of normalising: a payload becomes records without the platform's references."""

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
            assert event.tenant == "sample"

    def test_client_and_counsellor_are_told_apart(self, platform: Platform) -> None:
        """A message is the client's, a reply the counsellor's, and they are two people."""
        message, reply = event_of(platform, Kind.MESSAGE), event_of(platform, Kind.REPLY)
        assert isinstance(message, Message)
        assert isinstance(reply, Message)
        assert (message.role, reply.role) == (Role.CLIENT, Role.COUNSELLOR)
        if not isinstance(platform, StandardWebhookPlatform):  # whose author is what the test says
            assert message.author != reply.author

    @pytest.mark.parametrize("kind", WITHOUT_TALK)
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
            assert any("Leonie" in name for event in told for one in event.participants for name in one.names)
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
        shown = repr(payloads) + repr(read_events(platform.adapter, payloads, "sample", PSEUDONYMS))
        assert not any(word in shown for word in ("canary", "Leonie", *platform.references))


@every_adapter
class TestDeliveries:
    """Tests of what becomes of a talk whose deliveries come twice, or in another order."""

    def test_a_message_has_one_id_under_whatever_delivery(self, platform: Platform) -> None:
        """A message under two delivery ids, or replayed, is one record; only lists of names are named by deliveries."""
        for kind in (Kind.MESSAGE, Kind.EDIT, Kind.DELETION, Kind.WITHDRAWAL, Kind.END):
            if kind not in platform.absent:
                ids = {dict(encode_event(event_of(platform, kind), way).headers)["ce_id"] for way in ("d-1", "d-2")}
                assert len(ids) == 1

    def test_doubled_and_shuffled_deliveries_are_the_same_talk(self, platform: Platform) -> None:
        """Six messages, each twice and in any order, and their end, make the one session that they are."""
        bodies = [
            platform.body(
                Kind.MESSAGE if number % 2 else Kind.REPLY, text=f"line {number}", number=number,
                at=SENT + timedelta(seconds=10 * number),
            )
            for number in range(1, 7)
        ]  # fmt: skip
        end = platform.body(Kind.END, number=1)
        expected = _talk(platform, [*bodies, end])
        assert [text for text, _ in expected] == [f"line {number}" for number in range(1, 7)]
        chance = random.Random(7)
        for first, second in list(permutations(range(6), 2))[::5]:
            shuffled = [*bodies, bodies[first], bodies[second], *bodies]
            chance.shuffle(shuffled)
            assert _talk(platform, [*shuffled, end]) == expected


def _poison(platform: Platform, raw: bytes) -> Poison | None:
    """Return the refusal of a body, or None if it is accepted; any other exception goes on."""
    try:
        platform.adapter.parse(raw)
    except Poison as poison:
        return poison
    return None


def _talk(platform: Platform, bodies: list[bytes]) -> list[tuple[str, Role]]:
    """Return the lines of the one session that deliveries make, in their order."""
    scenario = Scenario()
    for second, raw in enumerate(bodies):
        for event in events_of(platform, raw):
            if isinstance(event, Message | SessionEnd):  # names are their conversation's, and have their own tests
                scenario.apply(event, (SENT - START).total_seconds() + second / 10)
    (session,) = [head.session for head in scenario.conversation.head.sessions]
    entries = sorted(scenario.conversation.entries(session), key=lambda entry: entry.sent_at)
    assert scenario.last_record.state.value == "closed"
    return [(entry.text, entry.role) for entry in entries]
