"""An exchange of a session record, ready to be shown to a model, with the way back to the original words."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from stream.contracts.errors import Poison
from stream.contracts.feedback import Evidence
from stream.contracts.ids import input_id
from stream.contracts.sessions import Exchange, SessionMessage, SessionRecord
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


def prepare_exchanges(record: SessionRecord, deidentifier: Deidentifier) -> list[PreparedExchange]:
    """Every exchange of a record in its order, de-identified under the same placeholders.

    Raises:
        Poison: BAD_SCHEMA, when an exchange names a message that the record does not hold.
    """
    originals = {message.message_id: message for message in record.messages}
    # All messages in order, once: the numbers of placeholders do not hang on which exchange comes first.
    deidentified = {message.message_id: deidentifier.apply(message.text) for message in record.messages}
    return [_prepare_exchange(exchange, originals, deidentified) for exchange in record.exchanges]


def _prepare_exchange(
    exchange: Exchange, originals: dict[str, SessionMessage], deidentified: dict[str, TracedText]
) -> PreparedExchange:
    parts = list(_messages_with_part(exchange))
    if any(message_id not in originals for message_id, _ in parts):
        raise Poison(DeadLetterReason.BAD_SCHEMA, "exchanges")
    messages = tuple(originals[message_id] for message_id, _ in parts)
    shown = ShownExchange(
        tuple(
            ShownMessage(number, part, originals[message_id].role, deidentified[message_id].text)
            for number, (message_id, part) in enumerate(parts, start=1)
        )
    )
    return PreparedExchange(
        exchange_id=exchange.exchange_id,
        input_id=input_id((message.message_id, message.revision) for message in messages),
        shown=shown,
        _originals=messages,
        _deidentified=tuple(deidentified[message_id] for message_id, _ in parts),
    )


def _messages_with_part(exchange: Exchange) -> Iterator[tuple[str, ExchangePart]]:
    for part, message_ids in (
        (ExchangePart.CONTEXT, exchange.context),
        (ExchangePart.CLIENT_TURN, exchange.client_turn),
        (ExchangePart.REPLY, exchange.reply),
    ):
        for message_id in message_ids:
            yield message_id, part
