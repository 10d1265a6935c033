"""What the reader's numbers mean for a risk signal: the grade, the kind, and messages of several pieces."""

import numpy as np
import pytest

from stream.contracts.vocabulary import RISK_CONCERNS, Concern
from stream.feedback.models.reader import load_answers
from stream.runtime.settings import ReaderGrade
from tests.stream.risk.scripted import CONTENT, POSSIBLE, logits_of

SUICIDE = frozenset({Concern.SUICIDE})


def test_the_places_and_thresholds_are_those_of_the_reader_that_ships() -> None:
    """Every kind of critical content has its place, and the grades have the thresholds of the feedback stage."""
    assert set(CONTENT.kinds) == {None, *Concern}
    thresholds = load_answers()["thresholds"]
    assert CONTENT.thresholds == {"sure": thresholds["critical"], "possible": thresholds["possible_critical"]}


@pytest.mark.parametrize(("grade", "heard"), [("sure", frozenset()), ("possible", SUICIDE)])
def test_a_doubt_counts_for_the_lower_grade_alone(grade: ReaderGrade, heard: frozenset[Concern]) -> None:
    """What the reader is not sure of raises a signal only where a platform wants possible ones too."""
    assert CONTENT.risk_heard([logits_of(f"I would rather {POSSIBLE}")], grade) == heard


@pytest.mark.parametrize("grade", ["sure", "possible"])
def test_what_is_sure_counts_for_both_grades(grade: ReaderGrade) -> None:
    """What the reader is sure of is named by its likeliest kind, and ordinary words raise nothing."""
    assert CONTENT.risk_heard([logits_of("nobody would miss me")], grade) == SUICIDE
    assert CONTENT.risk_heard([logits_of("it rains again")], grade) == frozenset()


@pytest.mark.parametrize("concern", list(Concern))
def test_only_risk_language_raises_a_signal(concern: Concern) -> None:
    """A delusion, a hallucination, mania or a compulsion is no risk language, however sure the reader is."""
    logits = np.zeros_like(logits_of(""))
    logits[CONTENT.start + CONTENT.kinds.index(concern)] = 12.0
    assert CONTENT.risk_heard([logits], "sure") == ({concern} & RISK_CONCERNS)


def test_each_piece_of_a_long_message_is_heard() -> None:
    """A message in pieces raises a signal for what is heard in any of them."""
    texts = ("it rains", "nobody would miss me", "it rains")
    assert CONTENT.risk_heard([logits_of(text) for text in texts], "sure") == SUICIDE
