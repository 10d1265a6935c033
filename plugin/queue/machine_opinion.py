"""What the machine says of each client turn of a session, in codes, as it stands beside the answers of a blind look."""

from collections.abc import Mapping
from dataclasses import asdict, replace

from sqlmodel import Session, col, select

from plugin.database.tables import StoredAnswer, StoredExchange, StoredSession
from plugin.database.tables.base import Json
from plugin.queue.look_views import MachineOpinion
from stream.contracts.sessions import Mark
from stream.contracts.vocabulary import MarkKind, NeedsHuman, Verdict

NOTHING = MachineOpinion(shown=False, verdict=None, needs_human=None, critical=False)
"""Of a turn that nothing flagged. In a session in which every turn was rejected, the verdicts are not kept."""


def opinions_of(
    session: Session, row: StoredSession, turns: Mapping[int, tuple[str, ...]]
) -> dict[int, MachineOpinion]:
    """Return what the machine says of each client turn, by the turn's position."""
    found = session.exec(
        select(StoredExchange, StoredAnswer)
        .join(StoredAnswer, col(StoredAnswer.exchange_id) == col(StoredExchange.exchange_id))
        .where(col(StoredExchange.session_id) == row.session_id, col(StoredAnswer.superseded_by).is_(None))
    )
    moments = {exchange.client_turn[0]: _of_moment(exchange, answer) for exchange, answer in found}
    marks = [Mark.model_validate(mark) for mark in row.marks]
    unanswered = {m.message_ids[0]: _of_unanswered(m) for m in marks if m.kind is MarkKind.UNANSWERED_MOMENT}
    critical = {message_id for mark in marks if mark.concerns for message_id in mark.message_ids}
    opinions = moments | unanswered
    return {
        position: _with_marks(opinions.get(turn[0], NOTHING), is_marked=not critical.isdisjoint(turn))
        for position, turn in turns.items()
    }


def opinion_to_json(opinion: MachineOpinion) -> Json:
    """Return an opinion as the value of a JSON column."""
    return asdict(opinion)


def opinion_from_json(value: Json) -> MachineOpinion:
    """Return the opinion in the value of a JSON column."""
    return MachineOpinion(**value)


def _of_moment(exchange: StoredExchange, answer: StoredAnswer) -> MachineOpinion:
    is_confirmed = answer.verdict == Verdict.CONFIRMED
    return MachineOpinion(
        shown=exchange.shown and is_confirmed,
        verdict=answer.verdict,
        needs_human=answer.abstained,
        critical=answer.abstained == NeedsHuman.CRITICAL_CONTENT,
        possible_critical=answer.abstained == NeedsHuman.POSSIBLE_CRITICAL_CONTENT,
    )


def _of_unanswered(mark: Mark) -> MachineOpinion:
    is_confirmed = mark.resistance_type is not None
    return MachineOpinion(
        shown=is_confirmed,
        verdict=Verdict.CONFIRMED.value if is_confirmed else None,
        needs_human=mark.needs_human,
        critical=mark.needs_human is NeedsHuman.CRITICAL_CONTENT,
        possible_critical=mark.needs_human is NeedsHuman.POSSIBLE_CRITICAL_CONTENT,
    )


def _with_marks(opinion: MachineOpinion, *, is_marked: bool) -> MachineOpinion:
    return replace(opinion, critical=True, possible_critical=False) if is_marked else opinion
