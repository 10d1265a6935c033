"""A reason says in plain words what is heard in the sentence that carries a level, and quotes it."""

from itertools import product
from typing import Any

import pytest

from stream.contracts.rubric import Technique
from stream.contracts.vocabulary import Level, Mechanism
from stream.feedback.gate.blame import contains_blame
from stream.feedback.models.answer import MAX_REASON
from tests.triton_models.feedback_baseline.loading import assess, part, ratings

reasons, evidence, opinions, text = part("reasons"), part("evidence"), part("opinions"), part("text")
CLIENT = "The diary is pointless. I make up numbers on Sunday."
EVERY_RATED_LEVEL = [*product(Mechanism, (Level.WEAK, Level.STRONG))]


def reason(mechanism: Mechanism, reply: str) -> str:
    """Return the reason for the level of a mechanism."""
    found: str = ratings(assess(CLIENT, reply))[mechanism]["reason"]
    return found


def sentence(words: str, number: int = 2) -> Any:
    """Return a sentence of a message."""
    return text.Sentence(number, words, words.lower())


def heard(words: str, technique: str, share: float = 1.0, alone: float = 1.0, sure: float = 0.9) -> Any:
    """Return a sentence with what is heard in it; every level hangs on it alike."""
    return evidence.Heard(
        sentence(words),
        dict.fromkeys(opinions.MECHANISMS, share),
        opinions.Choice(technique, sure),
        dict.fromkeys(opinions.MECHANISMS, alone),
    )


def why(mechanism: str, level: int, said: list[Any], client: Any = None) -> Any:
    """Return the reason of a mechanism in a reply in which no other one is below strong."""
    return reasons.why(mechanism, level, said, client, reasons.oppositions({mechanism: level}, said).get(mechanism))


def test_every_level_and_mechanism_has_its_words() -> None:
    """Each mechanism and level has its words."""
    assert set(reasons.AGAINST) == set(reasons.STRENGTHS) == set(Mechanism)
    assert set(reasons._LACKS) == set(Mechanism)
    assert set(reasons._GENERAL) == set(reasons._BY_TECHNIQUE) == set(EVERY_RATED_LEVEL)


def test_only_techniques_of_the_rubric_are_spoken_of() -> None:
    """Words by technique stand under names that the rubric knows."""
    assert all(set(words) <= set(Technique) for words in reasons.AGAINST.values())
    assert all(set(words) <= set(Technique) for words in reasons._BY_TECHNIQUE.values())


def test_a_strong_level_says_what_its_sentence_does() -> None:
    """The reason of a strong level quotes a sentence and says how it expresses the mechanism."""
    assert reason(Mechanism.RESPECT_FOR_AUTONOMY, "Okay. It's up to you.") == (
        "“It's up to you” says that the choice is the client's."
    )


def test_a_weak_level_says_how_far_its_sentence_goes() -> None:
    """The reason of a weak level says how far the sentence goes, and quotes the client's words beside it."""
    assert reason(Mechanism.EMOTIONAL_RESONANCE, "That must be hard.") == (
        "“That must be hard” acknowledges a feeling in words that would fit anybody."
        " The client had said: “The diary is pointless”."
    )


def test_a_weak_level_keeps_its_evidence_from_the_reply_first() -> None:
    """The evidence of a weak level is the sentence of the reply, then the client's words."""
    rating = ratings(assess(CLIENT, "That must be hard."))[Mechanism.EMOTIONAL_RESONANCE]
    assert rating["evidence"] == [
        {"message": 2, "quote": "That must be hard."},
        {"message": 1, "quote": "The diary is pointless."},
    ]


def test_a_divided_reply_has_both_sides_in_its_reason() -> None:
    """A level that one sentence carries and another lowers says what each does, and quotes both."""
    rating = ratings(assess(CLIENT, "It's up to you. You should keep at it."))[Mechanism.RESPECT_FOR_AUTONOMY]
    assert rating["reason"] == (
        "“It's up to you” says that the choice is the client's."
        " Against it, “You should keep at it” gives advice that was not asked for."
    )
    assert [each["quote"] for each in rating["evidence"]] == ["It's up to you.", "You should keep at it."]


