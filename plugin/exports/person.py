"""`counterpoint export person`: what is stored about one person with an account, for a request for their own data.

The rows are read on the person's behalf, so the database shows what they may read. Words are exported by the person
alone: a therapist's are those of their page, everybody else's are what they wrote themselves.
"""

import json
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlmodel import Session

from plugin.database.audit import add_audit_entry
from plugin.database.conversation_keys import find_cipher
from plugin.database.engine import transaction
from plugin.database.tables import StoredSession
from plugin.database.viewer import AccountRole, Viewer
from plugin.exports.new_file import new_private_file
from plugin.exports.person_acts import acts_in, has_words, sessions_with_acts
from plugin.exports.person_criteria import criterion_answers_about
from plugin.exports.person_digests import digests_of
from plugin.exports.person_rows import (
    Json,
    account_of,
    calibrated_about,
    decisions_about,
    measures_about,
    moments_of,
    outcomes_by,
    sessions_of,
    time_of,
    trail_about,
)
from plugin.exports.person_staff import (
    calibrations_of,
    criteria_of,
    notes_with_words,
    rubric_notes_of,
    saved_views_of,
    trail_of,
)
from plugin.exports.person_tokens import tokens_of
from plugin.exports.run import ExportRun, ShowProgress
from plugin.exports.words import practice_of, rehearsal_as_json, words_of
from plugin.queue.accounts import find_account, viewer_of
from plugin.queue.export_entries import OWN_WORDS
from plugin.queue.opening import open_session
from plugin.queue.practice import attempts_of
from plugin.queue.rehearsals import rehearsals_of
from stream.contracts.errors import Misconfigured

TEXT_LEFT_OUT: Final = "Words are left out: the person alone may export them, with their own password."
NOT_IN_IT: Final = (
    "Not in this file: what is stored about clients alone, outcomes that clients gave, messages and words of sessions"
    " that are not released, notes that their author has not shared, hand-overs between supervisors, answers to"
    " criteria that are not shared, what a model in shadow says (it is shown to nobody), measures of sessions with"
    " several counsellors, secrets of tokens, copies in backups and on the broker."
)
NOT_IN_IT_OF_STAFF: Final = (
    "Not in this file: words of sessions, what others said, what this person said of sessions that they may no longer"
    " read, secrets of tokens, copies in backups and on the broker."
)


def export_person(run: ExportRun, username: str, out: Path, show_progress: ShowProgress) -> int:
    """Write what is stored about a person to a new file, and return the number of their sessions.

    Raises:
        Misconfigured: there is no such account, somebody else asks who is no operator, or the file cannot be written.
    """
    person = _find(run, username)
    is_therapist = person.role is AccountRole.THERAPIST
    run.begin([person.user_id])
    with transaction(run.engine, person.user_id) as session:
        sessions = list(sessions_of(session, person) if is_therapist else sessions_with_acts(session, person))
        document: Json = {
            "about": account_of(session, person),
            "digests": digests_of(session, person),
            "tokens": tokens_of(session, person),
            "exported": _export(run, person),
            "sessions": [],
            **(_of_therapist(run, session, person) if is_therapist else _of_staff(run, session, person)),
            "trail": [],
        }
    of_session = _session if is_therapist else _acts
    with new_private_file(out) as file, show_progress(len(sessions)) as advance:
        for session_id in sessions:
            if (found := of_session(run, person, session_id)) is not None:
                document["sessions"].append(found)
            advance(1)
        with transaction(run.engine, person.user_id) as session:
            document["trail"] = trail_about(session) if is_therapist else trail_of(session)
        file.write(json.dumps(document, indent=2) + "\n")
        run.finish(len(sessions))
    return len(sessions)


def _find(run: ExportRun, username: str) -> Viewer:
    """Return the person whose data are asked for, if whoever asks may have them."""
    with transaction(run.engine) as session:
        row = find_account(session, username)
        person = None if row is None else viewer_of(session, row)
        is_disabled = row is not None and row.disabled_at is not None
    if run.viewer.role is not AccountRole.OPERATOR and run.viewer.username != (person and person.username):
        raise Misconfigured("The data of a person are exported by themselves, or by an operator without any words.")
    if person is None:
        raise Misconfigured("There is no account with this name.")
    if is_disabled:
        raise Misconfigured(
            "This account is disabled, and nothing is read on its behalf. Enable it for the export: `counterpoint users"
            " enable`, and `disable` afterwards."
        )
    return person


def _export(run: ExportRun, person: Viewer) -> Json:
    missing = NOT_IN_IT if person.role is AccountRole.THERAPIST else NOT_IN_IT_OF_STAFF
    return {
        "at": time_of(run.now()),
        "by": run.viewer.display_name,
        "purpose": run.purpose.value,
        "note": missing if _with_words(run, person) else f"{TEXT_LEFT_OUT} {missing}",
    }


def _with_words(run: ExportRun, person: Viewer) -> bool:
    """Return whether the person exports for themself."""
    return run.viewer.user_id == person.user_id


def _of_therapist(run: ExportRun, session: Session, person: Viewer) -> Json:
    """Return what is stored about a therapist, beside single sessions. Nobody else learns that they rehearse."""
    rehearsed = rehearsals_of(session, run.kek, person) if _with_words(run, person) else ()
    for each in rehearsed:
        _add_entry(run, session, OWN_WORDS, "rehearsal", each.rehearsal_id)
    return {
        "outcomes": outcomes_by(session, person),
        "calibrations": calibrated_about(session),
        "rehearsals": [rehearsal_as_json(each) for each in rehearsed],
    }


def _of_staff(run: ExportRun, session: Session, person: Viewer) -> Json:
    """Return what is stored about somebody who is no therapist, beside single sessions."""
    found = {
        "calibrations": calibrations_of(session, person),
        "rubric_notes": rubric_notes_of(session, person, run.kek if _with_words(run, person) else None),
        "criteria": criteria_of(session, person),
        "saved_views": saved_views_of(session, person),
    }
    for note_id in notes_with_words(found["rubric_notes"]):
        _add_entry(run, session, OWN_WORDS, "rubric_note", note_id)
    return found


def _acts(run: ExportRun, person: Viewer, session_id: UUID) -> Json | None:
    """Return what somebody who is no therapist said and did about one session; None if it was removed meanwhile.

    What they read of their own is no reading of the session: it shows them no level, and its therapist nothing new.
    """
    with transaction(run.engine, person.user_id) as session:
        row = session.get(StoredSession, session_id)
        if row is None or row.restricted:
            return None
        cipher = find_cipher(session, run.kek, row.tenant, row.conversation_id) if _with_words(run, person) else None
        found = acts_in(session, person, row, cipher)
        if has_words(found):
            _add_entry(run, session, OWN_WORDS, "session", session_id)
        return found


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
            "measures": measures_about(session, row),
        }
        if _with_words(run, person):
            view = open_session(session, run.kek, person, session_id, run.now())
            practised = attempts_of(session, run.kek, person, session_id)
            found["released_words"] = None if view is None else {**words_of(view), "practice": practice_of(practised)}
            if view is not None:
                _add_entry(run, session, run.entry, "session", session_id)
        return found


def _add_entry(run: ExportRun, session: Session, purpose: str, object_type: str, object_id: UUID) -> None:
    """Write the entry of a reading of words."""
    add_audit_entry(
        session,
        run.viewer,
        purpose=purpose,
        object_type=object_type,
        object_id=object_id,
        outcome="done",
        request_id=run.caller,
    )
