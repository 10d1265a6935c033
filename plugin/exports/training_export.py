"""`counterpoint export training`: reviewed exchanges of clients who agreed to secondary use, for the recipe."""

from pathlib import Path

from plugin.database.engine import transaction
from plugin.exports.new_file import new_private_file
from plugin.exports.row_files import json_line
from plugin.exports.run import ExportRun, ShowProgress
from plugin.exports.scope import SessionKey, find_sessions, therapists_of, with_reviews
from plugin.exports.texts import hide_names
from plugin.exports.training_lines import Line, TrainingArm, training_lines
from stream.contracts.errors import Misconfigured


def export_training(run: ExportRun, out: Path, arm: TrainingArm, show_progress: ShowProgress) -> int:
    """Write the reviewed exchanges of the supervisor's sessions to a new file, and return how many they are.

    Raises:
        Misconfigured: somebody asks who is no supervisor, there is nothing to export, or the file cannot be written.
    """
    sessions, therapists = find_sessions(run, with_reviews())
    if not sessions:
        raise Misconfigured(
            "There is nothing to export: no reviewed session of yours has the client's consent to secondary use."
        )
    run.begin(therapists)
    exchanges = 0
    with new_private_file(out) as file, show_progress(len(sessions)) as advance:
        for key in sessions:
            for line in _lines(run, key, arm):
                file.write(json_line(line))
                exchanges += 1
            advance(1)
        if not exchanges:
            raise Misconfigured(
                "There is nothing to export: a line needs a moment that was passed on and a person's word on all four"
                " levels; for the arm reasons, their agreement with the verdict and with every rating."
            )
        run.finish(exchanges)
    return exchanges


def _lines(run: ExportRun, key: SessionKey, arm: TrainingArm) -> list[Line]:
    view = run.store.open(run.viewer, key.session_id, purpose=run.entry, request_id=run.caller)
    if view is None or not view.consent.secondary_use:
        return []
    with transaction(run.engine, run.viewer.user_id) as session:
        accounts = therapists_of(session, [key.session_id]).get(key.session_id, [])
        names = [account.display_name for account in accounts]
    pseudonyms = run.pseudonyms.of(key.tenant)
    return list(
        training_lines(
            view,
            pseudonyms.of("session", key.session_id),
            pseudonyms.of("conversation", key.conversation_id),
            arm,
            hide_names(view, names),
        )
    )
