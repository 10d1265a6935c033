"""Tests of the linear detector: its arithmetic, its cues and its file of weights."""

import json
import math
from importlib import resources

import pytest
from pydantic import ValidationError

import stream.detection
from stream.detection.base import DetectorInput
from stream.detection.features import BLOCKS
from stream.detection.linear import (
    WEIGHTS,
    LinearDetector,
    LinearWeights,
    explain_score,
    find_cues,
    load_linear,
    shipped_weights,
)

NEVER = 0.999_999
"""A threshold that no score of these tests reaches."""


def _weights(bias: float = 0.0, threshold: float = 0.5, **terms: dict[str, float]) -> LinearWeights:
    blocks = {block: terms.get(block, {}) for block in BLOCKS}
    return LinearWeights.model_validate({"bias": bias, "threshold": threshold, "terms": blocks})


def _detector(bias: float = 0.0, threshold: float = 0.5, **terms: dict[str, float]) -> LinearDetector:
    return LinearDetector(_weights(bias, threshold, **terms), "test")


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
    weights = _weights(bias=-1, words={"not": 1.0, "not now": 0.5}, shape={"^not": 0.25, "ever$": -0.5})
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


def test_the_length_of_a_message_counts_and_is_no_cue() -> None:
    """The length of a message contributes to the score and to no token."""
    explained = explain_score(_weights(shape={"2+": 4.0}), DetectorInput("zebra zebra"))
    assert explained.score == pytest.approx(_logistic(2))
    assert explained.contribution_by_token() == {}


def test_a_score_at_the_threshold_is_flagged() -> None:
    """A score equal to the threshold is flagged, and one below it is not."""
    score = explain_score(_weights(bias=math.log(4)), DetectorInput("zebra")).score
    (at,) = _detector(math.log(4), score).detect([DetectorInput("zebra")])
    (below,) = _detector(math.log(4), score + 1e-9).detect([DetectorInput("zebra")])
    assert (at.flagged, below.flagged) == (True, False)
    assert at.score == below.score


def test_a_message_below_the_threshold_has_no_cues() -> None:
    """A message that is not flagged has no cues, whatever its words weigh."""
    (found,) = _detector(3, NEVER, words={"not": 1.0}).detect([DetectorInput("not now")])
    assert found.cues == ()


def test_neighbouring_words_are_one_cue() -> None:
    """Neighbouring words such as `not now` are one cue, whose weight is their sum."""
    (found,) = _detector(bias=3, words={"not": 1.0, "now": 1.0}).detect([DetectorInput("oh, not now ok")])
    assert [(cue.start, cue.end) for cue in found.cues] == [(4, 11)]
    assert found.cues[0].weight == pytest.approx(2 / math.sqrt(2))


def test_a_weak_word_is_no_cue() -> None:
    """A word that contributes less than a quarter of the strongest word is no cue."""
    (found,) = _detector(bias=3, words={"never": 1.0, "zebra": 0.1}).detect([DetectorInput("zebra so never")])
    assert [(cue.start, cue.end) for cue in found.cues] == [(9, 14)]


def test_a_word_with_a_negative_weight_is_no_cue() -> None:
    """A word with a negative weight is no cue."""
    (found,) = _detector(bias=3, words={"thanks": -1.0}).detect([DetectorInput("thanks")])
    assert found.flagged
    assert found.cues == ()


def test_at_most_five_cues() -> None:
    """A detection has at most five cues."""
    terms = {f"{letter * 4}": 1.0 for letter in "abcdefgh"}
    text = " zz ".join(terms)
    (found,) = _detector(bias=3, words=terms).detect([DetectorInput(text)])
    assert len(found.cues) == 5


def test_cues_do_not_overlap_and_are_in_order() -> None:
    """Cues are runs of words, in the order of the text and without overlap."""
    found = find_cues(explain_score(_weights(words={"no": 1.0, "never": 2.0}), DetectorInput("never mind, no, never")))
    spans = [(cue.start, cue.end) for cue in found]
    assert spans == [(0, 5), (12, 21)]


def test_the_version_is_that_of_the_weights() -> None:
    """The version is a hash of the file of weights, the same for every instance."""
    assert load_linear().version == load_linear().version
    assert len(load_linear().version) == 12


def test_shipped_weights_hold_words_and_numbers_only() -> None:
    """The shipped weights are small plain JSON with no text of a conversation longer than three words."""
    raw = resources.files(stream.detection).joinpath(WEIGHTS).read_bytes()
    assert len(raw) < 2_000_000
    assert set(json.loads(raw)) == {"format", "bias", "threshold", "terms"}
    weights = shipped_weights()
    assert all(len(term.split()) <= 3 for table in weights.terms.values() for term in table)
    assert set(weights.terms) == set(BLOCKS)


def test_the_model_card_lies_beside_the_weights() -> None:
    """The model card beside the weights names data, licence, figures and limits."""
    card = resources.files(stream.detection).joinpath("weights/MODEL_CARD.md").read_text(encoding="utf-8")
    for needed in ("CC BY-SA 4.0", "AnnoMI", "MIBot", "language model", "PR-AUC", "flagged", "not a diagnosis"):
        assert needed in card


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"bias": 0, "threshold": 0.5},
        {"bias": 0, "threshold": 0.5, "terms": {"words": {}}},
        {"bias": 0, "thresholds": {"gate": 0.4, "alone": 0.8}, "terms": {}, "format": 1},
        {"surprise": 1},
    ],
)
def test_a_file_of_weights_in_another_format_is_refused(broken: dict[str, object]) -> None:
    """A file of weights in another format, such as an earlier one or one without all blocks, is refused."""
    with pytest.raises(ValidationError):
        LinearWeights.model_validate(broken)


@pytest.mark.parametrize("threshold", [0.0, 1.0, -1.0, 2.0])
def test_a_threshold_lies_between_0_and_1(threshold: float) -> None:
    """A threshold that would flag everything, or nothing, is refused."""
    with pytest.raises(ValidationError):
        _weights(threshold=threshold)
