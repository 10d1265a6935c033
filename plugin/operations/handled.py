"""Which dead letters are done with, kept in the database: Kafka cannot take one record out of a topic."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, select

from plugin.database.engine import transaction
from plugin.database.tables import HandledDeadLetter
from plugin.operations.dead_letter import Letter


class Outcome(StrEnum):
    """What became of a letter in a run."""

    REPLAYED = "replayed"
    """Its record is on its topic again."""
    DROPPED = "dropped"
    """Nobody will see it again; the topic's retention takes its bytes."""
    REINSERTED = "reinserted"
    """It cannot be used still, and stands on the topic as a new dead letter."""
    FORGOTTEN = "forgotten"
    """Consent was withdrawn or an erasure asked for it: it stays away for good."""
    WITHOUT_CONSENT = "without_consent"
    WITHOUT_BODY = "without_body"
    """Set aside without its bytes: there is nothing to send."""
    REFUSED = "refused"
    """It cannot be used still; the run stopped here and changed nothing about it."""


Place = tuple[int, int, int]
"""Partition, offset and append time: a topic made anew counts from 0 again."""


@dataclass(frozen=True)
class Handled:
    """The memory of what is done."""

    engine: Engine

    def places(self) -> AbstractSet[Place]:
        """Every letter that is done with.

        Raises:
            Unavailable: the database is away.
        """
        with transaction(self.engine) as session:
            rows = session.exec(
                select(HandledDeadLetter.partition, HandledDeadLetter.offset, HandledDeadLetter.set_aside_ms)
            ).all()
        return {(partition, offset, ms) for partition, offset, ms in rows}


def place_of(letter: Letter) -> Place:
    """The name by which a letter is remembered."""
    return letter.id.partition, letter.id.offset, letter.set_aside_ms


def remember(session: Session, letter: Letter, outcome: Outcome, run_id: UUID, now: datetime) -> None:
    """Note that a letter is done with; a second time changes nothing."""
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
