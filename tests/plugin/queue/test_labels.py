"""Tests of the words for codes, which exist for every code and never judge a person."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

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
from tests.plugin.samples import mark, record


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
    assert labels.verdict(answer.model_copy(update={"verdict": Verdict.REJECTED})).endswith(
        "not confirmed by the model"
    )
    for unconfirmed in (None, answer.model_copy(update={"verdict": Verdict.NOT_ASSESSED})):
        assert labels.verdict(unconfirmed) == "possible resistance; type not assessed"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"resistance_type": ResistanceType.LIMIT_SETTING}, "Resistance, confirmed by the model: limit setting."),
        ({"needs_human": NeedsHuman.MODEL_FAILED}, labels.NEEDS_HUMAN[NeedsHuman.MODEL_FAILED]),
        ({}, "No model has read it"),
    ],
    ids=["confirmed", "without a verdict", "of an earlier version"],
)
def test_an_unanswered_moment_says_whether_a_model_confirmed_it(changes: dict[str, Any], said: str) -> None:
    """An unanswered moment is called resistance only where a model said so; otherwise the reason is told."""
    explanation = labels.mark_explanation(mark(MarkKind.UNANSWERED_MOMENT).model_copy(update=changes))
    assert said in explanation
    assert ("confirmed by the model" in explanation) is ("resistance_type" in changes)


def test_an_unanswered_moment_names_what_its_model_is() -> None:
    """An unanswered moment names its model, whether it is a baseline, and whether anybody has measured it."""
    (answer,) = record().assessments
    assert labels.confirmed_by(answer.model) == (
        "The model is CPU baseline, a baseline; its agreement with clinicians has not been measured (unvalidated)."
    )
    other = answer.model.model_copy(update={"name": "Another", "is_baseline": False, "validated": True})
    assert labels.confirmed_by(other) == "The model is Another; its agreement with clinicians has been measured."
    assert "unvalidated" in labels.confirmed_by(None)


def test_a_score_is_said_in_words() -> None:
    """The score of a suggestion is called what it is: a probability of preference, by a model that wrote neither."""
    (alternative,) = record().assessments[0].alternatives
    assert labels.preference(alternative) == "Unscored: nothing has judged it yet."
    assert labels.preference(alternative.model_copy(update={"score": 0.7})) == (
        "0.70 is the probability that this reply is preferred to the one that was given, as estimated by a model that"
        " wrote neither."
    )


@pytest.mark.parametrize("kind", [MarkKind.RISK_LANGUAGE, MarkKind.CRITICAL_CONTENT])
def test_words_that_a_list_found_say_so(kind: MarkKind) -> None:
    """A mark of risk language or of critical content says that a word list found it."""
    assert labels.mark_explanation(mark(kind)).startswith("Found by a word list")


@pytest.mark.parametrize(
    ("further", "not_confirmed", "said"),
    [
        (0, 0, ""),
        (1, 0, "1 further moment was confirmed."),
        (2, 0, "2 further moments were confirmed."),
        (0, 1, "1 moment was looked at and not confirmed."),
        (0, 9, "9 moments were looked at and not confirmed."),
        (1, 1, "1 further moment was confirmed, and 1 was looked at and not confirmed."),
        (2, 9, "2 further moments were confirmed, and 9 were looked at and not confirmed."),
    ],
)
def test_moments_that_are_not_shown_are_counted_in_one_sentence(further: int, not_confirmed: int, said: str) -> None:
    """One sentence says how many moments were confirmed and not shown, and how many were not confirmed."""
    assert labels.not_shown(further, not_confirmed) == said


def test_a_suggestion_is_introduced_by_where_it_comes_from() -> None:
    """What somebody wrote is called that, a model's own words are, and an earlier baseline's suggestion is neither."""
    (answer,) = record().assessments
    (written,) = answer.alternatives
    assert labels.source(written, answer.model) == "What somebody wrote for moments of this kind"
    unnamed = written.model_copy(update={"written_id": None})
    llm = answer.model.model_copy(update={"is_baseline": False})
    assert labels.source(unnamed, llm) == "Worded by the model"
    assert labels.source(unnamed, answer.model) == "An option"


def test_no_words_speak_of_how_the_detector_works() -> None:
    """No word shown for a code is one of the insides of a detector or a baseline."""
    said = repr([value for name, value in vars(labels).items() if name.isupper()]).lower()
    assert not [word for word in ("cue", "pattern", "librar") if word in said]


def test_concerns_and_mechanisms_read_as_prose() -> None:
    """Concerns are joined into a phrase, and a mechanism has the rubric's title."""
    assert labels.concerns([Concern.SUICIDE, Concern.SELF_HARM]) == "suicide and self-harm"
    assert {labels.mechanism_title(mechanism) for mechanism in Mechanism} >= {"Respect for Autonomy"}
