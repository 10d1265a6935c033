"""Tests of the rules that a feedback record must fulfil before it is stored."""

from typing import Any

import pytest

from plugin.sink.validate import validate_record
from stream.contracts.errors import Poison
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import Consent
from stream.contracts.vocabulary import Concern, DeadLetterReason, MarkKind, NeedsHuman, SessionState
from tests.plugin.samples import left_out, mark, record, without_content

WHOLE = record(moments=2)


def refused(sent: FeedbackRecord) -> tuple[DeadLetterReason, str]:
    """Return the reason and place for which a record is refused."""
    with pytest.raises(Poison) as caught:
        validate_record(sent)
    return caught.value.reason, caught.value.place


def changed(**parts: Any) -> FeedbackRecord:
    """Return the complete record with other values."""
    return WHOLE.model_copy(update=parts)


@pytest.mark.parametrize(
    "sent",
    [
        WHOLE,
        record(abstain=NeedsHuman.MODEL_FAILED),
        left_out(),
        left_out(marks=(mark(MarkKind.RISK_LANGUAGE, Concern.SUICIDE),)),
        without_content(WHOLE, state=SessionState.REOPENED),
        without_content(WHOLE, state=SessionState.ERASED),
    ],
)
def test_records_of_the_feedback_worker_are_valid(sent: FeedbackRecord) -> None:
    """Records of every state that the feedback worker writes are valid."""
    validate_record(sent)


def test_every_exchange_has_exactly_one_answer() -> None:
    """A record with a missing, repeated or surplus answer is refused."""
    one, other = WHOLE.assessments
    schema = (DeadLetterReason.BAD_SCHEMA, "assessments")
    assert refused(changed(assessments=(one,))) == schema
    assert refused(changed(assessments=(one, one))) == schema
    assert refused(changed(assessments=(one, other, other))) == schema
    assert refused(changed(exchanges=WHOLE.exchanges[:1])) == schema
    abstention = record(abstain=NeedsHuman.MODEL_FAILED).abstentions[0]
    assert refused(changed(abstentions=(abstention,))) == schema


def test_a_repeated_exchange_is_refused() -> None:
    """A record with the same exchange twice is refused, since both would be one row."""
    twice = changed(exchanges=WHOLE.exchanges[:1] * 2, assessments=WHOLE.assessments[:1] * 2)
    assert refused(twice) == (DeadLetterReason.BAD_SCHEMA, "exchanges")


def test_an_exchange_has_its_own_messages() -> None:
    """A record without a client turn or reply of an exchange is refused; context may be missing."""
    assert refused(changed(messages=WHOLE.messages[:3])) == (DeadLetterReason.BAD_SCHEMA, "exchanges")
    with_context = WHOLE.exchanges[1].model_copy(update={"context": ("m-0", "m-1")})
    validate_record(changed(exchanges=(WHOLE.exchanges[0], with_context)))


def test_a_repeated_message_is_refused() -> None:
    """A record with the same message twice is refused, since both would be one row."""
    assert refused(changed(messages=WHOLE.messages * 2)) == (DeadLetterReason.BAD_SCHEMA, "messages")


def test_text_without_consent_is_refused() -> None:
    """A record with text but without consent is refused."""
    assert refused(changed(consent=Consent())) == (DeadLetterReason.NO_CONSENT, "consent")


def test_a_nul_is_found_in_any_field() -> None:
    """A NUL is found in any field; a text with a backslash followed by u0000 holds none."""
    model = WHOLE.assessments[0].model.model_copy(update={"weights": "0\x001"})
    odd = WHOLE.assessments[0].model_copy(update={"model": model})
    assert refused(changed(assessments=(odd, WHOLE.assessments[1]))) == (DeadLetterReason.NUL, "assessments")
    validate_record(record(client_text="I typed \\u0000 myself"))
