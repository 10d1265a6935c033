"""`counterpoint export person`: what is stored about one therapist, for their request for their own data.

The rows are read on the therapist's behalf, so the database shows theirs alone. Codes and times are of every session;
words are those that the therapist reads on their page, and only the therapist may export them.
"""

import json
from pathlib import Path
from typing import Final
from uuid import UUID

from plugin.database.audit import add_audit_entry
from plugin.database.engine import transaction
from plugin.database.tables import StoredSession
from plugin.database.viewer import AccountRole, Viewer
from plugin.exports.new_file import new_private_file
from plugin.exports.person_criteria import criterion_answers_about
from plugin.exports.person_digests import digests_of
from plugin.exports.person_rows import (
    Json,
    account_of,
    calibrated_about,
    decisions_about,
    moments_of,
    sessions_of,
    time_of,
    trail_about,
)
from plugin.exports.run import ExportRun, ShowProgress
from plugin.exports.words import practice_of, words_of
from plugin.queue.accounts import find_account, viewer_of
from plugin.queue.opening import open_session
from plugin.queue.practice import attempts_of
from stream.contracts.errors import Misconfigured

TEXT_LEFT_OUT: Final = "Words are left out: the therapist alone may export them, with their own password."
NOT_IN_IT: Final = (
    "Not in this file: what is stored about clients alone, messages and words of sessions that are not released, notes"
    " that their author has not shared, answers to criteria that are not shared, what a model in shadow says (it is"
    " shown to nobody), copies in backups and on the broker."
)


def export_person(run: ExportRun, username: str, out: Path, show_progress: ShowProgress) -> int:
    """Write what is stored about a therapist to a new file, and return the number of their sessions.

    Raises:
        Misconfigured: there is no such therapist, somebody else asks who is no operator, or the file cannot be written.
    """
    with transaction(run.engine) as session:
        row = find_account(session, username)
        person = None if row is None else viewer_of(session, row)
        is_disabled = row is not None and row.disabled_at is not None
    if run.viewer.role is not AccountRole.OPERATOR and run.viewer.username != (person and person.username):
        raise Misconfigured("The data of a therapist are exported by themselves, or by an operator without any words.")
    if person is None or person.role is not AccountRole.THERAPIST:
        raise Misconfigured("There is no account of a therapist with this name.")
    if is_disabled:
        raise Misconfigured(
            "This account is disabled, and nothing is read on its behalf. Enable it for the export: `counterpoint users"
            " enable`, and `disable` afterwards."
        )
    run.begin([person.user_id])
    with transaction(run.engine, person.user_id) as session:
        sessions = list(sessions_of(session, person))
        document: Json = {
            "about": account_of(session, person),
            "digests": digests_of(session, person),
            "exported": _export(run),
            "sessions": [],
            "calibrations": calibrated_about(session),
            "trail": [],
        }
    with new_private_file(out) as file, show_progress(len(sessions)) as advance:
        for session_id in sessions:
            if (found := _session(run, person, session_id)) is not None:
                document["sessions"].append(found)
            advance(1)
        with transaction(run.engine, person.user_id) as session:
            document["trail"] = trail_about(session)
        file.write(json.dumps(document, indent=2) + "\n")
        run.finish(len(sessions))
    return len(sessions)


def _export(run: ExportRun) -> Json:
    return {
        "at": time_of(run.now()),
        "by": run.viewer.display_name,
        "purpose": run.purpose.value,
        "note": NOT_IN_IT if _with_words(run) else f"{TEXT_LEFT_OUT} {NOT_IN_IT}",
    }


def _with_words(run: ExportRun) -> bool:
    """Return whether the therapist exports for themself: nobody else has got this far but an operator."""
    return run.viewer.role is AccountRole.THERAPIST


def _session(run: ExportRun, person: Viewer, session_id: UUID) -> Json | None:
    """Return what is stored of one session about its therapist; None if it was removed meanwhile."""
    with transaction(run.engine, person.user_id) as session:
        row = session.get(StoredSession, session_id)
        if row is None or row.restricted:
            return None
        found: Json = {
            "session": str(row.session_id),
            "conversation": row.conversation_id,
            "started_at": time_of(row.started_at),
            "ended_at": time_of(row.ended_at),
            "closed_at": time_of(row.closed_at),
            "stored_at": time_of(row.stored_at),
            "revision": row.revision,
            "state": row.state,
            "end_reason": row.end_reason,
            "left_out": row.left_out,
            "language": row.language,
            "decisions": decisions_about(session, session_id),
            "moments": moments_of(session, person, session_id),
            "criteria": criterion_answers_about(session, person, row),
        }
        if _with_words(run):
            view = open_session(session, run.kek, person, session_id, run.now())
            practised = attempts_of(session, run.kek, person, session_id)
            found["released_words"] = None if view is None else {**words_of(view), "practice": practice_of(practised)}
            if view is not None:
                add_audit_entry(
                    session,
                    run.viewer,
                    purpose=run.entry,
                    object_type="session",
                    object_id=session_id,
                    outcome="done",
                    request_id=run.caller,
                )
        return found
