"""Tests of the linear detector: its arithmetic, its cues and its file of weights."""

import json
import math
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import stream.detection
from stream.contracts.vocabulary import OperatingPoint
from stream.contracts.vocabulary import ResistanceType as R
from stream.detection.base import DetectorInput
from stream.detection.linear import (
    WEIGHTS,
    LinearDetector,
    LinearWeights,
    combined_score,
    explain_score,
    load_linear,
    shipped_weights,
)
from stream.detection.phrases import Phrase, find_phrases

SPOKEN = (
    "no",
    "I don't",
    "we`re",
    "dont",
    "stop",
    "smoking",
    "Why?!",
    "\u2019s",
    "you are wrong",
    "12",
    "\u0130",
    "...",
)
SHIPPED = load_linear(OperatingPoint.GATE)
SHIPPED_WEIGHTS = shipped_weights()
THRESHOLDS = {OperatingPoint.GATE: 0.4, OperatingPoint.ALONE: 0.8}


def _weights(bias: float = 0.0, **terms: dict[str, float]) -> LinearWeights:
    blocks = {"words": {}, "parts": {}, "before": {}, **terms}
    return LinearWeights.model_validate({"bias": bias, "thresholds": THRESHOLDS, "terms": blocks})


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_a_message_without_known_terms_has_the_score_of_the_bias() -> None:
    """A message without known terms has the score of the bias."""
    assert explain_score(_weights(bias=-2), DetectorInput("zebra")).score == pytest.approx(_logistic(-2))


def test_a_block_is_scaled_to_length_1() -> None:
    """Two known terms weigh 1/sqrt(2) each, so that a long message does not score higher for its length."""
    weights = _weights(words={"not": 1.0, "now": 3.0})
    assert explain_score(weights, DetectorInput("not now")).score == pytest.approx(_logistic(4 / math.sqrt(2)))


def test_unknown_terms_do_not_count_towards_the_length() -> None:
    """Unknown terms do not count towards the length of a block."""
    weights = _weights(words={"no": 2.0})
    assert explain_score(weights, DetectorInput("zebra no zebra")).score == pytest.approx(_logistic(2))


def test_a_repeated_term_counts_once() -> None:
    """A term that is repeated counts once."""
    weights = _weights(words={"no": 2.0})
    once = explain_score(weights, DetectorInput("no")).score
    assert explain_score(weights, DetectorInput("no no no")).score == pytest.approx(once)


def test_the_turn_before_has_half_the_weight_and_gives_no_cue() -> None:
    """The turn before has half the weight and contributes to no cue."""
    weights = _weights(before={"why": 2.0})
    explained = explain_score(weights, DetectorInput("zebra", "why"))
    assert explained.score == pytest.approx(_logistic(1))
    assert sum(explained.contribution_by_token().values()) == 0


def test_contributions_sum_to_the_logit() -> None:
    """The contributions of the tokens and the bias sum to the logit."""
    weights = _weights(bias=-1, words={"not": 1.0, "not now": 0.5}, parts={"_no": 0.25, "now": -0.5})
    explained = explain_score(weights, DetectorInput("not now, not ever"))
    logit = math.log(explained.score / (1 - explained.score))
    assert sum(explained.contribution_by_token().values()) - 1 == pytest.approx(logit)


def test_the_contribution_of_a_pair_is_divided_between_its_words() -> None:
    """The contribution of a pair is divided equally between its words."""
    explained = explain_score(_weights(words={"not now": 1.0}), DetectorInput("not now"))
    assert explained.contribution_by_token() == {0: 0.5, 1: 0.5}


@pytest.mark.parametrize("bias", [-2_000.0, 2_000.0])
def test_extreme_logits_do_not_overflow(bias: float) -> None:
    """Extreme logits give a score between 0 and 1."""
    assert 0 <= explain_score(_weights(bias=bias), DetectorInput("")).score <= 1


def test_the_strongest_phrase_is_combined_with_the_score_of_the_words() -> None:
    """The strongest phrase is combined with the score of the words, and weaker phrases do not count."""
    said = [Phrase(R.PESSIMISM, 0.5, 0, 1), Phrase(R.EXCUSING, 0.2, 2, 3)]
    assert combined_score(0.4, said) == pytest.approx(1 - 0.6 * 0.5)
    assert combined_score(0.4, []) == pytest.approx(0.4)


