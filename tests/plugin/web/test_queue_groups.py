"""Tests of the queue's groups and reasons: complete, in plain words, and never about a person."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from plugin.database.needs import Facts, Need
from plugin.queue.filters import QueueOrder
from plugin.queue.handover_views import Assignment, HandoverKind
from plugin.queue.views import Decision, DecisionKind
from plugin.web.queue_groups import (
    HANDED_OVER,
    HEADINGS,
    ORDERED,
    QueueGroup,
    decision_text,
    group_by_need,
    group_rows,
    need_reasons,
)
from stream.contracts.vocabulary import Concern, Mechanism
from tests.plugin.web.samples import START, row

READER = UUID(int=7)
RELEASED = Decision(DecisionKind.RELEASED, revision=1, by="Maria Keller", at=START + timedelta(days=1))
WITHHELD = Decision(DecisionKind.WITHHELD, revision=1, by="Maria Keller", at=START + timedelta(days=1))


@pytest.mark.parametrize("need", list(Need))
def test_every_need_has_its_heading(need: Need) -> None:
    """Every need has a heading, so that a new need without one fails here."""
    assert HEADINGS[need].title
    assert HEADINGS[need].sentence.endswith(".")


def test_risk_points_to_the_platforms_own_protocol() -> None:
    """The heading of risk refers to the platform's protocol, since the queue is no alarm."""
    assert "protocol" in HEADINGS[Need.RISK].sentence
    assert "no alarm" in HEADINGS[Need.RISK].sentence


def test_sessions_are_grouped_by_need_in_the_order_they_came() -> None:
    """Sessions are grouped by need and keep the order of the store."""
    rows = [row(need=Need.RISK), row(need=Need.OTHER), row(need=Need.OTHER, moments=2)]
    groups = group_by_need(rows)
    assert [group.heading for group in groups] == [HEADINGS[Need.RISK], HEADINGS[Need.OTHER]]
    assert [found for group in groups for found in group.rows] == rows


@pytest.mark.parametrize("order", [None, *QueueOrder])
def test_no_session_no_group(order: QueueOrder | None) -> None:
    """A queue without sessions has no groups."""
    assert group_rows([], order, READER) == ()


def test_sessions_in_another_order_are_one_group() -> None:
    """Sessions by age or by the alphabet stay in one group, since their needs are mixed, and people are not ranked."""
    rows = [row(need=Need.OTHER), row(need=Need.RISK), row(need=Need.OTHER)]
    for order, heading in ORDERED.items():
        assert group_rows(rows, order, READER) == (QueueGroup(heading, tuple(rows)),)
    assert "says nothing about anybody" in ORDERED[QueueOrder.THERAPIST].sentence
    by_need = [group_rows(rows[1:], order, READER) for order in (None, QueueOrder.NEED)]
    assert by_need == [group_by_need(rows[1:])] * 2


def test_what_was_handed_over_to_the_reader_comes_first() -> None:
    """Sessions that are with the reader are a group before the needs; those of a colleague stay where they are."""
    to_reader, to_another = (
        Assignment(account, "Nele", HandoverKind.HANDED_OVER, UUID(int=8), "Mara", START)
        for account in (READER, UUID(int=9))
    )
    hers, theirs, free = row(assignment=to_reader), row(need=Need.RISK, assignment=to_another), row()
    groups = group_rows([hers, theirs, free], None, READER)
    assert [(group.heading, group.rows) for group in groups] == [
        (HANDED_OVER, (hers,)),
        (HEADINGS[Need.RISK], (theirs,)),
        (HEADINGS[Need.OTHER], (free,)),
    ]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (Facts(concerns=(Concern.SUICIDE, Concern.SELF_HARM)), "Words about suicide and self-harm"),
        (Facts(needs_human=1), "1 moment needs a person\u2019s rating"),
        (Facts(needs_human=2), "2 moments need a person\u2019s rating"),
        (Facts(unanswered=1), "1 unanswered moment"),
        (Facts(unanswered=3), "3 unanswered moments"),
        (Facts(possible_critical=1), "Possible critical content in 1 moment, not rated"),
        (Facts(possible_critical=2), "Possible critical content in 2 moments, not rated"),
        (Facts(possible_injection=1), "Text that may be meant to steer the rating in 1 moment"),
        (Facts(possible_injection=2), "Text that may be meant to steer the rating in 2 moments"),
        (
            Facts(without_expression=(Mechanism.RESPECT_FOR_AUTONOMY, Mechanism.STANCE_ALIGNMENT)),
            "No expression of Respect for Autonomy and Stance Alignment",
        ),
        (Facts(), "1 moment to read"),
    ],
)
def test_each_fact_has_its_sentence(facts: Facts, said: str) -> None:
    """Each fact about a session has its own sentence."""
    assert need_reasons(row(facts=facts)) == (said,)


def test_all_reasons_are_given_the_weightiest_first() -> None:
    """All reasons for a session's place are listed, the weightiest first."""
    facts = Facts(
        concerns=(Concern.ABUSE,),
        needs_human=1,
        unanswered=1,
        possible_critical=1,
        possible_injection=1,
        without_expression=(Mechanism.EMOTIONAL_RESONANCE,),
    )
    assert [reason.split()[0] for reason in need_reasons(row(facts=facts))] == [
        *("Words", "1", "1", "Possible", "Text", "No")
    ]


def test_reasons_never_name_a_person() -> None:
    """Reasons never name a person, since they are about the session."""
    assert "Jonas" not in " ".join(need_reasons(row(facts=Facts(needs_human=1, unanswered=1))))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "waiting for you"),
        ({"decision": RELEASED}, "released by Maria Keller"),
        ({"decision": WITHHELD}, "withheld by Maria Keller"),
        ({"decision": replace(RELEASED, as_lead=True)}, "released by Maria Keller, lead"),
        ({"decision": RELEASED, "revision": 2}, "changed since it was released"),
        ({"decision": WITHHELD, "revision": 2}, "changed since it was withheld"),
    ],
)
def test_what_was_decided_is_said_in_words(changes: dict[str, object], said: str) -> None:
    """A decision is shown in words; after a new revision the session has changed since then."""
    assert decision_text(row(**changes)) == said
