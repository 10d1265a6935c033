"""Tests of sessions that a statement is given, on a real database."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from plugin.database.engine import transaction
from plugin.database.tables import StoredAnswer
from plugin.queue.given_sessions import given_sessions
from tests.plugin.samples import apply_records, record


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_statement_reads_the_rows_of_the_given_sessions_alone(engine: Engine, count: int) -> None:
    """The rows of each given session are there once; an unknown session has none, and no session gives no row."""
    sent = [record(conversation=f"c_{number}", moments=2) for number in range(3)]
    apply_records(engine, *sent)
    chosen = [each.session_id for each in sent[:count]]
    assert _answers_of(engine, [*chosen, uuid4()]) == sorted([*chosen, *chosen])
    assert _answers_of(engine, []) == []


def _answers_of(engine: Engine, ids: list[UUID]) -> list[UUID]:
    given = given_sessions(ids)
    joined = select(StoredAnswer.session_id).join(given, given.c.session_id == col(StoredAnswer.session_id))
    with transaction(engine) as session:
        return sorted(session.exec(joined).all())
