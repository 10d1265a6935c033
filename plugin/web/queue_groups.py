"""Pure functions that group a supervisor's queue by need and say in words why a session is where it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from uuid import UUID

from plugin.database.needs import Need
from plugin.queue.filters import QueueOrder
from plugin.queue.views import DecisionKind, SessionRow
from plugin.web.labels import concerns, counted, join_words, mechanism_title


@dataclass(frozen=True)
class Heading:
    """The title and the explanation of one group of the queue."""

    title: str
    sentence: str


HEADINGS: Final = {
    Need.RISK: Heading(
        "Risk language",
        "Words that may speak of suicide, self-harm, harm to others or abuse. This list is no alarm:"
        " the platform\u2019s own protocol handles risk. Please see whether it was followed.",
    ),
    Need.CRITICAL: Heading(
        "Critical content", "Words that touch a subject no model may rate or advise on. They wait for your own reading."
    ),
    Need.NEEDS_HUMAN: Heading("Needs a person", "No model could rate a moment, or a part of it."),
    Need.UNANSWERED: Heading(
        "Unanswered moments", "The client resisted, as the model confirmed, and got no reply: often because they left."
    ),
    Need.POSSIBLE_CRITICAL: Heading(
        "Possible critical content",
        "Words that may touch a subject no model may rate or advise on. The model is not sure, and often wrong."
        " It has not rated these moments.",
    ),
    Need.POSSIBLE_INJECTION: Heading(
        "Possibly planted text", "Text in an exchange may be meant to steer the rating. The levels want a second look."
    ),
    Need.WITHOUT_EXPRESSION: Heading(
        "A mechanism without expression", "In at least one reply, one of the four mechanisms found no expression."
    ),
    Need.OTHER: Heading("Everything else", "Nothing stands out. Strengths are worth releasing too."),
}


HANDED_OVER: Final = Heading(
    "Handed over to you", "A colleague asks you to take these, or you took them over. Each page says why."
)
ORDERED: Final = {
    QueueOrder.AGE: Heading("By age", "The oldest first, whatever their need."),
    QueueOrder.THERAPIST: Heading(
        "By counsellor", "By the alphabet, which says nothing about anybody; the oldest first of each."
    ),
}


@dataclass(frozen=True)
class QueueGroup:
    """Sessions with something in common, such as their need, in the order in which the store returned them."""

    heading: Heading
    rows: tuple[SessionRow, ...]


def group_by_need(rows: Iterable[SessionRow]) -> tuple[QueueGroup, ...]:
    """Group sessions that are sorted by need, with one group per need."""
    return tuple(QueueGroup(HEADINGS[need], tuple(group)) for need, group in groupby(rows, key=lambda row: row.need))


def group_rows(rows: Sequence[SessionRow], order: QueueOrder | None, reader: UUID) -> tuple[QueueGroup, ...]:
    """Group the waiting sessions by need where they are in that order, and otherwise leave them in one group.

    In the order of need those that were handed over to the reader come first, and are a group of their own.
    """
    if order is None or order is QueueOrder.NEED:
        hers = tuple(row for row in rows if row.is_with(reader))
        rest = group_by_need(row for row in rows if not row.is_with(reader))
        return (QueueGroup(HANDED_OVER, hers), *rest) if hers else rest
    return (QueueGroup(ORDERED[order], tuple(rows)),) if rows else ()


def need_reasons(row: SessionRow) -> tuple[str, ...]:
    """Return every reason for the session's place in the queue, the weightiest first; never empty."""
    facts, found = row.facts, []
    if facts.concerns:
        found.append(f"Words about {concerns(facts.concerns)}")
    if facts.needs_human:
        found.append(f"{counted(facts.needs_human, 'moment needs', 'moments need')} a person\u2019s rating")
    if facts.unanswered:
        found.append(counted(facts.unanswered, "unanswered moment"))
    if facts.possible_critical:
        found.append(f"Possible critical content in {counted(facts.possible_critical, 'moment')}, not rated")
    if facts.possible_injection:
        found.append(f"Text that may be meant to steer the rating in {counted(facts.possible_injection, 'moment')}")
    if facts.without_expression:
        found.append(f"No expression of {join_words([mechanism_title(m) for m in facts.without_expression])}")
    if not found:
        found.append(f"{counted(row.moments, 'moment')} to read")
    return tuple(found)


def decision_text(row: SessionRow) -> str:
    """Return the decision about this session in words."""
    decision = row.decision
    if decision is None:
        return "waiting for you"
    done = "released" if decision.kind is DecisionKind.RELEASED else "withheld"
    if not row.is_decided:
        return f"changed since it was {done}"
    return f"{done} by {decision.by}, lead" if decision.as_lead else f"{done} by {decision.by}"
