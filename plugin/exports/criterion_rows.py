"""The rows of an export of a service's own criteria: one thing that a supervisor said to one version of a criterion.

A row holds codes, pseudonyms, and the service's own question; no note of a supervisor and no word of a conversation.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final

from plugin.database.tables import StoredCriterionAnswer, StoredExchange, StoredSession
from plugin.exports.pseudonyms import ExportPseudonyms
from plugin.exports.review_rows import Cell
from plugin.queue.criterion_views import UNDONE, Criterion


@dataclass(frozen=True)
class StoredSaid:
    """An answer with the version that was answered, and its moment where it is about one that is still there."""

    answer: StoredCriterionAnswer
    criterion: Criterion
    exchange: StoredExchange | None


@dataclass(frozen=True)
class AnsweredSession:
    """A session with all that was said to criteria about it, in order, and the decision about its present revision."""

    row: StoredSession
    decision: str | None
    said: Sequence[StoredSaid]


@dataclass(frozen=True)
class CriterionRow:
    """A row; its fields are the columns, which docs/export.md explains."""

    conversation: str
    session: str
    month: str
    language: str | None
    decision: str | None
    about: str
    moment: str | None
    position: int | None
    therapist: str | None
    criterion: str
    criterion_version: int
    question: str
    scale: str
    shared: bool
    said: str
    said_words: str | None
    supervisor: str
    session_revision: int
    stands: bool

    def cells(self) -> dict[str, Cell]:
        """Return the values of the columns, in their order."""
        return {name: getattr(self, name) for name in COLUMNS}


COLUMNS: Final = tuple(one.name for one in fields(CriterionRow))
"""The columns, in order."""


def criterion_rows(answered: AnsweredSession, pseudonyms: ExportPseudonyms) -> Iterator[CriterionRow]:
    """Yield the rows of a session."""
    row = answered.row
    for each in answered.said:
        answer, criterion, exchange = each.answer, each.criterion, each.exchange
        counsellor = None if exchange is None else exchange.counsellor
        yield CriterionRow(
            conversation=pseudonyms.of("conversation", row.conversation_id),
            session=pseudonyms.of("session", row.session_id),
            month=f"{row.started_at:%Y-%m}",
            language=row.language,
            decision=answered.decision,
            about=criterion.about.value,
            moment=None if answer.exchange_id is None else pseudonyms.of("moment", answer.exchange_id),
            position=None if exchange is None else exchange.position,
            therapist=None if counsellor is None else pseudonyms.of("therapist", counsellor),
            criterion=criterion.name,
            criterion_version=criterion.version,
            question=criterion.question,
            scale=criterion.scale.value,
            shared=criterion.shared,
            said=answer.said,
            said_words=criterion.choices.get(answer.said),
            supervisor=pseudonyms.of("supervisor", answer.account_id),
            session_revision=answer.revision,
            stands=answer.stands and answer.said != UNDONE,
        )