def test_a_divided_reply_says_of_a_weak_sentence_that_it_is_weak() -> None:
    """Of a sentence that is weak by itself a divided reply's reason says no more than that."""
    weak = heard("Fair enough.", "minimal")
    against = heard("You are wrong.", "confrontation", share=-1.0)
    assert why("stance_alignment", Level.WEAK, [weak, against]).text == (
        "“Fair enough” touches on the client's view without saying it back and letting it stand."
        " Against it, “You are wrong” disagrees with the client."
    )


@pytest.mark.parametrize("technique", ["confrontation", "advice_without_permission", "chit_chat"])
def test_a_technique_that_does_not_fit_a_level_is_not_named(technique: str) -> None:
    """A strong level never says in one breath that its sentence argues, advises or turns away."""
    found = why("stance_alignment", Level.STRONG, [heard("So.", technique)])
    assert found.text == "“So” takes up the client's view and lets it stand."


def test_a_technique_that_is_only_likely_is_not_named() -> None:
    """A technique that the reader is unsure of is not told; the level's own words are."""
    unsure = heard("Whether you go?", "emphasize_autonomy", sure=0.7)
    assert why("respect_for_autonomy", Level.STRONG, [unsure]).text == (
        "“Whether you go?” leaves the choice to the client."
    )


def test_no_expression_says_so_and_quotes_nothing_of_the_reply() -> None:
    """Where a reply expresses nothing, the reason says what is not there."""
    rating = ratings(assess(CLIENT, "Okay."))[Mechanism.CONVERSATIONAL_ORIENTATION]
    assert rating["reason"] == "Nothing was found in the reply that the client could go on with."
    assert rating["evidence"] == []


@pytest.mark.parametrize("mechanism", [Mechanism.STANCE_ALIGNMENT, Mechanism.EMOTIONAL_RESONANCE])
def test_what_went_unanswered_is_quoted_from_the_client(mechanism: Mechanism) -> None:
    """A view or a feeling that went unanswered is shown in the client's words that most want an answer."""
    rating = ratings(assess(CLIENT, "Okay."))[mechanism]
    assert rating["evidence"] == [{"message": 1, "quote": "The diary is pointless."}]
    assert rating["reason"].endswith("The client had said: “The diary is pointless”.")


def test_a_single_word_of_the_clients_is_quoted_only_where_there_is_no_more() -> None:
    """A word that resists says little by itself; the client's next words are quoted instead, if there are any."""
    for client, quoted in (("Pointless. I make up numbers.", "I make up numbers"), ("Pointless.", "Pointless")):
        rating = ratings(assess(client, "Okay."))[Mechanism.STANCE_ALIGNMENT]
        assert rating["reason"].endswith(f"The client had said: “{quoted}”.")


def test_no_expression_names_the_sentence_that_stands_against_it() -> None:
    """Where a sentence works against a mechanism, the reason of no expression says what it does."""
    against = heard("You are wrong.", "confrontation", share=-1.0)
    found = why("stance_alignment", Level.NONE, [against], sentence("it is pointless", 1))
    assert found.text == (
        "No words were found in the reply that take up how the client sees the matter."
        " Instead, “You are wrong” disagrees with the client."
        " The client had said: “it is pointless”."
    )
    assert found.evidence == ((1, "it is pointless"),)


def test_no_expression_of_autonomy_says_that_nothing_presses() -> None:
    """Where no sentence is heard as advice or argument, the reason of no autonomy says so."""
    plain = heard("On Sundays, then.", "simple_reflection", sure=0.4)
    assert why("respect_for_autonomy", Level.NONE, [plain]).text == (
        "No words were found in the reply that say whose choice this is. Nothing was found in it that presses, either."
    )


@pytest.mark.parametrize("technique", ["advice_without_permission", "confrontation", "information", "normalizing"])
def test_whether_a_reply_presses_is_left_open_where_that_is_unsure(technique: str) -> None:
    """Where a sentence may press, by advice or facts, the reason of no autonomy says neither that it does nor not."""
    perhaps = heard("Sunday would be best.", technique, sure=0.4)
    assert why("respect_for_autonomy", Level.NONE, [perhaps]).text == (
        "No words were found in the reply that say whose choice this is."
    )


