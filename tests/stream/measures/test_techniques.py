"""Tests of the measure of techniques."""

import pytest

from stream.contracts.measures import Absent
from stream.contracts.rubric import Technique
from stream.feedback.models.reader import READER, Opinion, load_reader
from stream.measures.base import take
from stream.measures.hearing import hear, pairs_to_read
from stream.measures.techniques import HEARD, MAIN, TechniqueMeasure, share_of
from stream.measures.turns import FinishedSession
from stream.model_repository import version_folder
from tests.stream.measures.samples import ANSWERS, opinion, talk

Q, R, A = Technique.OPEN_QUESTION, Technique.COMPLEX_REFLECTION, Technique.AFFIRMATION


def said_of(given: FinishedSession, *opinions: Opinion) -> dict[tuple[str, int | None], object]:
    """Return what the measure says: labels, a number, or the reason of an absence."""
    found = take(TechniqueMeasure(), given, hear(given, opinions, ANSWERS))
    return {(each.quantity, each.turn): each.labels or each.absent or each.number for each in found}


def test_main_technique_and_those_of_sentences() -> None:
    """A reply has the technique of its whole, and those of its sentences in the order of the list."""
    given = talk("It is hard.", "What helps? It weighs on you.")
    found = said_of(given, opinion(), opinion(R), opinion(Q), opinion(R))
    assert found[MAIN, 2] == (R,)
    assert found[HEARD, 2] == (R, Q)


def test_the_mix_counts_sentences() -> None:
    """The shares of a session are shares of all replies' sentences, and make one."""
    given = talk("Hard.", "It weighs on you. What helps?", "tea", "You made tea.", "yes", "You take care.")
    found = said_of(given, opinion(), opinion(R), opinion(R), opinion(Q), opinion(), opinion(R), opinion(), opinion(A))
    assert (found[share_of(R), None], found[share_of(Q), None], found[share_of(A), None]) == (0.5, 0.25, 0.25)
    assert found[share_of(Technique.INFORMATION), None] == 0


@pytest.mark.parametrize("text", ["Okay.", "Mm-hmm.", "Yeah, right.", "I see."])
def test_words_that_only_acknowledge_are_minimal(text: str) -> None:
    """A reply that shows presence alone is minimal, whatever the reader takes it for."""
    assert said_of(talk("I walked to work.", text), opinion(), opinion(R))[MAIN, 2] == (Technique.MINIMAL,)


@pytest.mark.parametrize("text", ["Okay, what helps?", "I see you walked.", "No, that is wrong."])
def test_other_short_words_are_heard(text: str) -> None:
    """A short reply with a word more is what the reader hears."""
    assert said_of(talk("I walked to work.", text), opinion(), opinion(R))[MAIN, 2] == (R,)


def test_a_session_of_silent_replies_has_no_mix() -> None:
    """A session without a reply that may be measured has no shares, with the reason."""
    given = talk("I want to kill myself.", "What happened?")
    found = said_of(given, opinion(), opinion(Q))
    assert found[MAIN, 2] is Absent.CRITICAL_CONTENT
    assert found[share_of(Q), None] is Absent.NOTHING_TO_MEASURE


def test_the_reader_that_ships_tells_plain_techniques() -> None:
    """The served reader tells an open question and a reflection from one another."""
    given = talk(
        "I have smoked for twenty years and I am sick of it.",
        "You are tired of it. What would you like to change?",
    )
    opinions = load_reader(version_folder(READER))[1].read(pairs_to_read(given))
    found = take(TechniqueMeasure(), given, hear(given, opinions, ANSWERS))
    (labels,) = (each.labels for each in found if each.quantity == HEARD)
    assert Technique.OPEN_QUESTION in labels
    assert {Technique.COMPLEX_REFLECTION, Technique.SIMPLE_REFLECTION} & set(labels)
