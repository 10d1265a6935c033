"""Tests of the conversion of an answer to and from its row."""

import json
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from plugin.database.answers import answer_from_row, ratings_without_words, words_to_json
from plugin.database.tables import StoredAnswer
from stream.contracts.feedback import Abstention, Alternative, Assessment, Evidence, Rating
from stream.contracts.vocabulary import Level, Mechanism, NeedsHuman, ResistanceType, Verdict
from tests.plugin.samples import MODEL, NOW

IDS = {"assessment_id": UUID(int=1), "exchange_id": UUID(int=2), "input_id": UUID(int=3)}
TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40)

_REST_OF_ALTERNATIVE: dict[str, st.SearchStrategy[Any]] = {
    "mechanism": st.sampled_from(Mechanism),
    "written_id": st.none() | st.just("S-001"),
    "written_for": st.none() | TEXT,
    "score": st.none() | st.floats(allow_nan=False, allow_infinity=False),
}


def evidence() -> st.SearchStrategy[Evidence]:
    """Return a strategy for evidence with any quote."""
    return st.builds(Evidence, message_id=st.just("m-1"), start=st.integers(0, 5), end=st.integers(6, 9), quote=TEXT)


@st.composite
def assessments(draw: st.DrawFn) -> Assessment:
    """Draw an assessment that a record may hold."""
    ratings = []
    for mechanism in Mechanism:
        level = draw(st.none() | st.sampled_from(Level))
        reason = None if level is not None else draw(st.sampled_from(NeedsHuman))
        quotes = tuple(draw(st.lists(evidence(), max_size=2)))
        ratings.append(Rating(mechanism=mechanism, level=level, reason=draw(TEXT), evidence=quotes, needs_human=reason))
    return Assessment(
        **IDS,
        model=MODEL,
        verdict=draw(st.sampled_from(Verdict)),
        resistance_type=draw(st.none() | st.sampled_from(ResistanceType)),
        confidence=draw(st.none() | st.floats(0, 1)),
        possible_injection=draw(st.booleans()),
        ratings=tuple(ratings),
        strengths=tuple(draw(st.lists(TEXT, max_size=2))),
        alternatives=tuple(draw(st.lists(st.builds(Alternative, text=TEXT, **_REST_OF_ALTERNATIVE), max_size=2))),
    )


def stored(answer: Assessment | Abstention, **columns: Any) -> StoredAnswer:
    """Return the row of an answer as PostgreSQL returns it."""
    values: dict[str, Any] = {**IDS, "model": answer.model.model_dump(mode="json"), **columns}
    return StoredAnswer(session_id=UUID(int=4), revision=1, stored_at=NOW, **values)


@given(assessments())
def test_an_assessment_is_read_as_it_was_stored(answer: Assessment) -> None:
    """An assessment read from its row equals the one that was stored."""
    row = stored(
        answer,
        abstained=None,
        verdict=answer.verdict.value,
        resistance_type=answer.resistance_type,
        confidence=answer.confidence,
        possible_injection=answer.possible_injection,
        ratings=ratings_without_words(answer),
        words=b"",
    )
    assert answer_from_row(row, words_to_json(answer)) == answer


@given(assessments())
def test_plain_columns_hold_levels_and_spans_alone(answer: Assessment) -> None:
    """Plain columns hold no reasons and no quotes."""
    for rating in ratings_without_words(answer):
        assert rating.keys() == {"mechanism", "level", "needs_human", "evidence"}
        for span in rating["evidence"]:
            assert span.keys() == {"message_id", "start", "end"}


def test_words_of_an_earlier_version_are_read() -> None:
    """A suggestion that was stored with the pattern it came from is read, without any source."""
    ratings = tuple(Rating(mechanism=mechanism, level=Level.NONE) for mechanism in Mechanism)
    sent = Assessment(**IDS, model=MODEL, verdict=Verdict.NOT_ASSESSED, ratings=ratings)
    words = json.loads(words_to_json(sent))
    words["alternatives"] = [{"text": "Which one?", "mechanism": "stance_alignment", "pattern_id": "p"}]
    columns = {"abstained": None, "verdict": "not_assessed", "resistance_type": None}
    row = stored(sent, **columns, ratings=ratings_without_words(sent))
    answer = answer_from_row(row, json.dumps(words))
    assert isinstance(answer, Assessment)
    assert [(one.text, one.written_id, one.score) for one in answer.alternatives] == [("Which one?", None, None)]


def test_an_abstention_is_read_as_it_was_stored() -> None:
    """An abstention read from its row equals the one that was stored, without words."""
    answer = Abstention(**IDS, model=MODEL, reason=NeedsHuman.MODEL_FAILED)
    row = stored(answer, abstained="model_failed", verdict=None, resistance_type=None, ratings=[], words=None)
    assert answer_from_row(row, None) == answer


def test_the_repr_of_a_row_does_not_show_its_ciphertext() -> None:
    """The repr of a row does not even show the ciphertext of its words."""
    answer = Abstention(**IDS, model=MODEL, reason=NeedsHuman.MODEL_FAILED)
    row = stored(answer, abstained=None, verdict="confirmed", resistance_type=None, ratings=[], words=b"sealed words")
    assert "sealed words" not in repr(row)