def test_a_score_at_the_threshold_is_flagged() -> None:
    """A score equal to the threshold is flagged."""
    weights = _weights(bias=math.log(4))
    score = explain_score(weights, DetectorInput("zebra")).score
    exact = weights.model_copy(update={"thresholds": dict.fromkeys(OperatingPoint, score)})
    (found,) = LinearDetector(exact, OperatingPoint.ALONE, "test").detect([DetectorInput("zebra")])
    assert found.flagged


def test_neighbouring_words_are_one_cue() -> None:
    """Neighbouring words such as `not now` are one cue, whose weight is their sum."""
    weights = _weights(bias=3, words={"not": 1.0, "now": 1.0})
    (found,) = LinearDetector(weights, OperatingPoint.GATE, "test").detect([DetectorInput("oh, not now ok")])
    assert [(cue.start, cue.end) for cue in found.cues] == [(4, 11)]
    assert found.cues[0].weight == pytest.approx(2 / math.sqrt(2))


def test_a_weak_word_is_no_cue() -> None:
    """A word that contributes less than a quarter of the strongest word is no cue."""
    weights = _weights(bias=3, words={"never": 1.0, "zebra": 0.1})
    (found,) = LinearDetector(weights, OperatingPoint.GATE, "test").detect([DetectorInput("zebra so never")])
    assert [(cue.start, cue.end) for cue in found.cues] == [(9, 14)]


def test_a_word_with_a_negative_weight_is_no_cue() -> None:
    """A word with a negative weight is no cue."""
    weights = _weights(bias=3, words={"thanks": -1.0})
    (found,) = LinearDetector(weights, OperatingPoint.GATE, "test").detect([DetectorInput("thanks")])
    assert found.flagged
    assert found.cues == ()


def test_at_most_five_cues() -> None:
    """A detection has at most five cues."""
    terms = {f"{letter * 4}": 1.0 for letter in "abcdefgh"}
    text = " zz ".join(terms)
    (found,) = LinearDetector(_weights(bias=3, words=terms), OperatingPoint.GATE, "test").detect([DetectorInput(text)])
    assert len(found.cues) == 5


def test_both_operating_points_have_the_same_version() -> None:
    """Both operating points have the same version, because they share weights and phrases."""
    gate, alone = load_linear(OperatingPoint.GATE), load_linear(OperatingPoint.ALONE)
    assert gate.version == alone.version
    assert len(gate.version) == 12


def test_the_shipped_thresholds_are_in_order() -> None:
    """The shipped threshold of `alone` is higher than that of `gate`."""
    thresholds = shipped_weights().thresholds
    assert 0 < thresholds[OperatingPoint.GATE] < thresholds[OperatingPoint.ALONE] < 1


def test_shipped_weights_hold_words_and_numbers_only() -> None:
    """The shipped weights are small plain JSON with no text of a conversation longer than a pair of words."""
    raw = resources.files(stream.detection).joinpath(WEIGHTS).read_bytes()
    assert len(raw) < 2_000_000
    assert set(json.loads(raw)) == {"format", "bias", "thresholds", "terms", "seen"}
    weights = shipped_weights()
    assert all(len(term.split()) <= 2 for table in weights.terms.values() for term in table)
    assert all(len(mark) == 12 for mark in weights.seen)


def test_the_model_card_lies_beside_the_weights() -> None:
    """The model card beside the weights names data, licence, figures and limits."""
    card = resources.files(stream.detection).joinpath("weights/MODEL_CARD.md").read_text(encoding="utf-8")
    for needed in ("CC BY-SA 4.0", "AnnoMI", "MIBot", "proxy", "PR-AUC", "not a diagnosis"):
        assert needed in card


@pytest.mark.parametrize(
    "broken", [{}, {"bias": 0}, {"bias": 0, "thresholds": {}, "terms": {}, "format": 2}, {"surprise": 1}]
)
def test_a_file_of_weights_in_another_format_is_refused(broken: dict[str, object]) -> None:
    """A file of weights in another format, such as a newer one, is refused."""
    with pytest.raises(ValidationError):
        LinearWeights.model_validate(broken)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200) | st.lists(st.sampled_from(SPOKEN), max_size=60).map(" ".join), st.sampled_from(SPOKEN))
def test_the_fast_score_is_the_explained_one_to_the_last_bit(text: str, before: str) -> None:
    """The score without contributions equals the explained score to the last bit.

    Most messages are scored without contributions; a detection must not depend on the way of computing it.
    """
    given_ = DetectorInput(text, before)
    explained = combined_score(explain_score(SHIPPED_WEIGHTS, given_).score, find_phrases(text, before))
    assert SHIPPED.detect([given_])[0].score == explained
