"""What must hold inside a record before it becomes rows."""

from typing import Any

import pytest

from plugin.sink.validate import check
from stream.contracts.errors import Poison
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import Consent
from stream.contracts.vocabulary import Concern, DeadLetterReason, MarkKind, NeedsHuman, SessionState
from tests.plugin.samples import hidden, left_out, mark, record

WHOLE = record(moments=2)


def refused(sent: FeedbackRecord) -> tuple[DeadLetterReason, str]:
    """Why."""
    with pytest.raises(Poison) as caught:
        check(sent)
    return caught.value.reason, caught.value.place


def changed(**parts: Any) -> FeedbackRecord:
    """The whole record with other parts."""
    return WHOLE.model_copy(update=parts)


@pytest.mark.parametrize(
    "sent",
    [
        WHOLE,
        record(abstain=NeedsHuman.MODEL_FAILED),
        left_out(),
        left_out(marks=(mark(MarkKind.RISK_LANGUAGE, Concern.SUICIDE),)),
        hidden(WHOLE, state=SessionState.REOPENED),
        hidden(WHOLE, state=SessionState.ERASED),
    ],
)
def test_what_the_feedback_worker_writes_passes(sent: FeedbackRecord) -> None:
    """Every state of a session."""
    check(sent)


def test_every_exchange_has_exactly_one_answer() -> None:
    """None missing, none twice, none for an exchange that is not there."""
    one, other = WHOLE.assessments
    schema = (DeadLetterReason.BAD_SCHEMA, "assessments")
    assert refused(changed(assessments=(one,))) == schema
    assert refused(changed(assessments=(one, one))) == schema
    assert refused(changed(assessments=(one, other, other))) == schema
    assert refused(changed(exchanges=WHOLE.exchanges[:1])) == schema
    abstention = record(abstain=NeedsHuman.MODEL_FAILED).abstentions[0]
    assert refused(changed(abstentions=(abstention,))) == schema


def test_an_exchange_comes_once() -> None:
    """Two of one id would be one row."""
    twice = changed(exchanges=WHOLE.exchanges[:1] * 2, assessments=WHOLE.assessments[:1] * 2)
    assert refused(twice) == (DeadLetterReason.BAD_SCHEMA, "exchanges")


def test_an_exchange_has_its_own_messages() -> None:
    """Client turn and reply; context may have been dropped for size."""
    assert refused(changed(messages=WHOLE.messages[:3])) == (DeadLetterReason.BAD_SCHEMA, "exchanges")
    with_context = WHOLE.exchanges[1].model_copy(update={"context": ("m-0", "m-1")})
    check(changed(exchanges=(WHOLE.exchanges[0], with_context)))


def test_a_message_comes_once() -> None:
    """Two of one id would be one row."""
    assert refused(changed(messages=WHOLE.messages * 2)) == (DeadLetterReason.BAD_SCHEMA, "messages")


def test_words_without_consent_are_refused() -> None:
    """Whatever went wrong before."""
    assert refused(changed(consent=Consent())) == (DeadLetterReason.NO_CONSENT, "consent")


def test_a_nul_is_found_wherever_it_hides() -> None:
    """Fields without a rule of their own too; a backslash before u0000 is only words."""
    model = WHOLE.assessments[0].model.model_copy(update={"weights": "0\x001"})
    odd = WHOLE.assessments[0].model_copy(update={"model": model})
    assert refused(changed(assessments=(odd, WHOLE.assessments[1]))) == (DeadLetterReason.NUL, "assessments")
    check(record(client_text="I typed \\u0000 myself"))
