"""Tests of the rules of a dispute as pure functions: its state, who may not resolve it, and what may be disputed."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from plugin.queue.dispute_views import (
    DISPUTE_WITHIN,
    Dispute,
    DisputeState,
    DisputeStep,
    Ground,
    StepKind,
    deciders_of,
    disputable,
)
from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import STRENGTHS, rating_of, suggestion
from stream.contracts.vocabulary import Level, Mechanism
from tests.plugin.samples import NOW, record

ANA, MARA, NELE, LENA = (UUID(int=number) for number in range(4))
AGREED = Opinion(Judgement.AGREED)
STRONG = Opinion(Judgement.CORRECTED, level=Level.STRONG)
UNCLEAR = Opinion(Judgement.WITHHELD, WithholdReason.UNCLEAR)
WITHDRAWN = DisputeStep(StepKind.WITHDRAWN, ANA, "Ana", NOW)
ESCALATED = DisputeStep(StepKind.ESCALATED, ANA, "Ana", NOW)


def resolved(opinion: Opinion = AGREED, by: UUID = MARA) -> DisputeStep:
    """Return the step with which a supervisor resolves a dispute."""
    return DisputeStep(StepKind.RESOLVED, by, "Mara", NOW, opinion, "Look at the second sentence.")


def dispute(*steps: DisputeStep, at_once: bool = False) -> Dispute:
    """Return Ana's dispute of what Mara released, with these steps."""
    return Dispute(
        dispute_id=UUID(int=9),
        exchange_id=UUID(int=8),
        assessment_id=UUID(int=7),
        statement=STRENGTHS,
        ground=Ground.UNCLEAR,
        account_id=ANA,
        by="Ana",
        released_by=MARA,
        escalated_at_once=at_once,
        at=NOW,
        text="I meant something else.",
        steps=steps,
    )


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        ((), DisputeState.OPEN),
        ((WITHDRAWN,), DisputeState.WITHDRAWN),
        ((resolved(),), DisputeState.RESOLVED),
        ((resolved(), ESCALATED), DisputeState.OPEN),
        ((resolved(), ESCALATED, WITHDRAWN), DisputeState.RESOLVED),
        ((resolved(), ESCALATED, resolved(by=NELE)), DisputeState.RESOLVED),
    ],
)
def test_the_last_step_says_what_a_dispute_has_come_to(steps: tuple[DisputeStep, ...], state: DisputeState) -> None:
    """A dispute is open at first and after an escalation; an escalation that is withdrawn leaves the resolution."""
    assert dispute(*steps).state is state


def test_the_latest_resolution_counts() -> None:
    """After an escalation the second supervisor's resolution is the one that counts."""
    assert dispute().resolution is None
    again = resolved(STRONG, NELE)
    assert dispute(resolved(), ESCALATED, again).resolution == again


def test_nobody_is_barred_before_an_escalation() -> None:
    """A dispute that is not escalated may be resolved by the supervisor who released the session."""
    assert dispute().barred == dispute(resolved()).barred == frozenset()


def test_an_escalation_bars_who_released_and_who_resolved() -> None:
    """An escalated dispute bars the supervisor of the release, and those who resolved it before."""
    assert dispute(at_once=True).barred == {MARA}
    assert dispute(resolved(by=NELE), ESCALATED).barred == {MARA, NELE}


@pytest.mark.parametrize(
    ("one", "leads", "who"),
    [
        (dispute(), {LENA: "Lena"}, {MARA, NELE}),
        (dispute(at_once=True), {LENA: "Lena"}, {LENA}),
        (dispute(at_once=True), {}, {NELE}),
        (dispute(resolved(by=NELE), ESCALATED), {LENA: "Lena"}, {LENA}),
        (dispute(resolved(by=NELE), ESCALATED), {}, set()),
        (dispute(resolved(by=LENA), ESCALATED), {LENA: "Lena"}, {NELE}),
    ],
)
def test_an_escalated_dispute_is_for_the_lead_or_else_for_another_supervisor(
    one: Dispute, leads: dict[UUID, str], who: set[UUID]
) -> None:
    """The supervisors decide; once it is escalated a lead; and where no lead may, a supervisor who is not barred."""
    deciders = deciders_of(one, {MARA: "Mara", NELE: "Nele"}, leads)
    assert set(deciders) == who
    decided = replace(one, deciders=deciders)
    assert decided.supervisors == tuple(deciders.values())
    assert {each for each in (MARA, NELE, LENA) if decided.may_be_resolved_by(each)} == (
        who if one.is_escalated else {MARA, NELE, LENA}
    )


@pytest.mark.parametrize(
    ("one", "may"),
    [
        (dispute(resolved()), True),
        (dispute(resolved(STRONG)), True),
        (dispute(resolved(UNCLEAR)), False),
        (dispute(), False),
        (dispute(WITHDRAWN), False),
        (dispute(resolved(), at_once=True), False),
        (dispute(resolved(), ESCALATED, resolved(by=NELE)), False),
        (dispute(resolved(), ESCALATED, WITHDRAWN), False),
    ],
)
def test_a_dispute_is_escalated_once_and_after_a_resolution(one: Dispute, may: bool) -> None:
    """A resolution may be escalated once, unless it withheld the statement; the time for it counts from then."""
    assert one.may_be_escalated is may
    assert one.escalate_until == (NOW + DISPUTE_WITHIN if may else None)


def test_the_window_is_two_weeks() -> None:
    """A therapist has 14 days, as the page and the handbook say."""
    assert timedelta(days=14) == DISPUTE_WITHIN


def test_what_a_therapist_reads_may_be_disputed() -> None:
    """Each rating, the strengths and each suggestion may be disputed, without what is withheld from the therapist."""
    (answer,) = record().assessments
    ratings = [rating_of(mechanism) for mechanism in Mechanism]
    assert disputable(answer, set()) == (*ratings, STRENGTHS, suggestion(1))
    assert disputable(answer, {str(ratings[0]), str(STRENGTHS)}) == (*ratings[1:], suggestion(1))


def test_what_people_wrote_is_in_no_repr() -> None:
    """Neither the comment nor the supervisor's words are in the repr of a dispute."""
    shown = repr(dispute(resolved()))
    assert "something else" not in shown
    assert "second sentence" not in shown
