"""Tests of the generic webhook that are specific to Standard Webhooks."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from standardwebhooks import Webhook

from plugin.adapter_contract import NOW
from plugin.adapters import payloads
from plugin.adapters.base import DeniedOpenly
from plugin.adapters.payloads import PAYLOADS, SCHEMA
from plugin.adapters.wanted import WANTED
from plugin.adapters.webhook import StandardWebhook
from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.errors import Denied, Poison
from stream.contracts.messages import Consent, Message, Participant
from stream.contracts.vocabulary import DeadLetterReason
from stream.sessions import events
from tests.plugin.adapters.adapters_under_test import StandardWebhookPlatform, raw_of

PLATFORM = StandardWebhookPlatform(StandardWebhook())
RAW = raw_of(PLATFORM.text_payload("hello"))
WINDOW = timedelta(minutes=5)


def verify(headers: dict[str, str]) -> str:
    """Verify RAW at NOW with the given headers."""
    return verify_at(NOW, headers)


def verify_at(
    now: datetime,
    headers: dict[str, str],
    *,
    raw: bytes = RAW,
    secret: str = PLATFORM.secret,
    window: timedelta = WINDOW,
) -> str:
    """Verify a body at a time, and return the delivery's id."""
    signed = PLATFORM.adapter.read_headers(headers, now, window)
    PLATFORM.adapter.verify(raw, signed, (secret,))
    return signed.delivery


def svix(headers: dict[str, str]) -> dict[str, str]:
    """Return headers under the names that the libraries of Svix send."""
    return {name.replace("webhook-", "svix-"): value for name, value in headers.items()}


def test_the_published_library_signs_what_we_verify() -> None:
    """The published library and our code sign and verify each other's deliveries."""
    headers = PLATFORM.sign(RAW, NOW)
    assert Webhook(PLATFORM.secret).sign("d-1", NOW, RAW.decode()) == headers["webhook-signature"]
    with time_machine.travel(NOW, tick=False):
        Webhook(PLATFORM.secret).verify(RAW, headers)
    assert verify(headers) == "d-1"


def test_the_specifications_own_example_passes() -> None:
    """The test vector of the specification is accepted."""
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    now = datetime.fromtimestamp(1614265330, UTC)
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert verify_at(now, headers, raw=b'{"test": 2432232314}', secret=secret)


@pytest.mark.parametrize(
    "junk",
    ["v1", "v1,", ",", "v2,abc", "v1a,{}", "V1,{}", "{}", "v1,{},", "v1 ,{}", "v1,{}=", "v1,=", "v1,ä", ",,,,", "\t"],
)
def test_a_malformed_signature_is_denied_not_an_error(junk: str) -> None:
    """A malformed signature header is denied without another exception."""
    headers = PLATFORM.sign(RAW, NOW)
    signature = headers["webhook-signature"].removeprefix("v1,")
    with pytest.raises(Denied):
        verify(headers | {"webhook-signature": junk.format(signature)})


def test_signatures_of_other_versions_stand_beside_ours() -> None:
    """A valid signature is accepted beside signatures of other versions, such as the asymmetric `v1a`."""
    headers = PLATFORM.sign(RAW, NOW)
    assert verify(headers | {"webhook-signature": "v1a,xyz " + headers["webhook-signature"] + " v9,abc"})


@pytest.mark.parametrize("delivery", ["with space", "x" * 256, "tab\t", "ümlaut", "\x7f"])
def test_an_id_that_is_no_visible_ascii_is_denied(delivery: str) -> None:
    """A delivery id that is too long or not visible ASCII is denied, since ids are remembered."""
    with pytest.raises(Denied, match="webhook-id"):
        verify(PLATFORM.sign(RAW, NOW, delivery=delivery))


def test_a_shorter_window_is_kept() -> None:
    """A tolerance shorter than the library's five minutes is applied."""
    with pytest.raises(Denied, match="window"):
        verify_at(NOW, PLATFORM.sign(RAW, NOW - timedelta(seconds=31)), window=timedelta(seconds=30))


