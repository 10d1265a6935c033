"""`counterpoint export reviews`: the statements of models and what supervisors said of them, as rows."""

from collections.abc import Iterator
from pathlib import Path

from plugin.database.engine import transaction
from plugin.database.tables import Account
from plugin.exports.new_file import new_private_file
from plugin.exports.review_rows import COLUMNS, TEXT_COLUMNS, ReviewRow, StoredReview, Texts, no_text, review_rows
from plugin.exports.reviews import read_reviews
from plugin.exports.row_files import row_writer
from plugin.exports.run import Advance, ExportRun, ShowProgress
from plugin.exports.scope import SessionKey, find_sessions, portions, therapists_of, with_answers
from plugin.exports.texts import SessionTexts, hide_names
from plugin.queue.export_entries import ExportKind, ExportPurpose
from stream.contracts.errors import Misconfigured
from stream.contracts.messages import Consent


def export_reviews(run: ExportRun, out: Path, show_progress: ShowProgress) -> int:
    """Write the reviews of the supervisor's sessions to a new file, and return the number of its rows.

    A study may use the sessions alone whose clients agreed to secondary use, and so may any text.

    Raises:
        Misconfigured: somebody asks who is no supervisor, there is nothing to export, or the file cannot be written.
    """
    sessions, therapists = find_sessions(run, with_answers(agreed_alone=run.purpose is ExportPurpose.RESEARCH))
    if not sessions:
        raise Misconfigured(
            "There is nothing to export: no session of yours has an answer of a model and, for research, the client's"
            " consent to secondary use."
        )
    run.begin(therapists)
    columns = (*COLUMNS, *TEXT_COLUMNS) if run.kind is ExportKind.REVIEWS_WITH_TEXT else COLUMNS
    rows = 0
    with new_private_file(out) as file, show_progress(len(sessions)) as advance:
        write = row_writer(file, out.suffix, columns)
        for row in _rows(run, sessions, advance):
            write(row.cells(columns))
            rows += 1
        run.finish(rows)
    return rows


def _rows(run: ExportRun, sessions: list[SessionKey], advance: Advance) -> Iterator[ReviewRow]:
    for ids in portions(sessions):
        with transaction(run.engine, run.viewer.user_id) as session:
            reviews = read_reviews(session, run.viewer, ids)
            therapists = therapists_of(session, ids)
            session.expunge_all()  # the rows are read on after the transaction
        for review in reviews:
            texts = _texts(run, review, therapists.get(review.row.session_id, []))
            yield from review_rows(review, run.pseudonyms.of(review.row.tenant), texts)
        advance(len(ids))


def _texts(run: ExportRun, review: StoredReview, therapists: list[Account]) -> Texts:
    """Return the texts of a session where they are asked for and its clients agreed; the trail records the reading."""
    if run.kind is not ExportKind.REVIEWS_WITH_TEXT or not _is_agreed(review):
        return no_text
    view = run.store.open(run.viewer, review.row.session_id, purpose=run.entry, request_id=run.caller)
    if view is None or not view.consent.secondary_use:
        return no_text
    return SessionTexts(view, hide_names(view, [account.display_name for account in therapists]))


def _is_agreed(review: StoredReview) -> bool:
    return Consent.model_validate(review.row.consent).secondary_use
