"""`counterpoint export outcomes`: the outcomes of sessions as a table for studies, without a name and without words."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from plugin.database.engine import transaction
from plugin.database.tables import StoredOutcome, StoredSession
from plugin.exports.new_file import new_private_file
from plugin.exports.outcome_rows import Pseudonym, RatedSession, columns_of, outcome_rows, sort_outcomes
from plugin.exports.row_files import row_writer
from plugin.exports.run import ExportRun, ShowProgress
from plugin.exports.scope import find_sessions, portions, with_outcomes
from plugin.queue.scope import visible_to
from stream.contracts.errors import Misconfigured

_SHOWN: Final = 12
"""Hexadecimal characters of a pseudonym of one file: 48 bits, enough for the people of a service."""


def export_outcomes(run: ExportRun, out: Path, show_progress: ShowProgress) -> int:
    """Write a row for each of the supervisor's sessions that has outcomes, and return how many there are.

    Only sessions and outcomes whose clients agreed to secondary use are in it.

    Raises:
        Misconfigured: somebody asks who is no supervisor, there is nothing to export, or the file cannot be written.
    """
    sessions, therapists = find_sessions(run, with_outcomes())
    if not sessions:
        raise Misconfigured(
            "There is nothing to export: no session of yours has outcomes and the client\u2019s consent to secondary"
            " use of both."
        )
    run.begin(therapists)
    rated: list[RatedSession] = []
    with show_progress(len(sessions)) as advance:
        for ids in portions(sessions):
            rated += _read(run, ids)
            advance(len(ids))
    pseudonyms = {tenant: run.pseudonyms.of(tenant).of for tenant in {key.tenant for key in sessions}}
    rows = outcome_rows(rated, pseudonyms, _of_this_file())
    with new_private_file(out) as file:
        columns = columns_of(rows)
        write = row_writer(file, out.suffix, columns)
        for row in rows:
            write({name: row[name] for name in columns})
        run.finish(len(rows))
    return len(rows)


def _read(run: ExportRun, ids: Sequence[UUID]) -> list[RatedSession]:
    """Return those of the sessions that have outcomes of their own, in the order of their ids."""
    with transaction(run.engine, run.viewer.user_id) as session:
        chosen = session.exec(
            select(StoredSession).where(col(StoredSession.session_id).in_(ids), visible_to(run.viewer))
        ).all()
        conversations = {row.conversation_id for row in chosen}
        # All sessions of these conversations: an outcome belongs to the one that its time tells.
        around = session.exec(
            select(StoredSession).where(col(StoredSession.conversation_id).in_(conversations), visible_to(run.viewer))
        ).all()
        outcomes = session.exec(
            select(StoredOutcome).where(
                col(StoredOutcome.conversation_id).in_(conversations), col(StoredOutcome.secondary_use)
            )
        ).all()
        session.expunge_all()
    sorted_ = sort_outcomes(around, outcomes)
    return [RatedSession(row, sorted_[row.session_id]) for row in chosen if row.session_id in sorted_]


def _of_this_file() -> Pseudonym:
    """Return the pseudonyms of people in this file alone: their key is thrown away with the run."""
    key = secrets.token_bytes()

    def of(kind: str, value: object) -> str:
        made = hmac.digest(key, f"{kind}\x1f{value}".encode(), hashlib.sha256)
        return f"{kind}-{made.hex()[:_SHOWN]}"

    return of
