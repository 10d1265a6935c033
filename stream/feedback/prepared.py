"""The exchanges of a session record, ready to be shown to a model, with the way back to the original words."""

from dataclasses import dataclass, field
from uuid import UUID

from stream.contracts.errors import Poison
from stream.contracts.feedback import Evidence
from stream.contracts.ids import exchange_id, input_id
from stream.contracts.sessions import Exchange, Mark, SessionMessage, SessionRecord
from stream.contracts.vocabulary import DeadLetterReason
from stream.feedback.deidentification.deidentify import Deidentifier
from stream.feedback.deidentification.normalise import normalise
from stream.feedback.models.base import ExchangePart, ShownExchange, ShownMessage
from stream.reading import Span, TracedText


@dataclass(frozen=True)
class PreparedExchange:
    """An exchange as it is shown to a model, and the original of each shown message."""

    exchange_id: UUID
    input_id: UUID
    """Named by the messages and their revisions: two revisions of a session with the same input share answers."""
    shown: ShownExchange
    _originals: tuple[SessionMessage, ...] = field(repr=False)
    _deidentified: tuple[TracedText, ...] = field(repr=False)

    @property
    def conversation(self) -> str:
        """All words of the exchange, as the model saw them and as they were written."""
        originals = (normalise(message.text).text for message in self._originals)
        return "\n".join((*(message.text for message in self.shown.messages), *originals))

    def evidence(self, number: int, span: Span) -> Evidence:
        """A span of a shown message as evidence in the original: its own words, at their own place."""
        original = self._originals[number - 1]
        start, end = self._deidentified[number - 1].restore(*span)
        return Evidence(message_id=original.message_id, start=start, end=end, quote=original.text[start:end])


@dataclass(frozen=True)
class PreparedRecord:
    """What a model is asked about one record, each in the order of the record."""

    exchanges: tuple[PreparedExchange, ...]
    unanswered: tuple[PreparedExchange, ...]
    """The flagged turns without a reply on which there is no verdict, as exchanges without a reply."""


_Parts = list[tuple[str, ExchangePart]]
_Messages = dict[str, tuple[SessionMessage, TracedText]]
"""The messages of a record by id, as they were written and de-identified."""


def prepare_record(record: SessionRecord, deidentifier: Deidentifier) -> PreparedRecord:
    """Every exchange and every turn without a reply of a record, de-identified under the same placeholders.

    Raises:
        Poison: BAD_SCHEMA, when an exchange or a mark names a message that the record does not hold.
    """
    # All messages in order, once: the numbers of placeholders do not hang on which exchange comes first.
    messages = {message.message_id: (message, deidentifier.apply(message.text)) for message in record.messages}
    return PreparedRecord(
        tuple(_prepare_exchange(exchange, messages) for exchange in record.exchanges),
        tuple(_prepare_mark(record.session_id, mark, messages) for mark in record.marks if mark.awaits_verdict),
    )


def _prepare_exchange(exchange: Exchange, messages: _Messages) -> PreparedExchange:
    parts = _parts(exchange.context, exchange.client_turn, exchange.reply)
    return _prepare(exchange.exchange_id, parts, messages, "exchanges")


def _prepare_mark(session: UUID, mark: Mark, messages: _Messages) -> PreparedExchange:
    parts = _parts(mark.context, mark.message_ids, ())
    return _prepare(exchange_id(session, mark.message_ids[0]), parts, messages, "marks")


def _parts(context: tuple[str, ...], client_turn: tuple[str, ...], reply: tuple[str, ...]) -> _Parts:
    return [
        (message_id, part)
        for part, message_ids in (
            (ExchangePart.CONTEXT, context),
            (ExchangePart.CLIENT_TURN, client_turn),
            (ExchangePart.REPLY, reply),
        )
        for message_id in message_ids
    ]


def _prepare(exchange: UUID, parts: _Parts, messages: _Messages, place: str) -> PreparedExchange:
    if any(message_id not in messages for message_id, _ in parts):
        raise Poison(DeadLetterReason.BAD_SCHEMA, place)
    originals, deidentified = zip(*(messages[message_id] for message_id, _ in parts), strict=True)
    shown = ShownExchange(
        tuple(
            ShownMessage(number, part, original.role, read.text)
            for number, ((_, part), original, read) in enumerate(zip(parts, originals, deidentified, strict=True), 1)
        )
    )
    return PreparedExchange(
        exchange_id=exchange,
        input_id=input_id((message.message_id, message.revision) for message in originals),
        shown=shown,
        _originals=originals,
        _deidentified=deidentified,
    )
