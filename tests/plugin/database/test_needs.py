"""Tests of the need and the facts of a session, which depend on its marks and answers alone."""

from typing import Any
from uuid import UUID

import pytest

from plugin.database.needs import Facts, Need, facts_from_json, facts_of, facts_to_json, need_of
from plugin.database.tables import StoredAnswer
from stream.contracts.sessions import Mark
from stream.contracts.vocabulary import (
    CRITICAL_REASONS,
    RISK_CONCERNS,
    Concern,
    Level,
    MarkKind,
    Mechanism,
    NeedsHuman,
    ResistanceType,
    Verdict,
)
from tests.plugin.samples import NOW, mark

UNANSWERED = mark(MarkKind.UNANSWERED_MOMENT).model_copy(update={"resistance_type": ResistanceType.BLAMING})
POSSIBLE = NeedsHuman.POSSIBLE_CRITICAL_CONTENT
MARKED_UNREAD = mark(MarkKind.UNANSWERED_MOMENT)
"""As an earlier version marked every flagged turn without a reply."""


def without_verdict(reason: NeedsHuman) -> Mark:
    """Return the mark of a turn without a reply on which there is no verdict."""
    return mark(MarkKind.UNANSWERED_MOMENT).model_copy(update={"needs_human": reason})


def answer(
    *levels: Level | None,
    verdict: Verdict | None = Verdict.CONFIRMED,
    abstained: NeedsHuman | None = None,
    planted: bool = False,
) -> StoredAnswer:
    """Return a valid answer with these levels, mechanism by mechanism."""
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
        possible_injection=planted,
        ratings=ratings,
        words=None,
        revision=1,
        stored_at=NOW,
    )


def need(*answers: StoredAnswer, marks: tuple[Mark, ...] = ()) -> Need:
    """Return the need of a session with these answers and marks."""
    return need_of(facts_of(marks, answers), marks, answers)


@pytest.mark.parametrize("concern", sorted(RISK_CONCERNS))
def test_risk_language_comes_first_under_any_mark(concern: Concern) -> None:
    """A risk concern gives the first need under either mark, even beside others."""
    for kind in (MarkKind.RISK_LANGUAGE, MarkKind.CRITICAL_CONTENT):
        assert need(answer(Level.STRONG), marks=(UNANSWERED, mark(kind, concern))) is Need.RISK


@pytest.mark.parametrize("concern", sorted(set(Concern) - RISK_CONCERNS))
def test_other_critical_content_comes_second(concern: Concern) -> None:
    """Other critical content gives the second need, by its mark or by an abstention for it."""
    assert need(answer(Level.NONE), marks=(mark(MarkKind.CRITICAL_CONTENT, concern),)) is Need.CRITICAL
    assert need(answer(abstained=NeedsHuman.CRITICAL_CONTENT)) is Need.CRITICAL
    assert need(marks=(without_verdict(NeedsHuman.CRITICAL_CONTENT),)) is Need.CRITICAL


@pytest.mark.parametrize("reason", sorted(set(NeedsHuman) - CRITICAL_REASONS))
def test_moments_that_need_a_human_come_third(reason: NeedsHuman) -> None:
    """A moment, a mechanism or a turn without a reply that needs a human gives the third need."""
    assert need(answer(abstained=reason), marks=(UNANSWERED,)) is Need.NEEDS_HUMAN
    assert need(answer(Level.STRONG, None), marks=(UNANSWERED,)) is Need.NEEDS_HUMAN
    assert need(marks=(without_verdict(reason),)) is Need.NEEDS_HUMAN


@pytest.mark.parametrize(
    "found",
    [
        {"answers": (answer(abstained=POSSIBLE),)},
        {"answers": (), "marks": (without_verdict(POSSIBLE),)},
    ],
    ids=["moment", "turn without a reply"],
)
def test_possible_critical_content_has_an_ordinary_place(found: dict[str, Any]) -> None:
    """What may be critical comes after what surely wants a person and an unanswered moment, and before the rest."""
    answers, marks = found["answers"], found.get("marks", ())
    assert need(*answers, answer(Level.NONE, planted=True), marks=marks) is Need.POSSIBLE_CRITICAL
    assert need(*answers, marks=(*marks, UNANSWERED)) is Need.UNANSWERED
    assert need(*answers, answer(abstained=NeedsHuman.MODEL_FAILED), marks=marks) is Need.NEEDS_HUMAN
    assert need(*answers, answer(abstained=NeedsHuman.CRITICAL_CONTENT), marks=marks) is Need.CRITICAL
    assert need(*answers, marks=(*marks, mark(MarkKind.RISK_LANGUAGE, Concern.ABUSE))) is Need.RISK


