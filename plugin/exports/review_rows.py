"""The rows of an export of reviews: what a model said in one statement, and one thing that a supervisor said of it.

A statement of which nobody said anything has one row without a judgement, since silence is not agreement; one of which
something was said several times has a row for each. A row holds codes and pseudonyms. Text is added only where asked.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Final

from plugin.database.answers import answer_from_row
from plugin.database.tables import StoredAnswer, StoredExchange, StoredLabel, StoredSession
from plugin.database.tables.base import Json
from plugin.exports.pseudonyms import ExportPseudonyms
from plugin.queue.review_views import Judgement
from plugin.queue.statements import Statement, StatementKind, statements_of

Cell = str | int | float | bool | None
TEXT_COLUMNS: Final = ("client_turn", "reply", "words")


@dataclass(frozen=True)
class StoredMoment:
    """A moment of a session with its valid answer, and all that supervisors said of it, in order."""

    exchange: StoredExchange
    answer: StoredAnswer
    labels: Sequence[StoredLabel]


@dataclass(frozen=True)
class StoredReview:
    """A session with its moments and the decision about its present revision, if there is one."""

    row: StoredSession
    decision: str | None
    moments: Sequence[StoredMoment]


@dataclass(frozen=True)
class ReviewRow:
    """A row; its fields are the columns, which docs/export.md explains."""

    conversation: str
    session: str
    month: str
    language: str | None
    decision: str | None
    moment: str
    position: int
    therapist: str | None
    shown: bool
    detector_score: float
    model: str
    model_weights: str
    model_prompt: str
    model_rubric: str
    abstained: str | None
    verdict: str | None
    resistance_type: str | None
    confidence: float | None
    statement: str
    level: int | None
    needs_human: str | None
    supervisor: str | None = None
    judgement: str | None = None
    reason: str | None = None
    own_level: int | None = None
    supervisor_rubric: str | None = None
    stands: bool | None = None
    client_turn: str | None = field(default=None, repr=False)
    reply: str | None = field(default=None, repr=False)
    words: str | None = field(default=None, repr=False)

    def cells(self, columns: Sequence[str]) -> dict[str, Cell]:
        """Return the values of some columns, in their order."""
        return {name: getattr(self, name) for name in columns}


COLUMNS: Final = tuple(one.name for one in fields(ReviewRow) if one.name not in TEXT_COLUMNS)
"""The columns without text, in order; `TEXT_COLUMNS` follow them where text is asked for."""

Texts = Callable[[StoredMoment, str], Mapping[str, str]]
"""Returns the text columns of a statement of a moment, as far as there are any."""


def no_text(_moment: StoredMoment, _statement: str) -> Mapping[str, str]:
    """Return no text."""
    return {}


def review_rows(review: StoredReview, pseudonyms: ExportPseudonyms, texts: Texts = no_text) -> Iterator[ReviewRow]:
    """Yield the rows of a session."""
    for moment in review.moments:
        said = _by_statement(moment.labels)
        for statement, machine in _statements(moment, said).items():
            row = _row(review, moment, statement, machine, pseudonyms, texts(moment, statement))
            labels = said.get(statement, [])
            if not labels:
                yield ReviewRow(**row)
            for label in labels:
                is_latest = label is labels[-1]
                yield ReviewRow(
                    **row,
                    supervisor=pseudonyms.of("supervisor", label.account_id),
                    judgement=label.judgement,
                    reason=label.reason,
                    own_level=label.level,
                    supervisor_rubric=label.rubric,
                    stands=is_latest and label.judgement != Judgement.UNDONE,
                )


def _by_statement(labels: Iterable[StoredLabel]) -> dict[str, list[StoredLabel]]:
    found: dict[str, list[StoredLabel]] = {}
    for label in labels:
        found.setdefault(label.statement, []).append(label)
    return found


def _statements(moment: StoredMoment, said: Mapping[str, Sequence[StoredLabel]]) -> dict[str, Json]:
    """Return what the model said by statement: all that needs no words to be read, and all that was judged.

    The level of a mechanism stands once, under its rating; beside it only where a supervisor set her own.
    """
    answer = answer_from_row(moment.answer, None)
    machine = {str(statement): value for statement, value in statements_of(answer).items()}
    unjudged = {
        statement: value
        for statement, value in machine.items()
        if statement in said or Statement.parse(statement).kind is not StatementKind.LEVEL
    }
    return unjudged | {statement: labels[-1].machine for statement, labels in said.items() if statement not in unjudged}


def _row(
    review: StoredReview,
    moment: StoredMoment,
    statement: str,
    machine: Json,
    pseudonyms: ExportPseudonyms,
    texts: Mapping[str, str],
) -> Json:
    row, exchange, answer = review.row, moment.exchange, moment.answer
    return {
        "conversation": pseudonyms.of("conversation", row.conversation_id),
        "session": pseudonyms.of("session", row.session_id),
        "month": f"{row.started_at:%Y-%m}",
        "language": row.language,
        "decision": review.decision,
        "moment": pseudonyms.of("moment", exchange.exchange_id),
        "position": exchange.position,
        "therapist": None if exchange.counsellor is None else pseudonyms.of("therapist", exchange.counsellor),
        "shown": exchange.shown,
        "detector_score": exchange.score,
        "model": answer.model["name"],
        "model_weights": answer.model["weights"],
        "model_prompt": answer.model["prompt"],
        "model_rubric": answer.model["rubric"],
        "abstained": answer.abstained,
        "verdict": answer.verdict,
        "resistance_type": answer.resistance_type,
        "confidence": answer.confidence,
        "statement": statement,
        "level": machine.get("level"),
        "needs_human": machine.get("needs_human"),
        **texts,
    }
