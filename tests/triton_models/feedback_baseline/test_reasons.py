"""A reason says in plain words what is heard in the sentence that carries a level, and quotes it."""

from itertools import product
from typing import Any

import pytest

from stream.contracts.rubric import MISTAKES, Technique
from stream.contracts.vocabulary import Level, Mechanism
from stream.feedback.gate.blame import contains_blame
from stream.feedback.models.answer import MAX_REASON
from tests.triton_models.feedback_baseline.loading import assess, part, ratings

reasons, evidence, opinions, text = part("reasons"), part("evidence"), part("opinions"), part("text")
CLIENT = "The diary is pointless. I make up numbers on Sunday."


def reason(mechanism: Mechanism, reply: str) -> str:
    """Return the reason for the level of a mechanism."""
    found: str = ratings(assess(CLIENT, reply))[mechanism]["reason"]
    return found


def sentence(words: str, number: int = 2) -> Any:
    """Return a sentence of a message."""
    return text.Sentence(number, words, words.lower())


def heard(words: str, technique: str, mistake: str = "none", share: float = 1.0) -> Any:
    """Return a sentence with what is heard in it; every level hangs on it alike."""
    shares = dict.fromkeys(opinions.MECHANISMS, share)
    return evidence.Heard(sentence(words), shares, opinions.Choice(technique, 0.9), opinions.Choice(mistake, 0.9))


def test_every_technique_mistake_level_and_mechanism_has_its_words() -> None:
    """Whatever the reader hears can be said."""
    assert set(reasons.DOES) == set(Technique)
    assert set(reasons.MISTAKE_DOES) == {mistake.code for mistake in MISTAKES}
    assert set(reasons.STRENGTHS) == set(Mechanism)
    assert set(reasons._LACKS) == set(Mechanism)
    assert set(reasons._CARRIES) == set(product(Mechanism, (Level.WEAK, Level.STRONG)))


def test_a_strong_level_says_what_its_sentence_does() -> None:
    """The reason of a strong level quotes a sentence, says what it does and what that expresses."""
    assert reason(Mechanism.RESPECT_FOR_AUTONOMY, "Okay. It's up to you.") == (
        "“It's up to you.” speaks of the client's own choice and leaves the choice to the client."
    )


def test_a_weak_level_says_what_is_missing() -> None:
    """The reason of a weak level says in what the sentence falls short."""
    assert reason(Mechanism.EMOTIONAL_RESONANCE, "That must be hard.") == (
        "“That must be hard.” says back what the client said and touches a feeling in words that would fit anybody."
    )


def test_a_divided_reply_has_both_sides_in_its_reason() -> None:
    """A level that one sentence carries and another lowers quotes both, and names the mistake."""
    rating = ratings(assess(CLIENT, "It's up to you. You should keep at it."))[Mechanism.RESPECT_FOR_AUTONOMY]
    assert rating["reason"] == (
        "“It's up to you.” speaks of the client's own choice, but “You should keep at it.” says what to do, and nobody"
        " has asked."
    )
    assert [each["quote"] for each in rating["evidence"]] == ["It's up to you.", "You should keep at it."]


def test_no_expression_says_so_and_quotes_nothing_of_the_reply() -> None:
    """Where a reply expresses nothing, the reason says what is not there."""
    rating = ratings(assess(CLIENT, "Okay."))[Mechanism.CONVERSATIONAL_ORIENTATION]
    assert rating["reason"] == "The reply opens nothing the client could go on with."
    assert rating["evidence"] == []


@pytest.mark.parametrize("mechanism", [Mechanism.STANCE_ALIGNMENT, Mechanism.EMOTIONAL_RESONANCE])
def test_what_went_unanswered_is_quoted_from_the_client(mechanism: Mechanism) -> None:
    """A view or a feeling that went unanswered is shown in the client's words that most want an answer."""
    rating = ratings(assess(CLIENT, "Okay."))[mechanism]
    assert rating["evidence"] == [{"message": 1, "quote": "The diary is pointless."}]
    assert rating["reason"].endswith("The client had said: “The diary is pointless.”")


def test_no_expression_names_the_sentence_that_stands_against_it() -> None:
    """Where a sentence works against a mechanism, the reason of no expression begins with it."""
    against = heard("You are wrong.", "confrontation", "arguing_for_change", share=-1.0)
    found = reasons.why("stance_alignment", Level.NONE, against, [against], sentence("it is pointless", 1))
    assert found.text == (
        "“You are wrong.” argues for a change; the reply does not take up how the client sees the matter."
        " The client had said: “it is pointless”"
    )
    assert found.evidence == ((1, "it is pointless"),)


def test_a_mistake_that_is_only_likely_is_not_named() -> None:
    """A mistake that the reader is unsure of is not told; the technique is."""
    unsure = evidence.Heard(
        sentence("You are wrong."),
        dict.fromkeys(opinions.MECHANISMS, -1.0),
        opinions.Choice("confrontation", 0.9),
        opinions.Choice("arguing_for_change", 0.4),
    )
    assert "disagrees or corrects" in reasons.why("stance_alignment", Level.NONE, unsure, [unsure], None).text


def test_a_turn_without_words_is_not_quoted() -> None:
    """Where the client said nothing in words there is nothing to quote."""
    said = heard("Okay.", "minimal")
    found = reasons.why("stance_alignment", Level.NONE, said, [said], None)
    assert found == reasons.Reason("The reply does not take up how the client sees the matter.")


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("mechanism", list(Mechanism))
def test_the_longest_reason_can_be_shown(mechanism: Mechanism, level: Level) -> None:
    """The longest reason keeps to the bound of an answer, and blames nobody."""
    does, mistake = max(reasons.DOES, key=lambda name: len(reasons.DOES[name])), "premature_problem_solving"
    long = heard("a" * 300, does)
    other = heard("b" * 300, does, mistake, share=-1.0)
    found = reasons.why(mechanism, level, long, [long, other], sentence("c" * 300, 1))
    assert len(found.text) <= MAX_REASON
    assert not contains_blame(found.text, "")


def test_no_phrase_of_a_reason_blames_anybody() -> None:
    """What is said of a reply is about the reply, without a word of blame."""
    phrases = [*reasons.DOES.values(), *reasons.MISTAKE_DOES.values(), *reasons.STRENGTHS.values()]
    phrases += [*reasons._LACKS.values(), *reasons._CARRIES.values()]
    assert not [phrase for phrase in phrases if contains_blame(phrase, "")]