def test_possible_critical_content_is_counted_apart() -> None:
    """Moments and turns of possible critical content are not among those that need a person."""
    marks = (without_verdict(POSSIBLE), without_verdict(NeedsHuman.CRITICAL_CONTENT))
    answers = (answer(abstained=POSSIBLE), answer(abstained=NeedsHuman.MODEL_FAILED), answer(Level.STRONG))
    assert facts_of(marks, answers) == Facts(needs_human=2, possible_critical=2)


def test_unanswered_moments_planted_text_missing_expression_and_the_rest_come_last() -> None:
    """Unanswered moments come next, then planted text, levels without expression, and all other sessions."""
    for unanswered in (UNANSWERED, MARKED_UNREAD):
        assert need(answer(Level.NONE, planted=True), marks=(unanswered,)) is Need.UNANSWERED
    assert need(answer(Level.STRONG, planted=True), answer(Level.STRONG, Level.NONE)) is Need.POSSIBLE_INJECTION
    assert need(answer(Level.STRONG), answer(Level.WEAK, Level.NONE)) is Need.WITHOUT_EXPRESSION
    assert need(answer(Level.WEAK, Level.WEAK)) is Need.OTHER
    assert need() is Need.OTHER


def test_a_rejected_moment_does_not_count() -> None:
    """A moment that the model rejected gives no need and no facts."""
    rejected = answer(Level.NONE, None, verdict=Verdict.REJECTED)
    assert need(rejected) is Need.OTHER
    assert facts_of((), (rejected,)) == Facts()


def test_planted_text_in_a_rejected_moment_counts() -> None:
    """Planted text gives its need in a rejected moment too, since it may be why the moment was rejected."""
    rejected = answer(None, verdict=Verdict.REJECTED, planted=True)
    assert need(rejected) is Need.POSSIBLE_INJECTION
    assert facts_of((), (rejected, answer(Level.WEAK, planted=True))) == Facts(possible_injection=2)


def test_facts_are_gathered_over_all_moments_each_thing_once() -> None:
    """Facts list concerns and mechanisms once, in the vocabulary's order, and count moments.

    A mechanism is without expression only if no reply of the session expresses it.
    """
    marks = (mark(MarkKind.RISK_LANGUAGE, Concern.ABUSE, Concern.SUICIDE), mark(MarkKind.RISK_LANGUAGE, Concern.ABUSE))
    found = facts_of(
        (*marks, UNANSWERED, MARKED_UNREAD, without_verdict(NeedsHuman.MODEL_FAILED)),
        (answer(Level.STRONG, Level.NONE, None, None), answer(Level.NONE, Level.NONE)),
    )
    assert found == Facts(
        concerns=(Concern.SUICIDE, Concern.ABUSE),
        needs_human=2,
        unanswered=2,
        without_expression=(Mechanism.STANCE_ALIGNMENT,),
    )


def test_facts_are_read_as_they_were_stored() -> None:
    """Facts read from JSON equal those that were written, full or empty."""
    full = Facts((Concern.MANIA,), 2, 3, 4, 1, (Mechanism.EMOTIONAL_RESONANCE,))
    for facts in (full, Facts()):
        assert facts_from_json(facts_to_json(facts)) == facts


def test_rows_of_an_earlier_version_lack_newer_facts() -> None:
    """Facts that a row of an earlier version lacks are read as told names, and as nothing planted or unsure."""
    added = {"names_told": False, "possible_critical": 3, "possible_injection": 2}
    newer = facts_to_json(Facts(names_told=False, possible_critical=3, possible_injection=2))
    assert {key: newer[key] for key in added} == added
    earlier = {key: value for key, value in newer.items() if key not in added}
    assert facts_from_json(earlier) == Facts()
