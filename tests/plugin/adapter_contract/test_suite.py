"""Tests of the contract of adapters itself: an adapter with a fault fails the tests that are about it."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from plugin.adapter_contract import AdapterContract, Kind, Platform
from plugin.adapters.base import Content, Lack, SignedHeaders
from plugin.adapters.chatwoot import Chatwoot, ChatwootPayload
from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.errors import Denied, Poison
from stream.contracts.messages import Consent, Message, Participant, Participants, SessionEnd
from stream.contracts.vocabulary import DeadLetterReason, Role
from tests.plugin.adapters.chatwoot_under_test import CONVERSATION, ChatwootPlatform, settings

Fault = type[Chatwoot]


class NothingCompared(Chatwoot):
    """It believes every body."""

    def verify(self, raw: bytes, signed: SignedHeaders, secrets: Sequence[str]) -> None:
        """Accept it."""


class AnyTime(Chatwoot):
    """It accepts what was signed a day ago."""

    def read_headers(self, headers: Any, now: Any, tolerance: timedelta) -> SignedHeaders:
        """Read them with a tolerance of its own."""
        return super().read_headers(headers, now, tolerance * 1000)


class OneSecret(Chatwoot):
    """It knows the first secret alone."""

    def verify(self, raw: bytes, signed: SignedHeaders, secrets: Sequence[str]) -> None:
        """Compare with the first."""
        super().verify(raw, signed, secrets[:1])


class AnySecret(Chatwoot):
    """It lets an operator set any secret."""

    def secret_fault(self, secret: str) -> str:
        """Find none."""
        del secret
        return ""


class Unmarked(Chatwoot):
    """It says no header by which its platform is known."""

    def __init__(self, given: Any) -> None:
        super().__init__(given)
        self.marks = ()


class Boasting(Chatwoot):
    """It says that its platform lacks nothing."""

    def __init__(self, given: Any) -> None:
        super().__init__(given)
        self.lacks = frozenset[Lack]()


class Lenient(Chatwoot):
    """It takes what it cannot read for nothing of interest."""

    def parse(self, raw: bytes) -> list[ChatwootPayload]:
        """Read a body, or nothing."""
        try:
            return super().parse(raw)
        except Poison:
            return []


class Telling(Chatwoot):
    """It repeats in a refusal what was sent."""

    def parse(self, raw: bytes) -> list[ChatwootPayload]:
        """Read a body, and say of a bad one what it is."""
        try:
            return super().parse(raw)
        except Poison:
            raise Poison(DeadLetterReason.BAD_SCHEMA, "payload", f"other than {raw!r}") from None


class Endless(Chatwoot):
    """It never says that a session has ended."""

    def session_end(self, payload: ChatwootPayload, tenant: str, pseudonyms: Pseudonyms) -> None:
        """See no end."""
        del payload, tenant, pseudonyms


def changing(change: Callable[[Content], Content | Iterable[Content]]) -> Fault:
    """Return an adapter that makes other records of what was sent, one or several of each."""

    class Changing(Chatwoot):
        def normalise(self, payload: ChatwootPayload, tenant: str, pseudonyms: Pseudonyms) -> list[Content]:
            made = [change(record) for record in super().normalise(payload, tenant, pseudonyms)]
            return [record for one in made for record in ([one] if isinstance(one, Content) else one)]

    return Changing


def of_message(**fields: Callable[[Message], object]) -> Fault:
    """Return an adapter whose messages have other fields, each made from the message."""

    def change(record: Content) -> Content:
        if not isinstance(record, Message):
            return record
        return record.model_copy(update={name: make(record) for name, make in fields.items()})

    return changing(change)


def named(record: Content) -> list[Content]:
    """Return a record with a name before it, whether its client has consented or not."""
    name = Participant(role=Role.CLIENT, names=("Leonie Brandt",))
    return [Participants(tenant=record.tenant, conversation_id=record.conversation_id, participants=(name,)), record]


COUNT = itertools.count()
FAULTS: list[tuple[Fault, str, tuple[object, ...]]] = [
    (NothingCompared, "test_a_truncated_body_is_denied", ()),
    (NothingCompared, "test_why_a_signature_does_not_hold_is_nobodys_business", ()),
    (NothingCompared, "test_without_a_secret_every_delivery_is_denied", ()),
    (NothingCompared, "test_a_changed_byte_of_a_header_is_denied", ()),
    (AnyTime, "test_a_stale_or_future_delivery_is_denied", (301,)),
    (AnyTime, "test_a_stale_or_future_delivery_is_denied", (-301,)),
    (OneSecret, "test_a_secret_is_replaced_without_losing_a_delivery", ()),
    (AnySecret, "test_its_secrets_are_good_and_short_ones_are_not", ()),
    (Unmarked, "test_a_platform_is_known_by_its_headers", ()),
    (Boasting, "test_it_says_what_its_platform_lacks", ()),
    (Lenient, "test_what_the_platform_never_sends_is_poison", (b"{}",)),
    (Lenient, "test_a_nul_in_the_words_is_refused", ()),
    (Lenient, "test_a_text_that_is_too_long_is_refused", ()),
    (Telling, "test_a_missing_field_is_named_and_nothing_else", ()),
    (Endless, "test_every_kind_becomes_its_record", (Kind.END, SessionEnd)),
    (Endless, "test_only_the_platforms_own_word_ends_a_session", ()),
    (changing(lambda _: []), "test_an_attachment_without_words_is_a_message_without_words", ()),
    (changing(named), "test_names_come_with_what_is_consented_to", ()),
    (of_message(role=lambda _: Role.CLIENT), "test_client_and_counsellor_are_told_apart", ()),
    (of_message(author=lambda _: "a"), "test_client_and_counsellor_are_told_apart", ()),
    (of_message(consent=lambda _: Consent(processing=True)), "test_consent_that_is_not_given_is_not_given", ()),
    (of_message(consent=lambda _: Consent()), "test_consent_that_is_not_given_is_not_given", ()),
    (of_message(conversation_id=lambda _: f"3/{CONVERSATION}"), "test_no_reference_of_the_platform_is_left", ()),
    (
        of_message(author=lambda said: f"{said.author}-{next(COUNT)}"),
        "test_the_same_person_and_conversation_stay_the_same_within_a_tenant_only",
        (),
    ),
    (of_message(text=lambda said: said.text.strip()), "test_words_and_times_arrive_unchanged", ()),
    (
        of_message(sent_at=lambda said: said.sent_at + timedelta(hours=1)),
        "test_words_and_times_arrive_unchanged",
        (),
    ),
    (of_message(message_id=lambda _: f"m-{next(COUNT)}"), "test_a_message_has_one_id_under_whatever_delivery", ()),
    (
        of_message(text=lambda said: f"{said.text} {next(COUNT)}"),
        "test_doubled_and_shuffled_deliveries_are_the_same_records",
        (),
    ),
]


@pytest.mark.parametrize(("fault", "name", "arguments"), FAULTS, ids=range(len(FAULTS)))
def test_a_fault_is_found(fault: Fault, name: str, arguments: tuple[object, ...]) -> None:
    """The adapter of a good platform passes a test of the contract, and the same adapter with a fault fails it."""
    test = getattr(AdapterContract(), name)
    good: Platform = ChatwootPlatform()
    test(good, *arguments)
    with pytest.raises((AssertionError, Denied, pytest.fail.Exception)):
        test(ChatwootPlatform(adapter=fault(settings())), *arguments)
