"""An answer, taken apart for its columns and put together again."""

from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from plugin.database.answers import answer_of, plain_ratings, words_of
from plugin.database.tables import StoredAnswer
from stream.contracts.feedback import Abstention, Alternative, Assessment, Evidence, Rating
from stream.contracts.vocabulary import Level, Mechanism, NeedsHuman, ResistanceType, Verdict
from tests.plugin.samples import MODEL, NOW

IDS = {"assessment_id": UUID(int=1), "exchange_id": UUID(int=2), "input_id": UUID(int=3)}
TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40)


def evidence() -> st.SearchStrategy[Evidence]:
    """Any quote."""
    return st.builds(Evidence, message_id=st.just("m-1"), start=st.integers(0, 5), end=st.integers(6, 9), quote=TEXT)


@st.composite
def assessments(draw: st.DrawFn) -> Assessment:
    """Any that a record may hold."""
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
        ratings=tuple(ratings),
        strengths=tuple(draw(st.lists(TEXT, max_size=2))),
        alternatives=tuple(
            draw(st.lists(st.builds(Alternative, text=TEXT, mechanism=st.sampled_from(Mechanism)), max_size=2))
        ),
    )


def stored(answer: Assessment | Abstention, **columns: Any) -> StoredAnswer:
    """The row as PostgreSQL gives it back."""
    values: dict[str, Any] = {**IDS, "model": answer.model.model_dump(mode="json"), **columns}
    return StoredAnswer(session_id=UUID(int=4), revision=1, stored_at=NOW, **values)


@given(assessments())
def test_an_assessment_comes_back_as_it_went_in(answer: Assessment) -> None:
    """Every level, reason, quote, strength and alternative in its place."""
    row = stored(
        answer,
        abstained=None,
        verdict=answer.verdict.value,
        resistance_type=answer.resistance_type,
        ratings=plain_ratings(answer),
        words=b"",
    )
    assert answer_of(row, words_of(answer)) == answer


@given(assessments())
def test_plain_columns_hold_levels_and_spans_alone(answer: Assessment) -> None:
    """No reason, no quote: those keys are not there at all."""
    for rating in plain_ratings(answer):
        assert rating.keys() == {"mechanism", "level", "needs_human", "evidence"}
        for span in rating["evidence"]:
            assert span.keys() == {"message_id", "start", "end"}


def test_an_abstention_comes_back_as_it_went_in() -> None:
    """It has no words."""
    answer = Abstention(**IDS, model=MODEL, reason=NeedsHuman.MODEL_FAILED)
    row = stored(answer, abstained="model_failed", verdict=None, resistance_type=None, ratings=[], words=None)
    assert answer_of(row, None) == answer


def test_no_repr_of_a_row_shows_what_is_sealed() -> None:
    """Not even the ciphertext."""
    answer = Abstention(**IDS, model=MODEL, reason=NeedsHuman.MODEL_FAILED)
    row = stored(answer, abstained=None, verdict="confirmed", resistance_type=None, ratings=[], words=b"sealed words")
    assert "sealed words" not in repr(row)
