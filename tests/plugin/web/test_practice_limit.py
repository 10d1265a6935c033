"""Tests of the limit on how often one therapist may ask the model."""

from uuid import uuid4

from plugin.web.practice_limit import ATTEMPTS_AN_HOUR, PracticeLimit


def test_one_person_may_ask_so_often_an_hour() -> None:
    """The twentieth attempt within an hour is admitted, the next one is not, and nobody else is held up."""
    limit, ana, ben = PracticeLimit(), uuid4(), uuid4()
    assert [limit.admits(ana) for _ in range(ATTEMPTS_AN_HOUR + 2)] == [True] * ATTEMPTS_AN_HOUR + [False, False]
    assert limit.admits(ben)
