"""Tests of what proves a delivery: only a body sent recently by who has the secret is accepted."""

from datetime import timedelta

import pytest

from plugin.adapter_contract.deliveries import NOW, Kind, Platform
from plugin.adapter_contract.receiving import WINDOW, lacking, verify
from plugin.adapters.base import DeniedOpenly, Lack
from stream.contracts.errors import Denied, Poison


class VerifyingContract:
    """What holds for the headers of a delivery and for the proof of its body."""

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


def changed_bytes(value: bytes) -> list[bytes]:
    """Return every variant of a value with one byte changed: in its lowest bit, and in the one of its case."""
    return [value[:i] + bytes([byte ^ bit]) + value[i + 1 :] for i, byte in enumerate(value) for bit in (0x01, 0x20)]
