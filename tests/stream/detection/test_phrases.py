"""Tests of the phrases that show resistance, and of the same words where they do not."""

import pytest

from stream.contracts.vocabulary import ResistanceType as R
from stream.detection.phrases import STRENGTH, find_phrases

RESISTS = [
    (R.CHALLENGING, "that's not what i said"),
    (R.CHALLENGING, "You\u2019re putting words in my mouth"),
    (R.CHALLENGING, "how would you know"),
    (R.CHALLENGING, "are you saying i drink too much"),
    (R.DISCOUNTING, "u dont get it"),
    (R.DISCOUNTING, "have you ever even smoked"),
    (R.DISCOUNTING, "this is a waste of time"),
    (R.DISCOUNTING, "this isnt helping"),
    (R.BLAMING, "it's all her fault"),
    (R.BLAMING, "he should be here, not me"),
    (R.DISAGREEING, "I don't think that would help"),
    (R.DISAGREEING, "that won't work"),
    (R.DISAGREEING, "I've already tried that"),
    (R.EXCUSING, "i don't have time for that"),
    (R.EXCUSING, "can't afford it"),
    (R.MINIMIZING, "its not a big deal"),
    (R.MINIMIZING, "everyone does it"),
    (R.MINIMIZING, "I can stop any time"),
    (R.PESSIMISM, "what's the point"),
    (R.PESSIMISM, "nothing ever works"),
    (R.PESSIMISM, "i've given up"),
    (R.RELUCTANCE, "i'm not sure about that"),
    (R.RELUCTANCE, "do i have to"),
    (R.UNWILLINGNESS, "I don't want to change"),
    (R.UNWILLINGNESS, "no intention of stopping"),
    (R.UNWILLINGNESS, "why should i stop"),
    (R.LIMIT_SETTING, "i don't want to talk about it"),
    (R.LIMIT_SETTING, "none of your business"),
    (R.LIMIT_SETTING, "next question"),
    (R.SIDETRACKING, "btw did you see the game"),
]


@pytest.mark.parametrize(("behaviour", "text"), RESISTS)
def test_a_resisting_phrase_is_found_under_its_behaviour(behaviour: R, text: str) -> None:
    """A resisting phrase is found under its behaviour, with or without apostrophes and in any case."""
    assert behaviour in {phrase.behaviour for phrase in find_phrases(text)}
    assert behaviour in {phrase.behaviour for phrase in find_phrases(text.upper())}


@pytest.mark.parametrize(
    "text",
    [
        "She said she doesn't want to change",
        "He told me it's not a big deal",
        "I thought nothing ever works",
        "my mum says i can stop any time",
        "I used to say what's the point",
        "I told her I don't want to talk about it",
        "everyone thinks it's all her fault",
    ],
)
def test_reported_words_are_not_the_clients_own(text: str) -> None:
    """A phrase that reports the words of a third person or of the client's former self is not found."""
    assert find_phrases(text) == []


def test_a_phrase_told_to_the_counsellor_is_found() -> None:
    """A phrase after `I told you` is found, because it is addressed to this counsellor."""
    assert find_phrases("I told you I don't want to talk about it")


def test_a_phrase_after_a_report_is_found() -> None:
    """A phrase in the sentence after a report is found."""
    assert find_phrases("My wife says I should. I don't want to change.")


@pytest.mark.parametrize("reply", ["fine", "idk", "I don't know", "ok.", "Nothing really", "whatever", "yeah"])
def test_a_perfunctory_answer_to_an_open_question_is_minimum_talk(reply: str) -> None:
    """A message that is only a perfunctory answer to an open question is minimum talk."""
    (found,) = [p for p in find_phrases(reply, "That helps. How was it for you?") if p.end == len(reply)]
    assert found.behaviour is R.MINIMUM_TALK
    assert found.strength == STRENGTH["weak"]


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("Did you take the tablet?", "yeah"),
        ("How many did you smoke?", "nothing"),
        ("How long did it last?", "not a lot"),
        ("How was it? Was it Tuesday?", "yes"),
        ("How was it for you?", "fine until my brother came and we had to leave"),
        (None, "fine"),
        ("", "fine"),
    ],
)
def test_a_short_answer_to_a_closed_question_is_not_minimum_talk(question: str | None, reply: str) -> None:
    """A short answer to a closed question, or to no question, is not minimum talk."""
    assert R.MINIMUM_TALK not in {phrase.behaviour for phrase in find_phrases(reply, question)}


def test_a_phrase_has_its_span() -> None:
    """A phrase has its span in code points of the text as typed."""
    text = "\U0001f600 ok. It\u2019s not a big deal!"
    spans = {text[phrase.start : phrase.end] for phrase in find_phrases(text)}
    assert any("not a big deal" in span for span in spans)


def test_a_plain_answer_has_no_phrase() -> None:
    """An ordinary answer has no phrase."""
    assert find_phrases("I walked to work twice this week and slept well", "How was your week?") == []


def test_strengths_lie_between_0_and_1_and_are_in_order() -> None:
    """Strengths lie between 0 and 1, as the combination of scores requires, and `strong` exceeds `weak`."""
    assert 0 < STRENGTH["weak"] < STRENGTH["strong"] < 1
