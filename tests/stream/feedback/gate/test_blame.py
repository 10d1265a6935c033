"""Words that no feedback may use about a client."""

import pytest

from stream.feedback.gate.blame import contains_blame


@pytest.mark.parametrize(
    "words",
    [
        "The client is being manipulative.",
        "A non-compliant answer.",
        "She is in denial about it.",
        "This is a difficult client.",
        "He seems LAZY.",
        "It was the client's own fault.",
        "A resistant client needs patience.",
        "Typical of an addict.",
    ],
)
def test_blame_and_labels_are_noticed(words: str) -> None:
    """Blame and labels are noticed in any case and in the middle of a sentence."""
    assert contains_blame(words, "I don't want to talk.")


@pytest.mark.parametrize(
    "words",
    [
        "The reply argues with what the client said.",
        "The reply passes over the client's worry.",
        "It denies nothing and adds a choice.",
        "The client turned the exercise down.",
        "",
    ],
)
def test_plain_words_about_an_interaction_pass(words: str) -> None:
    """Describing what was said is the whole point."""
    assert not contains_blame(words, "I don't want to talk.")


def test_words_of_the_conversation_may_be_quoted() -> None:
    """A client who calls himself lazy may be quoted; what is added to it may not."""
    assert not contains_blame('The reply leaves "I am lazy" unanswered.', "I am LAZY, that's all")
    assert contains_blame("A lazy, stubborn client.", "I am lazy, that's all")
