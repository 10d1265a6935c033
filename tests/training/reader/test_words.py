"""The model of words learns from turns whose label is known, and its weights give what the served model adds up."""

from pathlib import Path

import numpy as np
import pytest

from stream.feedback.models.reader import READER
from stream.model_repository import import_model_file, version_folder
from tests.training.reader.samples import turn, turn_logits
from training.reader.evaluate import resistance_scores
from training.reader.examples import UNKNOWN, TurnExample
from training.reader.words import LEAST_TURNS, count_in, fit_words, read_tokens, words_logits, write_words

RESISTING = ("no i will not do that", "that will not work for me", "i will not talk about it")
HARMLESS = ("yes that helped a lot", "it was better on monday", "thank you that was good")


def turns(source: str = "written") -> list[TurnExample]:
    """Return turns of two kinds, twelve of each."""
    kinds = (("unwillingness", RESISTING), ("none", HARMLESS))
    return [
        turn(number, label, source, text=f"{texts[number % 3]} {number}")
        for label, texts in kinds
        for number in range(12)
    ]


def test_words_of_resistance_are_told_from_others() -> None:
    """Turns in words that resisting turns had are above 0, turns in words of the others below."""
    weights = fit_words(turns())
    new = [turn(90, text="i will not"), turn(91, text="that was better on monday")]
    resisting, harmless = words_logits(weights, new)
    assert resisting > 0 > harmless


def test_a_turn_whose_label_is_unknown_teaches_nothing() -> None:
    """Turns of which nobody knows whether they resist change no weight."""
    unknown = [turn(50 + n, text="yes i will not", source="written") for n in range(9)]
    blank = [TurnExample(t.id, t.source, t.group, t.before, t.text, UNKNOWN, critical=1) for t in unknown]
    assert fit_words([*turns(), *blank]) == pytest.approx(fit_words(turns()))


@pytest.mark.parametrize(("count", "is_learned"), [(LEAST_TURNS - 1, False), (LEAST_TURNS, True)])
def test_rare_terms_have_no_weight(count: int, is_learned: bool) -> None:
    """A word of fewer turns than are asked for is not learned; one of as many is."""
    weights = fit_words([*turns(), *(turn(60 + number, text=f"zebra {number}") for number in range(count))])
    ((_, (zebra, *_)),) = read_tokens([turn(80, text="zebra")])
    assert (term_of(zebra) in weights) is is_learned


def term_of(token: int) -> int:
    """Return the number of the term that a single token of a turn is."""
    (term,) = import_model_file(version_folder(READER) / "words.py", "reader_words").read_terms([], [token])["text"]
    assert isinstance(term, int)
    return term


def test_the_same_turns_give_the_same_weights() -> None:
    """A fit depends on its turns alone."""
    assert fit_words(turns()) == fit_words(turns())


def test_tokens_are_those_of_the_turn_and_the_turn_before() -> None:
    """Each turn is given with the turn before it, apart."""
    ((before, text),) = read_tokens([turn(1, text="no")])
    assert (len(before), len(text)) == (2, 1)


def test_counted_in_and_taken_out_leaves_the_encoder() -> None:
    """Counting words in moves resistance alone, and the negative restores what was."""
    logits = turn_logits(["none", "blaming"], ["suicide", "none"])
    words = np.array([2.0, -1.0])
    both = count_in(logits, words)
    assert resistance_scores(both)[0] > resistance_scores(logits)[0]
    assert resistance_scores(both)[1] < resistance_scores(logits)[1]
    np.testing.assert_array_equal(both[:, 14:], logits[:, 14:])
    np.testing.assert_allclose(count_in(both, -words), logits, atol=1e-9)


def test_what_is_written_is_read_by_the_served_model(tmp_path: Path) -> None:
    """The file holds every weight beside the number of its term, and no text."""
    weights = fit_words(turns())
    write_words(weights, tmp_path)
    table = np.load(tmp_path / "words.npy", allow_pickle=False)
    kept = dict(zip(table["term"].tolist(), table["weight"].tolist(), strict=True))
    assert kept == pytest.approx(weights, abs=1e-6)
    assert b"will" not in (tmp_path / "words.npy").read_bytes()
