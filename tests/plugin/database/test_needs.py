"""Where a session stands in the queue, and why: from its marks and answers alone."""

from typing import Any
from uuid import UUID

import pytest

from plugin.database.needs import Facts, Need, facts_from_json, facts_of, facts_to_json, need_of
from plugin.database.tables import StoredAnswer
from stream.contracts.sessions import Mark
from stream.contracts.vocabulary import RISK_CONCERNS, Concern, Level, MarkKind, Mechanism, NeedsHuman, Verdict
from tests.plugin.samples import NOW, mark

UNANSWERED = mark(MarkKind.UNANSWERED_MOMENT)


def answer(
    *levels: Level | None, verdict: Verdict | None = Verdict.CONFIRMED, abstained: NeedsHuman | None = None
) -> StoredAnswer:
    """A standing answer with these levels, mechanism by mechanism."""
    ratings: list[dict[str, Any]] = [
        {
            "mechanism": mechanism.value,
            "level": level,
            "needs_human": NeedsHuman.EVIDENCE_NOT_FOUND.value if level is None else None,
            "evidence": [],
        }
        for mechanism, level in zip(Mechanism, levels, strict=False)
    ]
    return StoredAnswer(
        assessment_id=UUID(int=1),
        session_id=UUID(int=2),
        exchange_id=UUID(int=3),
        input_id=UUID(int=4),
        model={},
        abstained=abstained,
        verdict=None if abstained else verdict,
        resistance_type=None,
        ratings=ratings,
        words=None,
        revision=1,
        stored_at=NOW,
    )


def need(*answers: StoredAnswer, marks: tuple[Mark, ...] = ()) -> Need:
    """Where they put a session."""
    return need_of(facts_of(marks, answers), marks, answers)


@pytest.mark.parametrize("concern", sorted(RISK_CONCERNS))
def test_risk_language_comes_first_under_any_mark(concern: Concern) -> None:
    """Whatever else there is."""
    for kind in (MarkKind.RISK_LANGUAGE, MarkKind.CRITICAL_CONTENT):
        assert need(answer(Level.STRONG), marks=(UNANSWERED, mark(kind, concern))) is Need.RISK


@pytest.mark.parametrize("concern", sorted(set(Concern) - RISK_CONCERNS))
def test_other_critical_content_comes_second(concern: Concern) -> None:
    """By its mark, or by an abstention for it."""
    assert need(answer(Level.NONE), marks=(mark(MarkKind.CRITICAL_CONTENT, concern),)) is Need.CRITICAL
    assert need(answer(abstained=NeedsHuman.CRITICAL_CONTENT)) is Need.CRITICAL


@pytest.mark.parametrize("reason", sorted(set(NeedsHuman) - {NeedsHuman.CRITICAL_CONTENT}))
def test_what_needs_a_person_comes_third(reason: NeedsHuman) -> None:
    """A whole moment, or one mechanism of it."""
    assert need(answer(abstained=reason), marks=(UNANSWERED,)) is Need.NEEDS_HUMAN
    assert need(answer(Level.STRONG, None), marks=(UNANSWERED,)) is Need.NEEDS_HUMAN


def test_then_unanswered_moments_then_missing_expression_then_the_rest() -> None:
    """In the order of what a supervisor can do about it."""
    assert need(answer(Level.NONE), marks=(UNANSWERED,)) is Need.UNANSWERED
    assert need(answer(Level.STRONG), answer(Level.WEAK, Level.NONE)) is Need.WITHOUT_EXPRESSION
    assert need(answer(Level.WEAK, Level.WEAK)) is Need.OTHER
    assert need() is Need.OTHER


def test_a_rejected_moment_counts_for_nothing() -> None:
    """The model saw no resistance there."""
    rejected = answer(Level.NONE, None, verdict=Verdict.REJECTED)
    assert need(rejected) is Need.OTHER
    assert facts_of((), (rejected,)) == Facts()


def test_facts_are_gathered_over_all_moments_each_thing_once() -> None:
    """Concerns and mechanisms in the vocabulary's order, moments counted."""
    marks = (mark(MarkKind.RISK_LANGUAGE, Concern.ABUSE, Concern.SUICIDE), mark(MarkKind.RISK_LANGUAGE, Concern.ABUSE))
    found = facts_of(
        (*marks, UNANSWERED, UNANSWERED),
        (answer(Level.STRONG, Level.NONE, None, None), answer(Level.NONE, Level.NONE)),
    )
    assert found == Facts(
        concerns=(Concern.SUICIDE, Concern.ABUSE),
        needs_human=1,
        unanswered=2,
        without_expression=(Mechanism.RESPECT_FOR_AUTONOMY, Mechanism.STANCE_ALIGNMENT),
    )


def test_facts_come_back_from_the_table_as_they_went_in() -> None:
    """Full or empty."""
    full = Facts((Concern.MANIA,), 2, 3, (Mechanism.EMOTIONAL_RESONANCE,))
    for facts in (full, Facts()):
        assert facts_from_json(facts_to_json(facts)) == facts
