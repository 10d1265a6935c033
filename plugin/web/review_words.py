"""The words with which pages show a review: who holds it, and what supervisors said of each statement."""

from typing import Final
from uuid import UUID

from plugin.queue.handover_views import Assignment, Handover, HandoverKind
from plugin.queue.review_views import Label, WithholdReason
from plugin.queue.statements import MOMENT, STRENGTHS, VERDICT, level_of, rating_of, suggestion
from plugin.queue.views import SessionRow
from plugin.web.labels import counted
from plugin.web.times import Times

__all__ = [
    "MOMENT",
    "REASONS",
    "STRENGTHS",
    "VERDICT",
    "assigned",
    "handed",
    "level_of",
    "progress",
    "rating_of",
    "said",
    "state",
    "suggestion",
]

REASONS: Final = {
    WithholdReason.NOT_RESISTANCE: "not resistance",
    WithholdReason.WRONG_QUOTE: "wrong quote",
    WithholdReason.UNCLEAR: "unclear",
    WithholdReason.CONTEXT_MISSING: "context missing",
}
"""The reasons for which a statement is withheld, in the order of their buttons."""


def said(label: Label, *, moment: bool = False) -> str:
    """Return what a supervisor said of a statement, or of a moment as a whole, in one sentence."""
    if label.opinion.reason is None:
        return f"{label.by} {'passes this moment on' if moment else 'agrees'}."
    return f"{label.by} {'keeps this moment back' if moment else 'withholds this'}: {REASONS[label.opinion.reason]}."


def state(row: SessionRow, times: Times) -> tuple[str, str] | None:
    """Return the kind and the words of a waiting session's state in its review; None for one that nobody has begun."""
    if row.claim is not None:
        claimed = f"{row.claim.by} reviews it, until {times.zoned(row.claim.until)} at the latest"
        return "claimed", f"{claimed}; {progress(row)}" if row.progress is not None else claimed
    if row.is_reviewed:
        return "reviewed", "reviewed, waits for its release"
    return None if row.progress is None else ("begun", f"reviewed in part: {progress(row)}")


def progress(row: SessionRow) -> str:
    """Return how many of a session's moments were reviewed; while that is none, how many statements were judged."""
    done, statements = (0, 0) if row.progress is None else (row.progress.moments, row.progress.statements)
    said = f"{done} of {counted(row.moments, 'moment')} reviewed"
    return said if done or not statements else f"{said}, {counted(statements, 'statement')} judged"


def assigned(assignment: Assignment, reader: UUID) -> str:
    """Return with whom a waiting session is and by whose step, in the words of its reader."""
    to_you, by_you = assignment.account_id == reader, assignment.by_id == reader
    by = "you" if by_you else assignment.by
    if assignment.kind is HandoverKind.TAKEN_OVER:
        return "taken over by you" if to_you else f"taken over by {assignment.name}"
    done = "sent back" if assignment.kind is HandoverKind.SENT_BACK else "handed"
    return f"{done} to {'you' if to_you else assignment.name} by {by}"


def handed(handover: Handover, times: Times) -> str:
    """Return what somebody did with a session and when, in one sentence of its history."""
    at = f"{times.short_day(handover.at)}, {times.zoned(handover.at)}"
    if handover.kind is HandoverKind.TAKEN_OVER:
        return f"{handover.by} took it over on {at}"
    verb = "sent it back" if handover.kind is HandoverKind.SENT_BACK else "handed it over"
    return f"{handover.by} {verb} to {handover.to or 'the queue'} on {at}"
