"""Tests of the plain values that pages and digests show."""

from dataclasses import fields, is_dataclass

import pytest

from plugin.database.needs import Facts, Need
from plugin.queue import views
from plugin.queue.views import Decision, DecisionKind, MessageView, OwnSessionRow, SessionRow
from stream.contracts.sessions import Counts
from stream.contracts.vocabulary import EndReason, Role
from tests.plugin.samples import NOW, record

WORDS = "these are made-up words"


def row(*, revision: int, decision: Decision | None) -> SessionRow:
    """Return a session in a supervisor's list."""
    return SessionRow(
        session_id=record().session_id,
        tenant="sample",
        counsellors=("Ana",),
        started_at=NOW,
        ended_at=NOW,
        end_reason=EndReason.IDLE,
        revision=revision,
        need=Need.OTHER,
        facts=Facts(),
        moments=1,
        counts=Counts(),
        left_out=None,
        decision=decision,
    )


def test_a_decision_counts_only_for_its_own_revision() -> None:
    """A session is decided only if the decision is about its present revision."""
    decision = Decision(DecisionKind.RELEASED, 1, "Mara", NOW)
    assert not row(revision=1, decision=None).is_decided
    assert not row(revision=2, decision=decision).is_decided
    assert row(revision=1, decision=decision).is_decided


def test_needs_are_ordered_from_risk_to_other() -> None:
    """Needs are ordered from risk to other, which decides the place in the list."""
    assert [need.name for need in sorted(Need)] == [
        "RISK",
        "CRITICAL",
        "NEEDS_HUMAN",
        "UNANSWERED",
        "POSSIBLE_CRITICAL",
        "POSSIBLE_INJECTION",
        "WITHOUT_EXPRESSION",
        "OTHER",
    ]


def test_a_message_does_not_show_its_text_in_its_repr() -> None:
    """The repr of a message does not show its text, also inside of a tuple."""
    message = MessageView("m-1", Role.CLIENT, "", NOW, WORDS)
    assert WORDS not in repr((message,))
    assert "m-1" in repr(message)


@pytest.mark.parametrize("view", [each for each in vars(views).values() if is_dataclass(each)])
def test_every_view_is_frozen(view: type) -> None:
    """Every view is frozen, so that one page cannot change what another has read."""
    assert view.__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_a_therapists_row_has_no_number_that_compares_people() -> None:
    """A therapist's row has no need, level, score or count of findings."""
    assert {field.name for field in fields(OwnSessionRow)} == {
        "session_id",
        "started_at",
        "ended_at",
        "moments",
        "released_at",
        "released_by",
        "acknowledged_at",
    }
