"""Tests of the statements of an answer: which there are, how they are written, and an answer without some of them."""

import json

import pytest

from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import (
    MOMENT,
    STRENGTHS,
    VERDICT,
    Statement,
    level_of,
    rating_of,
    statements_of,
    suggestion,
    without,
)
from stream.contracts.feedback import Assessment
from stream.contracts.vocabulary import Level, Mechanism, NeedsHuman, Verdict
from tests.plugin.samples import REJECTED, answered, record


def assessment() -> Assessment:
    """Return the sample's assessment."""
    return record().assessments[0]


def test_an_assessment_has_a_statement_for_everything_that_it_says() -> None:
    """The moment, the verdict, each rating and its level, the strengths and each suggestion are statements."""
    ratings = [statement for mechanism in Mechanism for statement in (rating_of(mechanism), level_of(mechanism))]
    assert list(statements_of(assessment())) == [MOMENT, VERDICT, *ratings, STRENGTHS, suggestion(1)]


def test_an_answer_without_a_rating_has_fewer_statements() -> None:
    """An abstention is a moment alone, a rejected moment has a verdict, and an earlier answer has none."""
    assert list(statements_of(record(abstain=NeedsHuman.MODEL_FAILED).abstentions[0])) == [MOMENT]
    assert list(statements_of(answered(record(), REJECTED).assessments[0])) == [MOMENT, VERDICT]
    assert VERDICT not in statements_of(assessment().model_copy(update={"verdict": Verdict.NOT_ASSESSED}))
    bare = assessment().model_copy(update={"strengths": (), "alternatives": ()})
    assert list(statements_of(bare))[-1] == level_of(Mechanism.CONVERSATIONAL_ORIENTATION)


def test_what_the_machine_says_is_codes_alone() -> None:
    """What is stored of a statement holds no word of a reason, quote, strength or suggestion."""
    answer = assessment()
    stored = json.dumps(list(statements_of(answer).values()))
    words = [rating.reason for rating in answer.ratings] + [*answer.strengths, answer.alternatives[0].text]
    words += [evidence.quote for rating in answer.ratings for evidence in rating.evidence]
    assert all(word not in stored for word in words)


@pytest.mark.parametrize("statement", [*statements_of(assessment())])
def test_a_statement_is_read_as_it_was_written(statement: Statement) -> None:
    """The written form of a statement gives the same statement back."""
    assert Statement.parse(str(statement)) == statement


@pytest.mark.parametrize("written", ["", "mood", "Verdict", ":1", " verdict"])
def test_another_word_is_no_statement(written: str) -> None:
    """A text that names no kind of statement is refused."""
    with pytest.raises(ValueError, match="StatementKind"):
        Statement.parse(written)


def test_an_answer_without_withheld_statements_keeps_the_others() -> None:
    """A withheld rating has neither level nor words left; withheld strengths and suggestions are gone."""
    answer = assessment()
    withheld = {str(rating_of(Mechanism.STANCE_ALIGNMENT)), str(suggestion(1))}
    rest = without(answer, withheld)
    levels = {rating.mechanism: rating.level for rating in rest.ratings}
    assert levels == dict.fromkeys(Mechanism, Level.WEAK) | {Mechanism.STANCE_ALIGNMENT: None}
    assert [bool(rating.reason or rating.evidence) for rating in rest.ratings] == [True, False, True, True]
    assert (rest.strengths, rest.alternatives) == (answer.strengths, ())
    assert without(answer, {str(STRENGTHS)}).strengths == ()
    assert without(answer, set()) == answer


@pytest.mark.parametrize(
    ("judgement", "reason", "level"),
    [
        (Judgement.WITHHELD, None, None),
        (Judgement.AGREED, WithholdReason.UNCLEAR, None),
        (Judgement.CORRECTED, None, None),
        (Judgement.UNDONE, None, Level.WEAK),
    ],
)
def test_an_opinion_has_what_belongs_to_it(
    judgement: Judgement, reason: WithholdReason | None, level: Level | None
) -> None:
    """Only a withheld statement has a reason, and only a corrected one a level."""
    with pytest.raises(ValueError, match="has a reason"):
        Opinion(judgement, reason, level)