def test_the_headers_of_svix_are_taken_like_those_of_the_standard() -> None:
    """A delivery under the names `svix-...` is verified, and each of them that is missing is named as such."""
    headers = svix(PLATFORM.sign(RAW, NOW, delivery="d-9"))
    assert verify(headers) == "d-9"
    for name in headers:
        with pytest.raises(DeniedOpenly) as denied:
            verify({other: value for other, value in headers.items() if other != name})
        assert denied.value.place == name


def test_the_two_sets_of_headers_are_never_mixed() -> None:
    """The standard's set counts where any of it is sent, so that no signature is made of two halves."""
    good = PLATFORM.sign(RAW, NOW)
    forged = PLATFORM.sign(RAW, NOW, PLATFORM.other_secret)
    assert verify(good | svix(forged)) == "d-1"
    with pytest.raises(Denied, match="no signature"):
        verify(forged | svix(good))
    for name in good:
        half = {other: value for other, value in good.items() if other != name} | svix(good)
        with pytest.raises(DeniedOpenly) as denied:
            verify(half)
        assert denied.value.place == name


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"message_id": 5}, "message_id"),
        ({"conversation_id": 17}, "conversation_id"),
        ({"author": None}, "author"),
        ({"text": None}, "text"),
        ({"text": "x" * 20_001}, "text"),
        ({"sent_at": "2026-03-02T18:00:00"}, "sent_at"),
        ({"consent": "yes"}, "consent"),
        ({"consent": {"processing": "yes"}}, "processing"),
        ({"role": "therapist"}, "role"),
        ({"language": "English, mostly"}, "language"),
        ({"type": "reaction"}, "type"),
        ({"type": "participants", "participants": [{"role": "client", "names": [""]}]}, "names"),
        ({"type": "participants", "participants": [{"role": "client", "names": ["a"] * 50}] * 5}, "participants"),
    ],
)
def test_a_refusal_says_the_form_that_the_place_must_have(change: dict[str, object], place: str) -> None:
    """A refused payload is answered with the wanted form of the wrong place, which repeats nothing of its content."""
    payload = PLATFORM.text_payload("a canary phrase") | change
    with pytest.raises(Poison) as poison:
        PLATFORM.adapter.parse(raw_of(payload))
    assert place in poison.value.place.split(".")
    assert poison.value.wanted == WANTED[place]
    assert "canary" not in poison.value.wanted


def test_every_field_of_every_payload_has_its_wanted_form_and_the_guide_says_it() -> None:
    """No field can be refused without the form that it must have, and docs/webhook.md has the same words."""
    fields = {name for model in (*PAYLOADS.values(), Participant, Consent) for name in model.model_fields}
    assert fields <= set(WANTED)
    guide = " ".join(SCHEMA.with_name("webhook.md").read_text().split())
    assert [name for name in sorted(fields) if WANTED[name] not in guide] == []


def test_as_many_names_are_taken_as_a_conversation_keeps() -> None:
    """One event may have as many names as are kept of a conversation, so that no name of a list is lost."""
    assert payloads.MAX_NAMES == events.MAX_NAMES


def test_a_sender_may_sign_with_both_secrets_at_once() -> None:
    """While two secrets are valid, a delivery signed with both is accepted with either."""
    old, new = PLATFORM.secret, PLATFORM.next_secret
    for order in ((old, new), (new, old)):
        for kept in order:
            assert verify_at(NOW, PLATFORM.sign(RAW, NOW, *order), secret=kept)


@pytest.mark.parametrize(
    "stamp",
    ["0", "-1", "1e9", "nan", "inf", "\uff11\uff17\uff17\uff12", " 1772474400", "9" * 400, "1772474400.0", "x"],
)
def test_a_time_that_is_no_plain_number_is_denied(stamp: str) -> None:
    """A timestamp that is not a plain decimal number is denied."""
    with pytest.raises(Denied):
        verify(PLATFORM.sign(RAW, NOW) | {"webhook-timestamp": stamp})


