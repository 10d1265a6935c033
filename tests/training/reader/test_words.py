"""The models of words learn from turns whose label is known, and their weights give what the served models add up."""

from pathlib import Path

import numpy as np
import pytest

from stream.feedback.models.reader import READER
from stream.model_repository import import_model_file, version_folder
from tests.training.reader.samples import turn, turn_logits
from training.reader.evaluate import resistance_scores
from training.reader.examples import UNKNOWN, TurnExample
from training.reader.targets import RESISTANCE
from training.reader.words import (
    LEAST_TURNS,
    UNSEEN,
    TermWeights,
    count_in,
    fit_words,
    hear_words,
    read_tokens,
    take_out,
    write_words,
)

RESISTING = {
    "unwillingness": "no i will not do that",
    "pessimism": "that will not work for me",
    "limit_setting": "i will not talk about it",
}
HARMLESS = ("yes that helped a lot", "it was better on monday", "thank you that was good")


def turns(source: str = "written") -> list[TurnExample]:
    """Return turns of two kinds, twelve of each; those that resist have three behaviours."""
    kinds = [*RESISTING.items(), *(("none", text) for text in HARMLESS)]
    return [turn(number, label, source, text=f"{text} {number}") for label, text in kinds for number in range(4)]


def test_words_of_resistance_are_told_from_others() -> None:
    """Turns in words that resisting turns had are above 0, turns in words of the others below."""
    new = [turn(90, text="i will not"), turn(91, text="that was better on monday")]
    resisting, harmless = hear_words(fit_words(turns()), new)[:, 0]
    assert resisting > 0 > harmless


@pytest.mark.parametrize(("behaviour", "text"), RESISTING.items())
def test_words_of_a_behaviour_are_told_from_those_of_others(behaviour: str, text: str) -> None:
    """A turn in words that turns of a behaviour had is heard as that behaviour."""
    (heard,) = hear_words(fit_words(turns()), [turn(90, text=text)])
    assert RESISTANCE[1 + int(heard[1:].argmax())] == behaviour


def test_a_behaviour_that_no_turn_has_is_not_heard() -> None:
    """Behaviours that nothing was learned of have next to no share, and the others share the rest."""
    weights = fit_words(turns())
    (heard,) = hear_words(weights, [turn(90, text="zebra")])
    learned = [RESISTANCE.index(name) for name in RESISTING]
    assert np.exp(heard[learned]).sum() == pytest.approx(1.0, abs=1e-6)
    assert min(weights.behaviours[0]) == UNSEEN


def test_no_turns_are_heard_as_no_rows() -> None:
    """Of no turns there are no rows, each as wide as ever."""
    assert hear_words(fit_words(turns()), []).shape == (0, len(RESISTANCE))


def test_a_turn_whose_label_is_unknown_teaches_nothing() -> None:
    """Turns of which nobody knows whether they resist change no weight."""
    unknown = [turn(50 + n, text="yes i will not", source="written") for n in range(9)]
    blank = [TurnExample(t.id, t.source, t.group, t.before, t.text, UNKNOWN, critical=1) for t in unknown]
    learned, more = fit_words(turns()), fit_words([*turns(), *blank])
    assert more.behaviours == learned.behaviours
    assert flat(more.resistance) == pytest.approx(flat(learned.resistance))


@pytest.mark.parametrize(("count", "is_learned"), [(LEAST_TURNS - 1, False), (LEAST_TURNS, True)])
def test_rare_terms_have_no_weight(count: int, is_learned: bool) -> None:
    """A word of fewer turns than are asked for is not learned; one of as many is."""
    weights = fit_words([*turns(), *(turn(60 + number, text=f"zebra {number}") for number in range(count))])
    ((_, (zebra, *_)),) = read_tokens([turn(80, text="zebra")])
    assert (term_of(zebra) in weights.resistance) is is_learned


def flat(weights: TermWeights) -> dict[int, float]:
    """Return the only weight of each term."""
    return {term: own for term, (own,) in weights.items()}


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
    """Counting words in moves resistance and its behaviours alone, and taking them out restores what was."""
    logits = turn_logits(["none", "blaming"], ["suicide", "none"])
    heard = np.log(np.full((2, len(RESISTANCE)), 1 / 13))
    heard[:, 0] = [2.0, -1.0]
    both = count_in(logits, heard)
    assert resistance_scores(both)[0] > resistance_scores(logits)[0]
    assert resistance_scores(both)[1] < resistance_scores(logits)[1]
    np.testing.assert_array_equal(both[:, 14:], logits[:, 14:])
    np.testing.assert_allclose(take_out(both, heard), logits, atol=1e-9)


def test_what_is_written_is_read_by_the_served_models(tmp_path: Path) -> None:
    """The files hold every weight beside the number of its term, and no text."""
    weights = fit_words(turns())
    write_words(weights, tmp_path)
    for name, own in zip(("words.npy", "behaviours.npy"), weights, strict=True):
        table = np.load(tmp_path / name, allow_pickle=False)
        kept = dict(zip(table["term"].tolist(), table["weights"].tolist(), strict=True))
        assert kept.keys() == own.keys()
        for term, given in own.items():
            assert kept[term] == pytest.approx(given, abs=1e-5)
        assert b"will" not in (tmp_path / name).read_bytes()
