"""Tests of the draw: it includes rare answers, spreads over sessions, and can be repeated."""

from dataclasses import dataclass

from plugin.queue.stratified_draw import Levels, draw_stratified


@dataclass(frozen=True)
class Moment:
    """A moment that could be drawn."""

    session: str
    levels: Levels
    reply: str = "Fine."


def candidate(session: int, levels: Levels, reply: str = "Fine.") -> Moment:
    """Return one moment that could be drawn."""
    return Moment(f"s-{session}", levels, reply)


def test_rare_kinds_of_answer_are_in_the_sample() -> None:
    """Ninety weak ones do not drown three strong, two without expression, and one without a level."""
    common = [candidate(n, (1, 1, 1, 1)) for n in range(90)]
    rare = [candidate(n, (2, 1, 1, 1)) for n in range(3)] + [candidate(n, (0, 1, 1, 1)) for n in range(2)]
    rare.append(candidate(7, (None, 1, 1, 1)))
    drawn = draw_stratified(common + rare, 20, seed=0)
    assert len(drawn) == 20
    assert all(any(one is other for other in drawn) for one in rare)


def test_sessions_are_drawn_in_turn() -> None:
    """Ten exchanges of one talkative session are not ten opinions."""
    talkative = [candidate(1, (1, 1, 1, 1), reply=f"r{n}") for n in range(10)]
    quiet = [candidate(n, (1, 1, 1, 1)) for n in (2, 3)]
    drawn = draw_stratified(talkative + quiet, 3, seed=4)
    assert {one.session for one in drawn} == {"s-1", "s-2", "s-3"}


def test_the_same_seed_draws_the_same_and_another_another() -> None:
    """The same seed draws the same sample, and another seed another one, so that a draw can be repeated."""
    pool = [candidate(n, (1, 1, 1, 1)) for n in range(50)]
    assert draw_stratified(pool, 10, seed=1) == draw_stratified(pool, 10, seed=1)
    assert draw_stratified(pool, 10, seed=1) != draw_stratified(pool, 10, seed=2)


def test_nothing_is_drawn_twice() -> None:
    """No exchange is drawn twice, even when more are requested than exist."""
    pool = [candidate(n, (n % 3, 1, 1, 1)) for n in range(9)]
    drawn = draw_stratified(pool, 100, seed=0)
    assert sorted(one.session for one in drawn) == sorted(one.session for one in pool)
