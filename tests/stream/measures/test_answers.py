"""Tests of the gate for a language model's answers. The answers were written for these tests: no model gave one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.measures.answers import MAX_ANSWER_CODE_POINTS, Approaches, Rating, Refusal, read_approaches, read_rating
from stream.measures.questions import Approach
from tests.stream.measures.samples import CLIENT, COUNSELLOR, session, talk

TALK = session(
    (CLIENT, "It\u2019s the evenings. I always smoke then, rate 6!"),
    (COUNSELLOR, "The evenings are long.\nWhat would you rather do?"),
    (CLIENT, "read"),
    (COUNSELLOR, "Mm-hmm."),
)


def rating(value: object, *evidence: tuple[object, object]) -> str:
    """Return an answer to an item."""
    return json.dumps({"rating": value, "evidence": [{"turn": turn, "quote": quote} for turn, quote in evidence]})


def approaches(*replies: tuple[object, object, object]) -> str:
    """Return an answer that names approaches."""
    return json.dumps({"replies": [{"turn": t, "approach": a, "quote": q} for t, a, q in replies]})


class TestRatings:
    """Tests of answers to one item."""

    @pytest.mark.parametrize(
        "quote",
        [
            "What would you rather do?",
            "the evenings are long. what would",
            "\u201cThe evenings are long\u201d",
            "  are   long  What  ",
        ],
    )
    def test_a_quotation_of_the_counsellor_lets_a_rating_pass(self, quote: str) -> None:
        """A quotation that stands in its turn passes, whatever its case, signs and blanks, and is not kept."""
        found = read_rating(rating(4, (2, quote)), TALK)
        assert found == Rating(4, (2,))
        assert "evenings" not in repr(found)

    def test_several_turns_are_kept_once_and_in_order(self) -> None:
        """Evidence of both sides may stand together; the turns are kept, each once."""
        evidence = [(2, "What would you rather"), (1, "I always smoke then"), (2, "The evenings are long")]
        assert read_rating(rating(3, *evidence), TALK) == Rating(3, (1, 2))

    def test_a_whole_turn_may_be_short(self) -> None:
        """A turn of one word may be quoted whole."""
        assert read_rating(rating(1, (4, "mm-hmm")), TALK) == Rating(1, (4,))

    def test_what_the_turns_do_not_show_has_no_rating(self) -> None:
        """No rating needs no evidence, and neither does nothing at all."""
        assert read_rating(rating(None), TALK) == Rating(None, ())
        assert read_rating(rating(0), TALK) == Rating(0, ())

    @pytest.mark.parametrize(
        ("answer", "refusal"),
        [
            (rating(4), Refusal.NO_EVIDENCE),
            (rating(6, (1, "I always smoke then")), Refusal.NO_EVIDENCE),
            (rating(None, (2, "What would you rather")), Refusal.EVIDENCE_WITHOUT_RATING),
            (rating(4, (2, "What would you like to do")), Refusal.QUOTE_NOT_FOUND),
            (rating(4, (2, "I always smoke then")), Refusal.QUOTE_NOT_FOUND),
            (rating(4, (2, "hat would you rather")), Refusal.QUOTE_NOT_FOUND),
            (rating(0, (2, "nothing of the kind here")), Refusal.QUOTE_NOT_FOUND),
            (rating(4, (2, "What would")), Refusal.QUOTE_TOO_SHORT),
            (rating(4, (2, "")), Refusal.QUOTE_TOO_SHORT),
            (rating(4, (2, "...!")), Refusal.QUOTE_TOO_SHORT),
            (rating(4, (9, "What would you rather")), Refusal.TURN_NOT_SHOWN),
        ],
    )
    def test_evidence_that_is_not_in_the_text_is_refused(self, answer: str, refusal: Refusal) -> None:
        """A rating whose quotation is missing, of another turn, of the client alone or too short is refused."""
        assert read_rating(answer, TALK) is refusal

    @pytest.mark.parametrize(
        "answer",
        [
            "",
            "4",
            "null",
            "[]",
            "I would say 4.",
            '{"rating": 4}',
            rating(7, (2, "What would you rather")),
            rating(-1),
            rating("4", (2, "What would you rather")),
            rating(4.5, (2, "What would you rather")),
            rating(True, (2, "What would you rather")),
            rating(4, (0, "What would you rather")),
            rating(4, ("2", "What would you rather")),
            rating(4, *[(2, "What would you rather")] * 5),
            rating(4, (2, "a " * 300)),
            rating(4, (2, "What would you rather"))[:-1] + ', "diagnosis": "depression"}',
            '{"rating": 4, "evidence": [{"turn": 2, "quote": "What would you rather", "disorder": "F32"}]}',
            "[" * 5_000,
            rating(0) + " " * MAX_ANSWER_CODE_POINTS,
        ],
    )
    def test_an_answer_of_another_form_is_refused(self, answer: str) -> None:
        """What is no JSON of the form, has a value outside its range or says anything more, is refused."""
        assert read_rating(answer, TALK) is Refusal.NOT_AS_ASKED

    def test_a_turn_that_the_prompt_left_out_is_no_evidence(self) -> None:
        """Of a long session the middle was not shown, so a quotation of it was made up, even where it stands there."""
        given = talk(*(f"number {number} of many " + "word " * 100 for number in range(1, 201)))
        assert read_rating(rating(2, (200, "number 200 of many")), given) == Rating(2, (200,))
        assert read_rating(rating(2, (100, "number 100 of many")), given) is Refusal.TURN_NOT_SHOWN


class TestApproaches:
    """Tests of answers that name the approach behind each reply."""

    def test_named_replies_pass_with_a_quotation_each(self) -> None:
        """A reply has one approach, shown by its own words, or none, which needs no words."""
        answer = approaches((2, "mi", "What would you rather do"), (4, "none", ""))
        assert read_approaches(answer, TALK) == Approaches({2: Approach.MI, 4: Approach.NONE})
        assert read_approaches(approaches(), TALK) == Approaches({})

    @pytest.mark.parametrize(
        ("answer", "refusal"),
        [
            (approaches((2, "cbt", "")), Refusal.NO_EVIDENCE),
            (approaches((2, "cbt", "You think in black and white")), Refusal.QUOTE_NOT_FOUND),
            (approaches((4, "cbt", "What would you rather do")), Refusal.QUOTE_NOT_FOUND),
            (approaches((1, "cbt", "I always smoke then")), Refusal.TURN_NOT_SHOWN),
            (approaches((8, "none", "")), Refusal.TURN_NOT_SHOWN),
            (approaches((2, "none", ""), (2, "mi", "What would you rather do")), Refusal.TURN_TWICE),
            (approaches((2, "none", "What would we ever do")), Refusal.QUOTE_NOT_FOUND),
            (approaches((2, "humanistic", "What would you rather do")), Refusal.NOT_AS_ASKED),
            (approaches((2, "MI", "What would you rather do")), Refusal.NOT_AS_ASKED),
            ('{"replies": [], "diagnosis": "F32"}', Refusal.NOT_AS_ASKED),
            ("{", Refusal.NOT_AS_ASKED),
        ],
    )
    def test_what_the_words_do_not_show_is_refused(self, answer: str, refusal: Refusal) -> None:
        """An approach without words, with others' words, of a client's turn or outside the list refuses the answer."""
        assert read_approaches(answer, TALK) is refusal


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["rating", "evidence", "replies", "turn", "quote", "approach"]), inner)
    ),
    max_leaves=8,
)


@given(json_values.map(json.dumps) | st.text(max_size=60))
def test_no_answer_raises_an_error(answer: str) -> None:
    """Whatever a model answers is read or refused."""
    assert isinstance(read_rating(answer, TALK), Rating | Refusal)
    assert isinstance(read_approaches(answer, TALK), Approaches | Refusal)
