"""One run: it rates every exchange that is due, each in a transaction of its own, and leaves its lines on the trail.

What is stored is not due any more, so a run after one that was killed does the rest; nothing else is remembered.
"""

import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Engine, text
from sqlmodel import Session

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.audit import add_audit_entry
from plugin.database.engine import transaction, translate_database_errors
from plugin.rerate.due import Asked
from plugin.rerate.reading import DueExchange, Place, due_places, read_exchange, store_answer
from stream.contracts.feedback import Abstention, Assessment
from stream.contracts.sessions import SessionRecord

Rate = Callable[[SessionRecord], Awaitable[Assessment | Abstention | None]]
"""Asks the model about the only exchange of a record."""
_LOCK: Final = 0x726572617465  # "rerate" in ASCII; any number will do that nothing else in the database locks


@dataclass(frozen=True)
class RunReport:
    """The numbers of a run, of exchanges."""

    rated: int = 0
    abstained: int = 0
    """Those of `rated` about which the model gives no assessment."""
    not_stored: int = 0
    """Those that changed, were removed or came under a hold during the run."""


@dataclass(frozen=True)
class Run:
    """A run on one database, which may be broken off at any moment."""

    engine: Engine = field(repr=False)
    kek: KeyEncryptionKey = field(repr=False)
    asked: Asked
    run_id: UUID
    now: Callable[[], datetime] = field(repr=False)

    async def rate_all(self, rate: Rate, step: Callable[[], object] = lambda: None) -> RunReport:
        """Rate what is due; `step` is called after each exchange.

        Raises:
            Unavailable: the database is away. Run it again.
            CounterpointError: whatever `rate` raises. What was rated is stored.
        """
        done, read = RunReport(), None
        self._audit("rerate", self.run_id, "begun")
        for place in self._places():
            due = self._read(place, is_first=place.session_id != read)
            answer = None
            if due is not None:
                read = place.session_id
                answer = None if due.record is None else await rate(due.record)
            done = self._add(done, due, answer)
            step()
        self._audit("rerate", self.run_id, f"done {done.rated} exchanges")
        return done

    def _places(self) -> Iterator[Place]:
        batch: list[Place] = []
        while True:
            with transaction(self.engine) as session:
                batch = due_places(session, self.asked, batch[-1] if batch else None)
            if not batch:
                return
            yield from batch

    def _read(self, place: Place, *, is_first: bool) -> DueExchange | None:
        """Return the exchange at a place. A session's first one has an entry, before the model sees a word."""
        with transaction(self.engine) as session:
            due = read_exchange(session, self.kek, self.asked, place)
            if due is not None and is_first:
                self._add_entry(session, "session", place.session_id, "done")
            return due

    def _add(self, done: RunReport, due: DueExchange | None, answer: Assessment | Abstention | None) -> RunReport:
        if due is not None and answer is not None:
            with transaction(self.engine) as session:
                if store_answer(session, self.asked, due, answer, self.now()):
                    abstained = done.abstained + isinstance(answer, Abstention)
                    return RunReport(done.rated + 1, abstained, done.not_stored)
        return RunReport(done.rated, done.abstained, done.not_stored + 1)

    def _audit(self, object_type: str, object_id: UUID, outcome: str) -> None:
        with transaction(self.engine) as session:
            self._add_entry(session, object_type, object_id, outcome)

    def _add_entry(self, session: Session, object_type: str, object_id: UUID, outcome: str) -> None:
        add_audit_entry(
            session,
            None,
            purpose="rerate: model-quality" if self.asked.is_shadow else "rerate: trends",
            object_type=object_type,
            object_id=object_id,
            outcome=outcome,
            request_id=f"rerate {self.run_id}, uid {os.getuid()}",
        )


@contextmanager
def only_run(engine: Engine) -> Iterator[bool]:
    """Yield whether this is the only run, and keep it so during the block; a killed process keeps nobody out."""
    with translate_database_errors(), engine.connect() as connection:
        held = connection.execution_options(isolation_level="AUTOCOMMIT")  # no transaction stays open meanwhile
        is_only = bool(held.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK}))
        try:
            yield is_only
        finally:
            if is_only:
                held.scalar(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