def test_a_single_sentence_that_presses_is_named_though_nothing_else_is_there() -> None:
    """Where a reply of one sentence expresses nothing, the reason says what it does instead."""
    pressing = heard("You have to fill it in.", "advice_without_permission", share=0.1, alone=0.1)
    assert why("respect_for_autonomy", Level.NONE, [pressing]).text == (
        "No words were found in the reply that say whose choice this is."
        " Instead, “You have to fill it in” gives advice that was not asked for."
    )


def test_what_works_against_another_mechanism_is_not_named() -> None:
    """A sentence is held against the mechanisms alone that it works against."""
    arguing = heard("You are wrong.", "confrontation", share=-1.0)
    found = why("emotional_resonance", Level.NONE, [arguing])
    assert found.text == "No words were found in the reply that name a feeling of the client's."


@pytest.mark.parametrize(
    ("technique", "told_at"),
    [
        ("confrontation", Mechanism.STANCE_ALIGNMENT),
        ("advice_without_permission", Mechanism.RESPECT_FOR_AUTONOMY),
        ("information", Mechanism.STANCE_ALIGNMENT),
        ("structure", Mechanism.CONVERSATIONAL_ORIENTATION),
    ],
)
def test_a_sentence_is_held_against_one_mechanism_alone(technique: str, told_at: Mechanism) -> None:
    """A sentence that works against several mechanisms is told at the one that it costs most."""
    said = [heard("You are wrong.", technique, share=-1.0)]
    assert reasons.oppositions(dict.fromkeys(Mechanism, Level.NONE), said) == {told_at: said[0]}


def test_a_sentence_is_told_elsewhere_where_the_level_it_costs_most_is_strong() -> None:
    """Where the mechanism that it costs most is strong, a sentence is told at the first one that is not."""
    said = [heard("You are wrong.", "confrontation", share=-1.0)]
    levels = dict.fromkeys(Mechanism, Level.NONE) | {Mechanism.STANCE_ALIGNMENT: Level.STRONG}
    assert reasons.oppositions(levels, said) == {Mechanism.RESPECT_FOR_AUTONOMY: said[0]}


def test_a_sentence_of_an_unsure_technique_is_not_held_against_a_reply() -> None:
    """A sentence that lowers a level says nothing where the reader is not sure of its technique."""
    unsure = heard("Well.", "information", share=-1.0, sure=0.5)
    found = why("conversational_orientation", Level.NONE, [unsure])
    assert found.text == "Nothing was found in the reply that the client could go on with."


def test_a_turn_without_words_is_not_quoted() -> None:
    """Where the client said nothing in words there is nothing to quote."""
    said = heard("Okay.", "minimal")
    found = why("stance_alignment", Level.NONE, [said])
    assert found == reasons.Reason("No words were found in the reply that take up how the client sees the matter.")


def test_a_quotation_that_was_cut_says_so_and_stays_verbatim_as_evidence() -> None:
    """A long sentence ends in an ellipsis in the reason, and in its own words in the evidence."""
    long = heard("word " * 60 + "end.", "minimal")
    found = why("conversational_orientation", Level.STRONG, [long])
    ((_, quote),) = found.evidence
    assert long.sentence.raw.startswith(quote)
    assert f"“{quote}…”" in found.text


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("mechanism", list(Mechanism))
def test_the_longest_reason_can_be_shown(mechanism: Mechanism, level: Level) -> None:
    """The longest reason keeps to the bound of an answer, and blames nobody."""
    words = {name: text for own in reasons._BY_TECHNIQUE.values() for name, text in own.items()}
    long = heard("a" * 300, max(words, key=lambda name: len(words[name])))
    other = heard("b" * 300, "information", share=-1.0)
    found = why(mechanism, level, [long, other], sentence("c" * 300, 1))
    assert len(found.text) <= MAX_REASON
    assert not contains_blame(found.text, "")


def test_no_phrase_of_a_reason_blames_anybody() -> None:
    """What is said of a reply is about the reply, without a word of blame."""
    phrases = [*reasons.STRENGTHS.values(), *(phrase for own in reasons.AGAINST.values() for phrase in own.values())]
    phrases += [*reasons._LACKS.values(), *reasons._GENERAL.values()]
    phrases += [phrase for own in reasons._BY_TECHNIQUE.values() for phrase in own.values()]
    assert not [phrase for phrase in phrases if contains_blame(phrase, "")]
