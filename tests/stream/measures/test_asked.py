"""Tests of the measure of what a language model was asked, with answers that were written for these tests."""

from collections.abc import Mapping

import pytest

from stream.contracts.measures import Absent
from stream.measures.answers import Approaches, Rating, Refusal
from stream.measures.asked import APPROACH, CARD, AskedMeasure, why_not_ask
from stream.measures.base import Finding, take
from stream.measures.questions import Approach, Item
from stream.measures.registry import MEASURES
from stream.measures.turns import FinishedSession
from tests.stream.measures.samples import CLIENT, COUNSELLOR, heard, session, talk

TALK = talk("It is hard.", "What makes it hard?", "so", "Mm-hmm.")


def said(
    given: FinishedSession,
    ratings: Mapping[Item, Rating | Refusal],
    approaches: Approaches | Refusal = Refusal.NOT_AS_ASKED,
) -> dict[tuple[str, int | None], Finding]:
    """Return what the measure says of a session, by quantity and turn."""
    found = take(AskedMeasure(ratings, approaches), given, heard(given))
    return {(each.quantity, each.turn): each for each in found}


def test_answers_become_numbers_and_labels() -> None:
    """A rating is a number of the session, and an approach a label of its reply; nothing else is said."""
    approaches = Approaches({2: Approach.MI, 4: Approach.NONE})
    found = said(TALK, {Item.SAFETY: Rating(5, (2,)), Item.HOMEWORK: Rating(None, ())}, approaches)
    assert found[Item.SAFETY, None].number == 5
    assert found[Item.HOMEWORK, None].absent is Absent.NOTHING_TO_MEASURE
    assert found[APPROACH, 2].labels == ("mi",)
    assert found[APPROACH, 4].labels == ("none",)
    assert len(found) == len(Item) + 2


def test_a_refused_answer_says_that_it_was_refused() -> None:
    """What the gate refused is absent for that reason, for an item and for all replies."""
    found = said(TALK, {Item.SAFETY: Refusal.QUOTE_NOT_FOUND}, Refusal.TURN_TWICE)
    assert found[Item.SAFETY, None].absent is found[APPROACH, 2].absent is Absent.REFUSED
    assert found[Item.AGENDA, None].absent is Absent.NOTHING_TO_MEASURE


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (talk("I want to kill myself.", "What happened?", "My exam.", "Tell me."), Absent.CRITICAL_CONTENT),
        (session((CLIENT, "Nein."), (COUNSELLOR, "Gut."), language="de"), Absent.LANGUAGE),
        (session((CLIENT, "hello?")), Absent.NOTHING_TO_MEASURE),
    ],
)
def test_a_session_that_is_not_asked_about_has_no_answer(given: FinishedSession, why: Absent) -> None:
    """Danger, another language and one side alone silence everything, even where somebody asked all the same."""
    assert why_not_ask(given, heard(given)) is why
    answers = dict.fromkeys(Item, Rating(6, (2,)))
    assert {each.absent for each in said(given, answers, Approaches({2: Approach.CBT})).values()} == {why}
    assert why_not_ask(TALK, heard(TALK)) is None


def test_nothing_of_it_is_shown_or_asked() -> None:
    """Nothing that a language model says may be shown, the measure is not validated, and no stage asks it."""
    assert not any(quantity.shown for quantity in CARD.quantities)
    assert not CARD.validated
    assert "diagnosing" in CARD.not_for
    assert CARD.name not in {measure.card.name for measure in MEASURES}


def test_no_quantity_can_hold_a_diagnosis() -> None:
    """What may be said is numbers and five labels, so that no name of a disorder can pass."""
    labels = {label for quantity in CARD.quantities for label in quantity.labels}
    assert labels == {"cbt", "act", "psychodynamic", "mi", "none"}
