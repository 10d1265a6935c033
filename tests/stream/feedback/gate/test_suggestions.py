"""Forbidden wordings in a suggested reply are found, and plain replies pass."""

import json

import pytest

from stream.contracts.rubric import RUBRIC
from stream.contracts.vocabulary import Level, Mechanism
from stream.feedback.gate.suggestions import Fault, find_fault
from stream.model_repository import version_folder

LIBRARY = json.loads((version_folder("feedback_baseline") / "library.json").read_text())["entries"]


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault.CLAIMS, "I know how that feels."),
        (Fault.CLAIMS, "I know exactly what you are going through."),
        (Fault.CLAIMS, "I understand how it feels to be left."),
        (Fault.CLAIMS, "I\u2019ve been there myself."),
        (Fault.CLAIMS, "I have also been through a divorce."),
        (Fault.CLAIMS, "When I was your age, I felt lost too."),
        (Fault.CLAIMS, "Me too, honestly."),
        (Fault.CLAIMS, "As a mother, I can tell you that sleep comes back."),
        (Fault.CLAIMS, "I'm a recovering drinker and it gets easier."),
        (Fault.CLAIMS, "My own divorce took me years."),
        (Fault.CLAIMS, "I'm so sad to read this."),
        (Fault.CLAIMS, "It breaks my heart to read this."),
        (Fault.CLAIMS, "I feel your pain."),
        (Fault.CLAIMS, "I care about you."),
        (Fault.UNSAFE, "One drink won't hurt."),
        (Fault.UNSAFE, "It's okay to cut sometimes."),
        (Fault.UNSAFE, "Don't tell anyone about this."),
        (Fault.UNSAFE, "We can keep that between us."),
        (Fault.UNSAFE, "Text me at any time."),
        (Fault.UNSAFE, "Have a look at https://example.org."),
        (Fault.CLINICAL, "Maybe stop taking your antidepressants for a week."),
        (Fault.CLINICAL, "Skip the evening dose then."),
        (Fault.CLINICAL, "It sounds as if you have depression."),
        (Fault.CLINICAL, "You probably have a panic disorder."),
        (Fault.CLINICAL, "You're bipolar, it seems."),
        (Fault.PROMISE, "I promise you will sleep again."),
        (Fault.PROMISE, "Everything will be fine."),
        (Fault.PROMISE, "It will surely get better."),
        (Fault.PROMISE, "Don't worry about it."),
        (Fault.PRESSES, "You should call your sister."),
        (Fault.PRESSES, "That is hard, but you need to talk to him."),
        (Fault.PRESSES, "I think you must rest."),
    ],
)
def test_a_fault_is_named(fault: Fault, text: str) -> None:
    """A fault is named by the first list that contains the wording, whatever the apostrophes."""
    assert find_fault(text) is fault


@pytest.mark.parametrize(
    "text",
    [
        "That sounds lonely. What would you want to be different?",
        "You don't have to decide that today.",
        "I'm sorry, I went too fast. What did I miss?",
        "I hear that the diary felt like one more task.",
        "What do you think you need to feel a bit safer this week?",
        "Would it help to talk about what the doctor said on the tablets?",
        "You said you feel sad and left alone with it.",
        "I wonder whether I have pushed you there.",
        "It makes sense to be wary of one more person who asks.",
        "My question was about last week; would you rather talk about tonight?",
        "I understand that you would rather not go there.",
        "",
    ],
)
def test_a_plain_reply_passes(text: str) -> None:
    """Feelings of the client's, the counsellor's own mistake, open questions."""
    assert find_fault(text) is None


def test_words_quoted_from_the_conversation_are_not_the_counsellors() -> None:
    """Words quoted from the conversation are not treated as the counsellor's own claims."""
    said = "My mother says it's nothing, and I felt lost."
    quoting = "You said “My mother says it's nothing”. What would you want her to see?"
    assert find_fault(quoting, said) is None
    assert find_fault(quoting, "Fine.") is Fault.CLAIMS
    assert find_fault(quoting + " When I was ill, nobody saw it.", said) is Fault.CLAIMS


def test_the_library_of_written_replies_holds_to_it() -> None:
    """What the baseline suggests is held to what a language model's suggestions are."""
    assert not [entry["id"] for entry in LIBRARY if find_fault(entry["text"])]


@pytest.mark.parametrize("mechanism", Mechanism)
def test_what_the_rubric_calls_strong_could_be_suggested(mechanism: Mechanism) -> None:
    """The floor must not cut off the best replies we know."""
    for example in RUBRIC[mechanism].levels[Level.STRONG].examples:
        assert find_fault(example.reply) is None
