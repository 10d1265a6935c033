"""The words with which pages show acknowledgements and disputes: kind to therapists, exact for supervisors."""

from collections.abc import Sequence
from typing import Final

from plugin.plain_text import join_words
from plugin.queue.dispute_views import DISPUTE_WITHIN, Dispute, DisputeStep, Ground, StepKind
from plugin.queue.labels import LEVELS_FOR_THERAPIST, mechanism_title
from plugin.queue.review_views import Judgement
from plugin.queue.statements import Statement, StatementKind
from plugin.queue.views import SessionRow
from plugin.web.times import Times
from stream.contracts.feedback import Alternative
from stream.contracts.vocabulary import Mechanism

GROUNDS: Final = {
    Ground.WRONG_CHARACTERISATION: "wrong characterisation",
    Ground.IMPRECISE_REFERENCE: "imprecise reference",
    Ground.UNCLEAR: "unclear",
    Ground.MISSING_CONTEXT: "missing context",
    Ground.OTHER: "another ground",
}
"""The grounds of a dispute, in the order in which a form offers them."""
DAYS: Final = DISPUTE_WITHIN.days


def about(statement: Statement) -> str:
    """Return what a disputed statement is about: a mechanism's title, the strengths or a suggestion."""
    if statement.kind is StatementKind.RATING:
        return mechanism_title(Mechanism(statement.part))
    return "what can be heard in the reply" if statement.kind is StatementKind.STRENGTHS else "the suggestion"


def step(step: DisputeStep, therapist: str, times: Times) -> str:
    """Return what somebody did in a dispute, in one sentence; `therapist` names the one who disputes."""
    if step.kind is StepKind.WITHDRAWN:
        return f"{therapist} took it back on {times.short_day(step.at)}."
    if step.kind is StepKind.ESCALATED:
        return f"{therapist} asked for somebody else on {times.short_day(step.at)}."
    return f"{step.by} decided on {times.short_day(step.at)}: {_decided(step)}."


def who_decides(dispute: Dispute) -> str:
    """Return who may resolve an open dispute, or what to do where there is nobody; in one or two sentences."""
    if dispute.supervisors:
        return f"{join_words(list(dispute.supervisors))} can decide."
    return (
        "There is nobody else who may decide it. Please ask an operator to add a lead, or another supervisor to the"
        " team; the dispute stays open until then, and nothing is lost."
    )


def note_query(dispute: Dispute, alternatives: Sequence[Alternative]) -> str:
    """Return the query with which the form of a rubric note begins: the mechanism that a dispute is about, if one is.

    Nothing else goes with it, least of all words.
    """
    kind, part = dispute.statement.kind, dispute.statement.part
    if kind is StatementKind.RATING:
        return f"?mechanism={Mechanism(part).value}"
    if kind is StatementKind.SUGGESTION and int(part) <= len(alternatives):
        return f"?mechanism={alternatives[int(part) - 1].mechanism.value}"
    return ""


def acknowledged(row: SessionRow) -> str:
    """Return who has acknowledged the release of a session, as the end of a line; empty where nobody has."""
    names = [each.by for each in row.acknowledgements]
    return f", acknowledged by {join_words(names)}" if names else ""


def _decided(step: DisputeStep) -> str:
    opinion = step.opinion
    if opinion is None or opinion.judgement is Judgement.AGREED:
        return "the statement stands"
    if opinion.level is not None:
        return f"an own level, \u201c{LEVELS_FOR_THERAPIST[opinion.level]}\u201d, now stands beside the model\u2019s"
    return "the statement is withheld and no longer passed on"
