"""Validation of the content of a feedback record, beyond its schema, before it is stored."""

from collections import Counter
from collections.abc import Iterator

from stream.contracts.base import Contract
from stream.contracts.errors import Poison
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.outcomes import Outcome
from stream.contracts.vocabulary import DeadLetterReason, SessionState


def validate_record(record: Contract) -> None:
    """Check that a record fulfils the rules of the queue.

    Raises:
        Poison: NO_CONSENT, for text or an outcome without consent; NUL, for a NUL in any string (PostgreSQL accepts
            none); BAD_SCHEMA, for an exchange without exactly one answer, an answer without its exchange, or an
            exchange or a sampled turn whose own messages are missing.
    """
    holds_something = isinstance(record, Outcome) or (isinstance(record, FeedbackRecord) and record.messages)
    if isinstance(record, FeedbackRecord | Outcome) and holds_something and not record.consent.processing:
        raise Poison(DeadLetterReason.NO_CONSENT, "consent")
    for place, value in record.model_dump().items():
        if any("\x00" in text for text in _strings(value)):
            raise Poison(DeadLetterReason.NUL, place)
    if isinstance(record, FeedbackRecord) and record.state is SessionState.CLOSED:
        _check_answers(record)


def _check_answers(record: FeedbackRecord) -> None:
    answered = Counter(answer.exchange_id for answer in (*record.assessments, *record.abstentions))
    if answered != Counter(exchange.exchange_id for exchange in record.exchanges):
        raise Poison(DeadLetterReason.BAD_SCHEMA, "assessments")
    if any(count > 1 for count in answered.values()):
        raise Poison(DeadLetterReason.BAD_SCHEMA, "exchanges")
    known = Counter(message.message_id for message in record.messages)
    if any(count > 1 for count in known.values()):
        raise Poison(DeadLetterReason.BAD_SCHEMA, "messages")
    for exchange in record.exchanges:
        if not known.keys() >= {*exchange.client_turn, *exchange.reply}:
            raise Poison(DeadLetterReason.BAD_SCHEMA, "exchanges")
    if not known.keys() >= {message_id for turn in record.sampled_turns for message_id in turn}:
        raise Poison(DeadLetterReason.BAD_SCHEMA, "sampled_turns")


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part)
