"""The record of an outcome: a score within its instrument's range, and an id that follows from what it names."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stream.contracts.messages import Consent
from stream.contracts.outcomes import RANGES, Instrument, Outcome

GIVEN = {
    "tenant": "sample",
    "conversation_id": "c_sample",
    "outcome_id": "form-1",
    "instrument": "phq_9",
    "score": 11,
    "occasion": "after",
    "given_by": "client",
    "author": "p_client",
    "given_at": datetime(2026, 3, 2, 19, tzinfo=UTC),
}


def outcome(**changes: Any) -> Outcome:
    """Return an outcome with some fields changed."""
    return Outcome.model_validate(GIVEN | changes)


def test_every_instrument_has_a_range() -> None:
    """Each instrument has a lowest and a highest score, and the lowest is the lower one."""
    assert set(RANGES) == set(Instrument)
    assert all(lowest < highest for lowest, highest in RANGES.values())


@given(instrument=st.sampled_from(Instrument), score=st.floats(allow_nan=True, allow_infinity=True))
def test_a_score_outside_its_range_is_refused(instrument: Instrument, score: float) -> None:
    """A score is taken exactly if it lies within the range of its instrument; nothing is cut to fit."""
    lowest, highest = RANGES[instrument]
    if lowest <= score <= highest:
        assert outcome(instrument=instrument, score=score).score == score
    else:
        with pytest.raises(ValidationError) as caught:
            outcome(instrument=instrument, score=score)
        assert [error["loc"] for error in caught.value.errors()] == [("score",)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("score", "11"),
        ("score", True),
        ("instrument", "mood"),
        ("occasion", "someday"),
        ("given_by", "system"),
        ("author", "Leonie Brandt"),
        ("given_at", 1_772_474_400),
        ("outcome_id", "two words"),
    ],
)
def test_another_form_is_refused(field: str, value: object) -> None:
    """A number as text, an unknown word, a name in place of a pseudonym or a time in digits is refused."""
    with pytest.raises(ValidationError):
        outcome(**{field: value})


def test_no_consent_is_no() -> None:
    """An outcome that says nothing of consent has none."""
    assert outcome().consent == Consent(processing=False, secondary_use=False)


def test_an_outcome_is_one_by_its_id_and_each_time_of_it_is_an_event() -> None:
    """Two with one id are stored as one; given at two times they are two events; of two conversations, two outcomes."""
    later = outcome(given_at=GIVEN["given_at"] + timedelta(seconds=1), score=9)  # type: ignore[operator]
    elsewhere = outcome(conversation_id="c_other")
    assert outcome().outcome_key == later.outcome_key != elsewhere.outcome_key
    assert outcome().event_id == outcome(score=9).event_id != later.event_id


def test_nobody_and_no_score_is_in_a_repr() -> None:
    """The `repr` of an outcome shows neither who gave it nor what it is."""
    assert not {"p_client", "11", "c_sample"} & set(repr(outcome()).replace("'", " ").replace("=", " ").split())
