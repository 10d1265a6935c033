"""Tests of the words for codes, which exist for every code and never judge a person."""

from collections.abc import Mapping
from enum import Enum

import pytest

from plugin.queue import labels
from stream.contracts.vocabulary import (
    Concern,
    LeftOut,
    Level,
    MarkKind,
    Mechanism,
    NeedsHuman,
    ResistanceType,
    Verdict,
)
from tests.plugin.samples import record


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (labels.GLYPHS, Level),
        (labels.LEVELS_FOR_THERAPIST, Level),
        (labels.NEEDS_HUMAN, NeedsHuman),
        (labels.LEFT_OUT, LeftOut),
        (labels.CONCERNS, Concern),
        (labels.MARKS, MarkKind),
    ],
)
def test_every_code_has_words(words: Mapping[Enum, object], codes: type[Enum]) -> None:
    """Every code has words, since a code without them would be an error on a page."""
    assert set(words) == set(codes)
    assert all(words.values())


def test_a_therapist_reads_no_grade() -> None:
    """The remarks for a therapist contain no word of a grade or a scale."""
    said = " ".join(labels.LEVELS_FOR_THERAPIST.values()).lower()
    for word in ("none", "weak", "strong", "poor", "fail", "score", "0", "1", "2"):
        assert word not in said.split()


def test_a_finding_stays_a_possibility_until_a_model_confirms_it() -> None:
    """A finding is called possible resistance until a model confirms it."""
    kind = ResistanceType.LIMIT_SETTING
    (answer,) = record(verdict=Verdict.CONFIRMED).assessments
    assert labels.verdict(answer) == "resistance, confirmed by the model"
    assert labels.verdict(answer.model_copy(update={"resistance_type": kind})).endswith(": limit setting")
    assert labels.verdict(answer.model_copy(update={"verdict": Verdict.REJECTED})).endswith("the model sees none")
    for unconfirmed in (None, answer.model_copy(update={"verdict": Verdict.NOT_ASSESSED})):
        assert labels.verdict(unconfirmed) == "possible resistance; type not assessed"


def test_concerns_and_mechanisms_read_as_prose() -> None:
    """Concerns are joined into a phrase, and a mechanism has the rubric's title."""
    assert labels.concerns([Concern.SUICIDE, Concern.SELF_HARM]) == "suicide and self-harm"
    assert {labels.mechanism_title(mechanism) for mechanism in Mechanism} >= {"Respect for Autonomy"}
