"""What a sentence adds to a level is found by leaving it out."""

from typing import Any

import pytest

from tests.fixtures.scripted_reader import scripted_answers
from tests.triton_models.feedback_baseline.loading import baseline, part, reader, request

evidence = part("evidence")
ANSWERS = scripted_answers(baseline())
CLIENT = "The diary is pointless."


def hear(reply: str | list[str]) -> list[Any]:
    """Return what is heard in a reply."""
    own = reader()
    moment = part("moment").read_request(request(CLIENT, reply))
    (whole,) = own.read([(moment.client_end, moment.reply_text)])
    alone = evidence.read_alone(moment.client_end, moment.reply, own.read)
    heard: list[Any] = evidence.hear_sentences(moment, whole, alone, own.read, ANSWERS)
    return heard


def test_a_sentence_without_which_the_level_falls_carries_it() -> None:
    """The sentence that carries a level is the one whose absence costs most."""
    heard = hear("Okay. It's up to you. Fair enough.")
    carrier = evidence.carrier(heard, "respect_for_autonomy")
    assert carrier.sentence.raw == "It's up to you."
    assert carrier.share["respect_for_autonomy"] == pytest.approx(2.0, abs=0.01)
    assert evidence.carrier(heard, "stance_alignment").sentence.raw == "Fair enough."


def test_the_only_sentence_of_a_reply_carries_everything() -> None:
    """A reply of one sentence has its levels by that sentence, and nothing is left to read without it."""
    (heard,) = hear("It's up to you.")
    assert heard.share["respect_for_autonomy"] == pytest.approx(2.0, abs=0.01)
    assert evidence.opponent([heard], "respect_for_autonomy") is None


def test_a_sentence_without_which_the_level_rises_works_against_it() -> None:
    """A sentence works against a mechanism where the rest would express it noticeably more."""
    heard = hear("It's up to you. You should keep at it.")
    assert evidence.opponent(heard, "respect_for_autonomy").sentence.raw == "You should keep at it."
    assert evidence.opponent(heard, "stance_alignment") is None


def test_a_technique_is_that_of_the_sentence_by_itself() -> None:
    """A sentence has the technique that it has by itself, whatever stands beside it."""
    first, second = hear("It's up to you. You should keep at it.")
    assert first.technique.name == "emphasize_autonomy"
    assert second.technique.name == "advice_without_permission"


def test_a_sentence_said_twice_is_heard_twice() -> None:
    """Two sentences of the same words stay two, each in its message."""
    assert [each.sentence.number for each in hear(["Okay.", "Okay."])] == [2, 3]


def test_only_the_first_sentences_are_left_out_one_by_one() -> None:
    """Of a long reply the first twelve sentences are heard, since each costs a reading."""
    assert len(hear(" ".join(f"Okay {number}." for number in range(30)))) == evidence.MAX_LEFT_OUT