def test_unknown_fields_are_ignored() -> None:
    """Unknown fields of a payload are ignored."""
    for payload in PLATFORM.payloads().values():
        more = payload | {"new": {"x": [1]}, "text ": "y"}
        assert PLATFORM.adapter.parse(raw_of(more)) == PLATFORM.adapter.parse(raw_of(payload))


def test_a_missing_field_is_named() -> None:
    """A missing field is named by its place."""
    payload = PLATFORM.text_payload("a canary phrase")
    del payload["sent_at"]
    with pytest.raises(Poison) as poison:
        PLATFORM.adapter.parse(raw_of(payload))
    assert (poison.value.reason, poison.value.place) == (DeadLetterReason.BAD_SCHEMA, "sent_at")


@pytest.mark.parametrize("kind", ["typing", "", None, 7, ["message"], {"a": 1}])
def test_an_unknown_type_is_named_as_such(kind: object) -> None:
    """A payload whose type is unknown or no string is poison with UNKNOWN_TYPE."""
    with pytest.raises(Poison) as poison:
        PLATFORM.adapter.parse(raw_of(PLATFORM.text_payload("x") | {"type": kind}))
    assert poison.value.reason is DeadLetterReason.UNKNOWN_TYPE


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", DeadLetterReason.BAD_JSON),
        (b'{"type": NaN}', DeadLetterReason.BAD_JSON),
        (b"\xef\xbb\xbf{}", DeadLetterReason.BAD_JSON),
        (b'{"type": "message", "text": "\\ud800"}', DeadLetterReason.LONE_SURROGATE),
        (b"[]", DeadLetterReason.BAD_SCHEMA),
        (b'"message"', DeadLetterReason.BAD_SCHEMA),
    ],
)
def test_what_is_not_a_payload_is_poison_with_its_reason(raw: bytes, reason: DeadLetterReason) -> None:
    """Bytes that are no payload raise Poison with their reason."""
    with pytest.raises(Poison) as poison:
        PLATFORM.adapter.parse(raw)
    assert poison.value.reason is reason


@pytest.mark.parametrize("field", ["text", "conversation_id", "author"])
def test_a_nul_is_refused_wherever_it_stands(field: str) -> None:
    """A NUL character in a field is refused, with the field's name."""
    with pytest.raises(Poison) as poison:
        PLATFORM.adapter.parse(raw_of(PLATFORM.text_payload("x") | {field: "a\x00b"}))
    assert (poison.value.reason, poison.value.place) == (DeadLetterReason.NUL, field)


@pytest.mark.parametrize(
    "time",
    [
        "", "yesterday", "2026-03-02T18:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00",
        "20260302190030", "2026", "1772474400", "1772474400.5", "-1", " 2026-03-02T18:00:00Z", "2026-03-02",
        1_700_000_000, 1_700_000_000_000, 17.5, True, None, [],
    ],
)  # fmt: skip
def test_a_time_that_is_not_written_out_with_its_offset_is_refused(time: object) -> None:
    """A number, digits alone, or a time without offset or outside the calendar is refused with the wanted form."""
    for kind, payload in PLATFORM.payloads().items():
        for field in (name for name in payload if name.endswith("_at")):
            with pytest.raises(Poison) as poison:
                PLATFORM.adapter.parse(raw_of(dict(payload) | {field: time}))
            assert poison.value.place == field, kind
            assert "2026-03-02T19:00:30" in poison.value.wanted


def test_a_language_and_a_consent_are_taken_as_they_are_sent() -> None:
    """The language tag and the consent of a message arrive, and its time in UTC."""
    (payload,) = PLATFORM.adapter.parse(RAW)
    (message,) = PLATFORM.adapter.normalise(payload, "sample", Pseudonyms(b"k" * 32))
    assert isinstance(message, Message)
    assert (message.language, message.consent.processing) == ("en-GB", True)
    assert message.sent_at.isoformat() == "2026-03-02T17:00:00+00:00"
