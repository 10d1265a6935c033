"""The columns whose text is encrypted, and what the ciphertext in each of them is bound to."""

from uuid import UUID

from plugin.crypto.text import ColumnBinding


def message_text_binding(tenant: str, session_id: UUID, message_id: str) -> ColumnBinding:
    """Return what the ciphertext of a message's text is bound to."""
    return ColumnBinding(tenant, "messages", f"{session_id}\x1f{message_id}", "text")


def note_words_binding(tenant: str, note_id: UUID) -> ColumnBinding:
    """Return what the ciphertext of a coaching note is bound to."""
    return ColumnBinding(tenant, "notes", str(note_id), "words")


def note_comment_words_binding(tenant: str, comment_id: UUID) -> ColumnBinding:
    """Return what the ciphertext of a comment on a coaching note is bound to."""
    return ColumnBinding(tenant, "note_comments", str(comment_id), "words")


def handover_words_binding(tenant: str, session_id: UUID, number: int) -> ColumnBinding:
    """Return what the ciphertext of the reason of a hand-over is bound to."""
    return ColumnBinding(tenant, "handovers", f"{session_id}\x1f{number}", "words")


def criterion_answer_words_binding(tenant: str, session_id: UUID, criterion_id: UUID, place: UUID) -> ColumnBinding:
    """Return what the ciphertext of the note with a criterion answer is bound to; `place` is a moment or a session."""
    return ColumnBinding(tenant, "criterion_answers", f"{session_id}\x1f{criterion_id}\x1f{place}", "words")


def dispute_words_binding(tenant: str, dispute_id: UUID) -> ColumnBinding:
    """Return what the ciphertext of a therapist's comment in a dispute is bound to."""
    return ColumnBinding(tenant, "disputes", str(dispute_id), "words")


def dispute_step_words_binding(tenant: str, dispute_id: UUID, number: int) -> ColumnBinding:
    """Return what the ciphertext of a supervisor's words in a step of a dispute is bound to."""
    return ColumnBinding(tenant, "dispute_steps", f"{dispute_id}\x1f{number}", "words")


def attempt_words_binding(tenant: str, attempt_id: UUID) -> ColumnBinding:
    """Return what the ciphertext of a therapist's rewritten reply and its answer is bound to."""
    return ColumnBinding(tenant, "practice_attempts", str(attempt_id), "words")


def rehearsal_words_binding(rehearsal_id: UUID, number: int) -> ColumnBinding:
    """Return what the ciphertext of a step of a rehearsal is bound to; a rehearsal belongs to no platform."""
    return ColumnBinding("", "rehearsal_steps", f"{rehearsal_id}\x1f{number}", "words")


def rating_words_binding(tenant: str, calibration_id: UUID, number: int, account_id: UUID) -> ColumnBinding:
    """Return what the ciphertext of a rater's note in a calibration is bound to."""
    return ColumnBinding(tenant, "calibration_ratings", f"{calibration_id}\x1f{number}\x1f{account_id}", "words")


def final_level_words_binding(tenant: str, calibration_id: UUID, number: int, mechanism: str) -> ColumnBinding:
    """Return what the ciphertext of the reason for a final level is bound to."""
    return ColumnBinding(tenant, "final_levels", f"{calibration_id}\x1f{number}\x1f{mechanism}", "words")


def rubric_note_words_binding(note_id: UUID, number: int) -> ColumnBinding:
    """Return what the ciphertext of a version of a rubric note is bound to; a note belongs to no platform."""
    return ColumnBinding("", "rubric_note_versions", f"{note_id}\x1f{number}", "words")


def answer_words_binding(tenant: str, assessment_id: UUID) -> ColumnBinding:
    """Return what the ciphertext of an answer's words is bound to."""
    return ColumnBinding(tenant, "answers", str(assessment_id), "words")
