"""What holds for every adapter: nothing unsigned is read, nothing unreadable passes, nobody's reference leaves."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.adapters.base import PlatformEvent, records
from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.errors import Denied, Poison
from stream.contracts.messages import Message, SessionEnd
from stream.contracts.vocabulary import DeadLetterReason
from tests.plugin.adapters.adapters_under_test import BENCHES, NOW, Bench, raw_of

WINDOW = timedelta(minutes=5)
PSEUDONYMS = Pseudonyms(b"k" * 32)

every_adapter = pytest.mark.parametrize("bench", BENCHES, ids=lambda bench: type(bench.adapter).__name__)


def verify(bench: Bench, raw: bytes, headers: dict[str, str], *secrets: str) -> str:
    """Verify as the gateway does, at NOW."""
    return bench.adapter.verify(raw, headers, secrets or (bench.secret,), NOW, WINDOW)


def normalised(bench: Bench, payload: dict[str, Any], pseudonyms: Pseudonyms = PSEUDONYMS) -> list[PlatformEvent]:
    """From payload to records."""
    return records(bench.adapter, bench.adapter.parse(raw_of(payload)), "sample", pseudonyms)


def flips(value: bytes) -> list[bytes]:
    """Every way to change one bit of a value."""
    return [value[:i] + bytes([byte ^ (1 << bit)]) + value[i + 1 :] for i, byte in enumerate(value) for bit in range(8)]


@every_adapter
class TestVerify:
    """Nothing is read that is not signed, now, by the right sender."""

    def test_a_signed_delivery_passes_and_gives_its_id(self, bench: Bench) -> None:
        """The id is the platform's own: the same on every retry."""
        raw = raw_of(bench.payloads()["message"])
        assert verify(bench, raw, bench.sign(raw, NOW, delivery="d-77")) == "d-77"

    def test_a_changed_bit_of_the_body_is_denied(self, bench: Bench) -> None:
        """Anywhere in it, text that stays valid JSON included."""
        raw = raw_of(bench.payloads()["message"])
        headers = bench.sign(raw, NOW)
        for changed in flips(raw):
            with pytest.raises(Denied):
                verify(bench, changed, headers)

    def test_a_changed_bit_of_any_header_is_denied(self, bench: Bench) -> None:
        """Also in the last character of a signature, whose low bits base64 does not use."""
        raw = raw_of(bench.payloads()["message"])
        headers = bench.sign(raw, NOW)
        for name, value in headers.items():
            for changed in flips(value.encode()):
                with pytest.raises(Denied):
                    verify(bench, raw, headers | {name: changed.decode("latin-1")})

    def test_a_missing_or_empty_header_is_denied(self, bench: Bench) -> None:
        """Each of them is needed."""
        raw = raw_of(bench.payloads()["message"])
        headers = bench.sign(raw, NOW)
        for name in headers:
            with pytest.raises(Denied):
                verify(bench, raw, {other: value for other, value in headers.items() if other != name})
            with pytest.raises(Denied):
                verify(bench, raw, headers | {name: ""})

    @pytest.mark.parametrize("seconds", [-301, 301, -86_400, 86_400])
    def test_a_stale_or_future_delivery_is_denied(self, bench: Bench, seconds: int) -> None:
        """However well it is signed: it may have been overheard."""
        raw = raw_of(bench.payloads()["message"])
        with pytest.raises(Denied, match="window"):
            verify(bench, raw, bench.sign(raw, NOW + timedelta(seconds=seconds)))

    @pytest.mark.parametrize("seconds", [-300, -1, 0, 1, 300])
    def test_the_window_includes_its_ends(self, bench: Bench, seconds: int) -> None:
        """Clocks of two machines differ."""
        raw = raw_of(bench.payloads()["message"])
        assert verify(bench, raw, bench.sign(raw, NOW + timedelta(seconds=seconds)))

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
    def test_a_time_that_is_no_plain_number_is_denied(self, bench: Bench, stamp: str) -> None:
        """No clever number parsing in front of a signature."""
        raw = raw_of(bench.payloads()["message"])
        headers = bench.sign(raw, NOW)
        with pytest.raises(Denied):
            verify(bench, raw, headers | {"webhook-timestamp": stamp})

    def test_another_secret_is_denied(self, bench: Bench) -> None:
        """Also one of another tenant of ours."""
        raw = raw_of(bench.payloads()["message"])
        with pytest.raises(Denied, match="no signature"):
            verify(bench, raw, bench.sign(raw, NOW, bench.other_secret))

    def test_no_live_secret_lets_nothing_in(self, bench: Bench) -> None:
        """An empty list is not "no check"."""
        raw = raw_of(bench.payloads()["message"])
        with pytest.raises(Denied):
            bench.adapter.verify(raw, bench.sign(raw, NOW), (), NOW, WINDOW)

    def test_a_secret_is_replaced_without_losing_a_delivery(self, bench: Bench) -> None:
        """While two are live, either signs; a sender that signs with both passes before, during and after."""
        raw = raw_of(bench.payloads()["message"])
        old, new = bench.secret, bench.next_secret
        for signed_with in ((old,), (new,), (old, new), (new, old)):
            assert verify(bench, raw, bench.sign(raw, NOW, *signed_with), old, new)
        assert verify(bench, raw, bench.sign(raw, NOW, old, new), old)
        assert verify(bench, raw, bench.sign(raw, NOW, old, new), new)
        with pytest.raises(Denied):
            verify(bench, raw, bench.sign(raw, NOW, old), new)

    def test_a_truncated_body_is_denied(self, bench: Bench) -> None:
        """Every prefix of it, the empty one too, and a byte too many."""
        raw = raw_of(bench.payloads()["message"])
        headers = bench.sign(raw, NOW)
        for length in range(len(raw)):
            with pytest.raises(Denied):
                verify(bench, raw[:length], headers)
        with pytest.raises(Denied):
            verify(bench, raw + b" ", headers)

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1", "cp1252"])
    def test_another_encoding_than_the_signed_one_is_denied(self, bench: Bench, encoding: str) -> None:
        """A proxy that re-encodes breaks the signature, and we say no rather than guess."""
        text = json.dumps(bench.text_payload("schön"), ensure_ascii=False)
        headers = bench.sign(text.encode(), NOW)
        with pytest.raises(Denied):
            verify(bench, text.replace("Ünïcode", "").encode(encoding), headers)

    @pytest.mark.parametrize("raw", [b"\xff\xfe{}", b'{"a": "\xe4"}', b"\xed\xa0\x80"])
    def test_a_body_that_is_not_utf_8_is_denied(self, bench: Bench, raw: bytes) -> None:
        """Even when it is signed: the encoding is part of the agreement."""
        with pytest.raises(Denied, match="UTF-8"):
            verify(bench, raw, bench.sign(raw, NOW))

    def test_why_it_was_denied_never_holds_what_was_sent(self, bench: Bench) -> None:
        """`why` is logged."""
        raw = raw_of(bench.text_payload("a canary phrase"))
        headers = bench.sign(raw, NOW, bench.other_secret)
        with pytest.raises(Denied) as denied:
            verify(bench, raw, headers)
        assert not any(value in str(denied.value) for value in [*headers.values(), "canary", bench.secret])


