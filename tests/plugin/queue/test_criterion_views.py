"""Tests of the plain values of criteria: what a wording may be, and what may be answered."""

from uuid import UUID

import pytest

from plugin.queue.criterion_views import (
    CANNOT_SAY,
    CODES,
    MAX_QUESTION,
    MAX_WORD,
    UNDONE,
    Criterion,
    CriterionAbout,
    CriterionScale,
    checked_name,
    checked_wording,
)
from stream.contracts.errors import Misconfigured

STEPS = ("rushed", "a little fast", "steady", "waited")


def criterion(scale: CriterionScale, words: tuple[str, ...] = ()) -> Criterion:
    """Return a criterion with a scale."""
    return Criterion(UUID(int=1), "pacing", CriterionAbout.MOMENT, 1, "Pacing", scale, words, shared=False)


def test_each_scale_has_its_steps_and_cannot_say() -> None:
    """A supervisor may choose each step of the scale in its order, or say that she cannot say."""
    assert criterion(CriterionScale.YES_NO).choices == {"yes": "Yes", "no": "No", "cannot_say": "Cannot say"}
    levels = criterion(CriterionScale.LEVELS).choices
    assert list(levels.values()) == ["None", "Weak", "Strong", "Cannot say"]
    assert list(criterion(CriterionScale.STEPS, STEPS).choices.items()) == [
        *((str(step), f"{step} {words}") for step, words in enumerate(STEPS)),
        ("cannot_say", "Cannot say"),
    ]


@pytest.mark.parametrize("scale", CriterionScale)
def test_no_step_is_called_like_what_belongs_to_every_scale(scale: CriterionScale) -> None:
    """The code of no step means that she cannot say, or that something was undone."""
    assert not {CANNOT_SAY, UNDONE} & set(CODES[scale])


@pytest.mark.parametrize("name", ["pacing", "a", "told-2", "x" * 40, " pacing "])
def test_a_name_is_a_short_code(name: str) -> None:
    """A name of small letters, digits and hyphens is taken, without the blanks around it."""
    assert checked_name(name) == name.strip()


@pytest.mark.parametrize("name", ["", " ", "Pacing", "-x", "x-", "x" * 41, "zwölf", "a b", "a/b", "<b>", "=1", "a\nb"])
def test_another_name_is_refused(name: str) -> None:
    """A name that a path, a spreadsheet or a terminal could take for something else is refused, and not repeated."""
    with pytest.raises(Misconfigured, match="small letters") as raised:
        checked_name(name)
    assert not name.strip() or f"{name!r}" not in str(raised.value)


def test_a_wording_is_one_line() -> None:
    """Blanks and line breaks become single blanks, in the question and in the words of steps; empty words are none."""
    wording = checked_wording(" Was it\n  clear? ", CriterionScale.YES_NO, ["", " "], shared=True)
    assert (wording.question, wording.words, wording.shared) == ("Was it clear?", (), True)
    assert checked_wording("Q", CriterionScale.STEPS, [f" {step}\t" for step in STEPS], shared=False).words == STEPS


PERSIAN = "\u0645\u06cc\u200c\u0634\u0648\u062f\u061f"
"""A word with a joiner that belongs to its spelling."""


@pytest.mark.parametrize("question", ["Told?", "x" * MAX_QUESTION, "<b>Bold?</b> & {{ 7*7 }}", PERSIAN])
def test_a_question_may_hold_any_visible_letters(question: str) -> None:
    """A question in any script, with joiners and with signs, is taken as it is."""
    assert checked_wording(question, CriterionScale.YES_NO, (), shared=False).question == question


@pytest.mark.parametrize("question", ["", " \n ", "x" * (MAX_QUESTION + 1), "a\u202eb", "a\x1b[2J", "a\x00b", "\u200b"])
def test_a_question_has_words_and_a_limit(question: str) -> None:
    """An empty question, one that is too long, and one that could steer a screen are refused."""
    with pytest.raises(Misconfigured, match=f"A question: 1 to {MAX_QUESTION} characters"):
        checked_wording(question, CriterionScale.YES_NO, (), shared=False)


@pytest.mark.parametrize(
    ("scale", "words", "sentence"),
    [
        (CriterionScale.YES_NO, ("a",), "belong to a scale from 0 to 3"),
        (CriterionScale.LEVELS, STEPS, "belong to a scale from 0 to 3"),
        (CriterionScale.STEPS, (), "each of its 4 steps"),
        (CriterionScale.STEPS, STEPS[:3], "each of its 4 steps"),
        (CriterionScale.STEPS, (*STEPS, "more"), "each of its 4 steps"),
        (CriterionScale.STEPS, (*STEPS[:3], STEPS[0]), "no two alike"),
        (CriterionScale.STEPS, (*STEPS[:3], "x" * (MAX_WORD + 1)), "A step's words"),
        (CriterionScale.STEPS, (*STEPS[:3], "a\u202eb"), "A step's words"),
    ],
)
def test_words_fit_the_scale(scale: CriterionScale, words: tuple[str, ...], sentence: str) -> None:
    """A scale from 0 to 3 has four words that differ, and other scales have none."""
    with pytest.raises(Misconfigured, match=sentence):
        checked_wording("Q", scale, words, shared=False)
