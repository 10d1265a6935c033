"""The dead letters that were handled, kept in the database: Kafka cannot take one record out of a topic."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, select

from plugin.database.engine import transaction
from plugin.database.tables import HandledDeadLetter
from plugin.operations.dead_letter import DeadLetter


class HandledOutcome(StrEnum):
    """The outcome of a run for one dead letter."""

    REPLAYED = "replayed"
    """Its record is on its topic again."""
    DROPPED = "dropped"
    """It is neither listed nor replayed any more; the topic's retention removes its bytes."""
    REINSERTED = "reinserted"
    """It still cannot be used, and is on the topic as a new dead letter."""
    FORGOTTEN = "forgotten"
    """Consent was withdrawn or an erasure asked for it: it is never sent again."""
    WITHOUT_CONSENT = "without_consent"
    WITHOUT_BODY = "without_body"
    """Set aside without its bytes: there is nothing to send."""
    REFUSED = "refused"
    """It still cannot be used; the run stopped here and changed nothing about it."""


Position = tuple[int, int, int]
"""Partition, offset and append time of a dead letter: a topic that was created again counts from 0 again."""


def handled_positions(engine: Engine) -> frozenset[Position]:
    """Return the positions of all dead letters that were handled.

    Raises:
        Unavailable: the database is away.
    """
    with transaction(engine) as session:
        rows = session.exec(
            select(HandledDeadLetter.partition, HandledDeadLetter.offset, HandledDeadLetter.set_aside_ms)
        ).all()
    return frozenset((partition, offset, ms) for partition, offset, ms in rows)


def position_of(letter: DeadLetter) -> Position:
    """Return the position by which a dead letter is kept in the database."""
    return letter.id.partition, letter.id.offset, letter.set_aside_ms


def mark_handled(session: Session, letter: DeadLetter, outcome: HandledOutcome, run_id: UUID, now: datetime) -> None:
    """Store that a dead letter was handled; a second time changes nothing."""
    session.exec(
        insert(HandledDeadLetter)
        .values(
            partition=letter.id.partition,
            offset=letter.id.offset,
            set_aside_ms=letter.set_aside_ms,
            outcome=outcome.value,
            run_id=run_id,
            handled_at=now,
        )
        .on_conflict_do_nothing()
    )
