"""The words that page and digest share: one for every code, and none that judges a person."""

from collections.abc import Mapping
from enum import Enum

import pytest

from plugin.queue import wording
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
from tests.plugin.queue.samples import record


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (wording.GLYPHS, Level),
        (wording.LEVELS_FOR_THERAPIST, Level),
        (wording.NEEDS_HUMAN, NeedsHuman),
        (wording.LEFT_OUT, LeftOut),
        (wording.CONCERNS, Concern),
        (wording.MARKS, MarkKind),
    ],
)
def test_every_code_has_its_words(words: Mapping[Enum, object], codes: type[Enum]) -> None:
    """A new code without words would be an error on somebody's page."""
    assert set(words) == set(codes)
    assert all(words.values())


def test_a_therapist_reads_no_grade() -> None:
    """The remarks are on words, not on a scale."""
    said = " ".join(wording.LEVELS_FOR_THERAPIST.values()).lower()
    for word in ("none", "weak", "strong", "poor", "fail", "score", "0", "1", "2"):
        assert word not in said.split()


def test_the_scope_says_what_this_is_not() -> None:
    """On every page and under every digest."""
    for part in ("learning after the session", "Not a crisis monitor", "not a diagnosis", "not a performance record"):
        assert part in wording.SCOPE


def test_a_finding_stays_a_possibility_until_a_model_confirms_it() -> None:
    """Public labels mark talk against change, not discord."""
    kind = ResistanceType.LIMIT_SETTING
    (answer,) = record(verdict=Verdict.CONFIRMED).assessments
    assert wording.verdict(answer) == "resistance, confirmed by the model"
    assert wording.verdict(answer.model_copy(update={"resistance_type": kind})).endswith(": limit setting")
    assert wording.verdict(answer.model_copy(update={"verdict": Verdict.REJECTED})).endswith("the model sees none")
    for unconfirmed in (None, answer.model_copy(update={"verdict": Verdict.NOT_ASSESSED})):
        assert wording.verdict(unconfirmed) == "possible resistance; type not assessed"


def test_lists_and_numbers_read_as_prose() -> None:
    """One, two, many."""
    assert [wording.listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert [wording.counted(number, "moment") for number in (0, 1, 2)] == ["0 moments", "1 moment", "2 moments"]
    assert wording.counted(2, "reply", "replies") == "2 replies"
    assert wording.concerns([Concern.SUICIDE, Concern.SELF_HARM]) == "suicide and self-harm"
    assert {wording.mechanism_title(mechanism) for mechanism in Mechanism} >= {"Respect for Autonomy"}
