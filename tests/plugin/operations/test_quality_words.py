"""The numbers of quality in words: small numbers are said aloud, and too small ones say what they lack."""

from dataclasses import replace

from plugin.operations.quality_words import (
    agreement_words,
    dispute_words,
    proportion_words,
    quality_lines,
    shadow_words,
)
from plugin.queue.comparison import ComparedModel, LevelComparison, ModelComparison
from plugin.queue.proportion import Proportion
from plugin.queue.quality import DisputeRate, LevelAgreement, Quality
from plugin.queue.sample_estimates import SampleEstimate, VersionName
from stream.contracts.vocabulary import Mechanism

MANY = Proportion(400, 120, 0.625, 0.57, 0.68)
FEW = Proportion(30, 12, 0.5, 0.31, 0.69)
TOO_FEW = Proportion(1, 1)
VERSION = VersionName("CPU baseline", "baseline|0.1", "linear 0.1 (gate)")
STANCE = LevelComparison(Mechanism.STANCE_ALIGNMENT, ((0, 0, 30), (1, 1, 20), (1, 2, 10)), (), ())
SHADOW = ModelComparison(
    active=ComparedModel("CPU baseline", "0.1", "none", "0.3"),
    shadow=ComparedModel("Llama", "7", "4", "0.3"),
    exchanges=64,
    both_rated=60,
    same_verdict=55,
    active_abstained=1,
    shadow_abstained=3,
    levels=(LevelComparison(Mechanism.RESPECT_FOR_AUTONOMY, ((1, 1, 60),), (), ()), STANCE),
)


def test_a_proportion_is_said_with_its_interval_and_its_base() -> None:
    """A number never stands without its interval and without the turns and sessions that it rests on."""
    assert proportion_words(MANY) == "62%, 95 % interval 57% to 68%, from 400 turns of 120 sessions"


def test_few_turns_are_said_aloud() -> None:
    """An estimate from few turns says so."""
    assert proportion_words(FEW).endswith("from 30 turns of 12 sessions, few: a wide interval")


def test_too_little_gives_no_number() -> None:
    """Below the least number there is no estimate, only what there is and what is needed."""
    assert proportion_words(TOO_FEW) == "not estimated, 1 turn of 1 session (at least 20 turns of 10 sessions)"
    few = LevelAgreement("m", Mechanism.STANCE_ALIGNMENT, 3, None)
    assert agreement_words(few) == "not estimated, 3 levels (at least 50, and not all alike)"
    said = dispute_words(DisputeRate(7, 0, None))
    assert said == "not counted, 7 released sessions in 90 days (at least 20 sessions of 5 counsellors)"


def test_enough_gives_a_number() -> None:
    """Kappa and the rate of disputes are said with what they rest on."""
    assert agreement_words(LevelAgreement("m", Mechanism.STANCE_ALIGNMENT, 80, 0.714)) == (
        "weighted kappa 0.71, from 80 levels"
    )
    assert dispute_words(DisputeRate(40, 4, 0.1)) == "10% of 40 released sessions in 90 days"


def test_the_terminal_has_a_line_for_each_number() -> None:
    """`counterpoint status` prints looks, each version's estimate, each agreement and the disputes."""
    estimate = SampleEstimate(VERSION, 120, 900, 5, MANY, FEW, TOO_FEW, TOO_FEW, TOO_FEW)
    agreement = LevelAgreement("CPU baseline, 0.1", Mechanism.STANCE_ALIGNMENT, 80, 0.7)
    quality = Quality(130, 120, (estimate,), (agreement,), DisputeRate(40, 4, 0.1))
    looks, sample, stance, disputes = quality_lines(quality)
    assert looks == "random sample: 120 of 130 sessions looked at"
    assert sample.startswith("sample, CPU baseline (baseline|0.1), detector linear 0.1 (gate): precision 62%")
    assert "recall 50%" in sample
    assert stance.startswith("agreement with supervisors, CPU baseline, 0.1, Stance Alignment: weighted kappa 0.70")
    assert disputes == "disputes: 10% of 40 released sessions in 90 days"
    *_, shadow = quality_lines(replace(quality, shadow=SHADOW))
    assert shadow == f"model in shadow: {shadow_words(SHADOW)}"


def test_a_model_in_shadow_is_said_beside_the_active_one() -> None:
    """Both versions, the kappas that can be estimated, verdicts and abstentions are said."""
    assert shadow_words(SHADOW) == (
        "Llama (weights 7, prompt 4, rubric 0.3) beside CPU baseline (weights 0.1, prompt none, rubric 0.3),"
        " 64 exchanges: weighted kappa 0.80 (Stance Alignment); the same verdict in 55 of 60; it abstained from 3, the"
        " active one from 1"
    )


def test_few_levels_give_no_kappa_of_a_model_in_shadow() -> None:
    """Below the least number of levels there is no kappa, and what is needed is said."""
    few = replace(STANCE, models=((0, 0, 20), (1, 1, 20), (1, 2, 9)))
    assert "no kappa (from 50 levels of a mechanism on" in shadow_words(replace(SHADOW, levels=(few,)))