@every_adapter
class TestParse:
    """Verified bytes are a payload, or poison with a reason and a place."""

    def test_every_kind_of_payload_is_read(self, bench: Bench) -> None:
        """The six kinds, each with every field it may have."""
        for payload in bench.payloads().values():
            assert bench.adapter.parse(raw_of(payload))

    def test_unknown_fields_are_ignored(self, bench: Bench) -> None:
        """A platform may send more than we read, at any depth."""
        for payload in bench.payloads().values():
            more = payload | {"new": {"x": [1]}, "text ": "y"}
            assert bench.adapter.parse(raw_of(more)) == bench.adapter.parse(raw_of(payload))

    def test_a_missing_field_is_named_and_nothing_else(self, bench: Bench) -> None:
        """The place helps the platform's developer; the content would end in a log."""
        payload = bench.text_payload("a canary phrase")
        del payload["sent_at"]
        with pytest.raises(Poison) as poison:
            bench.adapter.parse(raw_of(payload))
        assert (poison.value.reason, poison.value.place) == (DeadLetterReason.BAD_SCHEMA, "sent_at")
        assert "canary" not in str(poison.value)

    @pytest.mark.parametrize("kind", ["typing", "", None, 7, ["message"], {"a": 1}])
    def test_an_unknown_type_is_named_as_such(self, bench: Bench, kind: object) -> None:
        """It can be anything at all."""
        with pytest.raises(Poison) as poison:
            bench.adapter.parse(raw_of(bench.text_payload("x") | {"type": kind}))
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
        self, bench: Bench, raw: bytes, reason: DeadLetterReason
    ) -> None:
        """Broken, hostile or merely strange: never another exception."""
        with pytest.raises(Poison) as poison:
            bench.adapter.parse(raw)
        assert poison.value.reason is reason

    @pytest.mark.parametrize("field", ["text", "conversation_id", "author"])
    def test_a_nul_is_refused_wherever_it_stands(self, bench: Bench, field: str) -> None:
        """PostgreSQL would refuse it much later."""
        with pytest.raises(Poison) as poison:
            bench.adapter.parse(raw_of(bench.text_payload("x") | {field: "a\x00b"}))
        assert (poison.value.reason, poison.value.place) == (DeadLetterReason.NUL, field)

    def test_a_text_beyond_all_measure_is_refused(self, bench: Bench) -> None:
        """20,000 code points are a message; one more is not."""
        assert bench.adapter.parse(raw_of(bench.text_payload("𝄞" * 20_000)))
        with pytest.raises(Poison):
            bench.adapter.parse(raw_of(bench.text_payload("x" * 20_001)))

    @pytest.mark.parametrize(
        "time", ["", "yesterday", "2026-03-02T18:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]
    )
    def test_a_time_without_offset_or_beyond_the_calendar_is_refused(self, bench: Bench, time: str) -> None:
        """Guessing an offset would put messages into the wrong order."""
        with pytest.raises(Poison) as poison:
            bench.adapter.parse(raw_of(bench.text_payload("x") | {"sent_at": time}))
        assert poison.value.place == "sent_at"

    @given(raw=st.binary(max_size=200))
    def test_no_bytes_at_all_break_it(self, bench: Bench, raw: bytes) -> None:
        """Bytes are a payload or poison."""
        with pytest.raises(Poison):
            bench.adapter.parse(raw)


@every_adapter
class TestNormalise:
    """A payload becomes records without the platform's references."""

    def test_every_kind_becomes_its_record_and_the_end_comes_last(self, bench: Bench) -> None:
        """One contract record each, of the tenant who sent it."""
        kinds = {kind: normalised(bench, payload) for kind, payload in bench.payloads().items()}
        assert {kind: [event.event_type for event in events] for kind, events in kinds.items()} == {
            "message": ["counterpoint.message.v1"],
            "edit": ["counterpoint.edit.v1"],
            "deletion": ["counterpoint.deletion.v1"],
            "participants": ["counterpoint.participants.v1"],
            "consent_withdrawal": ["counterpoint.consent-withdrawal.v1"],
            "session_end": ["counterpoint.session-end.v1"],
        }
        assert all(event.tenant == "sample" for events in kinds.values() for event in events)

    def test_no_reference_of_the_platform_is_left(self, bench: Bench) -> None:
        """Neither the person's nor the conversation's."""
        for payload in bench.payloads().values():
            for event in normalised(bench, payload):
                written = event.model_dump_json()
                assert "user@example.org" not in written
                assert "room 17" not in written

    def test_the_same_person_and_conversation_stay_the_same_within_a_tenant_only(self, bench: Bench) -> None:
        """Another key makes strangers of them."""
        (one,), (again,) = normalised(bench, bench.text_payload("a")), normalised(bench, bench.text_payload("b"))
        (other,) = normalised(bench, bench.text_payload("a"), Pseudonyms(b"o" * 32))
        assert isinstance(one, Message)
        assert isinstance(again, Message)
        assert isinstance(other, Message)
        assert (one.author, one.conversation_id) == (again.author, again.conversation_id)
        assert one.author != other.author
        assert one.conversation_id != other.conversation_id
        assert one.author != one.conversation_id

    def test_words_and_times_arrive_unchanged(self, bench: Bench) -> None:
        """Every code point; times in UTC."""
        (message,) = normalised(bench, bench.text_payload("  Schön 💬\n\u202e "))
        assert isinstance(message, Message)
        assert message.text == "  Schön 💬\n\u202e "
        assert message.sent_at.isoformat() == "2026-03-02T17:00:00+00:00"
        assert message.language == "en-GB"
        assert message.consent.processing

    def test_consent_that_is_not_given_is_not_given(self, bench: Bench) -> None:
        """Absent means no."""
        payload = bench.text_payload("x")
        del payload["consent"]
        (message,) = normalised(bench, payload)
        assert isinstance(message, Message)
        assert not message.consent.processing

    def test_only_the_platforms_own_word_ends_a_session(self, bench: Bench) -> None:
        """Every other payload leaves it open; idleness closes it then."""
        for kind, payload in bench.payloads().items():
            end = bench.adapter.session_end(bench.adapter.parse(raw_of(payload)), "sample", PSEUDONYMS)
            assert (end is not None) == (kind == "session_end")
            assert end is None or isinstance(end, SessionEnd)

    def test_no_representation_shows_words_or_people(self, bench: Bench) -> None:
        """A payload and its records may end in a traceback."""
        payload = bench.adapter.parse(raw_of(bench.text_payload("a canary phrase")))
        shown = repr(payload) + repr(records(bench.adapter, payload, "sample", PSEUDONYMS))
        assert not any(word in shown for word in ("canary", "user@example.org", "room 17"))
