"""The baseline takes a clause of the client's words and says it back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triton_models.feedback_baseline.loading import part

own_words = part("own_words")
text = part("text")


def key(*messages: str) -> str | None:
    """The key clause of a client turn."""
    sentences = [s for number, message in enumerate(messages, 1) for s in text.sentences(number, message)]
    fragment = own_words.key_fragment(sentences)
    return None if fragment is None else str(fragment.words)


def shifted(clause: str) -> str | None:
    """A clause as it is said to the client."""
    said: str | None = own_words.shifted(own_words.Fragment(text.Sentence(1, clause, text.fold(clause)), None))
    return said


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("I'm only here because my doctor sent me. I don't want to stop drinking.", "I don't want to stop drinking"),
        ("You keep asking how I am. Nobody listens at work, so why would you?", "Nobody listens at work"),
        ("I don't know what to say. It goes nowhere.", "It goes nowhere"),
        ("Honestly, these exercises are a joke!", "these exercises are a joke"),
        ("Well, I went to the shop, and I bought bread.", "I bought bread"),
        ("The weather was lovely. I walked along the river.", "I walked along the river"),
        ("the cravings", "the cravings"),
        ("but it is so hard to quit", "it is so hard to quit"),
        ("i have tried patches and nothing works", "nothing works"),
    ],
)
def test_the_clause_that_tells_how_the_client_stands_is_taken_up(message: str, expected: str) -> None:
    """Refusal, doubt and the like first, then what is said of oneself, then the latest."""
    assert key(message) == expected


@pytest.mark.parametrize("message", ["", "ok", "idk", "yes no maybe", "???", "🙃🙃🙃", "I am not sure", "so what"])
def test_a_turn_that_says_nothing_by_itself_gives_no_words(message: str) -> None:
    """A turn that says nothing by itself gives no words to quote."""
    assert key(message) is None


def test_a_long_clause_is_not_recited() -> None:
    """More than a breath of the client's words is a recital."""
    assert key("I really want to tell you all about " + "the very long story of that awful job " * 4) is None


def test_a_quotation_is_not_quoted_again() -> None:
    """Marks inside marks confuse who said what."""
    assert key('She said "you never listen to anybody"') is None


def test_the_latest_message_of_a_turn_wins() -> None:
    """The latest message of a turn is preferred, because people often end with their main point."""
    assert key("I don't want to go there", "I don't want to see her") == "I don't want to see her"


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("I don't want to stop drinking", "you don't want to stop drinking"),
        ("I'm tired of my job", "you're tired of your job"),
        ("im done with this", "you're done with this"),
        ("I am sure I was right", "you are sure you were right"),
        ("I've told my wife about myself", "you've told your wife about yourself"),
        ("I'd rather keep it to me", "you'd rather keep it to you"),
        ("I\u2019ll stop when I\u2019m ready", "you'll stop when you're ready"),
        ("i think it was a waste of Tuesday", "you think it was a waste of Tuesday"),
    ],
)
def test_a_clause_about_the_client_is_put_into_the_second_person(clause: str, expected: str) -> None:
    """A clause about the client is put into the second person."""
    assert shifted(clause) == expected


@pytest.mark.parametrize(
    "clause",
    [
        "I don't trust you",
        "I think your questions are odd",
        "We can't go on",
        "I wish we could talk",
        "It goes nowhere",
        "my boss is the problem",
        "nothing works",
        "I DON'T WANT TO STOP",
        "I saw [CLIENT_1] yesterday",
        "I like <b>this</b>",
    ],
)
def test_a_clause_that_cannot_be_shifted_safely_is_left_alone(clause: str) -> None:
    """A "you" would change its person, a "we" its meaning; such words are quoted instead."""
    assert shifted(clause) is None


@given(st.text())
def test_words_taken_up_are_the_client_s(message: str) -> None:
    """A quoted clause is a slice of the client's message, whatever was typed."""
    found = key(message)
    assert found is None or found in message


WORDS = (
    "I",
    "I'm",
    "im",
    "I've",
    "my",
    "me",
    "you",
    "we",
    "am",
    "was",
    "not",
    "sure",
    "tired",
    "of",
    "it",
    "MYSELF",
    "😶",
)


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12))
def test_a_shifted_clause_never_speaks_of_the_first_person(spoken: list[str]) -> None:
    """The counsellor would speak of himself."""
    said = shifted(" ".join(spoken))
    assert said is None or not re.search(r"\b(?:i|i'm|im|my|me|myself)\b", said.lower())
