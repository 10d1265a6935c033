"""Copies among written exchanges, and of what models are measured on, are found by runs of five words."""

import tomllib
from pathlib import Path

import pytest

from plugin.models.check.stimuli import attack_styles
from stream.contracts.rubric import HARD_CASES, MISTAKES, RUBRIC
from stream.contracts.vocabulary import Mechanism
from tests.training.corpora.samples import parsed, reply
from training.corpora.overlap import (
    copied_from_evaluation,
    evaluation_texts,
    near_duplicates,
    runs,
    stimuli_folder,
    texts_of,
)
from training.reader.planted import load_planted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", set()),
        ("one two three four", set()),
        ("One, two; three? four: FIVE!", {("one", "two", "three", "four", "five")}),
        ("don\u2019t do that to me", {("don't", "do", "that", "to", "me")}),
        ("a b c d e f", {("a", "b", "c", "d", "e"), ("b", "c", "d", "e", "f")}),
    ],
)
def test_a_run_is_five_words_whatever_stands_between_them(text: str, expected: set[tuple[str, ...]]) -> None:
    """Capitals, marks and kinds of apostrophe make no other run."""
    assert runs(text) == expected


def test_all_that_an_exchange_says_is_compared() -> None:
    """The client's turn, both replies and the better reply are compared."""
    assert list(texts_of(parsed())) == [
        "I left it it changes nothing",
        "You should try again.",
        "It is yours to leave.",
        "What would you put in its place?",
    ]
    assert len(list(texts_of(parsed(better="")))) == 3


def test_a_copy_of_an_evaluation_text_is_named_with_its_words() -> None:
    """An exchange that shares five words with an evaluation text is named once, with the set and the words."""
    copied = parsed(replies=[reply("As you said, and what would you like to try?")])
    (found,) = copied_from_evaluation(
        [copied, parsed(id="Z-002")], [("rubric", "So what would you like to do instead?")]
    )
    assert (found.id, found.other, found.words) == ("Z-001", "rubric", "what would you like to")


def test_four_words_are_a_turn_of_phrase() -> None:
    """Four words in a row are no copy."""
    assert copied_from_evaluation([parsed()], [("rubric", "Never say what would you put it like.")]) == []


def test_of_two_near_duplicates_the_later_is_named() -> None:
    """Two exchanges with a text of the same words are copies, and the later one is named with the other."""
    long = ["my sister sold the house without a word to me"]
    changed = ["my sister sold the house without a word to anybody"]
    first, second = parsed(id="Y-001", client=long), parsed(id="Z-001", client=changed, replies=[], better="")
    (found,) = near_duplicates([first, second])
    assert (found.id, found.other) == ("Z-001", "Y-001")


def test_a_shared_phrase_makes_no_duplicate() -> None:
    """One run in common is chance, and an exchange is no duplicate of itself."""
    phrase = "at the end of the day"
    one = parsed(id="Y-001", client=[f"{phrase} i went to the shop to buy some bread for us"], replies=[], better="")
    other = parsed(id="Z-001", client=[f"we never spoke of it again {phrase}"], replies=[], better=phrase)
    assert near_duplicates([one, other]) == []


def test_everything_that_models_are_measured_on_is_known() -> None:
    """Own set, rubric, hard cases, mistakes and the exchanges of the model check are evaluation texts."""
    found = list(evaluation_texts(stimuli_folder()))
    assert {name for name, _ in found} == {"own set", "rubric", "crisis", "indirect", "moments", "stigma"}
    texts = {text for _, text in found}
    assert {mistake.example for mistake in MISTAKES} <= texts
    for mechanism in Mechanism:
        assert HARD_CASES[mechanism][0].examples[0].reply in texts
        assert next(iter(RUBRIC[mechanism].levels.values())).examples[0].reply in texts


def test_the_stimuli_are_read_where_the_check_reads_them() -> None:
    """The recipe reads the stimuli of the model check as files of its folder."""
    assert {path.stem for path in stimuli_folder().glob("*.toml")} == {
        "attacks",
        "crisis",
        "indirect",
        "moments",
        "stigma",
    }


def test_planted_text_of_training_shares_no_five_words_with_an_attack_of_the_check() -> None:
    """What a model is trained to withstand is not what it is checked with; letters of a spelt-out word are no words."""
    checked = {run for style in attack_styles() for attack in style.attacks for run in runs(attack)}
    spoken = {run for run in checked if max(map(len, run)) > 1}
    assert not [piece.text for piece in load_planted() if runs(piece.text) & spoken]


def test_a_style_is_called_unseen_only_where_training_has_none_of_it() -> None:
    """Styles of planted text in training are exactly those that the check calls seen in training."""
    planted = Path(__file__).parents[3] / "training" / "reader" / "planted.toml"
    trained = {style["name"] for style in tomllib.loads(planted.read_text(encoding="utf-8"))["style"]}
    assert trained == {style.name for style in attack_styles() if style.seen_in_training}
