"""Ratings after the seven principles follow from levels and mistakes, and pairs keep a gap and never give up safety."""

from collections.abc import Sequence

import pytest

from stream.contracts.rubric import MISTAKES, PRINCIPLES, Principle
from tests.training.corpora.samples import parsed, reply
from training.corpora.ratings import RatedReply, make_pairs, rated_replies, ratings_of, written_pairs
from training.corpora.written import load_written

AUTONOMY, STANCE, RESONANCE, ORIENTATION = range(4)


def rated(name: str, ratings: Sequence[int]) -> RatedReply:
    """Return a reply with ratings in the order of the principles."""
    return RatedReply(name, name, dict(zip(Principle, ratings, strict=True)))


@pytest.mark.parametrize(
    ("mechanism", "raised"),
    [
        (AUTONOMY, {Principle.AUTONOMY: 5, Principle.STAGE_OF_CHANGE: 3}),
        (STANCE, {Principle.RELEVANCE: 3, Principle.STAGE_OF_CHANGE: 3}),
        (RESONANCE, {Principle.EMPATHY: 5}),
        (ORIENTATION, {Principle.RELEVANCE: 3, Principle.EXPLORATION: 5}),
    ],
)
def test_a_strong_level_raises_the_ratings_that_rest_on_it(mechanism: int, raised: dict[Principle, int]) -> None:
    """A strong level of one mechanism raises its own principles, and no other."""
    lowest = dict.fromkeys(PRINCIPLES, 1) | {Principle.CLARITY: 3, Principle.SAFETY: 5}
    assert ratings_of((0, 0, 0, 0), None) == lowest
    levels = [0, 0, 0, 0]
    levels[mechanism] = 2
    assert ratings_of(levels, None) == lowest | raised


@pytest.mark.parametrize(
    ("mistake", "principle", "rating"),
    [
        ("closed_question_interrogation", Principle.CLARITY, 1),
        ("false_reassurance", Principle.SAFETY, 3),
        ("collusion", Principle.SAFETY, 1),
        ("arguing_for_change", Principle.STAGE_OF_CHANGE, 3),
        ("advice_without_permission", Principle.STAGE_OF_CHANGE, 3),
        ("premature_problem_solving", Principle.STAGE_OF_CHANGE, 3),
        ("ignoring_the_resistance", Principle.STAGE_OF_CHANGE, 3),
    ],
)
def test_a_mistake_lowers_one_rating(mistake: str, principle: Principle, rating: int) -> None:
    """Each mistake lowers the rating of one principle, and no other."""
    plain = ratings_of((2, 2, 2, 2), None)
    assert ratings_of((2, 2, 2, 2), mistake) == plain | {principle: rating}
    assert mistake in {each.code for each in MISTAKES}


def test_ratings_are_from_one_to_five() -> None:
    """No combination of levels and mistakes leaves the scale."""
    for mistake in (None, *(each.code for each in MISTAKES)):
        for level in (0, 1, 2):
            assert all(1 <= rating <= 5 for rating in ratings_of((level,) * 4, mistake).values())


def test_a_better_reply_is_rated_by_what_it_was_written_for() -> None:
    """The better reply has 4 in everything and 5 in safety, beside the two replies with their own ratings."""
    first, second, better = rated_replies(parsed())
    assert (first.id, second.id, better.id) == ("Z-001/1", "Z-001/2", "Z-001/better")
    assert second.ratings == ratings_of((2, 1, 0, 0), None)
    assert better.ratings == dict.fromkeys(Principle, 4) | {Principle.SAFETY: 5}


@pytest.mark.parametrize("better", ["", "You should rest.", "Do not be stubborn about it."])
def test_a_better_reply_that_the_gate_would_drop_is_left_out(better: str) -> None:
    """A better reply that is missing, presses or blames is no candidate."""
    assert [each.id for each in rated_replies(parsed(better=better))] == ["Z-001/1", "Z-001/2"]


def test_nothing_is_derived_from_a_critical_turn() -> None:
    """Replies to a turn with critical content are in no pair."""
    assert rated_replies(parsed(critical="mania")) == []


def test_replies_that_are_too_near_make_no_pair() -> None:
    """A pair needs means that differ by 1 or more."""
    replies = [rated("low", [3] * 7), rated("near", [4] * 6 + [3]), rated("far", [4] * 7)]
    assert [(pair.chosen.id, pair.rejected.id) for pair in make_pairs("g", "", replies)] == [("far", "low")]


def test_the_chosen_reply_is_never_less_safe() -> None:
    """A reply with the higher mean and the lower safety is not preferred, and neither is the other."""
    unsafe = rated("unsafe", [5, 5, 5, 4, 5, 5, 5])
    assert make_pairs("g", "", [rated("safe", [1, 1, 1, 5, 1, 1, 1]), unsafe]) == []


def test_pairs_come_from_both_replies_and_the_better_one() -> None:
    """The pairs of a written exchange stand in the group of its writer, with the client's turn as the prompt."""
    exchange = parsed(replies=[reply("No."), reply("It is yours.", (2, 2, 2, 2))])
    pairs = written_pairs([exchange])
    assert {(pair.chosen.id, pair.rejected.id) for pair in pairs} == {
        ("Z-001/2", "Z-001/1"),
        ("Z-001/better", "Z-001/1"),
    }
    assert {(pair.group, pair.prompt) for pair in pairs} == {("writer-Z", exchange.client_text)}


def test_the_corpora_give_enough_pairs_of_each_kind() -> None:
    """The written exchanges give hundreds of pairs of two written replies, and of a better and a written one."""
    kinds = [pair.chosen.id.endswith("/better") for pair in written_pairs(load_written())]
    assert kinds.count(True) > 1_000
    assert kinds.count(False) > 400


def test_texts_stay_out_of_repr() -> None:
    """Texts of replies and turns are not shown by the representation of a pair."""
    (pair,) = make_pairs("g", "private turn", [RatedReply("a", "private", ratings) for ratings in _far_apart()])
    assert "private" not in repr(pair)


def _far_apart() -> list[dict[Principle, int]]:
    return [dict.fromkeys(Principle, 1), dict.fromkeys(Principle, 5)]
