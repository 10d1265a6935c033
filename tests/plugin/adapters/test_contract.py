"""Tests that every adapter must pass: only signed bytes are read, bad payloads are refused, references are replaced."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.adapters.base import DeniedOpenly, PlatformEvent, read_events
from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.errors import Denied, Poison
from stream.contracts.messages import Message, SessionEnd
from stream.contracts.vocabulary import DeadLetterReason
from tests.plugin.adapters.adapters_under_test import NOW, PLATFORMS, Platform, raw_of

WINDOW = timedelta(minutes=5)
PSEUDONYMS = Pseudonyms(b"k" * 32)

every_adapter = pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: type(platform.adapter).__name__)


def verify(platform: Platform, raw: bytes, headers: dict[str, str], *secrets: str) -> str:
    """Verify a delivery as the gateway does, at NOW."""
    signed = platform.adapter.read_headers(headers, NOW, WINDOW)
    platform.adapter.verify(raw, signed, secrets or (platform.secret,))
    return signed.delivery


def normalised(platform: Platform, payload: dict[str, Any], pseudonyms: Pseudonyms = PSEUDONYMS) -> list[PlatformEvent]:
    """Return the records of a payload."""
    return read_events(platform.adapter, platform.adapter.parse(raw_of(payload)), "sample", pseudonyms)


def flips(value: bytes) -> list[bytes]:
    """Return every variant of a value with one bit changed."""
    return [value[:i] + bytes([byte ^ (1 << bit)]) + value[i + 1 :] for i, byte in enumerate(value) for bit in range(8)]


@every_adapter
class TestVerify:
    """Tests of the signature: only a body signed recently by the right sender is accepted."""

    def test_a_signed_delivery_passes_and_gives_its_id(self, platform: Platform) -> None:
        """Verifying a signed delivery returns the platform's id, which is the same on every retry."""
        raw = raw_of(platform.payloads()["message"])
        assert verify(platform, raw, platform.sign(raw, NOW, delivery="d-77")) == "d-77"

    def test_a_changed_bit_of_the_body_is_denied(self, platform: Platform) -> None:
        """A body with any one bit changed is denied."""
        raw = raw_of(platform.payloads()["message"])
        headers = platform.sign(raw, NOW)
        for changed in flips(raw):
            with pytest.raises(Denied):
                verify(platform, changed, headers)

    def test_a_changed_bit_of_any_header_is_denied(self, platform: Platform) -> None:
        """A header with any one bit changed is denied, even in the unused low bits of the base64 signature."""
        raw = raw_of(platform.payloads()["message"])
        headers = platform.sign(raw, NOW)
        for name, value in headers.items():
            for changed in flips(value.encode()):
                with pytest.raises(Denied):
                    verify(platform, raw, headers | {name: changed.decode("latin-1")})

    def test_a_missing_or_malformed_header_is_named_before_the_body_is_known(self, platform: Platform) -> None:
        """The headers alone tell which of them is missing, empty or malformed, and the form that it must have."""
        headers = platform.sign(raw_of(platform.payloads()["message"]), NOW)
        for name in headers:
            without = {other: value for other, value in headers.items() if other != name}
            for wrong in (without, headers | {name: ""}, headers | {name: "canary \x7f"}):
                with pytest.raises(DeniedOpenly) as denied:
                    platform.adapter.read_headers(wrong, NOW, WINDOW)
                assert denied.value.place == name
                assert denied.value.wanted
                assert "canary" not in f"{denied.value} {denied.value.wanted}"

    def test_why_a_signature_does_not_hold_is_nobodys_business(self, platform: Platform) -> None:
        """Denials that depend on a secret look alike, whatever the secret."""
        raw = raw_of(platform.payloads()["message"])
        for secret in (platform.other_secret, platform.next_secret):
            with pytest.raises(Denied) as denied:
                verify(platform, raw, platform.sign(raw, NOW, secret))
            assert not isinstance(denied.value, DeniedOpenly)
            assert denied.value.why == "no signature holds"

    @pytest.mark.parametrize("seconds", [-301, 301, -86_400, 86_400])
    def test_a_stale_or_future_delivery_is_denied(self, platform: Platform, seconds: int) -> None:
        """A well-signed delivery outside of the time window is denied, since it may have been recorded."""
        raw = raw_of(platform.payloads()["message"])
        with pytest.raises(Denied, match="window"):
            verify(platform, raw, platform.sign(raw, NOW + timedelta(seconds=seconds)))

    @pytest.mark.parametrize("seconds", [-300, -1, 0, 1, 300])
    def test_the_window_includes_its_ends(self, platform: Platform, seconds: int) -> None:
        """A delivery at the ends of the time window is accepted, since clocks of two machines differ."""
        raw = raw_of(platform.payloads()["message"])
        assert verify(platform, raw, platform.sign(raw, NOW + timedelta(seconds=seconds)))

    @pytest.mark.parametrize(
        "stamp",
        [
            "0",
            "-1",
            "1e9",
            "nan",
            "inf",
            "\uff11\uff17\uff17\uff12\uff14\uff17\uff14\uff14\uff10\uff10",
            " 1772474400",
            "9" * 400,
            "1772474400.0",
            "x",
        ],
    )
    def test_a_time_that_is_no_plain_number_is_denied(self, platform: Platform, stamp: str) -> None:
        """A timestamp that is not a plain decimal number is denied."""
        raw = raw_of(platform.payloads()["message"])
        headers = platform.sign(raw, NOW)
        with pytest.raises(Denied):
            verify(platform, raw, headers | {"webhook-timestamp": stamp})

    def test_another_secret_is_denied(self, platform: Platform) -> None:
        """A delivery signed with another secret is denied."""
        raw = raw_of(platform.payloads()["message"])
        with pytest.raises(Denied, match="no signature"):
            verify(platform, raw, platform.sign(raw, NOW, platform.other_secret))

    def test_without_a_secret_every_delivery_is_denied(self, platform: Platform) -> None:
        """A delivery is denied when the list of secrets is empty."""
        raw = raw_of(platform.payloads()["message"])
        with pytest.raises(Denied):
            platform.adapter.verify(raw, platform.adapter.read_headers(platform.sign(raw, NOW), NOW, WINDOW), ())

    def test_a_secret_is_replaced_without_losing_a_delivery(self, platform: Platform) -> None:
        """While two secrets are valid, deliveries signed with either or both are accepted."""
        raw = raw_of(platform.payloads()["message"])
        old, new = platform.secret, platform.next_secret
        for signed_with in ((old,), (new,), (old, new), (new, old)):
            assert verify(platform, raw, platform.sign(raw, NOW, *signed_with), old, new)
        assert verify(platform, raw, platform.sign(raw, NOW, old, new), old)
        assert verify(platform, raw, platform.sign(raw, NOW, old, new), new)
        with pytest.raises(Denied):
            verify(platform, raw, platform.sign(raw, NOW, old), new)

    def test_a_truncated_body_is_denied(self, platform: Platform) -> None:
        """Every truncated body is denied, and so is one with an extra byte."""
        raw = raw_of(platform.payloads()["message"])
        headers = platform.sign(raw, NOW)
        for length in range(len(raw)):
            with pytest.raises(Denied):
                verify(platform, raw[:length], headers)
        with pytest.raises(Denied):
            verify(platform, raw + b" ", headers)

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1", "cp1252"])
    def test_another_encoding_than_the_signed_one_is_denied(self, platform: Platform, encoding: str) -> None:
        """A body that was re-encoded after signing is denied."""
        text = json.dumps(platform.text_payload("schön"), ensure_ascii=False)
        headers = platform.sign(text.encode(), NOW)
        with pytest.raises(Denied):
            verify(platform, text.replace("Ünïcode", "").encode(encoding), headers)

    @pytest.mark.parametrize("raw", [b"\xff\xfe{}", b'{"a": "\xe4"}', b"\xed\xa0\x80"])
    def test_a_body_that_is_not_utf_8_is_denied(self, platform: Platform, raw: bytes) -> None:
        """A signed body that is not UTF-8 is denied."""
        with pytest.raises(Denied, match="UTF-8"):
            verify(platform, raw, platform.sign(raw, NOW))

    def test_why_it_was_denied_never_holds_what_was_sent(self, platform: Platform) -> None:
        """The reason of a denial, which is logged, contains nothing of the delivery."""
        raw = raw_of(platform.text_payload("a canary phrase"))
        headers = platform.sign(raw, NOW, platform.other_secret)
        with pytest.raises(Denied) as denied:
            verify(platform, raw, headers)
        assert not any(value in str(denied.value) for value in [*headers.values(), "canary", platform.secret])


