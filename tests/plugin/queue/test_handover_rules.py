"""Tests of the rules of hand-overs: which step may follow on with whom a session is."""

from uuid import UUID

import pytest

from plugin.queue.handover_rules import Turn, hand_over, send_back, take_over
from plugin.queue.handover_views import Assignment, HandoverKind
from plugin.queue.views import DecisionOutcome
from tests.plugin.samples import NOW

MARA, NELE, PIA, GONE = (UUID(int=number) for number in range(1, 5))
REVIEWERS = {MARA, NELE, PIA}


def with_nele(sender: UUID = MARA) -> Assignment:
    """Return the assignment of a session to Nele."""
    return Assignment(NELE, "Nele", HandoverKind.HANDED_OVER, sender, "Mara", NOW)


@pytest.mark.parametrize(
    ("stands", "receiver", "expected"),
    [
        (None, NELE, Turn(HandoverKind.HANDED_OVER, NELE)),
        (None, MARA, DecisionOutcome.NOT_FOR_THEM),
        (None, GONE, DecisionOutcome.NOT_FOR_THEM),
        (with_nele(), PIA, DecisionOutcome.WITH_ANOTHER),
        (with_nele(), NELE, DecisionOutcome.WITH_ANOTHER),
    ],
)
def test_a_session_is_handed_over_by_who_has_it_or_by_anybody_if_nobody_has(
    stands: Assignment | None, receiver: UUID, expected: object
) -> None:
    """Mara hands over what is with nobody, to somebody else who may review it, and nothing that Nele has."""
    assert hand_over(stands, MARA, receiver, REVIEWERS) == expected


def test_who_has_it_hands_it_on() -> None:
    """Nele hands on what is with her."""
    assert hand_over(with_nele(), NELE, PIA, REVIEWERS) == Turn(HandoverKind.HANDED_OVER, PIA)


@pytest.mark.parametrize(
    ("stands", "by", "to_sender", "expected"),
    [
        (with_nele(), NELE, False, Turn(HandoverKind.SENT_BACK, None)),
        (with_nele(), NELE, True, Turn(HandoverKind.SENT_BACK, MARA)),
        (with_nele(GONE), NELE, True, DecisionOutcome.NOT_FOR_THEM),
        (with_nele(NELE), NELE, True, DecisionOutcome.NOT_FOR_THEM),
        (with_nele(), MARA, False, DecisionOutcome.CHANGED),
        (None, NELE, False, DecisionOutcome.CHANGED),
    ],
)
def test_a_session_is_sent_back_by_who_has_it(
    stands: Assignment | None, by: UUID, to_sender: bool, expected: object
) -> None:
    """It goes back to the queue, or to a sender who may still review it; nobody else sends it back."""
    assert send_back(stands, by, REVIEWERS, to_sender=to_sender) == expected


@pytest.mark.parametrize(
    ("stands", "by", "expected"),
    [
        (with_nele(), MARA, Turn(HandoverKind.TAKEN_OVER, MARA)),
        (with_nele(), NELE, DecisionOutcome.CHANGED),
        (None, MARA, DecisionOutcome.CHANGED),
    ],
)
def test_a_session_is_taken_over_by_somebody_else(stands: Assignment | None, by: UUID, expected: object) -> None:
    """Whoever has it cannot take it over, and what is with nobody need not be."""
    assert take_over(stands, by) == expected
