"""Tests of parsing: verified bytes become payloads, or poison with a reason and a place."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugin.adapter_contract.deliveries import HELLO, SENT, Kind, Platform
from plugin.adapter_contract.receiving import event_of, poison_of
from stream.contracts.errors import Poison
from stream.contracts.messages import Message
from stream.contracts.vocabulary import DeadLetterReason


class ParsingContract:
    """What holds for bytes that were verified."""

    def test_what_nobody_needs_is_no_event(self, platform: Platform) -> None:
        """An event of a kind that is of no interest has no payload."""
        assert platform.adapter.parse(platform.body(Kind.UNKNOWN)) == []

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
            poison = poison_of(platform, raw[:start] + raw[start + 5 :])
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
        """Ids that are numbers become text, and a unix time becomes UTC."""
        if Kind.NUMBERS in platform.absent:
            return
        message = event_of(platform, Kind.NUMBERS)
        assert isinstance(message, Message)
        assert (message.sent_at, message.text) == (SENT, HELLO)

    # A platform keeps nothing of an example, so one for all of them is as good as one for each.
    @settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(raw=st.binary(max_size=200))
    def test_random_bytes_are_poison(self, platform: Platform, raw: bytes) -> None:
        """Random bytes raise Poison and no other exception."""
        assert poison_of(platform, raw) is not None