@every_adapter
class TestParse:
    """Tests of parsing: verified bytes become a payload, or poison with a reason and a place."""

    def test_every_kind_of_payload_is_read(self, platform: Platform) -> None:
        """Payloads of all six kinds with every field are parsed."""
        for payload in platform.payloads().values():
            assert platform.adapter.parse(raw_of(payload))

    def test_unknown_fields_are_ignored(self, platform: Platform) -> None:
        """Unknown fields of a payload are ignored."""
        for payload in platform.payloads().values():
            more = payload | {"new": {"x": [1]}, "text ": "y"}
            assert platform.adapter.parse(raw_of(more)) == platform.adapter.parse(raw_of(payload))

    def test_a_missing_field_is_named_and_nothing_else(self, platform: Platform) -> None:
        """A missing field is named by its place, without content, since the error may be logged."""
        payload = platform.text_payload("a canary phrase")
        del payload["sent_at"]
        with pytest.raises(Poison) as poison:
            platform.adapter.parse(raw_of(payload))
        assert (poison.value.reason, poison.value.place) == (DeadLetterReason.BAD_SCHEMA, "sent_at")
        assert "canary" not in str(poison.value)

    @pytest.mark.parametrize("kind", ["typing", "", None, 7, ["message"], {"a": 1}])
    def test_an_unknown_type_is_named_as_such(self, platform: Platform, kind: object) -> None:
        """A payload whose type is unknown or no string is poison with UNKNOWN_TYPE."""
        with pytest.raises(Poison) as poison:
            platform.adapter.parse(raw_of(platform.text_payload("x") | {"type": kind}))
        assert poison.value.reason is DeadLetterReason.UNKNOWN_TYPE

    @pytest.mark.parametrize(
        ("raw", "reason"),
        [
            (b"", DeadLetterReason.BAD_JSON),
            (b"{", DeadLetterReason.BAD_JSON),
            (b"[" * 100_000, DeadLetterReason.BAD_JSON),
            (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, DeadLetterReason.BAD_JSON),
            (b'{"type": NaN}', DeadLetterReason.BAD_JSON),
            (b"{} {}", DeadLetterReason.BAD_JSON),
            (b"\xef\xbb\xbf{}", DeadLetterReason.BAD_JSON),
            (b'{"type": "message", "text": "\\ud800"}', DeadLetterReason.LONE_SURROGATE),
            (b"null", DeadLetterReason.BAD_SCHEMA),
            (b"[]", DeadLetterReason.BAD_SCHEMA),
            (b'"message"', DeadLetterReason.BAD_SCHEMA),
            (b"1" * 200_000, DeadLetterReason.BAD_JSON),
        ],
        ids=range(12),
    )
    def test_what_is_not_a_payload_is_poison_with_its_reason(
        self, platform: Platform, raw: bytes, reason: DeadLetterReason
    ) -> None:
        """Bytes that are no payload raise Poison with their reason and never another exception."""
        with pytest.raises(Poison) as poison:
            platform.adapter.parse(raw)
        assert poison.value.reason is reason

    @pytest.mark.parametrize("field", ["text", "conversation_id", "author"])
    def test_a_nul_is_refused_wherever_it_stands(self, platform: Platform, field: str) -> None:
        """A NUL character in a field is refused, since PostgreSQL would refuse it much later."""
        with pytest.raises(Poison) as poison:
            platform.adapter.parse(raw_of(platform.text_payload("x") | {field: "a\x00b"}))
        assert (poison.value.reason, poison.value.place) == (DeadLetterReason.NUL, field)

    def test_a_text_that_is_too_long_is_refused(self, platform: Platform) -> None:
        """A text of 20,000 code points is accepted, and one of 20,001 is refused."""
        assert platform.adapter.parse(raw_of(platform.text_payload("𝄞" * 20_000)))
        with pytest.raises(Poison):
            platform.adapter.parse(raw_of(platform.text_payload("x" * 20_001)))

    @pytest.mark.parametrize(
        "time",
        [
            "", "yesterday", "2026-03-02T18:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00",
            "20260302190030", "2026", "1772474400", "1772474400.5", "-1", " 2026-03-02T18:00:00Z", "2026-03-02",
            1_700_000_000, 1_700_000_000_000, 17.5, True, None, [],
        ],
    )  # fmt: skip
    def test_a_time_that_is_not_written_out_with_its_offset_is_refused(self, platform: Platform, time: object) -> None:
        """A number, digits alone, or a time without offset or outside the calendar is refused with the wanted form."""
        for kind, payload in platform.payloads().items():
            for field in (name for name in payload if name.endswith("_at")):
                with pytest.raises(Poison) as poison:
                    platform.adapter.parse(raw_of(dict(payload) | {field: time}))
                assert poison.value.place == field, kind
                assert "2026-03-02T19:00:30" in poison.value.wanted

    @given(raw=st.binary(max_size=200))
    def test_random_bytes_are_poison(self, platform: Platform, raw: bytes) -> None:
        """Random bytes raise Poison and no other exception."""
        with pytest.raises(Poison):
            platform.adapter.parse(raw)


