"""What this room is tried on: announcements that are only noted, the rows that are left, a process that dies."""

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
from plugin.database.tables import ForgottenKind
from plugin.database.tombstones import Subject
from stream.contracts.feedback import FeedbackRecord
from tests.plugin.samples import START, TENANT, record

CLIENT = "p_client"


class Noted:
    """Announcements, in order."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, UUID, datetime]] = []

    def conversation(self, tenant: str, conversation_id: str, erasure_id: UUID, requested_at: datetime) -> None:
        """Note it."""
        self.said.append(("conversation", f"{tenant}:{conversation_id}", erasure_id, requested_at))

    def person(self, subject: Subject, erasure_id: UUID, requested_at: datetime) -> None:
        """Note it."""
        self.said.append((subject.kind.value, f"{subject.tenant}:{subject.pseudonym}", erasure_id, requested_at))

    @property
    def of(self) -> list[str]:
        """Whom it was about."""
        return [whom for _, whom, _, _ in self.said]


def room(name: str) -> Subject:
    """A conversation by its pseudonym."""
    return Subject(ForgottenKind.ERASURE, TENANT, name)


def client(name: str = CLIENT) -> Subject:
    """A client by pseudonym."""
    return Subject(ForgottenKind.CLIENT, TENANT, name)


def counsellor(name: str) -> Subject:
    """A counsellor by pseudonym."""
    return Subject(ForgottenKind.COUNSELLOR, TENANT, name)


def week(number: int, conversation: str = "c_sample", **more: Any) -> FeedbackRecord:
    """The session of a week."""
    given = {"clients": (CLIENT,), **more}
    return record(conversation=conversation, started_at=START + timedelta(weeks=number), **given)


def left(engine: Engine, *tables: str) -> dict[str, int]:
    """Rows of each table."""
    names = tables or ("sessions", "messages", "exchanges", "answers", "conversation_keys")
    with engine.connect() as connection:
        return {name: connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0 for name in names}


def conversations(engine: Engine) -> list[str]:
    """Of the sessions stored, one each."""
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT conversation_id FROM sessions ORDER BY 1")))


def killed_at(url: str, statement: int, work: Callable[[Engine], object]) -> bool:
    """Run `work` in a process that is killed (SIGKILL) before its nth statement; whether it came so far."""
    context = get_context("fork")
    process = context.Process(target=_until, args=(url, statement, work))
    process.start()
    process.join(60)
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
