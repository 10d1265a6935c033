"""Helpers of the privacy tests: a recording announcer, stored sessions and counts, and a process that is killed."""

import os
import signal
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from multiprocessing import get_context
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, event, text

from plugin.database.engine import connect
from plugin.database.tables import TombstoneKind
from plugin.database.tombstones import Subject
from stream.contracts.feedback import FeedbackRecord
from tests.fixtures.waiting import DEADLOCK_S
from tests.plugin.samples import START, TENANT, record

CLIENT = "p_client"


class RecordingAnnouncer:
    """An announcer that records announcements in order instead of publishing them."""

    def __init__(self) -> None:
        self.announcements: list[tuple[str, str, UUID, datetime]] = []

    def announce_conversation(
        self, tenant: str, conversation_id: str, erasure_id: UUID, requested_at: datetime
    ) -> datetime:
        """Record the announcement of a conversation's erasure; the broker's clock is that of the command here."""
        self.announcements.append(("conversation", f"{tenant}:{conversation_id}", erasure_id, requested_at))
        return requested_at

    def announce_person(self, subject: Subject, erasure_id: UUID, requested_at: datetime) -> datetime:
        """Record the announcement of a person's erasure."""
        self.announcements.append(
            (subject.kind.value, f"{subject.tenant}:{subject.pseudonym}", erasure_id, requested_at)
        )
        return requested_at

    @property
    def subjects(self) -> list[str]:
        """The tenant and pseudonym of each announcement."""
        return [subject for _, subject, _, _ in self.announcements]


def conversation_subject(name: str) -> Subject:
    """Return the subject of a conversation, by its pseudonym."""
    return Subject(TombstoneKind.ERASURE, TENANT, name)


def client_subject(name: str = CLIENT) -> Subject:
    """Return the subject of a client, by its pseudonym."""
    return Subject(TombstoneKind.CLIENT, TENANT, name)


def counsellor_subject(name: str) -> Subject:
    """Return the subject of a counsellor, by its pseudonym."""
    return Subject(TombstoneKind.COUNSELLOR, TENANT, name)


def session_of_week(number: int, conversation: str = "c_sample", **more: Any) -> FeedbackRecord:
    """Return the record of a session in the week with this number."""
    given = {"clients": (CLIENT,), **more}
    return record(conversation=conversation, started_at=START + timedelta(weeks=number), **given)


def count_rows(engine: Engine, *tables: str) -> dict[str, int]:
    """Return the number of rows of each table."""
    names = tables or ("sessions", "messages", "exchanges", "answers", "conversation_keys")
    with engine.connect() as connection:
        return {name: connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0 for name in names}


def stored_conversations(engine: Engine) -> list[str]:
    """Return the conversation of each stored session, in order."""
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT conversation_id FROM sessions ORDER BY 1")))


def run_killed_at(url: str, statement: int, work: Callable[[Engine], object]) -> bool:
    """Run `work` in a process that is killed (SIGKILL) before its nth statement; return whether it was killed."""
    context = get_context("fork")
    process = context.Process(target=_until, args=(url, statement, work))
    process.start()
    process.join(DEADLOCK_S)
    assert process.exitcode in {0, -signal.SIGKILL}, process.exitcode
    return process.exitcode != 0


def _until(url: str, statement: int, work: Callable[[Engine], object]) -> None:
    engine = connect(url)
    seen = count(1)

    @event.listens_for(engine, "before_cursor_execute")
    def _die(*_: object) -> None:
        if next(seen) == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    @event.listens_for(engine, "commit")
    def _die_before_the_commit(_: object) -> None:
        if next(seen) == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    work(engine)
    os._exit(0)
