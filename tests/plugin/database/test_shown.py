"""Tests of the choice of the moments that are shown at once, which depends on exchanges and answers alone."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.database.shown import MAX_CONFIRMED, moments_to_show
from plugin.database.tables import StoredAnswer, StoredExchange
from stream.contracts.vocabulary import NeedsHuman, Verdict
from tests.plugin.samples import NOW

Moment = tuple[StoredExchange, StoredAnswer]
CONFIRMED, REJECTED, NOT_ASSESSED = Verdict.CONFIRMED, Verdict.REJECTED, Verdict.NOT_ASSESSED


def moment(
    number: int,
    verdict: Verdict | None = CONFIRMED,
    *,
    confidence: float | None = None,
    score: float = 0.5,
    planted: bool = False,
) -> Moment:
    """Return the moment with this number; without a verdict it is an abstention."""
    exchange = StoredExchange(
        exchange_id=UUID(int=number),
        session_id=UUID(int=0),
        position=number,
        context=[],
        client_turn=[],
        reply=[],
        counsellor=None,
        score=score,
        cues=[],
    )
    answer = StoredAnswer(
        assessment_id=UUID(int=100 + number),
        session_id=UUID(int=0),
        exchange_id=UUID(int=number),
        input_id=UUID(int=0),
        model={},
        abstained=None if verdict else NeedsHuman.CRITICAL_CONTENT.value,
        verdict=verdict,
        resistance_type=None,
        confidence=confidence,
        possible_injection=planted,
        ratings=[],
        words=None,
        revision=1,
        stored_at=NOW,
    )
    return exchange, answer


def shown(*moments: Moment) -> list[int]:
    """Return the numbers of the moments that are shown at once."""
    return sorted(exchange.int for exchange in moments_to_show(moments))


def test_the_three_of_which_the_model_is_most_sure_are_shown() -> None:
    """Of the confirmed moments the three with the highest confidence are shown."""
    assert shown(*(moment(n, confidence=c) for n, c in enumerate((0.6, 0.9, 0.7, 0.95, 0.8)))) == [1, 3, 4]


def test_the_detector_decides_between_moments_of_one_confidence() -> None:
    """Where the model is as sure, or says nothing, the detector's score decides, and then the earlier moment."""
    assert shown(*(moment(n, score=s) for n, s in enumerate((0.1, 0.9, 0.5, 0.7)))) == [1, 2, 3]
    assert shown(*(moment(n, confidence=0.8, score=s) for n, s in enumerate((0.9, 0.1, 0.5, 0.7)))) == [0, 2, 3]
    assert shown(*(moment(n) for n in range(5))) == [0, 1, 2]


def test_a_model_that_says_how_sure_it_is_comes_before_one_that_does_not() -> None:
    """A moment with any confidence comes before moments without."""
    silent = [moment(n, score=0.99) for n in range(3)]
    assert 3 in shown(*silent, moment(3, confidence=0.1, score=0.1))


def test_rejected_moments_are_not_shown() -> None:
    """A rejected moment is not shown, however sure the detector was."""
    assert shown(moment(1, REJECTED, score=1.0), moment(2, REJECTED, confidence=0.4)) == []


@pytest.mark.parametrize("other", [moment(9, None), moment(9, REJECTED, planted=True), moment(9, NOT_ASSESSED)])
def test_what_needs_a_person_is_shown_beside_the_three(other: Moment) -> None:
    """An abstention, planted text in a rejected moment and a moment without verdict are shown beside the three."""
    assert shown(*(moment(n, confidence=0.9) for n in range(4)), other) == [0, 1, 2, 9]


def test_planted_text_is_shown_in_a_moment_that_is_not_among_the_surest() -> None:
    """A confirmed moment with planted text is shown although the model is more sure of three others."""
    three = [moment(n, confidence=0.9) for n in range(3)]
    assert shown(*three, moment(3, confidence=0.2, planted=True), moment(4, confidence=0.3)) == [0, 1, 2, 3]


_moments: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.builds(
        dict,
        verdict=st.sampled_from([CONFIRMED, REJECTED, NOT_ASSESSED, None]),
        confidence=st.none() | st.floats(0, 1),
        score=st.floats(0, 1),
        planted=st.booleans(),
    ),
    max_size=12,
)


@given(_moments)
def test_nothing_but_confirmed_and_plainly_rejected_moments_is_left_unshown(
    given_moments: list[dict[str, Any]],
) -> None:
    """Whatever the answers: at most three are chosen for their confidence, and what needs a person is never missing."""
    moments = [moment(number, **values) for number, values in enumerate(given_moments)]
    found = set(shown(*moments))
    plain = [m for m in moments if m[1].verdict == CONFIRMED and not m[1].possible_injection]
    assert len(found & {exchange.position for exchange, _ in plain}) <= MAX_CONFIRMED
    for exchange, answer in moments:
        if exchange.position not in found:
            assert answer.verdict in {CONFIRMED, REJECTED}
            assert not answer.possible_injection
    if plain:
        assert found
