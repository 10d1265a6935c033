"""Storage of a session's need, derived from its marks and its valid answers."""

from dataclasses import replace

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from plugin.database.needs import facts_from_json, facts_of, facts_to_json, need_of
from plugin.database.tables import StoredAnswer, StoredSession
from stream.contracts.sessions import Mark

WITHOUT_WORDS = defer(StoredAnswer.words, raiseload=True)  # type: ignore[arg-type] # a column, to the mapper
"""The option that leaves the words of answers out: the sink has no right to read what was encrypted."""


def store_need(session: Session, row: StoredSession) -> None:
    """Derive the session's facts and need from its marks and from its answers that are not superseded."""
    current = select(StoredAnswer).where(
        col(StoredAnswer.session_id) == row.session_id, col(StoredAnswer.superseded_by).is_(None)
    )
    answers = session.exec(current.options(WITHOUT_WORDS)).all()
    marks = [Mark.model_validate(mark) for mark in row.marks]
    facts = replace(facts_of(marks, answers), names_told=facts_from_json(row.facts).names_told)
    row.facts = facts_to_json(facts)
    row.need = need_of(facts, marks, answers)
