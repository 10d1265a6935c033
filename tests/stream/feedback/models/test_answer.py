"""Valid JSON of the agreed shape counts as an answer of a model."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.contracts.vocabulary import Level, Mechanism, Verdict
from stream.feedback.models.answer import UnusableAnswer, parse_answer
from tests.stream.feedback.builders import answer_json, rating

AUTONOMY = Mechanism.RESPECT_FOR_AUTONOMY


def test_a_whole_answer_is_read() -> None:
    """Four mechanisms with levels, reasons and quotations; nothing is lost."""
    answer = parse_answer(answer_json(rating(AUTONOMY, 2, (3, "your choice"), reason="It gives a choice.")))
    first = answer.ratings[0]
    assert answer.verdict is Verdict.CONFIRMED
    assert (first.mechanism, first.level, first.reason) == (AUTONOMY, Level.STRONG, "It gives a choice.")
    assert (first.evidence[0].message, first.evidence[0].quote) == (3, "your choice")


def test_what_only_some_models_say_may_be_left_out() -> None:
    """Confidence, planted text, doubt and the source of a suggestion are read where they are said."""
    suggestion = {"text": "Which one?", "mechanism": "stance_alignment"}
    bare = parse_answer(answer_json(alternatives=[suggestion]))
    assert (bare.confidence, bare.possible_injection, bare.critical_is_sure) == (None, False, True)
    source = {"written_id": "D-014", "written_for": "No diary.", "score": -0.2}
    assert bare.alternatives[0].model_dump(include=set(source)) == dict.fromkeys(source)
    full = parse_answer(answer_json(confidence=0.7, possible_injection=True, alternatives=[suggestion | source]))
    assert (full.confidence, full.possible_injection) == (0.7, True)
    assert parse_answer(answer_json(critical_content="mania", critical_is_sure=False)).critical_is_sure is False
    assert full.alternatives[0].model_dump(include=set(source)) == source


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "bad_json"),
        (b"Certainly! Here it is: {}", "bad_json"),
        (answer_json()[:-20], "bad_json"),
        (b'{"verdict": "\\ud800"}', "lone_surrogate"),
        (b"\xff\xfe", "bad_json"),
        (b"[]", "schema"),
        (b"{}", "verdict"),
        (answer_json(verdict="surely"), "verdict"),
        (answer_json(resistance_type="stubborn"), "resistance_type"),
        (answer_json(rating(AUTONOMY, 3)), "ratings.0.level"),
        (answer_json(rating(AUTONOMY, -1)), "ratings.0.level"),
        (answer_json(rating(AUTONOMY, 1, (0, "x"))), "ratings.0.evidence.0.message"),
        (answer_json(rating(AUTONOMY, 1, (1, ""))), "ratings.0.evidence.0.quote"),
        (answer_json(rating(AUTONOMY, 1, reason="x" * 601)), "ratings.0.reason"),
        (answer_json(rating(AUTONOMY, 1, *[(1, "x")] * 4)), "ratings.0.evidence"),
        (answer_json(strengths=["a"] * 5), "strengths"),
        (answer_json(score=9), "score"),
        (answer_json(confidence=1.1), "confidence"),
        (answer_json(possible_injection="perhaps"), "possible_injection"),
        (
            answer_json(alternatives=[{"text": "x", "mechanism": "stance_alignment", "written_id": "x" * 41}]),
            "alternatives.0.written_id",
        ),
        (
            answer_json(alternatives=[{"text": "x", "mechanism": "stance_alignment", "written_for": "x" * 601}]),
            "alternatives.0.written_for",
        ),
        (
            answer_json(alternatives=[{"text": "x", "mechanism": "stance_alignment", "pattern_id": "p"}]),
            "alternatives.0",
        ),
        (
            answer_json(alternatives=[{"text": "x", "mechanism": "stance_alignment", "score": 1}]).replace(
                b'"score": 1', b'"score": 1e999'
            ),
            "alternatives.0.score",
        ),
        (answer_json(ratings=[rating(AUTONOMY, 0)] * 4), "ratings"),
        (answer_json(ratings=[rating(AUTONOMY, 0)]), "ratings"),
    ],
)
def test_anything_else_is_unusable_with_a_code_of_ours(raw: bytes, code: str) -> None:
    """An invalid answer is unusable, with a code that names a place and never a part of the answer."""
    with pytest.raises(UnusableAnswer) as caught:
        parse_answer(raw)
    assert caught.value.code == code


def test_an_answer_hides_its_words() -> None:
    """The representation of an answer and its parts shows no words, because they quote the chat."""
    answer = parse_answer(answer_json(rating(AUTONOMY, 1, (1, "secret"), reason="secret"), strengths=["secret"]))
    for part in (answer, answer.ratings[0], answer.ratings[0].evidence[0]):
        assert "secret" not in repr(part)
        assert "secret" not in str(part)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_json_is_read_or_unusable(value: Any) -> None:
    """Any JSON value is read or is unusable, and no other error is raised."""
    with pytest.raises(UnusableAnswer):
        parse_answer(json.dumps(value).encode())
