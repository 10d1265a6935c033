"""The rules of hand-overs as pure functions: which step may follow on with whom a session is."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from plugin.queue.handover_views import Assignment, HandoverKind
from plugin.queue.views import DecisionOutcome


@dataclass(frozen=True)
class Turn:
    """What a step does with a session: its kind, and with whom the session is afterwards; None for the queue."""

    kind: HandoverKind
    receiver_id: UUID | None


def hand_over(
    stands: Assignment | None, by: UUID, receiver: UUID, reviewers: Collection[UUID]
) -> Turn | DecisionOutcome:
    """Return the step that gives a session to a colleague, if it is with nobody or with whoever acts."""
    if stands is not None and stands.account_id != by:
        return DecisionOutcome.WITH_ANOTHER
    if receiver == by or receiver not in reviewers:
        return DecisionOutcome.NOT_FOR_THEM
    return Turn(HandoverKind.HANDED_OVER, receiver)


def send_back(
    stands: Assignment | None, by: UUID, reviewers: Collection[UUID], *, to_sender: bool
) -> Turn | DecisionOutcome:
    """Return the step by which somebody sends back what is with them, to the queue or to whoever handed it over."""
    if stands is None or stands.account_id != by:
        return DecisionOutcome.CHANGED
    if not to_sender:
        return Turn(HandoverKind.SENT_BACK, None)
    if stands.by_id == by or stands.by_id not in reviewers:
        return DecisionOutcome.NOT_FOR_THEM
    return Turn(HandoverKind.SENT_BACK, stands.by_id)


def take_over(stands: Assignment | None, by: UUID) -> Turn | DecisionOutcome:
    """Return the step by which somebody takes a session from the colleague with whom it is."""
    if stands is None or stands.account_id == by:
        return DecisionOutcome.CHANGED
    return Turn(HandoverKind.TAKEN_OVER, by)