@every_adapter
class TestNormalise:
    """Tests of normalising: a payload becomes records without the platform's references."""

    def test_every_kind_becomes_its_record_and_the_end_comes_last(self, platform: Platform) -> None:
        """Each kind of payload becomes one record of its own type and of the tenant."""
        kinds = {kind: normalised(platform, payload) for kind, payload in platform.payloads().items()}
        assert {kind: [event.event_type for event in events] for kind, events in kinds.items()} == {
            "message": ["counterpoint.message.v1"],
            "edit": ["counterpoint.edit.v1"],
            "deletion": ["counterpoint.deletion.v1"],
            "participants": ["counterpoint.participants.v1"],
            "consent_withdrawal": ["counterpoint.consent-withdrawal.v1"],
            "session_end": ["counterpoint.session-end.v1"],
        }
        assert all(event.tenant == "sample" for events in kinds.values() for event in events)

    def test_no_reference_of_the_platform_is_left(self, platform: Platform) -> None:
        """No record contains the platform's reference to a person or a conversation."""
        for payload in platform.payloads().values():
            for event in normalised(platform, payload):
                written = event.model_dump_json()
                assert "user@example.org" not in written
                assert "room 17" not in written

    def test_the_same_person_and_conversation_stay_the_same_within_a_tenant_only(self, platform: Platform) -> None:
        """Pseudonyms are stable under one key and differ under another key."""
        (one,) = normalised(platform, platform.text_payload("a"))
        (again,) = normalised(platform, platform.text_payload("b"))
        (other,) = normalised(platform, platform.text_payload("a"), Pseudonyms(b"o" * 32))
        assert isinstance(one, Message)
        assert isinstance(again, Message)
        assert isinstance(other, Message)
        assert (one.author, one.conversation_id) == (again.author, again.conversation_id)
        assert one.author != other.author
        assert one.conversation_id != other.conversation_id
        assert one.author != one.conversation_id

    def test_words_and_times_arrive_unchanged(self, platform: Platform) -> None:
        """The text is unchanged in every code point, and times are converted to UTC."""
        (message,) = normalised(platform, platform.text_payload("  Schön 💬\n\u202e "))
        assert isinstance(message, Message)
        assert message.text == "  Schön 💬\n\u202e "
        assert message.sent_at.isoformat() == "2026-03-02T17:00:00+00:00"
        assert message.language == "en-GB"
        assert message.consent.processing

    def test_consent_that_is_not_given_is_not_given(self, platform: Platform) -> None:
        """A message without the consent field has no consent."""
        payload = platform.text_payload("x")
        del payload["consent"]
        (message,) = normalised(platform, payload)
        assert isinstance(message, Message)
        assert not message.consent.processing

    def test_only_the_platforms_own_word_ends_a_session(self, platform: Platform) -> None:
        """Only a payload of the kind `session_end` ends a session."""
        for kind, payload in platform.payloads().items():
            end = platform.adapter.session_end(platform.adapter.parse(raw_of(payload)), "sample", PSEUDONYMS)
            assert (end is not None) == (kind == "session_end")
            assert end is None or isinstance(end, SessionEnd)

    def test_no_representation_shows_words_or_people(self, platform: Platform) -> None:
        """The representations of payloads and records show no text or references, since they may be in a traceback."""
        payload = platform.adapter.parse(raw_of(platform.text_payload("a canary phrase")))
        shown = repr(payload) + repr(read_events(platform.adapter, payload, "sample", PSEUDONYMS))
        assert not any(word in shown for word in ("canary", "user@example.org", "room 17"))
