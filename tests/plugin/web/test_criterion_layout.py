"""Tests of the layout of criteria: what is asked where, and which answer stands beside which question."""

from dataclasses import replace
from uuid import UUID

import pytest

from plugin.queue.criterion_views import Criterion, CriterionAbout, CriterionAnswer, CriterionScale
from plugin.queue.views import SessionView
from plugin.web.criterion_layout import ABOUT, MOMENT, SCALES, SESSION, criterion_lines
from tests.plugin.web.samples import START, view

PLACE = view().moments[0].exchange_id
OTHER = UUID(int=7)


def criterion(number: int, about: CriterionAbout = MOMENT, *, version: int = 1) -> Criterion:
    """Return a criterion that asks something."""
    words = (f"Question {number}, version {version}?", CriterionScale.YES_NO, ())
    return Criterion(UUID(int=number), f"c-{number}", about, version, *words, shared=False)


def answer(criterion: Criterion, place: UUID | None = PLACE) -> CriterionAnswer:
    """Return an answer to a criterion."""
    return CriterionAnswer(criterion, place, "yes", "Maria", is_own=True, at=START, revision=1)


def session(asked: tuple[Criterion, ...], *answers: CriterionAnswer) -> SessionView:
    """Return the sample session with criteria and answers."""
    return replace(view(), criteria=asked, criterion_answers=answers)


def test_what_is_asked_stands_in_its_order_with_its_answer() -> None:
    """Beside a moment stands each criterion that is asked of moments, in order, with the answer about this moment."""
    first, second = criterion(2), criterion(1)
    given = answer(second)
    lines = criterion_lines(session((first, criterion(3, SESSION), second), given), MOMENT, PLACE)
    assert [(line.asked, line.answer, line.is_current) for line in lines] == [
        (first, None, False),
        (second, given, True),
    ]


def test_an_answer_stands_in_its_own_place_alone() -> None:
    """An answer about another moment or about the session stands not beside this moment."""
    asked, about_session = criterion(1), criterion(2, SESSION)
    whole = session((asked, about_session), answer(asked, OTHER), answer(about_session, None))
    assert [line.answer for line in criterion_lines(whole, MOMENT, PLACE)] == [None]
    (line,) = criterion_lines(whole, SESSION, None)
    assert line.answer == answer(about_session, None)


def test_an_answer_to_an_earlier_version_is_not_current() -> None:
    """Beside the question that is asked now an answer to an earlier version stands, and is told from a current one."""
    (line,) = criterion_lines(session((criterion(1, version=2),), answer(criterion(1))), MOMENT, PLACE)
    assert (line.criterion.version, line.is_current) == (2, False)
    assert line.answer is not None


def test_an_answer_to_a_retired_criterion_stands_last() -> None:
    """An answer whose criterion is asked no more stands after the others, with the question that was answered."""
    asked, gone = criterion(1), criterion(2)
    first, last = criterion_lines(session((asked,), answer(gone)), MOMENT, PLACE)
    assert (first.asked, last.asked, last.criterion, last.is_current) == (asked, None, gone, False)


@pytest.mark.parametrize(("words", "values"), [(ABOUT, CriterionAbout), (SCALES, CriterionScale)])
def test_every_place_and_scale_has_words(words: dict[str, str], values: type[CriterionAbout | CriterionScale]) -> None:
    """Each place and each scale has words for forms and lists."""
    assert set(words) == set(values)
