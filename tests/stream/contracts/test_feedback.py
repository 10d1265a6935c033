"""The answers in a feedback record: what an earlier version wrote is read, and what this one adds may be left out."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from stream.contracts.feedback import Alternative, Assessment
from stream.contracts.schema import EXAMPLES
from stream.contracts.vocabulary import Mechanism, Verdict


def answers(example: str) -> list[dict[str, Any]]:
    """Return the assessments of an example as they are on the topic."""
    found: list[dict[str, Any]] = json.loads((EXAMPLES / example).read_text())["data"]["assessments"]
    return found


def test_an_answer_of_the_earlier_version_is_read() -> None:
    """An answer without a verdict is read, and the pattern that its suggestion came from is ignored."""
    (written,) = answers("feedback.v1.assessed.json")
    assert written["alternatives"][0]["pattern_id"]
    read = Assessment.model_validate(written)
    assert (read.verdict, read.confidence, read.possible_injection) == (Verdict.NOT_ASSESSED, None, False)
    assert (read.alternatives[0].written_id, read.alternatives[0].score) == (None, None)


def test_a_confirmed_and_a_rejected_answer_are_read_whole() -> None:
    """Verdict, confidence, planted text and the source of a suggestion are read; a rejected answer rates nothing."""
    confirmed, rejected = (Assessment.model_validate(one) for one in answers("feedback.v1.confirmed.json"))
    assert (confirmed.verdict, confirmed.confidence, confirmed.possible_injection) == (Verdict.CONFIRMED, 0.93, True)
    assert (confirmed.alternatives[0].written_id, confirmed.alternatives[0].score) == ("S-001", 0.84)
    assert (rejected.verdict, rejected.resistance_type, rejected.possible_injection) == (Verdict.REJECTED, None, False)
    assert {(one.level, one.needs_human, one.reason) for one in rejected.ratings} == {(None, None, "")}


def test_a_suggestion_may_come_with_the_words_it_answers() -> None:
    """The invented client's words are read where a record has them, and are none in earlier records."""
    (suggested,) = Assessment.model_validate(answers("feedback.v1.suggested.json")[0]).alternatives
    assert suggested.written_for == "Talking just goes round and round. It hasn't changed a thing."
    (earlier,) = Assessment.model_validate(answers("feedback.v1.confirmed.json")[0]).alternatives
    assert earlier.written_for is None


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan"), "surely"])
def test_confidence_is_a_share(confidence: object) -> None:
    """A confidence outside 0 to 1 is refused."""
    with pytest.raises(ValidationError, match="confidence"):
        Assessment.model_validate(answers("feedback.v1.confirmed.json")[0] | {"confidence": confidence})


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_is_a_number(score: float) -> None:
    """A score that is no finite number is refused; any other stays as it is."""
    with pytest.raises(ValidationError, match="score"):
        Alternative(text="Which one?", mechanism=Mechanism.STANCE_ALIGNMENT, score=score)
    assert Alternative(text="Which one?", mechanism=Mechanism.STANCE_ALIGNMENT, score=-2.5).score == -2.5
