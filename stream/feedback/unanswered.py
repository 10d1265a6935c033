"""The marks of flagged client turns without a reply, settled by the feedback model's verdict.

The detector flags most turns, so that its flag alone is nearly always wrong about the turn a session ends on. The mark
stays where the model confirms the turn as resistance. It stays too where no model may or can say so, with the reason,
because a person must look then.
"""

from collections.abc import Sequence

from stream.contracts.sessions import Mark, ModelVersion, SessionRecord
from stream.contracts.vocabulary import NeedsHuman, Verdict
from stream.feedback.gate.check import CheckedAnswer

Outcome = CheckedAnswer | NeedsHuman
"""The checked verdict on a turn, or the reason why there is none."""


def critical_content(record: SessionRecord, mark: Mark) -> NeedsHuman | None:
    """Return the reason why no model may read a turn without a reply: critical content in it or in its context."""
    near = {*mark.context, *mark.message_ids}
    critical = any(other.concerns and not near.isdisjoint(other.message_ids) for other in record.marks)
    return NeedsHuman.CRITICAL_CONTENT if critical else None


def settle_marks(record: SessionRecord, outcomes: Sequence[Outcome], model: ModelVersion) -> SessionRecord:
    """Return the record with its turns without a reply settled, `outcomes` of `model` in the order of their marks.

    A rejected turn leaves the record with its mark, and is counted. The messages that only these turns needed go as
    well: the context always, since it was there for the model alone.
    """
    if not outcomes:
        return record
    left = iter(outcomes)
    settled = [_settle(mark, next(left), model) if mark.awaits_verdict else mark for mark in record.marks]
    marks = tuple(mark for mark in settled if mark is not None)
    unneeded = _messages_of(record.marks) - _messages_of(marks) - {i for e in record.exchanges for i in e.message_ids}
    counts = record.counts.model_copy(update={"unanswered_not_confirmed": len(settled) - len(marks)})
    return record.model_copy(
        update={
            "marks": marks,
            "messages": tuple(message for message in record.messages if message.message_id not in unneeded),
            "counts": counts,
        }
    )


def _settle(mark: Mark, outcome: Outcome, model: ModelVersion) -> Mark | None:
    mark = mark.model_copy(update={"context": ()})
    if isinstance(outcome, NeedsHuman):
        return mark.model_copy(update={"needs_human": outcome})
    if outcome.verdict is Verdict.CONFIRMED:
        return mark.model_copy(update={"resistance_type": outcome.resistance_type, "model": model})
    # Planted text may be why the model rejects a turn; such a verdict is none.
    return mark.model_copy(update={"needs_human": NeedsHuman.ANSWER_UNUSABLE}) if outcome.possible_injection else None


def _messages_of(marks: Sequence[Mark]) -> set[str]:
    return {message_id for mark in marks for message_id in (*mark.context, *mark.message_ids)}
