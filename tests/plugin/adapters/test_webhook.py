"""Tests of the generic webhook that are specific to Standard Webhooks."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from standardwebhooks import Webhook

from plugin.adapters.webhook import StandardWebhook
from stream.contracts.errors import Denied
from tests.plugin.adapters.adapters_under_test import NOW, StandardWebhookPlatform, raw_of

PLATFORM = StandardWebhookPlatform(StandardWebhook())
RAW = raw_of(PLATFORM.text_payload("hello"))
WINDOW = timedelta(minutes=5)


def verify(headers: dict[str, str]) -> str:
    """Verify RAW at NOW with the given headers."""
    return PLATFORM.adapter.verify(RAW, headers, (PLATFORM.secret,), NOW, WINDOW)


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
    assert PLATFORM.adapter.verify(b'{"test": 2432232314}', headers, (secret,), now, WINDOW)


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
        PLATFORM.adapter.verify(
            RAW, PLATFORM.sign(RAW, NOW - timedelta(seconds=31)), (PLATFORM.secret,), NOW, timedelta(seconds=30)
        )
