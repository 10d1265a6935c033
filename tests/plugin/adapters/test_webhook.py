"""What is special to Standard Webhooks."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from standardwebhooks import Webhook

from plugin.adapters.webhook import StandardWebhook
from stream.contracts.errors import Denied
from tests.plugin.adapters.adapters_under_test import NOW, StandardWebhookBench, raw_of

BENCH = StandardWebhookBench(StandardWebhook())
RAW = raw_of(BENCH.text_payload("hello"))
WINDOW = timedelta(minutes=5)


def verify(headers: dict[str, str]) -> str:
    """Verify RAW at NOW."""
    return BENCH.adapter.verify(RAW, headers, (BENCH.secret,), NOW, WINDOW)


def test_the_published_library_signs_what_we_verify() -> None:
    """Our reading of the specification and that of its authors agree."""
    headers = BENCH.sign(RAW, NOW)
    assert Webhook(BENCH.secret).sign("d-1", NOW, RAW.decode()) == headers["webhook-signature"]
    with time_machine.travel(NOW, tick=False):
        Webhook(BENCH.secret).verify(RAW, headers)
    assert verify(headers) == "d-1"


def test_the_specifications_own_example_passes() -> None:
    """The test vector that the specification's implementations share."""
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    now = datetime.fromtimestamp(1614265330, UTC)
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert BENCH.adapter.verify(b'{"test": 2432232314}', headers, (secret,), now, WINDOW)


@pytest.mark.parametrize(
    "junk",
    ["v1", "v1,", ",", "v2,abc", "v1a,{}", "V1,{}", "{}", "v1,{},", "v1 ,{}", "v1,{}=", "v1,=", "v1,ä", ",,,,", "\t"],
)
def test_a_malformed_signature_is_denied_not_an_error(junk: str) -> None:
    """Only `v1,` and the signature as the specification spells it."""
    headers = BENCH.sign(RAW, NOW)
    signature = headers["webhook-signature"].removeprefix("v1,")
    with pytest.raises(Denied):
        verify(headers | {"webhook-signature": junk.format(signature)})


def test_signatures_of_other_versions_stand_beside_ours() -> None:
    """A sender may add an asymmetric one (`v1a`)."""
    headers = BENCH.sign(RAW, NOW)
    assert verify(headers | {"webhook-signature": "v1a,xyz " + headers["webhook-signature"] + " v9,abc"})


@pytest.mark.parametrize("delivery", ["with space", "x" * 256, "tab\t", "ümlaut", "\x7f"])
def test_an_id_that_is_no_visible_ascii_is_denied(delivery: str) -> None:
    """It is remembered, so it is bounded."""
    with pytest.raises(Denied, match="webhook-id"):
        verify(BENCH.sign(RAW, NOW, delivery=delivery))


def test_a_shorter_window_is_kept() -> None:
    """The tolerance is a setting, not the library's five minutes."""
    with pytest.raises(Denied, match="window"):
        BENCH.adapter.verify(
            RAW, BENCH.sign(RAW, NOW - timedelta(seconds=31)), (BENCH.secret,), NOW, timedelta(seconds=30)
        )
